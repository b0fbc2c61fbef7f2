#include "cases.h"

#include "username.h"

#define A50  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define A250 A50 A50 A50 A50 A50

static const struct {
    const char *name, *bytes;
    size_t length;
    enum username_encoding encoding;
    const char *default_domain;
    const char *want; /* NULL: refused */
    const char *want_domain;
    const char *want_encoded;
    const char *want_err;
} cases[] = {
    {"a plain name", BYTES("a@b.example"), 0, NULL, "a@b.example", "b.example", "a@b.example",
     NULL},
    {"letters become lower case", BYTES("Boss@B.Example"), 0, NULL, "boss@b.example", "b.example",
     "boss@b.example", NULL},
    {"a name without a domain gets the default", BYTES("boss"), 0, "Acme.Example",
     "boss@acme.example", "acme.example", "boss@acme.example", NULL},
    {"a name without a domain may stay so", BYTES("boss"), 0, NULL, "boss", NULL, "boss", NULL},
    {"a name with a domain does not get the default", BYTES("a@b"), 0, "acme.example", "a@b", "b",
     "a@b", NULL},
    {"the last '@' begins the domain", BYTES("a@b@c"), 0, NULL, "a@b@c", "c", "a@b@c", NULL},
    {"printable characters of ASCII are allowed", BYTES("!#$%&'*-/?^_`{|}~.\\,;:()<>[]\"@b"), 0,
     NULL, "!#$%&'*-/?^_`{|}~.\\,;:()<>[]\"@b", "b", "!#$%&'*-/?^_`{|}~.\\,;:()<>[]\"@b", NULL},
    {"254 bytes are allowed", BYTES(A250 "@b.c"), 0, NULL, A250 "@b.c", "b.c", A250 "@b.c", NULL},
    {"255 bytes are refused", BYTES(A250 "@bb.c"), 0, NULL, NULL, NULL, NULL,
     "the user name is longer than 254 bytes"},
    {"the default domain counts", BYTES(A250), 0, "bb.c", NULL, NULL, NULL,
     "the user name is longer than 254 bytes"},
    {"an empty name is refused", BYTES(""), 0, "acme.example", NULL, NULL, NULL,
     "the user name is empty"},
    {"nothing before the '@' is refused", BYTES("@b"), 0, NULL, NULL, NULL, NULL,
     "nothing stands before the '@' of the user name"},
    {"nothing behind the '@' is refused", BYTES("a@"), 0, "acme.example", NULL, NULL, NULL,
     "nothing stands behind the '@' of the user name"},
    {"a space is refused", BYTES("u ADDR=6.6.6.6"), 0, NULL, NULL, NULL, NULL,
     "the user name has a space"},
    {"a line break is refused", BYTES("u\r\nMAIL FROM:<x@y>"), USERNAME_XTEXT, NULL, NULL, NULL,
     NULL, "the user name has a control character or is not UTF-8"},
    {"a NUL is refused", BYTES("boss@b\0.example"), 0, NULL, NULL, NULL, NULL,
     "the user name has a control character or is not UTF-8"},
    {"a NUL at the end is refused", BYTES("boss@b\0"), USERNAME_XTEXT, NULL, NULL, NULL, NULL,
     "the user name has a control character or is not UTF-8"},
    {"a tab is refused", BYTES("a\t@b"), USERNAME_XTEXT, NULL, NULL, NULL, NULL,
     "the user name has a control character or is not UTF-8"},
    {"DEL is refused", BYTES("a\x7f@b"), USERNAME_XTEXT, NULL, NULL, NULL, NULL,
     "the user name has a control character or is not UTF-8"},
    {"a C1 control character is refused", BYTES("a\xc2\x85@b"), USERNAME_XTEXT, NULL, NULL, NULL,
     NULL, "the user name has a control character or is not UTF-8"},
    {"invalid UTF-8 is refused", BYTES("a\xff@b"), USERNAME_XTEXT, NULL, NULL, NULL, NULL,
     "the user name has a control character or is not UTF-8"},
    {"a space is refused in xtext too", BYTES("a b@c"), USERNAME_XTEXT, NULL, NULL, NULL, NULL,
     "the user name has a space"},
    {"'+' is refused where it would be sent raw", BYTES("a+b@c"), USERNAME_PLAIN, NULL, NULL, NULL,
     NULL,
     "the user name has '+', '=' or a letter outside of ASCII (auth_user_encoding = \"xtext\" "
     "allows them)"},
    {"'=' is refused where it would be sent raw", BYTES("a=b@c"), USERNAME_PLAIN, NULL, NULL, NULL,
     NULL,
     "the user name has '+', '=' or a letter outside of ASCII (auth_user_encoding = \"xtext\" "
     "allows them)"},
    {"letters outside of ASCII are refused where they would be sent raw", BYTES("m\xc3\xbcller@c"),
     USERNAME_PLAIN, NULL, NULL, NULL, NULL,
     "the user name has '+', '=' or a letter outside of ASCII (auth_user_encoding = \"xtext\" "
     "allows them)"},
    {"a default domain outside of ASCII is refused as well", BYTES("a"), USERNAME_PLAIN,
     "m\xc3\xbcller.example", NULL, NULL, NULL,
     "the user name has '+', '=' or a letter outside of ASCII (auth_user_encoding = \"xtext\" "
     "allows them)"},
    {"'+' is encoded in xtext", BYTES("a+b@c"), USERNAME_XTEXT, NULL, "a+b@c", "c", "a+2Bb@c",
     NULL},
    {"'=' is encoded in xtext", BYTES("a=b@c"), USERNAME_XTEXT, NULL, "a=b@c", "c", "a+3Db@c",
     NULL},
    {"letters outside of ASCII are encoded in xtext", BYTES("M\xc3\xbcller@c"), USERNAME_XTEXT,
     NULL, "m\xc3\xbcller@c", "c", "m+C3+BCller@c", NULL},
    {"a name that is too long in xtext is refused",
     BYTES("++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++"
           "++++++++++++++++++++++++++++++++++++++++++++@b"),
     USERNAME_XTEXT, NULL, NULL, NULL, NULL, "the user name is longer than 384 bytes in xtext"},
};

static void
test_names(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const char *name = cases[i].name;
        struct username user;
        struct err err = {.text = ""};
        int result = username_parse(cases[i].bytes, cases[i].length, cases[i].encoding,
                                    cases[i].default_domain, &user, &err);
        if (cases[i].want == NULL) {
            CHECK(name, result == -1);
            CHECK_TEXT(name, err.text, cases[i].want_err);
            CHECK(name, user.text[0] == '\0');
            continue;
        }
        CHECK(name, result == 0);
        CHECK_TEXT(name, user.text, cases[i].want);
        const char *domain = username_domain(&user);
        CHECK(name, (domain != NULL) == (cases[i].want_domain != NULL));
        if (domain != NULL)
            CHECK_TEXT(name, domain, cases[i].want_domain);
        char encoded[USERNAME_ENCODED_MAX + 1];
        CHECK(name, username_encode(user.text, cases[i].encoding, encoded) == 0);
        CHECK_TEXT(name, encoded, cases[i].want_encoded);
    }
}

static void
test_encoding_refuses_what_would_break_xclient(void **state)
{
    (void)state;
    char encoded[USERNAME_ENCODED_MAX + 1];
    static const char *const raw[] = {"a b", "a=b", "a+b", "a\r\nb", "m\xc3\xbcller"};
    for (size_t i = 0; i < COUNT_OF(raw); i++) {
        assert_int_equal(username_encode(raw[i], USERNAME_PLAIN, encoded), -1);
        assert_string_equal(encoded, "");
    }
    assert_int_equal(username_encode("a\r\nb c", USERNAME_XTEXT, encoded), 0);
    assert_string_equal(encoded, "a+0D+0Ab+20c");

    char longest[USERNAME_ENCODED_MAX + 2];
    memset(longest, 'a', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    assert_int_equal(username_encode(longest, USERNAME_PLAIN, encoded), -1);
    longest[USERNAME_ENCODED_MAX] = '\0';
    assert_int_equal(username_encode(longest, USERNAME_PLAIN, encoded), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_encoding_refuses_what_would_break_xclient),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
