/* Upstreams that a configuration file describes: what is wrong with it, and who is chosen. */
#include "checked_upstream.h"

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

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_problems),   cmocka_unit_test(test_warnings),
        cmocka_unit_test(test_balance),    cmocka_unit_test(test_addresses_are_as_nginx_wants_them),
        cmocka_unit_test(test_mail_hosts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
