/* Upstreams of a configuration file of the test's own, against scripted servers on loopback. */
#include "loopback.h"

#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include "clock.h"
#include "deadline.h"
#include "fake_names.h"
#include "loaded_upstream.h"
#include "logged.h"
#include "route.h"

enum { PATIENCE_MS = 20000 };

/* A loaded configuration with one upstream. */
struct site {
    struct loaded loaded;
    struct upstream *upstream;
};

static void
site_open(struct site *site, const char *text)
{
    load(&site->loaded, text);
    site->upstream = upstream_open(site->loaded.conf, site->loaded.section, &site->loaded.problems);
}

static void
site_close(struct site *site)
{
    upstream_close(site->upstream);
    unload(&site->loaded);
}

/* The servers' names in the order they are chosen; '-' for none. */
static void
assert_choices(struct site *site, const char *want)
{
    for (const char *at = want; *at != '\0'; at++) {
        struct route route;
        struct err err;
        char chosen =
            upstream_choose(site->upstream, "bob", &route, &err) == 0 ? route.server[0] : '-';
        assert_int_equal(chosen, *at);
    }
}

static bool
has_time(struct deadline deadline)
{
    nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
    return !deadline_is_over(deadline);
}

/* Waits until a choice gives that server ('-': none). */
static void
wait_for_choice(struct site *site, char want)
{
    struct deadline deadline = deadline_after(PATIENCE_MS);
    char chosen;
    do {
        struct route route;
        chosen = upstream_choose(site->upstream, "bob", &route, NULL) == 0 ? route.server[0] : '-';
    } while (chosen != want && has_time(deadline));
    assert_int_equal(chosen, want);
}

static void
wait_for_checks(const struct loopback *server, int count)
{
    struct deadline deadline = deadline_after(PATIENCE_MS);
    while (server->accepted < count && has_time(deadline))
        ;
    assert_true(server->accepted >= count);
}

/* A server is chosen by its new state a moment before the line about it is written. */
static int
wait_for_line(const char *event, char line_r[1024])
{
    struct deadline deadline = deadline_after(PATIENCE_MS);
    int count;
    while ((count = log_count(event, line_r)) == 0 && has_time(deadline))
        ;
    return count;
}

static const struct step healthy[] = {{STEP_SEND, "220-one\r\n220 two\r\n"},
                                      {STEP_EXPECT, "EHLO "},
                                      {STEP_SEND, "250-x\r\n250 SIZE\r\n"},
                                      {STEP_EXPECT, "QUIT\r\n"},
                                      {STEP_END, NULL}};
static const struct step busy[] = {{STEP_SEND, "421 too busy\r\n"}, {STEP_END, NULL}};
static const struct step stalling[] = {{STEP_STALL, NULL}, {STEP_END, NULL}};

static void
test_problems(void **state)
{
    static const struct {
        const char *name, *text, *want; /* a part of the line */
    } cases[] = {
        {"no server", "upstream \"u\" {\n}\n", "upstream \"u\""},
        {"no port", "upstream \"u\" {\n server \"a\" { address = \"mail.test\" }\n}\n",
         "no port in \"mail.test\" (write HOST:PORT"},
        {"a socket, which nginx cannot route to",
         "upstream \"u\" {\n server \"a\" { address = \"unix:/run/x\" }\n}\n",
         "nginx cannot hand a session to a unix socket"},
        {"a malformed address", "upstream \"u\" {\n server \"a\" { address = \"10.1:25\" }\n}\n",
         "neither an address nor a host name"},
        {"neither an address nor a record", "upstream \"u\" {\n server \"a\" { weight = 2 }\n}\n",
         "it has no address (write address = \"HOST:PORT\", or srv = "},
        {"an address and a record",
         "upstream \"u\" {\n server \"a\" { address = \"192.0.2.1:25\"\n srv = \"_s._tcp.test\" "
         "}\n}\n",
         ":3: upstream \"u\": server \"a\": srv: there is an address, too (write one of them)"},
        {"a record that is none", "upstream \"u\" {\n server \"a\" { srv = \"mail.test\" }\n}\n",
         "\"mail.test\" is no name of a service"},
        {"STARTTLS without a protocol",
         "upstream \"u\" {\n check = \"tcp\" check_tls = \"starttls\"\n"
         " server \"a\" { address = \"192.0.2.1:25\" }\n}\n",
         "a tcp check says nothing, so nor STARTTLS"},
        {"authorities that are not there",
         "upstream \"u\" {\n check = \"smtp\" check_tls = \"implicit\"\n"
         " check_ca_file = \"/nowhere/ca.pem\"\n server \"a\" { address = \"192.0.2.1:25\" }\n}\n",
         ": upstream \"u\": check_ca_file: cannot read the trusted certificates"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        print_message("%s\n", cases[i].name);
        struct site site;
        site_open(&site, cases[i].text);
        assert_null(site.upstream);
        assert_int_equal(site.loaded.problems.errors, 1);
        if (strstr(problems_line(&site.loaded.problems, 0), cases[i].want) == NULL)
            fail_msg("the problem is: %s", problems_line(&site.loaded.problems, 0));
        site_close(&site);
    }
}

static void
test_warnings(void **state)
{
    static const struct {
        const char *name, *settings, *want; /* NULL: none */
    } cases[] = {
        {"all is well", "check = \"smtp\" check_tls = \"starttls\" slow_start = 1min", NULL},
        {"TLS without checks", "check_tls = \"implicit\"",
         "check_tls: has no effect without check"},
        {"authorities without TLS", "check = \"smtp\" check_ca_file = \"/nowhere/ca.pem\"",
         "check_ca_file: has no effect without check_tls"},
        {"a slow start of failover", "balance = \"first\" slow_start = 1min",
         "slow_start: has no effect with balance = \"first\""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[300];
        struct site site;
        print_message("%s\n", cases[i].name);
        snprintf(text, sizeof text,
                 "upstream \"u\" {\n %s\n server \"a\" { address = \"192.0.2.1:25\" }\n}\n",
                 cases[i].settings);
        site_open(&site, text);
        assert_non_null(site.upstream);
        assert_int_equal(site.loaded.problems.errors, 0);
        assert_int_equal(site.loaded.problems.count, cases[i].want != NULL ? 1 : 0);
        if (cases[i].want != NULL &&
            strstr(problems_line(&site.loaded.problems, 0), cases[i].want) == NULL)
            fail_msg("the problem is: %s", problems_line(&site.loaded.problems, 0));
        site_close(&site);
    }
}

static void
test_balance(void **state)
{
    static const struct {
        const char *name, *text, *want;
    } cases[] = {
        {"round-robin is the default",
         "upstream \"u\" {\n server \"a\" { address = \"192.0.2.1:25\" weight = 2 }\n"
         " server \"b\" { address = \"192.0.2.2:25\" }\n}\n",
         "abaaba"},
        {"first is failover",
         "upstream \"u\" {\n balance = \"first\"\n server \"a\" { address = \"192.0.2.1:25\" }\n"
         " server \"b\" { address = \"192.0.2.2:25\" }\n}\n",
         "aaa"},
        {"a backup rests",
         "upstream \"u\" {\n server \"a\" { address = \"192.0.2.1:25\" backup = true }\n"
         " server \"b\" { address = \"192.0.2.2:25\" }\n}\n",
         "bbb"},
        {"a server whose name has no address is passed over",
         "upstream \"u\" {\n server \"a\" { address = \"unknown.test:25\" }\n"
         " server \"b\" { address = \"192.0.2.2:25\" }\n}\n",
         "bbb"},
        {"and a backup takes its place",
         "upstream \"u\" {\n server \"a\" { address = \"unknown.test:25\" }\n"
         " server \"b\" { address = \"192.0.2.2:25\" backup = true }\n}\n",
         "bbb"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        print_message("%s\n", cases[i].name);
        struct site site;
        site_open(&site, cases[i].text);
        assert_non_null(site.upstream);
        assert_string_equal(upstream_name(site.upstream), "u");
        assert_choices(&site, cases[i].want);
        site_close(&site);
    }
}

static void
test_addresses_are_as_nginx_wants_them(void **state)
{
    static const struct {
        const char *address, *want_address;
        unsigned want_port;
    } cases[] = {
        {"192.0.2.1:10587", "192.0.2.1", 10587},
        {"[2001:DB8:0:0::1]:25", "2001:db8::1", 25},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[200];
        snprintf(text, sizeof text, "upstream \"u\" {\n server \"a\" { address = \"%s\" }\n}\n",
                 cases[i].address);
        struct site site;
        site_open(&site, text);
        struct route route;
        assert_int_equal(upstream_choose(site.upstream, "bob", &route, NULL), 0);
        assert_string_equal(route.address, cases[i].want_address);
        assert_int_equal(route.port, cases[i].want_port);
        assert_string_equal(route.server, "a");
        site_close(&site);
    }
}

/* An upstream of one server with quick checks. */
static void
open_checked(struct site *site, const char *check, const char *address, const char *more)
{
    char text[300];
    snprintf(text, sizeof text,
             "upstream \"u\" {\n check = \"%s\" interval = 100ms %s\n"
             " server \"a\" { address = \"%s\" }\n}\n",
             check, more, address);
    site_open(site, text);
    assert_non_null(site->upstream);
}

static void
open_checked_port(struct site *site, const char *check, const struct loopback *server,
                  const char *more)
{
    char address[40];
    snprintf(address, sizeof address, "127.0.0.1:%u", server->port);
    open_checked(site, check, address, more);
}

static char endless_greeting[1 << 18];

/* Where an account's mail is says the directory; nobody who is in no configuration is gone to. */
static void
test_mail_hosts(void **state)
{
    static const struct {
        const char *name, *host;
        const char *want;       /* address and port; NULL: none */
        const char *want_error; /* then */
    } cases[] = {
        {"a server's name", "North", "192.0.2.1:143", NULL},
        {"the host of an address", "192.0.2.2", "192.0.2.2:143", NULL},
        {"the host and the port of an address", "192.0.2.2:143", "192.0.2.2:143", NULL},
        {"a host name, in any case", "TWO.test", NULL,
         "mail host TWO.test cannot be used: server \"west\": cannot resolve two.test: no answer "
         "yet"},
        {"an IPv6 address", "2001:db8::1", "2001:db8::1:143", NULL},
        {"an IPv6 address in brackets", "[2001:DB8::1]", "2001:db8::1:143", NULL},
        {"an IPv6 address with its port", "[2001:db8::1]:143", "2001:db8::1:143", NULL},
        {"a server's name comes before an address that reads the same", "192.0.2.9",
         "192.0.2.3:143", NULL},
        {"of two servers of one host the port tells which", "192.0.2.4:1143", "192.0.2.4:1143",
         NULL},
        {"without it, it is the first", "192.0.2.4", "192.0.2.4:2143", NULL},
        {"another port is another server", "192.0.2.2:993", NULL,
         "mail host 192.0.2.2:993 is no server of upstream \"u\""},
        {"a host that nobody configured", "evil.example", NULL,
         "mail host evil.example is no server of upstream \"u\""},
        {"an address that nobody configured", "203.0.113.1:143", NULL,
         "mail host 203.0.113.1:143 is no server of upstream \"u\""},
        {"the beginning of a name is none", "nort", NULL,
         "mail host nort is no server of upstream \"u\""},
        {"nothing at all", "", NULL, "mail host \"\" is no server of upstream \"u\""},
        {"a line break stays where it is", "north\nlevel=info", NULL,
         "mail host \"north\\nlevel=info\" is no server of upstream \"u\""},
        {"a path", "unix:/run/x", NULL, "mail host unix:/run/x is no server of upstream \"u\""},
    };
    (void)state;
    struct site site;
    site_open(&site, "upstream \"u\" {\n"
                     " server \"north\" { address = \"192.0.2.1:143\" }\n"
                     " server \"south\" { address = \"192.0.2.2:143\" }\n"
                     " server \"west\" { address = \"two.test:143\" }\n"
                     " server \"six\" { address = \"[2001:db8::1]:143\" }\n"
                     " server \"nine\" { address = \"192.0.2.9:143\" }\n"
                     " server \"192.0.2.9\" { address = \"192.0.2.3:143\" }\n"
                     " server \"four\" { address = \"192.0.2.4:2143\" }\n"
                     " server \"four-too\" { address = \"192.0.2.4:1143\" backup = true }\n}\n");
    assert_non_null(site.upstream);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        print_message("%s\n", cases[i].name);
        struct route route;
        struct err err;
        bool found = upstream_choose_host(site.upstream, cases[i].host, "bob", &route, &err) == 0;
        char address[80];
        if (found)
            snprintf(address, sizeof address, "%s:%u", route.address, route.port);
        if (cases[i].want == NULL) {
            assert_false(found);
            assert_string_equal(err.text, cases[i].want_error);
        } else {
            assert_true(found);
            assert_string_equal(address, cases[i].want);
        }
    }
    char longest[ROUTE_HOST_MAX + 2];
    memset(longest, 'n', sizeof longest);
    longest[sizeof longest - 1] = '\0';
    struct route route;
    assert_int_equal(upstream_choose_host(site.upstream, longest, "bob", &route, NULL), -1);
    site_close(&site);
}

static void
test_a_mail_host_that_is_down_has_no_substitute(void **state)
{
    (void)state;
    struct loopback dead, live;
    char text[300];
    struct site site;
    struct route route;
    struct err err;
    assert_true(loopback_listen(&dead, AF_INET));
    close(dead.listener); /* nobody listens there now */
    loopback_start(&live, stalling);
    snprintf(text, sizeof text,
             "upstream \"u\" {\n check = \"tcp\" interval = 100ms\n"
             " server \"a\" { address = \"127.0.0.1:%u\" }\n"
             " server \"b\" { address = \"127.0.0.1:%u\" }\n}\n",
             dead.port, live.port);
    site_open(&site, text);
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
test_smtp_check_fails(void **state)
{
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
    char text[300];
    struct site site;
    assert_true(loopback_listen(&dead, AF_INET));
    close(dead.listener); /* nobody listens there now */
    loopback_start(&live, stalling);
    snprintf(text, sizeof text,
             "upstream \"u\" {\n check = \"tcp\" interval = 100ms\n"
             " server \"a\" { address = \"127.0.0.1:%u\" }\n"
             " server \"b\" { address = \"127.0.0.1:%u\" backup = true }\n}\n",
             dead.port, live.port);
    site_open(&site, text);
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
test_a_stalled_server_delays_nobody(void **state)
{
    (void)state;
    struct loopback stalled, live;
    char text[300];
    struct site site;
    loopback_start(&stalled, stalling);
    loopback_start(&live, healthy);
    snprintf(text, sizeof text,
             "upstream \"u\" {\n check = \"smtp\" interval = 100ms timeout = 2min\n"
             " server \"a\" { address = \"127.0.0.1:%u\" }\n"
             " server \"b\" { address = \"127.0.0.1:%u\" }\n}\n",
             stalled.port, live.port);
    site_open(&site, text);
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

/* With the default of an interval of 5s, 3s, it would still be waited for. */
static void
test_a_stalled_server_is_out_in_time_where_no_timeout_is_set(void **state)
{
    (void)state;
    enum { PLENTY_MS = 2500 };
    struct loopback stalled, live;
    char text[300];
    struct site site;
    loopback_start(&stalled, stalling);
    loopback_start(&live, healthy);
    snprintf(text, sizeof text,
             "upstream \"u\" {\n check = \"smtp\" interval = 200ms fall = 2\n"
             " server \"a\" { address = \"127.0.0.1:%u\" }\n"
             " server \"b\" { address = \"127.0.0.1:%u\" backup = true }\n}\n",
             stalled.port, live.port);
    site_open(&site, text);
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

/* What a reload does: the new upstream is open and running before the old one is closed. */
static void
test_a_new_upstream_knows_what_the_old_one_knew(void **state)
{
    (void)state;
    struct loopback server;
    struct site old_site, new_site;
    loopback_start(&server, busy);
    open_checked_port(&old_site, "smtp", &server, "");
    log_begin();
    upstream_start(old_site.upstream);
    wait_for_choice(&old_site, '-');
    server.script = stalling; /* so that no check of the new one ends */
    open_checked_port(&new_site, "smtp", &server, "timeout = 2min");
    upstream_start(new_site.upstream);
    assert_choices(&new_site, "-");
    site_close(&old_site);
    assert_choices(&new_site, "-");
    site_close(&new_site);
    log_end();
    loopback_stop(&server);
}

static atomic_bool is_enough;

static void *
choose_often(void *argument)
{
    struct site *site = argument;
    for (size_t i = 0; !is_enough; i++) {
        struct route route;
        struct upstream_server server;
        upstream_choose(site->upstream, "bob", &route, NULL);
        upstream_choose_host(site->upstream, "x.test", "bob", &route, NULL);
        upstream_server_at(site->upstream, i % 4, &server);
    }
    return NULL;
}

/* Sessions choose while records, names, checks and drains change who there is, and a reload takes
 * over. */
static void
test_threads(void **state)
{
    static const char *const records[] = {"1 0 25 x.test\n1 0 25 y.test", "1 0 25 x.test",
                                          "1 0 25 y.test\n2 0 25 x.test"};
    static const char *const hosts[] = {"127.0.0.1 127.0.0.2", "127.0.0.2", "127.0.0.3 127.0.0.1"};
    static const char *const drained[] = {"x.test", "a"};
    (void)state;
    struct loopback server;
    struct site site, next;
    pthread_t threads[4];
    char text[300];
    loopback_start(&server, healthy);
    fake_host("y.test", "127.0.0.1");
    snprintf(text, sizeof text,
             "upstream \"u\" {\n check = \"smtp\" interval = 100ms timeout = 50ms\n"
             " server \"a\" { address = \"127.0.0.1:%u\" }\n"
             " server \"b\" { srv = \"_s._tcp.test\" }\n}\n",
             server.port);
    site_open(&site, text);
    log_begin();
    upstream_start(site.upstream);
    is_enough = false;
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, choose_often, &site), 0);
    for (size_t i = 0; i < 6; i++) {
        int before = server.accepted;
        fake_srv("_s._tcp.test", records[i % 3]);
        fake_host("x.test", hosts[i % 3]);
        upstream_set_drained(site.upstream, drained, i % 3);
        wait_for_checks(&server, before + 6); /* a look at the names is among them */
    }
    site_open(&next, text);
    upstream_start(next.upstream);
    is_enough = true;
    for (size_t i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    site_close(&site);
    site_close(&next);
    log_end();
    fake_forget();
    upstream_close(NULL);
    loopback_stop(&server);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_problems),
        cmocka_unit_test(test_warnings),
        cmocka_unit_test(test_balance),
        cmocka_unit_test(test_addresses_are_as_nginx_wants_them),
        cmocka_unit_test(test_mail_hosts),
        cmocka_unit_test(test_a_mail_host_that_is_down_has_no_substitute),
        cmocka_unit_test(test_smtp_check_fails),
        cmocka_unit_test(test_rise_and_fall),
        cmocka_unit_test(test_tcp_check),
        cmocka_unit_test(test_a_stalled_server_delays_nobody),
        cmocka_unit_test(test_a_stalled_server_is_out_in_time_where_no_timeout_is_set),
        cmocka_unit_test(test_several_addresses),
        cmocka_unit_test(test_a_name_without_an_address),
        cmocka_unit_test(test_a_shortage_says_nothing_about_a_server),
        cmocka_unit_test(test_a_new_upstream_knows_what_the_old_one_knew),
        cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
