#include "cases.h"

#include "mailbox.h"

#define A50 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define A63 A50 "aaaaaaaaaaaaa"

static const struct {
    const char *name, *text;
    size_t length;
    const char *want_local, *want_domain; /* NULL: refused */
    const char *want_text;                /* as written back */
    const char *want_err;
} cases[] = {
    {"a plain address", BYTES("a@b.example"), "a", "b.example", "a@b.example", NULL},
    {"letters become lower case", BYTES("Boss@B.Example"), "boss", "b.example", "boss@b.example",
     NULL},
    {"atoms with dots between them", BYTES("a.b.c@d"), "a.b.c", "d", "a.b.c@d", NULL},
    {"a dot at the start, as MTAs let it be", BYTES(".a@b"), ".a", "b", ".a@b", NULL},
    {"a dot at the end, as Japanese phones have it", BYTES("a.@docomo.ne.jp"), "a.", "docomo.ne.jp",
     "a.@docomo.ne.jp", NULL},
    {"two dots, as Japanese phones have them", BYTES("a..b@docomo.ne.jp"), "a..b", "docomo.ne.jp",
     "a..b@docomo.ne.jp", NULL},
    {"an underscore in the domain, as DNS has them", BYTES("a@mail_1.example"), "a",
     "mail_1.example", "a@mail_1.example", NULL},
    {"254 bytes with dots", BYTES(A50 A50 A50 A50 A50 "..@b"), A50 A50 A50 A50 A50 "..", "b",
     A50 A50 A50 A50 A50 "..@b", NULL},
    {"all characters of an atom", BYTES("!#$%&'*+-/=?^_`{|}~@d"), "!#$%&'*+-/=?^_`{|}~", "d",
     "!#$%&'*+-/=?^_`{|}~@d", NULL},
    {"a quoted local part", BYTES("\"a b\"@c"), "a b", "c", "\"a b\"@c", NULL},
    {"an '@' in quotes is not the one", BYTES("\"a@evil\"@c"), "a@evil", "c", "\"a@evil\"@c", NULL},
    {"quotes that are not needed go", BYTES("\"ab\"@c"), "ab", "c", "ab@c", NULL},
    {"a backslash quotes", BYTES("\"a\\\"b\\\\\"@c"), "a\"b\\", "c", "\"a\\\"b\\\\\"@c", NULL},
    {"a backslash that is not needed goes", BYTES("\"a\\b c\"@d"), "ab c", "d", "\"ab c\"@d", NULL},
    {"an angle bracket in quotes", BYTES("\"a>b\"@c"), "a>b", "c", "\"a>b\"@c", NULL},
    {"letters outside of ASCII", BYTES("m\xc3\xbcller@\xc3\xbc.example"), "m\xc3\xbcller",
     "\xc3\xbc.example", "m\xc3\xbcller@\xc3\xbc.example", NULL},
    {"an IPv4 literal", BYTES("a@[192.0.2.1]"), "a", "[192.0.2.1]", "a@[192.0.2.1]", NULL},
    {"an IPv6 literal", BYTES("a@[IPv6:2001:DB8::1]"), "a", "[ipv6:2001:db8::1]",
     "a@[ipv6:2001:db8::1]", NULL},
    {"an IPv6 literal with a dotted end", BYTES("a@[IPv6:::ffff:192.0.2.1]"), "a",
     "[ipv6:::ffff:192.0.2.1]", "a@[ipv6:::ffff:192.0.2.1]", NULL},
    {"a label of 63 bytes", BYTES("a@" A63), "a", A63, "a@" A63, NULL},
    {"a local part above 64 bytes, as forwarders write it", BYTES(A63 "aa@b"), A63 "aa", "b",
     A63 "aa@b", NULL},
    {"254 bytes", BYTES(A50 A50 A50 A50 A50 "aa@b"), A50 A50 A50 A50 A50 "aa", "b",
     A50 A50 A50 A50 A50 "aa@b", NULL},
    {"255 bytes are refused", BYTES(A50 A50 A50 A50 A50 "aaa@b"), NULL, NULL, NULL,
     "the address is empty or longer than 254 bytes"},
    {"a label of 64 bytes is refused", BYTES("a@" A63 "a"), NULL, NULL, NULL,
     "a label of the domain is longer than 63 bytes"},
    {"nothing is refused", BYTES(""), NULL, NULL, NULL,
     "the address is empty or longer than 254 bytes"},
    {"no domain is refused", BYTES("a"), NULL, NULL, NULL, "not of the form local@domain"},
    {"an empty domain is refused", BYTES("a@"), NULL, NULL, NULL,
     "the domain is empty or has an empty label"},
    {"an empty local part is refused", BYTES("@b"), NULL, NULL, NULL,
     "the local part is empty or has a character that needs quotes"},
    {"an empty local part in quotes is refused", BYTES("\"\"@b"), NULL, NULL, NULL,
     "not of the form local@domain"},
    {"a space outside of quotes is refused", BYTES("a b@c"), NULL, NULL, NULL,
     "the local part is empty or has a character that needs quotes"},
    {"two unquoted '@' are refused", BYTES("a@b@c"), NULL, NULL, NULL,
     "the domain has a character that no domain may have"},
    {"quotes in the middle are refused", BYTES("a\"b\"@c"), NULL, NULL, NULL,
     "the local part is empty or has a character that needs quotes"},
    {"text behind the quotes is refused", BYTES("\"a\"b@c"), NULL, NULL, NULL,
     "not of the form local@domain"},
    {"quotes without an end are refused", BYTES("\"a@b"), NULL, NULL, NULL,
     "the quoted local part has no end"},
    {"a backslash at the end is refused", BYTES("\"a\\"), NULL, NULL, NULL,
     "the quoted local part has no end"},
    {"a comment is refused", BYTES("a(b)@c"), NULL, NULL, NULL,
     "the local part is empty or has a character that needs quotes"},
    {"a NUL is refused", BYTES("a\0@b"), NULL, NULL, NULL,
     "the address has a control character or is not UTF-8"},
    {"a NUL in quotes is refused", BYTES("\"a\0\"@b"), NULL, NULL, NULL,
     "the address has a control character or is not UTF-8"},
    {"a line break is refused", BYTES("a@b\r\n"), NULL, NULL, NULL,
     "the address has a control character or is not UTF-8"},
    {"invalid UTF-8 is refused", BYTES("\xff@b"), NULL, NULL, NULL,
     "the address has a control character or is not UTF-8"},
    {"a dot behind the domain is refused", BYTES("a@b."), NULL, NULL, NULL,
     "the domain is empty or has an empty label"},
    {"two dots in the domain are refused", BYTES("a@b..c"), NULL, NULL, NULL,
     "the domain is empty or has an empty label"},
    {"a label that begins with a hyphen is refused", BYTES("a@-b"), NULL, NULL, NULL,
     "a label of the domain begins or ends with a hyphen"},
    {"a label that ends with a hyphen is refused", BYTES("a@b-.c"), NULL, NULL, NULL,
     "a label of the domain begins or ends with a hyphen"},
    {"a broad letter, which some take for an ASCII one, is refused",
     BYTES("a@\xef\xbd\x82.example"), NULL, NULL, NULL,
     "the domain has a character that no domain may have"},
    {"an ideographic full stop, which some take for a dot, is refused",
     BYTES("a@b\xe3\x80\x82"
           "example"),
     NULL, NULL, NULL, "the domain has a character that no domain may have"},
    {"a soft hyphen, which nobody sees, is refused", BYTES("a@b\xc2\xad.example"), NULL, NULL, NULL,
     "the domain has a character that no domain may have"},
    {"a slash in the domain is refused", BYTES("a@b/c"), NULL, NULL, NULL,
     "the domain has a character that no domain may have"},
    {"a literal without its end is refused", BYTES("a@[192.0.2.1"), NULL, NULL, NULL,
     "the address literal is neither [IPv4 address] nor [IPv6:address]"},
    {"an empty literal is refused", BYTES("a@[]"), NULL, NULL, NULL,
     "the address literal is neither [IPv4 address] nor [IPv6:address]"},
    {"an IPv6 literal without its tag is refused", BYTES("a@[2001:db8::1]"), NULL, NULL, NULL,
     "the address literal is neither [IPv4 address] nor [IPv6:address]"},
    {"an IPv4 literal with IPv6's tag is refused", BYTES("a@[IPv6:192.0.2.1]"), NULL, NULL, NULL,
     "the address literal is neither [IPv4 address] nor [IPv6:address]"},
    {"a literal of another kind is refused", BYTES("a@[x400:c=us]"), NULL, NULL, NULL,
     "the address literal is neither [IPv4 address] nor [IPv6:address]"},
    {"a literal with a zone is refused", BYTES("a@[IPv6:fe80::1%eth0]"), NULL, NULL, NULL,
     "the address literal is neither [IPv4 address] nor [IPv6:address]"},
    {"text behind a literal is refused", BYTES("a@[192.0.2.1].b"), NULL, NULL, NULL,
     "the address literal is neither [IPv4 address] nor [IPv6:address]"},
};

static void
test_mailboxes(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const char *name = cases[i].name;
        struct mailbox mailbox;
        struct err err = {.text = ""};
        int result = mailbox_parse(cases[i].text, cases[i].length, &mailbox, &err);
        CHECK(name, (result == 0) == (cases[i].want_local != NULL));
        if (result != 0) {
            CHECK_TEXT(name, err.text, cases[i].want_err);
            CHECK(name, mailbox.local[0] == '\0' && mailbox.domain[0] == '\0');
            continue;
        }
        CHECK_TEXT(name, mailbox.local, cases[i].want_local);
        CHECK_TEXT(name, mailbox.domain, cases[i].want_domain);
        char text[MAILBOX_TEXT_MAX];
        mailbox_format(&mailbox, text);
        CHECK_TEXT(name, text, cases[i].want_text);
    }
}

static void
test_postmaster_is_written_without_a_domain(void **state)
{
    (void)state;
    char text[MAILBOX_TEXT_MAX];
    mailbox_format(&(struct mailbox){.local = "postmaster"}, text);
    assert_string_equal(text, "postmaster");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mailboxes),
        cmocka_unit_test(test_postmaster_is_written_without_a_domain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
