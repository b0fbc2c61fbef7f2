#include "cases.h"

#include <stdlib.h>

#include "authentication_results.h"

#define HOST "mx.acme.example"

static void
test_what_claims_to_be_ours(void **state)
{
    (void)state;
    static const struct {
        const char *name, *value;
        size_t length;
        bool want;
    } cases[] = {
        {"ours", BYTES(" mx.acme.example; auth=pass smtp.auth=a@b"), true},
        {"ours without results", BYTES("mx.acme.example; none"), true},
        {"ours alone", BYTES("mx.acme.example"), true},
        {"ours with a version", BYTES("mx.acme.example 1; none"), true},
        {"ours in capitals", BYTES("MX.Acme.EXAMPLE; none"), true},
        {"ours behind a fold", BYTES("\r\n mx.acme.example\r\n\t; none"), true},
        {"ours among comments", BYTES("(x (y)) mx.acme.example (z) 1 (w); none"), true},
        {"ours in quotes", BYTES("\"mx.acme.example\"; none"), true},
        {"ours in quotes with quoted pairs", BYTES("\"m\\x.acme.example\"; none"), true},
        {"ours with a dot at the end", BYTES("mx.acme.example.; none"), true},
        {"ours with a slash, which breaks the grammar", BYTES("mx.acme.example/1; none"), true},
        {"ours without a semicolon", BYTES("mx.acme.example auth=pass"), true},
        {"ours behind a semicolon", BYTES("; mx.acme.example; auth=pass"), true},
        {"ours behind a NUL", BYTES("x\0 mx.acme.example; auth=pass"), true},
        {"ours with a NUL in it", BYTES("mx.\0acme.example; auth=pass"), true},
        {"ours with a control character", BYTES("\x01mx.acme.example; none"), true},
        {"ours divided by a comment", BYTES("mx.acme(x).example; auth=pass"), true},
        {"ours divided by quotes", BYTES("\"mx.acme\".example; auth=pass"), true},
        {"ours divided by a fold", BYTES("mx.acme\r\n .example; auth=pass"), true},
        {"ours in a comment without an end", BYTES("(mx.acme.example; auth=pass"), true},
        {"ours in quotes without an end", BYTES("\"mx.acme.example; auth=pass"), true},
        {"another's", BYTES("mx.widgets.example; auth=pass"), false},
        {"another's that begins as ours", BYTES("mx.acme.example.net; none"), false},
        {"another's that ends as ours", BYTES("x-mx.acme.example; none"), false},
        {"another's with ours in its results",
         BYTES("mx.widgets.example; auth=pass smtp.auth=a@mx.acme.example"), false},
        {"another's with ours in a comment", BYTES("mx.widgets.example (mx.acme.example); none"),
         false},
        {"broken without ours", BYTES("; auth=pass"), false},
        {"empty", BYTES(""), false},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char *copy = malloc(cases[i].length > 0 ? cases[i].length : 1);
        assert_non_null(copy);
        memcpy(copy, cases[i].value, cases[i].length);
        CHECK(cases[i].name,
              authentication_results_claims(copy, cases[i].length, HOST) == cases[i].want);
        free(copy);
    }
}

static void
test_both_spellings_of_a_host_are_ours(void **state)
{
    (void)state;
    assert_true(authentication_results_claims(BYTES("xn--bcher-kva.example; none"),
                                              "b\xc3\xbc"
                                              "cher.example"));
    assert_true(authentication_results_claims(BYTES("b\xc3\xbc"
                                                    "cher.example; none"),
                                              "XN--bcher-kva.example"));
}

#define A254                                                                                       \
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" \
    "aaa"                                                                                          \
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" \
    "aaa"                                                                                          \
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void
test_what_is_written(void **state)
{
    (void)state;
    static const struct {
        const char *name, *host, *user;
        enum authenticated_by by;
        const char *want; /* NULL: nothing */
    } cases[] = {
        {"a login", HOST, "bob@acme.example", AUTHENTICATED_BY_LOGIN,
         HOST "; auth=pass smtp.auth=bob@acme.example"},
        {"a relay window", HOST, "bob@acme.example", AUTHENTICATED_BY_WINDOW,
         HOST "; auth=pass (SMTP after POP) smtp.auth=bob@acme.example"},
        {"a name without a domain", HOST, "bob", AUTHENTICATED_BY_LOGIN,
         HOST "; auth=pass smtp.auth=bob"},
        {"a name with a detail", HOST, "bob+x=y@acme.example", AUTHENTICATED_BY_LOGIN,
         HOST "; auth=pass smtp.auth=bob+x=y@acme.example"},
        {"a name that needs quotes", HOST, "a;b@acme.example", AUTHENTICATED_BY_LOGIN,
         HOST "; auth=pass smtp.auth=\"a;b@acme.example\""},
        {"a name with quotes", HOST, "a\"\\b", AUTHENTICATED_BY_LOGIN,
         HOST "; auth=pass smtp.auth=\"a\\\"\\\\b\""},
        {"a name with two '@'", HOST, "a@b@acme.example", AUTHENTICATED_BY_LOGIN,
         HOST "; auth=pass smtp.auth=\"a@b@acme.example\""},
        {"a name outside of ASCII", HOST,
         "j\xc3\xb6"
         "rg@acme.example",
         AUTHENTICATED_BY_LOGIN,
         HOST "; auth=pass smtp.auth=j\xc3\xb6"
              "rg@acme.example"},
        {"the longest name", HOST, A254, AUTHENTICATED_BY_LOGIN,
         HOST "; auth=pass smtp.auth=" A254},
        {"a name that is too long", HOST, A254 "a", AUTHENTICATED_BY_LOGIN, NULL},
        {"no name", HOST, "", AUTHENTICATED_BY_LOGIN, NULL},
        {"a name with a line end", HOST, "bob\r\nX: y", AUTHENTICATED_BY_LOGIN, NULL},
        {"a host with a blank", "mx acme", "bob", AUTHENTICATED_BY_LOGIN, NULL},
        {"a host with a semicolon", "mx;acme", "bob", AUTHENTICATED_BY_LOGIN, NULL},
        {"no host", "", "bob", AUTHENTICATED_BY_LOGIN, NULL},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char value[AUTHENTICATION_RESULTS_MAX];
        int written =
            authentication_results_write(cases[i].host, cases[i].user, cases[i].by, value);
        CHECK(cases[i].name, (written == 0) == (cases[i].want != NULL));
        CHECK_TEXT(cases[i].name, value, cases[i].want != NULL ? cases[i].want : "");
        if (written == 0)
            CHECK(cases[i].name,
                  authentication_results_claims(value, strlen(value), cases[i].host));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_claims_to_be_ours),
        cmocka_unit_test(test_both_spellings_of_a_host_are_ours),
        cmocka_unit_test(test_what_is_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
