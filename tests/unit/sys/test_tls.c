/* Whom we trust, how a session begins and ends. */
#include "tls.h"
#include "tls_server.h"

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

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_verification), cmocka_unit_test(test_endings),
        cmocka_unit_test(test_starttls),     cmocka_unit_test(test_a_session_ticket_ends_a_read),
        cmocka_unit_test(test_old_versions), cmocka_unit_test(test_contexts),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
