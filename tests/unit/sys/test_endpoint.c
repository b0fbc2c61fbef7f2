#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "endpoint.h"

static void
test_parse(void **state)
{
    static const struct {
        const char *name, *text;
        unsigned default_port;
        const char *want_host;
        unsigned want_port;
        const char *want_literal; /* NULL: a host name */
    } cases[] = {
        {"an IPv4 address", "192.0.2.1:25", 0, "192.0.2.1", 25, "192.0.2.1:25"},
        {"an IPv6 address", "[2001:DB8::1]:25", 0, "2001:db8::1", 25, "[2001:db8::1]:25"},
        {"an IPv6 address without a port", "[::1]", 587, "::1", 587, "[::1]:587"},
        {"a host name", "Mail.Example.COM:587", 0, "mail.example.com", 587, NULL},
        {"a host name without a port", "mail.example.com", 25, "mail.example.com", 25, NULL},
        {"a port beats the default", "mail.example.com:26", 25, "mail.example.com", 26, NULL},
        {"one label", "localhost:1", 0, "localhost", 1, NULL},
        {"an underscore, as in private networks", "mail_server:65535", 0, "mail_server", 65535,
         NULL},
        {"a name that begins with digits", "3com.example:25", 0, "3com.example", 25, NULL},
        {"a unix socket", "unix:/run/MTA/x", 0, "unix:/run/MTA/x", 0, "unix:/run/MTA/x"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        print_message("%s\n", cases[i].name);
        struct endpoint_text parsed;
        struct err err = {0};
        int result = endpoint_parse(cases[i].text, cases[i].default_port, &parsed, &err);
        assert_string_equal(err.text, "");
        assert_int_equal(result, 0);
        assert_string_equal(parsed.host, cases[i].want_host);
        assert_int_equal(parsed.port, cases[i].want_port);
        assert_int_equal(parsed.is_literal, cases[i].want_literal != NULL);
        if (cases[i].want_literal != NULL) {
            char text[128];
            endpoint_format(&parsed.endpoint, text, sizeof text);
            assert_string_equal(text, cases[i].want_literal);
            endpoint_format_host(&parsed.endpoint, text, sizeof text);
            assert_string_equal(text, cases[i].want_host);
            assert_int_equal(endpoint_port(&parsed.endpoint), cases[i].want_port);
        }
    }
}

static void
test_refuse(void **state)
{
    static const char neither[] = "neither an address nor a host name";
    static const struct {
        const char *name, *text;
        const char *want_err; /* a part of it */
    } cases[] = {
        {"nothing", "", "no port in \"\""},
        {"no port", "mail.example.com", "no port in \"mail.example.com\" (write HOST:PORT"},
        {"no host", ":25", neither},
        {"an empty port", "mail:", "malformed port in \"mail:\""},
        {"port 0", "mail:0", "malformed port"},
        {"a port that is too large", "mail:65536", "malformed port"},
        {"a port of too many digits", "mail:000025", "malformed port"},
        {"a signed port", "mail:+25", "malformed port"},
        {"a named port", "mail:smtp", "malformed port"},
        {"an IPv6 address without brackets", "2001:db8::1:25", "[ADDRESS]:PORT for IPv6"},
        {"an IPv6 zone", "[fe80::1%eth0]:25", "an IPv6 zone is not supported"},
        {"an IPv4 address in brackets", "[192.0.2.1]:25", neither},
        {"an open bracket", "[::1:25", "malformed address"},
        {"bytes behind the bracket", "[::1]25", "malformed address"},
        {"an IPv4 address with a typing error", "192.0.2.300:25", neither},
        {"a short IPv4 address, which the resolver would guess at", "10.1:25", neither},
        {"a space", "mail example:25", neither},
        {"an empty label", "mail..example:25", neither},
        {"a dot at the end", "mail.example.:25", neither},
        {"a leading hyphen, as of an option", "-mail:25", neither},
        {"a URL", "smtp://mail:25", "malformed address"},
        {"letters outside of ASCII", "m\xc3\xa4il.example:25", neither},
        {"a relative path", "unix:run/x", "write unix:/PATH"},
        {"no path", "unix:", "write unix:/PATH"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        print_message("%s\n", cases[i].name);
        struct endpoint_text parsed;
        struct err err = {0};
        assert_int_equal(endpoint_parse(cases[i].text, 0, &parsed, &err), -1);
        if (strstr(err.text, cases[i].want_err) == NULL)
            fail_msg("the error is: %s", err.text);
    }
}

static void
test_lengths(void **state)
{
    (void)state;
    struct endpoint_text parsed;
    char text[400];
    for (int length = 1; length < 300; length++) {
        print_message("a label of %d\n", length);
        snprintf(text, sizeof text, "%0*d.example:25", length, 0);
        assert_int_equal(endpoint_parse(text, 0, &parsed, NULL), length <= 63 ? 0 : -1);
        print_message("a path of %d\n", length + 1);
        snprintf(text, sizeof text, "unix:/%0*d", length, 0);
        assert_int_equal(endpoint_parse(text, 0, &parsed, NULL), length + 1 <= 107 ? 0 : -1);
    }
}

static void
test_equal(void **state)
{
    static const struct {
        const char *a, *b;
        bool want;
    } cases[] = {
        {"192.0.2.1:25", "192.0.2.1:25", true},  {"192.0.2.1:25", "192.0.2.1:26", false},
        {"192.0.2.1:25", "192.0.2.2:25", false}, {"[::1]:25", "[0:0:0:0:0:0:0:1]:25", true},
        {"unix:/a", "unix:/b", false},           {"unix:/a", "unix:/a", true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct endpoint_text a, b;
        assert_int_equal(endpoint_parse(cases[i].a, 0, &a, NULL), 0);
        assert_int_equal(endpoint_parse(cases[i].b, 0, &b, NULL), 0);
        assert_int_equal(endpoint_equal(&a.endpoint, &b.endpoint), cases[i].want);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_refuse),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_equal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
