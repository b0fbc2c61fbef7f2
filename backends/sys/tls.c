#include "tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "alloc.h"
#include "file.h"

enum { KEY_FILE_MAX = 256 * 1024 };

struct tls_context {
    SSL_CTX *ctx;
    bool verify;
};

struct tls_session {
    SSL *ssl;
    int fd;
};

/* The oldest entry of the thread's OpenSSL error queue says what went wrong first. */
static const char *
openssl_trouble(void)
{
    unsigned long code = ERR_get_error();
    const char *reason = ERR_SYSTEM_ERROR(code) ? strerror((int)ERR_GET_REASON(code))
                         : code != 0            ? ERR_reason_error_string(code)
                                                : NULL;
    ERR_clear_error();
    return reason != NULL ? reason : "unknown error";
}

/* OpenSSL's own socket BIO uses write(2), which raises SIGPIPE. */
static int
bio_write(BIO *bio, const char *bytes, int length)
{
    BIO_clear_retry_flags(bio);
    const struct tls_session *session = BIO_get_data(bio);
    ssize_t sent = send(session->fd, bytes, (size_t)length, MSG_NOSIGNAL);
    if (sent < 0 && (errno == EAGAIN || errno == EINTR))
        BIO_set_retry_write(bio);
    return (int)sent;
}

static int
bio_read(BIO *bio, char *bytes_r, int size)
{
    BIO_clear_retry_flags(bio);
    const struct tls_session *session = BIO_get_data(bio);
    ssize_t got = recv(session->fd, bytes_r, (size_t)size, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        BIO_set_retry_read(bio);
    return (int)got;
}

static long
bio_control(BIO *bio, int command, long number, void *pointer)
{
    (void)bio;
    (void)number;
    (void)pointer;
    return command == BIO_CTRL_FLUSH ? 1 : 0;
}

static BIO_METHOD *bio_method; /* set once */
static pthread_once_t bio_method_once = PTHREAD_ONCE_INIT;

static void
make_bio_method(void)
{
    bio_method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket");
    if (bio_method == NULL || BIO_meth_set_write(bio_method, bio_write) != 1 ||
        BIO_meth_set_read(bio_method, bio_read) != 1 ||
        BIO_meth_set_ctrl(bio_method, bio_control) != 1)
        abort();
}

static BIO *
make_bio(struct tls_session *session)
{
    pthread_once(&bio_method_once, make_bio_method);
    BIO *bio = BIO_new(bio_method);
    if (bio == NULL)
        abort();
    BIO_set_data(bio, session);
    BIO_set_init(bio, 1);
    return bio;
}

/* In the place of OpenSSL's own, which asks on the terminal. asked: whether there is a passphrase.
 */
static int
refuse_passphrase(char *passphrase_r, int size, int rwflag, void *asked)
{
    (void)rwflag;
    if (size > 0)
        passphrase_r[0] = '\0';
    if (asked != NULL)
        *(bool *)asked = true;
    return -1;
}

/* Returns NULL with err. */
static EVP_PKEY *
read_key(const char *path, struct err *err)
{
    struct secret text;
    secret_init(&text);
    if (file_read_whole_secret(path, KEY_FILE_MAX, &text, err) != 0)
        return NULL;
    BIO *bio = BIO_new_mem_buf(text.bytes, (int)text.length);
    if (bio == NULL)
        abort();
    bool is_encrypted = false;
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, refuse_passphrase, &is_encrypted);
    BIO_free(bio);
    secret_fini(&text);
    if (key == NULL && is_encrypted)
        err_set(err,
                "cannot use the key in %s: it has a passphrase (openssl pkey writes it without)",
                path);
    else if (key == NULL)
        err_set(err, "there is no PEM key in %s that OpenSSL can read", path);
    ERR_clear_error();
    return key;
}

/* Loads what we show of ourselves. Returns 0, or -1 with err. */
static int
load_own_certificate(SSL_CTX *ctx, const struct tls_settings *settings, struct err *err)
{
    const char *cert_file = settings->cert_file;
    if (SSL_CTX_use_certificate_chain_file(ctx, cert_file) != 1) {
        err_set(err, "cannot read the certificate in %s: %s", cert_file, openssl_trouble());
        return -1;
    }
    const char *key_file = settings->key_file != NULL ? settings->key_file : cert_file;
    EVP_PKEY *key = read_key(key_file, err);
    if (key == NULL)
        return -1;
    const bool fits = X509_check_private_key(SSL_CTX_get0_certificate(ctx), key) == 1 &&
                      SSL_CTX_use_PrivateKey(ctx, key) == 1;
    EVP_PKEY_free(key);
    if (!fits)
        err_set(err, "the key in %s is not that of the first certificate in %s", key_file,
                cert_file);
    ERR_clear_error();
    return fits ? 0 : -1;
}

static SSL_CTX *
make_ctx(bool verify)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    if (ctx == NULL)
        abort();
    SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
    /* What is received may be passwords, too: a directory's values. */
    SSL_CTX_set_options(ctx,
                        SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CLEANSE_PLAINTEXT);
    /* Thousands of sessions wait at once: they give their buffers back meanwhile. */
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                              SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    /* Who sends one session ticket after the other must not keep a read beyond its deadline. */
    SSL_CTX_clear_mode(ctx, SSL_MODE_AUTO_RETRY);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_verify(ctx, verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, NULL);
    SSL_CTX_set_default_passwd_cb(ctx, refuse_passphrase);
    return ctx;
}

static int
load_trusted(SSL_CTX *ctx, const char *ca_file, struct err *err)
{
    int loaded = ca_file != NULL ? SSL_CTX_load_verify_file(ctx, ca_file)
                                 : SSL_CTX_set_default_verify_paths(ctx);
    if (loaded == 1)
        return 0;
    err_set(err, "cannot read the trusted certificates in %s: %s",
            ca_file != NULL ? ca_file : "the system's store", openssl_trouble());
    return -1;
}

static int
load_own(SSL_CTX *ctx, const struct tls_settings *settings, struct err *err)
{
    if (settings->cert_file != NULL)
        return load_own_certificate(ctx, settings, err);
    if (settings->key_file == NULL)
        return 0;
    err_set(err, "the key in %s is of no use without its certificate (cert_file)",
            settings->key_file);
    return -1;
}

struct tls_context *
tls_context_create(const struct tls_settings *settings, struct err *err)
{
    ERR_clear_error();
    struct tls_context *context = xcalloc(1, sizeof *context);
    context->verify = !settings->no_verify;
    context->ctx = make_ctx(context->verify);
    if (load_trusted(context->ctx, settings->ca_file, err) == 0 &&
        load_own(context->ctx, settings, err) == 0)
        return context;
    tls_context_free(context);
    return NULL;
}

void
tls_context_free(struct tls_context *context)
{
    if (context == NULL)
        return;
    SSL_CTX_free(context->ctx);
    free(context);
}

void
tls_context_lend(const struct tls_context *context, void *ssl_ctx)
{
    SSL_CTX *borrower = ssl_ctx;
    STACK_OF(X509) *chain = NULL;
    SSL_CTX_set_min_proto_version(borrower, TLS1_2_VERSION);
    SSL_CTX_set_options(borrower, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set1_cert_store(borrower, SSL_CTX_get_cert_store(context->ctx));
    SSL_CTX_get0_chain_certs(context->ctx, &chain);
    if (SSL_CTX_get0_certificate(context->ctx) != NULL &&
        (SSL_CTX_use_certificate(borrower, SSL_CTX_get0_certificate(context->ctx)) != 1 ||
         SSL_CTX_use_PrivateKey(borrower, SSL_CTX_get0_privatekey(context->ctx)) != 1 ||
         SSL_CTX_set1_chain(borrower, chain) != 1))
        abort();
}

static bool
is_address(const char *host)
{
    unsigned char bytes[16];
    return inet_pton(AF_INET, host, bytes) == 1 || inet_pton(AF_INET6, host, bytes) == 1;
}

/* Says what the certificate must name. */
static int
expect_host(SSL *ssl, const char *host)
{
    if (is_address(host))
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host);
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return SSL_set1_host(ssl, host);
}

struct tls_session *
tls_session_create(const struct tls_context *context, int fd, const char *host, struct err *err)
{
    ERR_clear_error();
    struct tls_session *session = xcalloc(1, sizeof *session);
    session->fd = fd;
    session->ssl = SSL_new(context->ctx);
    if (session->ssl == NULL)
        abort();
    BIO *bio = make_bio(session);
    SSL_set_bio(session->ssl, bio, bio);
    SSL_set_connect_state(session->ssl);

    bool named = host[0] != '\0' && (!context->verify || expect_host(session->ssl, host) == 1) &&
                 (is_address(host) || SSL_set_tlsext_host_name(session->ssl, host) == 1);
    if (!named) {
        err_set(err, "cannot start TLS: \"%s\" is not a name that a certificate can have", host);
        tls_session_free(session);
        return NULL;
    }
    return session;
}

void
tls_session_free(struct tls_session *session)
{
    if (session == NULL)
        return;
    if (SSL_is_init_finished(session->ssl) == 1)
        SSL_shutdown(session->ssl); /* says goodbye if that takes no waiting */
    ERR_clear_error();
    SSL_free(session->ssl);
    free(session);
}

static void
set_trouble(const struct tls_session *session, const char *what, int system_errno, struct err *err)
{
    long verified = SSL_get_verify_result(session->ssl);
    bool asked_to_verify = SSL_get_verify_mode(session->ssl) != SSL_VERIFY_NONE;
    if (ERR_peek_error() != 0 && asked_to_verify && verified != X509_V_OK) {
        ERR_clear_error();
        err_set(err, "%s: the certificate is refused: %s", what,
                X509_verify_cert_error_string(verified));
    } else if (ERR_peek_error() != 0) {
        err_set(err, "%s: %s", what, openssl_trouble());
    } else {
        err_set(err, "%s: %s", what,
                system_errno != 0 ? strerror(system_errno) : "the connection was closed");
    }
}

/* Turns the result of an SSL_ function that did not succeed into ours. */
static int
failed(const struct tls_session *session, int result, const char *what, struct err *err)
{
    int system_errno = errno;
    switch (SSL_get_error(session->ssl, result)) {
    case SSL_ERROR_WANT_READ:
        return TLS_WANT_READ;
    case SSL_ERROR_WANT_WRITE:
        return TLS_WANT_WRITE;
    case SSL_ERROR_ZERO_RETURN:
        return 0;
    default:
        set_trouble(session, what, system_errno, err);
        return -1;
    }
}

int
tls_handshake(struct tls_session *session, struct err *err)
{
    ERR_clear_error();
    errno = 0;
    int result = SSL_do_handshake(session->ssl);
    if (result == 1)
        return 1;
    result = failed(session, result, "TLS handshake", err);
    if (result == 0)
        err_set(err, "TLS handshake: the connection was closed");
    return result == 0 ? -1 : result;
}

int
tls_read(struct tls_session *session, char *bytes_r, int size, struct err *err)
{
    ERR_clear_error();
    errno = 0;
    int result = SSL_read(session->ssl, bytes_r, size);
    if (result > 0)
        return result;
    result = failed(session, result, "TLS read", err);
    if (result == TLS_WANT_READ) /* the write buffer of 16 KiB, which the mode above leaves alone */
        SSL_free_buffers(session->ssl);
    return result;
}

int
tls_write(struct tls_session *session, const char *bytes, int length, struct err *err)
{
    ERR_clear_error();
    errno = 0;
    int result = SSL_write(session->ssl, bytes, length);
    return result > 0 ? result : failed(session, result, "TLS write", err);
}
