/* The test's own connect can be told to fail. */
#include <dlfcn.h>
#include <errno.h>

#include "loopback.h"

#include <stdlib.h>

#include "clock.h"
#include "conn.h"

static int of_streams, of_datagrams; /* an errno: why connecting fails */

int
connect(int fd, const struct sockaddr *address, socklen_t length)
{
    static int (*real)(int, const struct sockaddr *, socklen_t);
    int type = 0;
    socklen_t size = sizeof type;
    if (real == NULL)
        *(void **)&real = dlsym(RTLD_NEXT, "connect");
    getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size);
    int failure = type == SOCK_STREAM ? of_streams : of_datagrams;
    errno = failure;
    return failure != 0 ? -1 : real(fd, address, length);
}

enum { SHORT_MS = 40, LONG_MS = 20000, SOON_MS = 5000 };

static struct conn *
connect_to(const struct loopback *server)
{
    struct endpoint endpoint = loopback_endpoint(server);
    struct err err = {0};
    struct conn *conn = conn_open(&endpoint, deadline_after(LONG_MS), NULL, &err);
    assert_string_equal(err.text, "");
    assert_non_null(conn);
    assert_true(endpoint_equal(conn_endpoint(conn), &endpoint));
    assert_false(conn_has_tls(conn));
    return conn;
}

static void
test_read_line(void **state)
{
    static const struct {
        const char *name;
        struct step script[4];
        size_t size;
        int budget_ms;
        const char *want[4];  /* the lines that come */
        const char *want_err; /* of the read behind them */
    } cases[] = {
        {"lines end with CR LF or with LF",
         {{STEP_SEND, "220 one\r\n250-two\n\r\n"}},
         100,
         LONG_MS,
         {"220 one", "250-two", ""},
         "read: the server closed the connection"},
        {"a line comes byte by byte",
         {{STEP_DRIBBLE, "220 one\r\n221 two\r\n"}},
         100,
         LONG_MS,
         {"220 one", "221 two"},
         "read: the server closed the connection"},
        {"a CR inside of a line stays",
         {{STEP_SEND, "a\rb\r\r\n"}},
         100,
         LONG_MS,
         {"a\rb\r"},
         "read: the server closed the connection"},
        {"half a line and then nothing times out",
         {{STEP_SEND, "220 one\r\n220 tw"}, {STEP_STALL, NULL}},
         100,
         SHORT_MS,
         {"220 one"},
         "read: timed out"},
        {"half a line and then the end is no line",
         {{STEP_SEND, "220 one\r\n220 tw"}},
         100,
         LONG_MS,
         {"220 one"},
         "read: the server closed the connection"},
        {"nothing at all times out",
         {{STEP_STALL, NULL}},
         100,
         SHORT_MS,
         {NULL},
         "read: timed out"},
        {"a reset is an error",
         {{STEP_SEND, ""}, {STEP_EXPECT, "go"}, {STEP_RESET, NULL}},
         100,
         LONG_MS,
         {NULL},
         "read: Connection reset by peer"},
        {"a line of just the size fits",
         {{STEP_SEND, "1234567\r\n"}},
         8,
         LONG_MS,
         {"1234567"},
         "read: the server closed the connection"},
        {"a line of one byte more does not",
         {{STEP_SEND, "12345678\r\n"}},
         8,
         LONG_MS,
         {NULL},
         "read: the server sent a line of more than 7 bytes"},
        {"a line without an end stops at the size",
         {{STEP_FLOOD, "0123456789"}},
         3000,
         LONG_MS,
         {NULL},
         "read: the server sent a line of more than 2999 bytes"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        print_message("%s\n", cases[i].name);
        struct loopback server;
        loopback_start(&server, cases[i].script);
        struct conn *conn = connect_to(&server);
        struct deadline deadline = deadline_after(LONG_MS);
        struct err err = {0};
        char *line = malloc(cases[i].size); /* exact, for the sanitizer */
        assert_non_null(line);
        for (size_t n = 0; cases[i].want[n] != NULL; n++) {
            int length = conn_read_line(conn, line, cases[i].size, deadline, &err);
            assert_string_equal(err.text, "");
            assert_string_equal(line, cases[i].want[n]);
            assert_int_equal(length, strlen(cases[i].want[n]));
        }
        if (cases[i].script[1].kind == STEP_EXPECT)
            assert_int_equal(conn_write(conn, "go\n", 3, deadline, &err), 0);
        deadline = deadline_after(cases[i].budget_ms);
        assert_int_equal(conn_read_line(conn, line, cases[i].size, deadline, &err), -1);
        assert_string_equal(err.text, cases[i].want_err);
        conn_close(conn);
        free(line);
        loopback_stop(&server);
    }
}

/* Lines that are longer than conn's buffer, and a line break between two fillings of it. */
static void
test_long_lines(void **state)
{
    (void)state;
    static char bytes[6001];
    for (int length = 2040; length < 2060; length++) {
        memset(bytes, 'x', sizeof bytes);
        memcpy(bytes + length, "\r\nsecond\r\n", 11);
        const struct step script[] = {{STEP_SEND, bytes}, {STEP_END, NULL}};
        struct loopback server;
        loopback_start(&server, script);
        struct conn *conn = connect_to(&server);
        static char line[6000];
        struct deadline deadline = deadline_after(LONG_MS);
        assert_int_equal(conn_read_line(conn, line, sizeof line, deadline, NULL), length);
        assert_int_equal(conn_read_line(conn, line, sizeof line, deadline, NULL), 6);
        assert_string_equal(line, "second");
        conn_close(conn);
        loopback_stop(&server);
    }
}

static void
test_endless_lines_end_at_the_deadline(void **state)
{
    static char lines[1 << 18];
    const struct step script[] = {{STEP_FLOOD, lines}, {STEP_END, NULL}};
    (void)state;
    loopback_repeat("250-again\r\n", lines, sizeof lines);
    struct loopback server;
    loopback_start(&server, script);
    struct conn *conn = connect_to(&server);
    struct deadline deadline = deadline_after(SHORT_MS);
    int64_t started_ms = clock_now_ms();
    struct err err = {0};
    char line[100];
    while (conn_read_line(conn, line, sizeof line, deadline, &err) >= 0)
        assert_true(clock_now_ms() - started_ms < SOON_MS);
    assert_string_equal(err.text, "read: timed out");
    conn_close(conn);
    loopback_stop(&server);
}

static void
test_talk(void **state)
{
    static const struct step script[] = {{STEP_SEND, "220 hello\r\n"},
                                         {STEP_EXPECT, "EHLO me\r\n"},
                                         {STEP_SEND, "250 you\r\n"},
                                         {STEP_STALL, NULL},
                                         {STEP_END, NULL}};
    (void)state;
    struct loopback server;
    loopback_start(&server, script);
    struct conn *conn = connect_to(&server);
    struct deadline deadline = deadline_after(LONG_MS);
    char line[100];
    assert_int_equal(conn_read_line(conn, line, sizeof line, deadline, NULL), 9);
    assert_int_equal(conn_write(conn, "EHLO me\r\n", 9, deadline, NULL), 0);
    assert_int_equal(conn_read_line(conn, line, sizeof line, deadline, NULL), 7);
    assert_string_equal(line, "250 you");
    conn_close(conn);
    loopback_stop(&server);
    assert_int_equal(server.followed, 1);
}

static void
test_write_to_a_server_that_reads_nothing(void **state)
{
    (void)state;
    struct loopback server; /* accepts, as the kernel does for it, and reads nothing */
    assert_true(loopback_listen(&server, AF_INET));
    struct conn *conn = connect_to(&server);
    static char bytes[1 << 20];
    struct err err = {0};
    struct deadline deadline = deadline_after(SHORT_MS);
    int64_t started_ms = clock_now_ms();
    while (conn_write(conn, bytes, sizeof bytes, deadline, &err) == 0)
        ;
    assert_string_equal(err.text, "write: timed out");
    assert_true(clock_now_ms() - started_ms < SOON_MS);
    conn_close(conn);
    close(server.listener);
}

static void
test_write_after_a_reset(void **state)
{
    /* a reset that came at once could overtake the connecting */
    static const struct step script[] = {{STEP_EXPECT, "go"}, {STEP_RESET, NULL}};
    (void)state;
    struct loopback server;
    loopback_start(&server, script);
    struct conn *conn = connect_to(&server);
    struct err err = {0};
    char line[10];
    assert_int_equal(conn_write(conn, "go\n", 3, deadline_after(LONG_MS), &err), 0);
    assert_int_equal(conn_read_line(conn, line, sizeof line, deadline_after(LONG_MS), &err), -1);
    /* SIGPIPE would end this program */
    assert_int_equal(conn_write(conn, "x", 1, deadline_after(LONG_MS), &err), -1);
    assert_string_equal(err.text, "write: Broken pipe");
    conn_close(conn);
    loopback_stop(&server);
}

static void
test_connect_fails(void **state)
{
    (void)state;
    struct loopback server;
    assert_true(loopback_listen(&server, AF_INET));
    close(server.listener); /* nobody listens there now */
    struct endpoint endpoint = loopback_endpoint(&server);
    struct err err = {0};
    char want[100];
    assert_null(conn_open(&endpoint, deadline_after(LONG_MS), NULL, &err));
    snprintf(want, sizeof want, "cannot connect to 127.0.0.1:%u: ", server.port);
    assert_memory_equal(err.text, want, strlen(want));

    struct endpoint_text parsed;
    assert_int_equal(endpoint_parse("unix:/nonexistent/socket", 0, &parsed, NULL), 0);
    assert_null(conn_open(&parsed.endpoint, deadline_after(LONG_MS), NULL, &err));
    assert_string_equal(err.text, "cannot connect to unix:/nonexistent/socket: No such file or "
                                  "directory");
    conn_close(NULL);
}

static void
test_only_our_own_shortage_is_told_as_such(void **state)
{
    static const struct {
        const char *name;
        int of_streams, of_datagrams; /* what connect(2) says; 0: it does what it does */
        bool want;
        const char *want_err;
    } cases[] = {
        {"nobody listens", ECONNREFUSED, 0, false, "Connection refused"},
        {"the network is down", ENETUNREACH, 0, false, "Network is unreachable"},
        {"no port of ours is left", EADDRNOTAVAIL, 0, true, "no local port is left"},
        {"we have no address of this family", EADDRNOTAVAIL, EADDRNOTAVAIL, false,
         "Cannot assign requested address"},
        {"no buffer of ours is left", ENOBUFS, 0, true, "No buffer space available"},
        {"no route of ours is left", EAGAIN, 0, true, "Resource temporarily unavailable"},
    };
    (void)state;
    struct endpoint_text parsed;
    assert_int_equal(endpoint_parse("127.0.0.1:1", 0, &parsed, NULL), 0);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct err err = {0};
        bool is_shortage = false;
        print_message("%s\n", cases[i].name);
        of_streams = cases[i].of_streams;
        of_datagrams = cases[i].of_datagrams;
        assert_null(conn_open(&parsed.endpoint, deadline_after(LONG_MS), &is_shortage, &err));
        of_streams = of_datagrams = 0;
        assert_int_equal(is_shortage, cases[i].want);
        assert_non_null(strstr(err.text, cases[i].want_err));
    }
}

/* A listener whose queue is full lets further connections hang, as a dead host does. */
static void
test_connect_times_out(void **state)
{
    (void)state;
    struct loopback server;
    assert_true(loopback_listen(&server, AF_INET));
    listen(server.listener, 0);
    struct endpoint endpoint = loopback_endpoint(&server);
    struct conn *conns[8];
    struct err err = {0};
    size_t count = 0;
    int64_t started_ms = clock_now_ms();
    while (count < 8 &&
           (conns[count] = conn_open(&endpoint, deadline_after(SHORT_MS), NULL, &err)) != NULL)
        count++;
    assert_in_range(count, 1, 7);
    char want[100];
    snprintf(want, sizeof want, "cannot connect to 127.0.0.1:%u: timed out", server.port);
    assert_string_equal(err.text, want);
    assert_true(clock_now_ms() - started_ms < SOON_MS);
    while (count > 0)
        conn_close(conns[--count]);
    close(server.listener);
}

static void
test_other_families(void **state)
{
    static const struct step script[] = {{STEP_SEND, "220 six\r\n"}, {STEP_END, NULL}};
    (void)state;
    struct loopback server;
    if (!loopback_listen(&server, AF_INET6))
        skip();
    loopback_serve(&server, script);
    char text[40], line[40];
    struct endpoint_text parsed;
    snprintf(text, sizeof text, "[::1]:%u", server.port);
    assert_int_equal(endpoint_parse(text, 0, &parsed, NULL), 0);
    struct conn *conn = conn_open(&parsed.endpoint, deadline_after(LONG_MS), NULL, NULL);
    assert_non_null(conn);
    conn_read_line(conn, line, sizeof line, deadline_after(LONG_MS), NULL);
    assert_string_equal(line, "220 six");
    conn_close(conn);
    loopback_stop(&server);
}

static void
test_the_address_that_we_come_from(void **state)
{
    (void)state;
    static const struct {
        int family;
        const char *to, *want;
    } cases[] = {
        {AF_INET, "127.0.0.1", "127.0.0.1"},
        {AF_INET6, "[::1]", "::1"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct loopback server;
        struct endpoint_text to;
        char text[64], own[NETADDR_TEXT_MAX];
        if (!loopback_listen(&server, cases[i].family))
            continue; /* a machine without IPv6 */
        snprintf(text, sizeof text, "%s:%u", cases[i].to, server.port);
        assert_int_equal(endpoint_parse(text, 0, &to, NULL), 0);
        struct conn *conn = conn_open(&to.endpoint, deadline_after(LONG_MS), NULL, NULL);
        assert_non_null(conn);
        const struct netaddr address = conn_own_address(conn);
        netaddr_format(&address, own);
        assert_string_equal(own, cases[i].want);
        conn_close(conn);
        close(server.listener);
    }
}

static void
test_wipe(void **state)
{
    static const struct step script[] = {
        {STEP_SEND, "one\r\nhunter2\r\n"}, {STEP_STALL, NULL}, {STEP_END, NULL}};
    (void)state;
    struct loopback server;
    loopback_start(&server, script);
    struct conn *conn = connect_to(&server);
    char line[10];
    conn_read_line(conn, line, sizeof line, deadline_after(LONG_MS), NULL);
    conn_wipe(conn);
    struct err err = {0};
    assert_int_equal(conn_read_line(conn, line, sizeof line, deadline_after(SHORT_MS), &err), -1);
    assert_string_equal(err.text, "read: timed out");
    conn_close(conn);
    loopback_stop(&server);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read_line),
        cmocka_unit_test(test_long_lines),
        cmocka_unit_test(test_endless_lines_end_at_the_deadline),
        cmocka_unit_test(test_talk),
        cmocka_unit_test(test_write_to_a_server_that_reads_nothing),
        cmocka_unit_test(test_write_after_a_reset),
        cmocka_unit_test(test_connect_fails),
        cmocka_unit_test(test_only_our_own_shortage_is_told_as_such),
        cmocka_unit_test(test_connect_times_out),
        cmocka_unit_test(test_other_families),
        cmocka_unit_test(test_the_address_that_we_come_from),
        cmocka_unit_test(test_wipe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
