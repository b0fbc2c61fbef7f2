/* URIs of directory servers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ldap_uri.h"

static const struct uri_case {
    const char *name, *text;
    const char *want_server; /* NULL: want is part of the error */
    bool want_tls, want_loopback;
    const char *want;
} cases[] = {
    {.name = "ldap has port 389",
     .text = "ldap://ldap.acme.example",
     .want_server = "ldap.acme.example:389"},
    {.name = "ldaps has port 636 and TLS",
     .text = "ldaps://ldap.acme.example",
     .want_server = "ldap.acme.example:636",
     .want_tls = true},
    {.name = "a port of its own is kept",
     .text = "ldap://ldap.acme.example:3890",
     .want_server = "ldap.acme.example:3890"},
    {.name = "a slash at the end is allowed",
     .text = "ldap://ldap.acme.example/",
     .want_server = "ldap.acme.example:389"},
    {.name = "scheme and host have no case",
     .text = "LDAPS://LDAP.Acme.Example",
     .want_server = "ldap.acme.example:636",
     .want_tls = true},
    {.name = "127.0.0.2 does not leave the machine",
     .text = "ldap://127.0.0.2:1389",
     .want_server = "127.0.0.2:1389",
     .want_loopback = true},
    {.name = "localhost does not leave the machine",
     .text = "ldap://localhost",
     .want_server = "localhost:389",
     .want_loopback = true},
    {.name = "::1 stands in brackets and does not leave the machine",
     .text = "ldap://[::1]:1389",
     .want_server = "[::1]:1389",
     .want_loopback = true},
    {.name = "an IPv6 address without a port gets one",
     .text = "ldaps://[2001:db8::1]",
     .want_server = "[2001:db8::1]:636",
     .want_tls = true},
    {.name = "128.0.0.1 is another machine",
     .text = "ldap://128.0.0.1",
     .want_server = "128.0.0.1:389"},
    {.name = "a name without a scheme is refused",
     .text = "ldap.acme.example",
     .want = "does not begin with ldap://"},
    {.name = "ldapi is refused", .text = "ldapi:///", .want = "does not begin with ldap://"},
    {.name = "a base in the URI is refused",
     .text = "ldap://ldap.acme.example/dc=acme",
     .want = "settings of their own"},
    {.name = "a query in the URI is refused",
     .text = "ldap://ldap.acme.example?uid",
     .want = "settings of their own"},
    {.name = "a name and password in the URI are refused",
     .text = "ldap://user:pw@ldap.acme.example",
     .want = "settings of their own"},
    {.name = "no host is refused", .text = "ldap://", .want = "the host is missing"},
    {.name = "a slash is no host", .text = "ldap:///", .want = "the host is missing"},
    {.name = "a port without a host is refused", .text = "ldap://:389", .want = ""},
    {.name = "a port that is no number is refused", .text = "ldap://host:ldap", .want = ""},
    {.name = "two servers in one URI are refused", .text = "ldap://a ldap://b", .want = ""},
};

static void
parses(void **state)
{
    (void)state;
    const struct ldap_ports ports = {389, 636};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct uri_case *test = &cases[i];
        struct ldap_uri uri;
        struct err err = {.text = ""};
        int result = ldap_uri_parse(test->text, &ports, &uri, &err);
        if (result != (test->want_server != NULL ? 0 : -1))
            fail_msg("%s: %d, %s", test->name, result, err.text);
        if (test->want_server == NULL) {
            if (err.text[0] == '\0' || strstr(err.text, test->want) == NULL)
                fail_msg("%s: \"%s\", not \"%s\"", test->name, err.text, test->want);
            continue;
        }
        if (strcmp(uri.server, test->want_server) != 0)
            fail_msg("%s: \"%s\", not \"%s\"", test->name, uri.server, test->want_server);
        if (uri.has_tls != test->want_tls || uri.is_loopback != test->want_loopback)
            fail_msg("%s: TLS %d, loopback %d", test->name, uri.has_tls, uri.is_loopback);
    }
}

static void
a_global_catalog_has_ports_of_its_own(void **state)
{
    (void)state;
    const struct ldap_ports ports = {3268, 3269};
    struct ldap_uri uri;
    struct err err;
    assert_int_equal(ldap_uri_parse("ldap://dc.acme.example", &ports, &uri, &err), 0);
    assert_string_equal(uri.server, "dc.acme.example:3268");
    assert_int_equal(ldap_uri_parse("ldaps://dc.acme.example", &ports, &uri, &err), 0);
    assert_string_equal(uri.server, "dc.acme.example:3269");
}

static void
a_host_of_any_length_is_answered(void **state)
{
    (void)state;
    const struct ldap_ports ports = {389, 636};
    char text[700] = "ldap://";
    memset(text + strlen(text), 'a', 600);
    struct ldap_uri uri;
    struct err err = {.text = ""};
    assert_int_equal(ldap_uri_parse(text, &ports, &uri, &err), -1);
    assert_string_not_equal(err.text, "");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parses),
        cmocka_unit_test(a_global_catalog_has_ports_of_its_own),
        cmocka_unit_test(a_host_of_any_length_is_answered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
