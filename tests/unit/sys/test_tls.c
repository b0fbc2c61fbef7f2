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
};

static struct certified authority, stranger;
static char ca_path[] = "/tmp/test_tls.XXXXXX";

static void
speak(struct secure_server *server, SSL *ssl)
{
    static const char greeting[] = "220 safe\r\n";
    char line[64];
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    snprintf(server->server_name, sizeof server->server_name, "%s", name != NULL ? name : "");
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
    struct conn *conn = conn_open(&endpoint, deadline_after(LONG_MS), NULL);
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
    int fd = mkstemp(ca_path);
    if (fd < 0)
        return -1;
    close(fd);
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
    return unlink(ca_path);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_verification), cmocka_unit_test(test_endings),
        cmocka_unit_test(test_starttls),     cmocka_unit_test(test_old_versions),
        cmocka_unit_test(test_contexts),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
