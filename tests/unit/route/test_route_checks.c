/* Upstreams that check scripted servers. */
#include "checked_upstream.h"

#include <sys/resource.h>

#include "clock.h"

static void
test_smtp_check_fails(void **state)
{
    static char endless_greeting[1 << 18];
    static const struct {
        const char *name;
        struct step script[5];
        const char *want_error;
    } cases[] = {
        {"a greeting that sends us away",
         {{STEP_SEND, "554-5.7.1 no\r\n554 go away\r\n"}, {STEP_STALL, NULL}},
         "the connection was answered by \\\"554 go away\\\" (not 220)"},
        {"EHLO is refused",
         {{STEP_SEND, "220 x\r\n"},
          {STEP_EXPECT, "EHLO "},
          {STEP_SEND, "502 what\r\n"},
          {STEP_STALL, NULL}},
         "EHLO was answered by \\\"502 what\\\" (not 250)"},
        {"another protocol",
         {{STEP_SEND, "+OK POP3\r\n"}, {STEP_STALL, NULL}},
         "the server does not speak SMTP: \\\"+OK POP3\\\""},
        {"silence", {{STEP_STALL, NULL}}, "waiting for the greeting: timed out"},
        {"half a greeting",
         {{STEP_SEND, "220 ma"}, {STEP_STALL, NULL}},
         "waiting for the greeting: timed out"},
        {"an endless greeting",
         {{STEP_FLOOD, endless_greeting}},
         "waiting for the greeting: the answer has no end"},
        {"silence after EHLO",
         {{STEP_SEND, "220 x\r\n"}, {STEP_EXPECT, "EHLO "}, {STEP_STALL, NULL}},
         "waiting for the answer to EHLO: timed out"},
        {"an end instead of a greeting",
         {{STEP_END, NULL}},
         "waiting for the greeting: the server closed the connection"},
        {"an end instead of an answer",
         {{STEP_SEND, "220 x\r\n"}, {STEP_EXPECT, "EHLO "}},
         "closed"},
    };
    (void)state;
    loopback_repeat("220-more\r\n", endless_greeting, sizeof endless_greeting);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        print_message("%s\n", cases[i].name);
        struct loopback server;
        struct site site;
        char line[1024];
        loopback_start(&server, cases[i].script);
        open_checked_port(&site, "smtp", &server, "timeout = 100ms");
        log_begin();
        upstream_start(site.upstream);
        wait_for_choice(&site, '-');
        wait_for_checks(&server, 3); /* it stays down, and that is logged once */
        struct err err;
        struct route route;
        assert_int_equal(upstream_choose(site.upstream, "bob", &route, &err), -1);
        upstream_close(site.upstream);
        site.upstream = NULL;
        int count = log_count("event=upstream.down", line);
        log_end();

        assert_string_equal(err.text,
                            "no server of upstream \"u\" can be used: every server is down");
        assert_int_equal(count, 1);
        assert_memory_equal(line, "level=warn event=upstream.down upstream=u server=a error=\"",
                            57);
        if (strstr(line, cases[i].want_error) == NULL)
            fail_msg("the line is: %s", line);
        site_close(&site);
        loopback_stop(&server);
    }
}

static void
test_rise_and_fall(void **state)
{
    (void)state;
    struct loopback server;
    struct site site;
    char line[1024], want[200];
    loopback_start(&server, healthy);
    open_checked_port(&site, "smtp", &server, "fall = 3 rise = 2");
    log_begin();
    upstream_start(site.upstream);
    wait_for_checks(&server, 2);
    assert_choices(&site, "aaa");
    assert_true(server.followed >= 1); /* with EHLO and QUIT */

    server.script = busy;
    int before = server.accepted;
    wait_for_choice(&site, '-');
    assert_true(server.accepted - before >= 2); /* the first may have begun in time */

    server.script = healthy;
    before = server.accepted;
    wait_for_choice(&site, 'a');
    assert_true(server.accepted - before >= 1);
    int ups = wait_for_line("event=upstream.up", line);
    snprintf(want, sizeof want,
             "level=info event=upstream.up upstream=u server=a address=127.0.0.1:%u", server.port);
    char down[1024];
    int downs = log_count("event=upstream.down", down);
    log_end();
    assert_int_equal(ups, 1);
    assert_int_equal(downs, 1);
    assert_string_equal(line, want);
    site_close(&site);
    loopback_stop(&server);
}

static void
test_tcp_check(void **state)
{
    (void)state;
    struct loopback dead, live;
    struct site site;
    assert_true(loopback_listen(&dead, AF_INET));
    close(dead.listener); /* nobody listens there now */
    loopback_start(&live, stalling);
    open_two(&site, "check = \"tcp\" interval = 100ms", &dead, &live, "backup = true");
    log_begin();
    assert_choices(&site, "aa"); /* up until a check says otherwise */
    upstream_start(site.upstream);
    wait_for_choice(&site, 'b');
    wait_for_checks(&live, 2);
    assert_choices(&site, "bb");
    log_end();
    site_close(&site);
    loopback_stop(&live);
}

static void
test_a_mail_host_that_is_down_has_no_substitute(void **state)
{
    (void)state;
    struct loopback dead, live;
    struct site site;
    struct route route;
    struct err err;
    assert_true(loopback_listen(&dead, AF_INET));
    close(dead.listener); /* nobody listens there now */
    loopback_start(&live, stalling);
    open_two(&site, "check = \"tcp\" interval = 100ms", &dead, &live, "");
    assert_int_equal(upstream_choose_host(site.upstream, "a", "bob", &route, &err), 0);
    log_begin();
    upstream_start(site.upstream);
    struct deadline deadline = deadline_after(PATIENCE_MS);
    while (upstream_choose_host(site.upstream, "a", "bob", &route, &err) == 0 && has_time(deadline))
        ;
    log_end();
    assert_string_equal(err.text, "mail host a cannot be used: server \"a\": it is down");
    /* the host of both: the one that is up */
    assert_int_equal(upstream_choose_host(site.upstream, "127.0.0.1", "bob", &route, &err), 0);
    assert_int_equal(route.port, live.port);
    site_close(&site);
    loopback_stop(&live);
}

static void
test_a_stalled_server_delays_nobody(void **state)
{
    (void)state;
    struct loopback stalled, live;
    struct site site;
    loopback_start(&stalled, stalling);
    loopback_start(&live, healthy);
    open_two(&site, "check = \"smtp\" interval = 100ms timeout = 2min", &stalled, &live, "");
    upstream_start(site.upstream);
    wait_for_checks(&live, 5);
    wait_for_checks(&stalled, 1);
    assert_int_equal(stalled.accepted, 1); /* still at it */
    int64_t started_ms = clock_now_ms();
    site_close(&site); /* does not wait for it */
    assert_true(clock_now_ms() - started_ms < PATIENCE_MS);
    loopback_stop(&stalled);
    loopback_stop(&live);
}

/* With the default of an interval of 5s, 3s, it would still be waited for a second time. */
static void
test_a_stalled_server_is_out_in_time_where_no_timeout_is_set(void **state)
{
    (void)state;
    enum { PLENTY_MS = 5000 };
    struct loopback stalled, live;
    struct site site;
    loopback_start(&stalled, stalling);
    loopback_start(&live, healthy);
    open_two(&site, "check = \"smtp\" interval = 200ms fall = 2", &stalled, &live, "backup = true");
    int64_t started_ms = clock_now_ms();
    upstream_start(site.upstream);
    wait_for_choice(&site, 'b');
    assert_true(clock_now_ms() - started_ms < PLENTY_MS);
    site_close(&site);
    loopback_stop(&stalled);
    loopback_stop(&live);
}

static void
test_several_addresses(void **state)
{
    (void)state;
    struct loopback server;
    struct site site;
    struct route route;
    char address[40];
    loopback_start(&server, healthy);
    fake_host("two.test", "127.0.0.99 127.0.0.1"); /* nobody listens at the first */
    snprintf(address, sizeof address, "two.test:%u", server.port);
    open_checked(&site, "smtp", address, "");
    upstream_start(site.upstream);
    wait_for_checks(&server, 1);
    struct deadline deadline = deadline_after(PATIENCE_MS);
    do
        assert_int_equal(upstream_choose(site.upstream, "bob", &route, NULL), 0);
    while (strcmp(route.address, "127.0.0.1") != 0 && has_time(deadline));
    assert_string_equal(route.address, "127.0.0.1"); /* the second, which passed */
    site_close(&site);
    loopback_stop(&server);
}

static void
test_a_name_without_an_address(void **state)
{
    (void)state;
    struct site site;
    char line[1024];
    fake_host("unknown.test", "");
    open_checked(&site, "tcp", "unknown.test:25", "");
    log_begin();
    upstream_start(site.upstream);
    wait_for_line("event=upstream.down", line);
    log_end();
    assert_string_equal(line, "level=warn event=upstream.down upstream=u server=a error=\"cannot "
                              "resolve unknown.test: there is no such name\"");
    site_close(&site);
}

/* No descriptors left is our trouble, not the server's: it is not taken out for that. */
static void
test_a_shortage_says_nothing_about_a_server(void **state)
{
    (void)state;
    struct loopback server;
    struct site site;
    char line[1024];
    struct rlimit limit;
    struct rlimit none = {.rlim_cur = 3}; /* those of stdio; poll(2) refuses more than the limit */
    loopback_start(&server, stalling);
    open_checked_port(&site, "tcp", &server, "fall = 1");
    log_begin();
    upstream_start(site.upstream);
    wait_for_checks(&server, 1);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    none.rlim_max = limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    wait_for_line("event=upstream.unchecked", line);
    assert_choices(&site, "aa");
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    log_end();
    assert_non_null(strstr(line, "Too many open files"));
    site_close(&site);
    loopback_stop(&server);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_smtp_check_fails),
        cmocka_unit_test(test_rise_and_fall),
        cmocka_unit_test(test_tcp_check),
        cmocka_unit_test(test_a_mail_host_that_is_down_has_no_substitute),
        cmocka_unit_test(test_a_stalled_server_delays_nobody),
        cmocka_unit_test(test_a_stalled_server_is_out_in_time_where_no_timeout_is_set),
        cmocka_unit_test(test_several_addresses),
        cmocka_unit_test(test_a_name_without_an_address),
        cmocka_unit_test(test_a_shortage_says_nothing_about_a_server),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
