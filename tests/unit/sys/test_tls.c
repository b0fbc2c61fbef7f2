/*
 * The server is a thread of the test; it speaks to one client at a time. What it does in clear is a
 * script of loopback.h's steps; the handshake and what comes behind it are below.
 */
#include "certificates.h"
#include "loopback.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "clock.h"
#include "conn.h"
#include "tls.h"

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

static void
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

static void
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

static void *
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

static void
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

static struct conn *
connect_to(const struct secure_server *server)
{
    struct endpoint endpoint = loopback_endpoint(&server->loopback);
    struct conn *conn = conn_open(&endpoint, deadline_after(LONG_MS), NULL, NULL);
    assert_non_null(conn);
    return conn;
}

static struct tls_context *
make_context(bool verify)
{
    struct err err = {0};
    struct tls_context *context = tls_context_create(
        &(const struct tls_settings){.ca_file = ca_path, .no_verify = !verify}, &err);
    assert_string_equal(err.text, "");
    assert_non_null(context);
    return context;
}

static void
test_verification(void **state)
{
    static const struct {
        const char *name, *names;
        bool is_strangers;
        long begin_s, end_s;
        const char *host;
        bool no_verify;
        const char *want_err, *want_server_name;
    } cases[] = {
        {"the right name", "DNS:mail.test", false, -DAY_S, DAY_S, "mail.test", false, NULL,
         "mail.test"},
        {"one of several names", "DNS:other.test,DNS:mail.test", false, -DAY_S, DAY_S, "mail.test",
         false, NULL, "mail.test"},
        {"a wildcard", "DNS:*.example.test", false, -DAY_S, DAY_S, "mail.example.test", false, NULL,
         "mail.example.test"},
        {"an address, which is not sent as SNI", "IP:127.0.0.1", false, -DAY_S, DAY_S, "127.0.0.1",
         false, NULL, ""},
        {"the wrong name", "DNS:other.test", false, -DAY_S, DAY_S, "mail.test", false,
         "TLS handshake: the certificate is refused: hostname mismatch", NULL},
        {"a part of a label as wildcard", "DNS:ma*.example.test", false, -DAY_S, DAY_S,
         "mail.example.test", false, "TLS handshake: the certificate is refused: hostname mismatch",
         NULL},
        {"a name where an address is wanted", "DNS:127.0.0.1", false, -DAY_S, DAY_S, "127.0.0.1",
         false, "TLS handshake: the certificate is refused: IP address mismatch", NULL},
        {"the wrong address", "IP:127.0.0.2", false, -DAY_S, DAY_S, "127.0.0.1", false,
         "TLS handshake: the certificate is refused: IP address mismatch", NULL},
        {"expired", "DNS:mail.test", false, -2 * DAY_S, -DAY_S, "mail.test", false,
         "TLS handshake: the certificate is refused: certificate has expired", NULL},
        {"of tomorrow", "DNS:mail.test", false, DAY_S, 2 * DAY_S, "mail.test", false,
         "TLS handshake: the certificate is refused: certificate is not yet valid", NULL},
        {"of an unknown authority", "DNS:mail.test", true, -DAY_S, DAY_S, "mail.test", false,
         "TLS handshake: the certificate is refused: unable to get local issuer certificate", NULL},
        {"of an unknown authority, not verified", "DNS:other.test", true, -DAY_S, DAY_S,
         "mail.test", true, NULL, "mail.test"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        print_message("%s\n", cases[i].name);
        struct certified certified =
            certify(cases[i].is_strangers ? &stranger : &authority, "server", cases[i].names,
                    cases[i].begin_s, cases[i].end_s);
        struct secure_server server;
        secure_start(&server, &certified, ENDS_WELL, 0, NULL);
        struct tls_context *context = make_context(!cases[i].no_verify);
        struct conn *conn = connect_to(&server);
        struct err err = {0};
        struct deadline deadline = deadline_after(LONG_MS);
        int result = conn_start_tls(conn, context, cases[i].host, deadline, &err);
        assert_string_equal(err.text, cases[i].want_err != NULL ? cases[i].want_err : "");
        assert_int_equal(result, cases[i].want_err != NULL ? -1 : 0);
        if (result == 0) {
            char line[20];
            assert_true(conn_has_tls(conn));
            assert_int_equal(conn_read_line(conn, line, sizeof line, deadline, &err), 8);
            assert_string_equal(line, "220 safe");
        }
        conn_close(conn);
        loopback_stop(&server.loopback);
        if (cases[i].want_server_name != NULL)
            assert_string_equal(server.server_name, cases[i].want_server_name);
        tls_context_free(context);
        certified_free(&certified);
    }
}

static void
test_endings(void **state)
{
    static const struct {
        const char *name;
        enum secure_ending ending;
        int budget_ms;
        const char *want_start_err, *want_read_err; /* beginnings */
    } cases[] = {
        {"a goodbye", ENDS_WELL, LONG_MS, NULL, "read: the server closed the connection"},
        {"an end without one is seen", ENDS_WITHOUT_WORD, LONG_MS, NULL,
         "TLS read: the connection was closed"},
        {"stalls after the handshake", ENDS_STALLING, SHORT_MS * 20, NULL, "read: timed out"},
        {"stalls before the handshake", ENDS_BEFORE_HANDSHAKE, SHORT_MS, "TLS handshake: timed out",
         NULL},
        {"closes before the handshake", ENDS_INSTEAD_OF_SHAKING, LONG_MS, "TLS handshake: ", NULL},
        {"answers in clear", ENDS_SPEAKING_CLEAR, LONG_MS, "TLS handshake: wrong version number",
         NULL},
    };
    (void)state;
    struct certified certified = certify(&authority, "server", "DNS:mail.test", -DAY_S, DAY_S);
    struct tls_context *context = make_context(true);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        print_message("%s\n", cases[i].name);
        struct secure_server server;
        secure_start(&server, &certified, cases[i].ending, 0, NULL);
        struct conn *conn = connect_to(&server);
        struct deadline deadline = deadline_after(cases[i].budget_ms);
        struct err err = {0};
        int result = conn_start_tls(conn, context, "mail.test", deadline, &err);
        if (cases[i].want_start_err != NULL) {
            assert_int_equal(result, -1);
            assert_memory_equal(err.text, cases[i].want_start_err, strlen(cases[i].want_start_err));
        } else {
            char line[20];
            assert_string_equal(err.text, "");
            if (cases[i].ending != ENDS_STALLING) {
                assert_int_equal(conn_read_line(conn, line, sizeof line, deadline, &err), 8);
                assert_int_equal(conn_write(conn, "abc\n", 4, deadline, &err), 0);
                assert_int_equal(conn_read_line(conn, line, sizeof line, deadline, &err), 3);
                assert_string_equal(line, "abc");
            }
            assert_int_equal(conn_read_line(conn, line, sizeof line, deadline, &err), -1);
            assert_string_equal(err.text, cases[i].want_read_err);
        }
        conn_close(conn);
        loopback_stop(&server.loopback);
    }
    tls_context_free(context);
    certified_free(&certified);
}

static void
test_starttls(void **state)
{
    static const struct {
        const char *name;
        struct step script[4];
        const char *want_err;
    } cases[] = {
        {"TLS begins behind the go-ahead",
         {{STEP_SEND, "220 hello\r\n"}, {STEP_EXPECT, "STARTTLS\r\n"}, {STEP_SEND, "220 go\r\n"}},
         NULL},
        {"a reply that was injected behind the go-ahead is refused",
         {{STEP_SEND, "220 hello\r\n"},
          {STEP_EXPECT, "STARTTLS\r\n"},
          {STEP_SEND, "220 go\r\n235 injected\r\n"}},
         "refused to start TLS: the server, or somebody between, sent bytes in clear behind its "
         "go-ahead"},
        {"so is one byte",
         {{STEP_SEND, "220 hello\r\n"}, {STEP_EXPECT, "STARTTLS\r\n"}, {STEP_SEND, "220 go\r\n2"}},
         "refused to start TLS: the server, or somebody between, sent bytes in clear behind its "
         "go-ahead"},
    };
    (void)state;
    struct certified certified = certify(&authority, "server", "DNS:mail.test", -DAY_S, DAY_S);
    struct tls_context *context = make_context(true);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        print_message("%s\n", cases[i].name);
        struct secure_server server;
        secure_start(&server, &certified, ENDS_WELL, 0, cases[i].script);
        struct conn *conn = connect_to(&server);
        struct deadline deadline = deadline_after(LONG_MS);
        struct err err = {0};
        char line[20];
        conn_read_line(conn, line, sizeof line, deadline, NULL);
        conn_write(conn, "STARTTLS\r\n", 10, deadline, NULL);
        assert_int_equal(conn_read_line(conn, line, sizeof line, deadline, NULL), 6);
        int result = conn_start_tls(conn, context, "mail.test", deadline, &err);
        assert_string_equal(err.text, cases[i].want_err != NULL ? cases[i].want_err : "");
        assert_int_equal(result, cases[i].want_err != NULL ? -1 : 0);
        if (result == 0)
            assert_int_equal(conn_read_line(conn, line, sizeof line, deadline, NULL), 8);
        conn_close(conn);
        loopback_stop(&server.loopback);
    }
    tls_context_free(context);
    certified_free(&certified);
}

/* Waits until the last record that came is as long as the greeting makes it. */
static bool
await_greeting(int fd)
{
    static const unsigned char header[] = {23, 3, 3, 0, 10 + 1 + 16};
    const struct deadline give_up = deadline_after(LONG_MS);
    unsigned char bytes[4096];
    while (!deadline_is_over(give_up)) {
        ssize_t count = recv(fd, bytes, sizeof bytes, MSG_PEEK);
        ssize_t last = count - (ssize_t)sizeof header - header[4];
        if (last >= 0 && memcmp(bytes + last, header, sizeof header) == 0)
            return true;
        poll(NULL, 0, 1);
    }
    return false;
}

/* Or a server could send them for ever, and no deadline would be looked at. */
static void
test_a_session_ticket_ends_a_read(void **state)
{
    (void)state;
    struct certified certified = certify(&authority, "server", "DNS:mail.test", -DAY_S, DAY_S);
    struct tls_context *context = make_context(true);
    struct secure_server server;
    struct err err;
    char line[20];
    secure_start(&server, &certified, ENDS_WITHOUT_WORD, TLS1_3_VERSION, NULL);
    struct conn *conn = connect_to(&server);
    struct tls_session *session = tls_session_create(context, conn_fd(conn), "mail.test", &err);
    int result = tls_handshake(session, &err);
    for (; result == TLS_WANT_READ; result = tls_handshake(session, &err)) {
        struct pollfd ready = {.fd = conn_fd(conn), .events = POLLIN};
        poll(&ready, 1, LONG_MS);
    }
    assert_int_equal(result, 1);
    assert_true(await_greeting(conn_fd(conn)));
    assert_int_equal(tls_read(session, line, sizeof line, &err), TLS_WANT_READ);
    while (result == 1 || result == TLS_WANT_READ)
        result = tls_read(session, line, sizeof line, &err);
    assert_int_equal(result, 10);
    tls_session_free(session);
    conn_close(conn);
    loopback_stop(&server.loopback);
    tls_context_free(context);
    certified_free(&certified);
}

static void
test_old_versions(void **state)
{
    static const struct {
        const char *name;
        int version;
        bool want;
    } cases[] = {{"TLS 1.1 is refused", TLS1_1_VERSION, false},
                 {"TLS 1.2 is taken", TLS1_2_VERSION, true},
                 {"TLS 1.3 is taken", TLS1_3_VERSION, true}};
    (void)state;
    struct certified certified = certify(&authority, "server", "DNS:mail.test", -DAY_S, DAY_S);
    struct tls_context *context = make_context(true);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        print_message("%s\n", cases[i].name);
        struct secure_server server;
        secure_start(&server, &certified, ENDS_WELL, cases[i].version, NULL);
        struct conn *conn = connect_to(&server);
        struct deadline deadline = deadline_after(LONG_MS);
        int result = conn_start_tls(conn, context, "mail.test", deadline, NULL);
        assert_int_equal(result, cases[i].want ? 0 : -1);
        conn_close(conn);
        loopback_stop(&server.loopback);
    }
    tls_context_free(context);
    certified_free(&certified);
}

/* Writes one file with the certificate (unless it is NULL) and the key (likewise). */
static void
write_own(const char *path, const struct certified *certificate, const struct certified *key,
          const char *passphrase)
{
    assert_int_equal(truncate(path, 0), 0);
    if (certificate != NULL)
        certificate_write(certificate, path);
    if (key != NULL)
        certificate_add_key(key, passphrase, path);
}

static void
test_what_we_show_of_ourselves(void **state)
{
    enum { NOTHING, IN_ONE_FILE, IN_TWO_FILES };
    static const struct {
        const char *name;
        int version, shown;
        bool is_strangers;
        const char *want_client; /* NULL: the server ends it */
    } cases[] = {
        {"TLS 1.2", TLS1_2_VERSION, IN_TWO_FILES, false, "front.test"},
        {"TLS 1.3", TLS1_3_VERSION, IN_TWO_FILES, false, "front.test"},
        {"the key is in the certificate's file", TLS1_3_VERSION, IN_ONE_FILE, false, "front.test"},
        {"nothing by TLS 1.2", TLS1_2_VERSION, NOTHING, false, NULL},
        {"nothing by TLS 1.3", TLS1_3_VERSION, NOTHING, false, NULL},
        {"a certificate that the server does not know", TLS1_3_VERSION, IN_TWO_FILES, true, NULL},
    };
    (void)state;
    struct certified certified = certify(&authority, "server", "DNS:mail.test", -DAY_S, DAY_S);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        print_message("%s\n", cases[i].name);
        struct certified own = certify(cases[i].is_strangers ? &stranger : &authority, "front.test",
                                       NULL, -DAY_S, DAY_S);
        write_own(own_path, &own, cases[i].shown == IN_ONE_FILE ? &own : NULL, NULL);
        write_own(key_path, NULL, &own, NULL);
        struct secure_server server;
        wants_client = true;
        secure_start(&server, &certified, ENDS_WELL, cases[i].version, NULL);
        const struct tls_settings settings = {
            .ca_file = ca_path,
            .cert_file = cases[i].shown != NOTHING ? own_path : NULL,
            .key_file = cases[i].shown == IN_TWO_FILES ? key_path : NULL,
        };
        struct err err = {0};
        struct tls_context *context = tls_context_create(&settings, &err);
        assert_string_equal(err.text, "");
        struct conn *conn = connect_to(&server);
        struct deadline deadline = deadline_after(LONG_MS);
        char line[20];
        /* A server that speaks TLS 1.3 says no behind the handshake. */
        bool greeted = conn_start_tls(conn, context, "mail.test", deadline, &err) == 0 &&
                       conn_read_line(conn, line, sizeof line, deadline, &err) == 8;
        assert_int_equal(greeted, cases[i].want_client != NULL);
        if (!greeted && strstr(err.text, " alert ") == NULL)
            assert_string_equal(err.text, "an alert");
        conn_close(conn);
        loopback_stop(&server.loopback);
        wants_client = false;
        if (greeted)
            assert_string_equal(server.client_name, cases[i].want_client);
        tls_context_free(context);
        certified_free(&own);
    }
    certified_free(&certified);
}

static void
test_keys_that_are_refused(void **state)
{
    (void)state;
    struct certified own = certify(&authority, "front.test", NULL, -DAY_S, DAY_S);
    struct certified other = certify(&authority, "front.test", NULL, -DAY_S, DAY_S);
    EVP_PKEY_free(other.key);
    other.key = EVP_RSA_gen(2048); /* of another kind, which OpenSSL keeps in another place */
    const struct {
        const char *name;
        const struct certified *certificate, *key;
        const char *passphrase;
        mode_t mode;
        bool in_one_file, without_certificate;
        const char *want; /* with @ for the key's and # for the certificate's file */
    } cases[] = {
        {"the key of another certificate", &own, &authority, NULL, 0600, false, false,
         "the key in @ is not that of the first certificate in #"},
        {"a key of another kind", &own, &other, NULL, 0600, false, false,
         "the key in @ is not that of the first certificate in #"},
        {"a key with a passphrase asks nobody", &own, &own, "sesame", 0600, false, false,
         "cannot use the key in @: it has a passphrase (openssl pkey writes it without)"},
        {"so in one file", &own, &own, "sesame", 0600, true, false,
         "cannot use the key in #: it has a passphrase (openssl pkey writes it without)"},
        {"others may read the key", &own, &own, NULL, 0644, false, false,
         "refused to read the secret in @: others than its owner and group may use it (chmod 0640 "
         "@)"},
        {"others may read the one file", &own, &own, NULL, 0644, true, false,
         "refused to read the secret in #: others than its owner and group may use it (chmod 0640 "
         "#)"},
        {"no key in its file", &own, NULL, NULL, 0600, false, false,
         "there is no PEM key in @ that OpenSSL can read"},
        {"no key in the one file", &own, NULL, NULL, 0600, true, false,
         "there is no PEM key in # that OpenSSL can read"},
        {"no certificate in its file", NULL, &own, NULL, 0600, false, false,
         "cannot read the certificate in #: no start line"},
        {"no certificate at all", &own, &own, NULL, 0600, false, true,
         "the key in @ is of no use without its certificate (cert_file)"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        print_message("%s\n", cases[i].name);
        const bool one = cases[i].in_one_file;
        write_own(own_path, cases[i].certificate, one ? cases[i].key : NULL, cases[i].passphrase);
        write_own(key_path, NULL, cases[i].key, cases[i].passphrase);
        chmod(one ? own_path : key_path, cases[i].mode);
        char want[256], *to = want;
        for (const char *from = cases[i].want; *from != '\0'; from++)
            to += snprintf(to, sizeof want - (size_t)(to - want), "%s",
                           *from == '@'   ? key_path
                           : *from == '#' ? own_path
                                          : (const char[]){*from, '\0'});
        struct err err = {0};
        assert_null(tls_context_create(
            &(const struct tls_settings){.ca_file = ca_path,
                                         .cert_file =
                                             cases[i].without_certificate ? NULL : own_path,
                                         .key_file = one ? NULL : key_path},
            &err));
        assert_string_equal(err.text, want);
    }
    certified_free(&own);
    certified_free(&other);
}

static void
test_contexts(void **state)
{
    (void)state;
    struct err err = {0};
    assert_null(
        tls_context_create(&(const struct tls_settings){.ca_file = "/nonexistent/ca.pem"}, &err));
    assert_string_equal(err.text, "cannot read the trusted certificates in /nonexistent/ca.pem: No "
                                  "such file or directory");
    assert_null(tls_context_create(&(const struct tls_settings){.ca_file = "/dev/null"}, &err));
    assert_memory_equal(err.text, "cannot read the trusted certificates in /dev/null: ", 51);
    struct tls_context *context = tls_context_create(&(const struct tls_settings){0}, &err);
    assert_non_null(context);
    assert_null(tls_session_create(context, 0, "", &err));
    assert_string_equal(err.text,
                        "cannot start TLS: \"\" is not a name that a certificate can have");
    tls_context_free(context);
    tls_context_free(NULL);
}

static int
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

static int
tear_down(void **state)
{
    (void)state;
    certified_free(&authority);
    certified_free(&stranger);
    return unlink(ca_path) | unlink(own_path) | unlink(key_path);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_verification),
        cmocka_unit_test(test_endings),
        cmocka_unit_test(test_starttls),
        cmocka_unit_test(test_a_session_ticket_ends_a_read),
        cmocka_unit_test(test_old_versions),
        cmocka_unit_test(test_what_we_show_of_ourselves),
        cmocka_unit_test(test_keys_that_are_refused),
        cmocka_unit_test(test_contexts),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
