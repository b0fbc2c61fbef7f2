/*
 * tls_server: a TLS server in a thread of the test, which speaks to one client at a time. What it
 * does in clear is a script of loopback.h's steps; the handshake and what comes behind it are
 * below.
 */
#ifndef MAILREEVE_TEST_TLS_SERVER_H
#define MAILREEVE_TEST_TLS_SERVER_H

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdlib.h>

#include "certificates.h"
#include "conn.h"
#include "loopback.h"

enum { SHORT_MS = 60, LONG_MS = 20000, SOON_MS = 5000, DAY_S = 86400 };

enum secure_ending {
    ENDS_WELL = 0,           /* with close_notify */
    ENDS_WITHOUT_WORD,       /* as somebody in between could end it */
    ENDS_STALLING,           /* after the handshake, saying nothing */
    ENDS_BEFORE_HANDSHAKE,   /* stalls instead of it */
    ENDS_INSTEAD_OF_SHAKING, /* closes instead of it */
    ENDS_SPEAKING_CLEAR,     /* answers the hello in clear */
};

struct secure_server {
    struct loopback loopback;
    const struct certified *certified;
    enum secure_ending ending;
    int max_version;
    char server_name[64]; /* what the client sent as SNI */
    char client_name[64]; /* what the client's certificate names */
};

static struct certified authority, stranger;
static bool wants_client; /* servers that start from now on want the client's certificate */
static char ca_path[] = "/tmp/test_tls.XXXXXX", own_path[] = "/tmp/test_tls.XXXXXX",
            key_path[] = "/tmp/test_tls.XXXXXX";

static inline void
speak(struct secure_server *server, SSL *ssl)
{
    static const char greeting[] = "220 safe\r\n";
    char line[64];
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    snprintf(server->server_name, sizeof server->server_name, "%s", name != NULL ? name : "");
    X509 *client = SSL_get0_peer_certificate(ssl);
    if (client != NULL)
        X509_NAME_get_text_by_NID(X509_get_subject_name(client), NID_commonName,
                                  server->client_name, sizeof server->client_name);
    if (server->ending == ENDS_STALLING)
        loopback_drain(&server->loopback, SSL_get_fd(ssl));
    if (server->ending == ENDS_STALLING || SSL_write(ssl, greeting, sizeof greeting - 1) <= 0)
        return;
    if (SSL_read(ssl, line, sizeof line) > 0)
        SSL_write(ssl, line, 4);
    if (server->ending == ENDS_WELL)
        SSL_shutdown(ssl);
}

static inline void
shake_hands(struct secure_server *server, int fd)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    SSL_CTX_set_max_proto_version(context, server->max_version);
    if (server->max_version != 0 && server->max_version < TLS1_2_VERSION)
        SSL_CTX_set_security_level(context, 0);
    SSL_CTX_use_certificate(context, server->certified->certificate);
    SSL_CTX_use_PrivateKey(context, server->certified->key);
    if (wants_client) {
        SSL_CTX_load_verify_file(context, ca_path);
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    }
    SSL *ssl = SSL_new(context);
    SSL_set_fd(ssl, fd);
    if (SSL_accept(ssl) == 1)
        speak(server, ssl);
    SSL_free(ssl);
    SSL_CTX_free(context);
    ERR_clear_error();
}

static inline void *
run_secure(void *argument)
{
    struct secure_server *server = argument;
    const struct loopback *loopback = &server->loopback;
    if (!loopback_wait(loopback, loopback->listener))
        return NULL;
    int fd = accept(loopback->listener, NULL, NULL);
    for (const struct step *step = loopback->script; loopback_step(loopback, fd, step);)
        step++;
    switch (server->ending) {
    case ENDS_BEFORE_HANDSHAKE:
        loopback_drain(loopback, fd);
        break;
    case ENDS_INSTEAD_OF_SHAKING:
        break;
    case ENDS_SPEAKING_CLEAR:
        loopback_send(fd, "454 not now, said in clear\r\n", 100);
        loopback_drain(loopback, fd);
        break;
    case ENDS_WELL:
    case ENDS_WITHOUT_WORD:
    case ENDS_STALLING:
        shake_hands(server, fd);
        break;
    }
    close(fd);
    return NULL;
}

static inline void
secure_start(struct secure_server *server, const struct certified *certified,
             enum secure_ending ending, int max_version, const struct step *script)
{
    static const struct step nothing[] = {{STEP_END, NULL}};
    memset(server, 0, sizeof *server);
    assert_true(loopback_listen(&server->loopback, AF_INET));
    server->certified = certified;
    server->ending = ending;
    server->max_version = max_version;
    server->loopback.script = script != NULL ? script : nothing;
    server->loopback.stop = eventfd(0, EFD_CLOEXEC);
    assert_int_equal(pthread_create(&server->loopback.thread, NULL, run_secure, server), 0);
}

static inline struct conn *
connect_to(const struct secure_server *server)
{
    struct endpoint endpoint = loopback_endpoint(&server->loopback);
    struct conn *conn = conn_open(&endpoint, deadline_after(LONG_MS), NULL, NULL);
    assert_non_null(conn);
    return conn;
}

static inline int
set_up(void **state)
{
    (void)state;
    signal(SIGPIPE, SIG_IGN); /* for the test's own server, which writes as OpenSSL does */
    char *const paths[] = {ca_path, own_path, key_path};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        int fd = mkstemp(paths[i]);
        if (fd < 0)
            return -1;
        close(fd);
    }
    authority = certify(NULL, "Test Authority", NULL, -3 * DAY_S, 3 * DAY_S);
    stranger = certify(NULL, "Another Authority", NULL, -3 * DAY_S, 3 * DAY_S);
    certificate_write(&authority, ca_path);
    return 0;
}

static inline int
tear_down(void **state)
{
    (void)state;
    certified_free(&authority);
    certified_free(&stranger);
    return unlink(ca_path) | unlink(own_path) | unlink(key_path);
}

#endif
