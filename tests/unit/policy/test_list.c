#include "cases.h"

#include <stdio.h>
#include <stdlib.h>

#include "list.h"

#define A60 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

enum { ENTRIES_MAX = 8 };

/* Entries stand in lines 1, 2, 3 ... of the file "list". */
static struct list *
build(enum list_kind kind, const char *const entries[ENTRIES_MAX])
{
    struct list *list = list_create("test", kind, (struct origin){.file = "conf", .line = 7});
    for (unsigned i = 0; i < ENTRIES_MAX && entries[i] != NULL; i++) {
        struct err err;
        if (list_add(list, entries[i], (struct origin){.file = "list", .line = i + 1}, &err) != 0)
            fail_msg("%s: %s", entries[i], err.text);
    }
    list_freeze(list);
    return list;
}

struct match_case {
    const char *name;
    const char *entries[ENTRIES_MAX];
    const char *question;
    enum list_answer want;
    unsigned want_line; /* of the entry that is named; 0: none */
};

static void
check_matches(enum list_kind kind, const struct match_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct list *list = build(kind, cases[i].entries);
        struct list_hit hit = {.entry = "stale"};
        enum list_answer answer;
        if (kind == LIST_IP) {
            struct netaddr addr = {.family = NETADDR_NONE};
            if (cases[i].question[0] != '\0')
                assert_int_equal(netaddr_parse(cases[i].question, &addr, NULL), 0);
            answer = list_match_address(list, &addr, &hit);
            assert_int_equal(list_match_address(list, &addr, NULL), answer);
        } else {
            answer = list_match_name(list, cases[i].question, &hit);
            assert_int_equal(list_match_name(list, cases[i].question, NULL), answer);
        }
        if (answer != cases[i].want)
            fail_msg("%s: got answer %d", cases[i].name, (int)answer);
        CHECK(cases[i].name, (hit.entry != NULL) == (cases[i].want_line != 0));
        if (hit.entry != NULL) {
            CHECK(cases[i].name, hit.origin.line == cases[i].want_line);
            CHECK_TEXT(cases[i].name, hit.origin.file, "list");
            CHECK_TEXT(cases[i].name, hit.entry, cases[i].entries[hit.origin.line - 1]);
        }
        list_free(list);
    }
}

static const struct match_case addresses[] = {
    {"an empty list", {NULL}, "192.0.2.1", LIST_NO_MATCH, 0},
    {"an address", {"192.0.2.1"}, "192.0.2.1", LIST_MATCH, 1},
    {"another address", {"192.0.2.1"}, "192.0.2.2", LIST_NO_MATCH, 0},
    {"an address in another spelling", {"2001:db8:0:0::1"}, "2001:DB8::1", LIST_MATCH, 1},
    {"a mapped address is the IPv4 address", {"192.0.2.1"}, "::ffff:192.0.2.1", LIST_MATCH, 1},
    {"a mapped entry is the IPv4 address", {"::ffff:192.0.2.1"}, "192.0.2.1", LIST_MATCH, 1},
    {"a CIDR prefix", {"192.0.2.0/24"}, "192.0.2.200", LIST_MATCH, 1},
    {"a CIDR prefix of IPv6", {"2001:db8::/32"}, "2001:db8:1::1", LIST_MATCH, 1},
    {"the exact address is named before the prefix",
     {"192.0.2.0/24", "192.0.2.1"},
     "192.0.2.1",
     LIST_MATCH,
     2},
    {"the longer prefix is named", {"10.0.0.0/8", "10.1.0.0/16"}, "10.1.1.1", LIST_MATCH, 2},
    {"a prefix is named before a pattern", {"/./", "10.0.0.0/8"}, "10.1.1.1", LIST_MATCH, 2},
    {"the first of two equal entries is named",
     {"10.0.0.1", "10.0.0.1"},
     "10.0.0.1",
     LIST_MATCH,
     1},
    {"the first pattern that matches is named",
     {"/^2/", "1*.1", "/^1/"},
     "10.1.1.1",
     LIST_MATCH,
     2},
    {"stars for the last octets", {"10.1.*.*"}, "10.1.255.255", LIST_MATCH, 1},
    {"stars for the last octets do not match others", {"10.1.*.*"}, "10.2.0.0", LIST_NO_MATCH, 0},
    {"stars for the last octets, not text that begins so",
     {"10.1.*.*"},
     "10.10.0.1",
     LIST_NO_MATCH,
     0},
    {"a star for several octets", {"10.*"}, "10.255.0.1", LIST_MATCH, 1},
    {"a star for several octets in the middle of nowhere", {"10.*"}, "100.1.1.1", LIST_NO_MATCH, 0},
    {"a star for the last octet", {"192.0.2.*"}, "192.0.2.9", LIST_MATCH, 1},
    {"a star for the first octet", {"*.0.2.1"}, "192.0.2.1", LIST_MATCH, 1},
    {"a star within an octet", {"192.0.2.1*"}, "192.0.2.17", LIST_MATCH, 1},
    {"a question mark in an octet", {"192.0.2.1?"}, "192.0.2.1", LIST_NO_MATCH, 0},
    {"a star alone matches IPv4", {"*"}, "192.0.2.1", LIST_MATCH, 1},
    {"a star alone matches IPv6", {"*"}, "::1", LIST_MATCH, 1},
    {"a wildcard of IPv6 sees the RFC 5952 form", {"2001:DB8:*"}, "2001:db8::1", LIST_MATCH, 1},
    {"a regex of IPv6 sees the RFC 5952 form", {"/^2001:db8:/"}, "2001:0DB8:0::1", LIST_MATCH, 1},
    {"a regex of IPv4", {"/^192\\.0\\.2\\.([1-9]|1[0-9])$/"}, "192.0.2.19", LIST_MATCH, 1},
    {"a regex that does not match",
     {"/^192\\.0\\.2\\.([1-9]|1[0-9])$/"},
     "192.0.2.20",
     LIST_NO_MATCH,
     0},
    {"no address cannot be told", {"192.0.2.1"}, "", LIST_CANNOT_TELL, 0},
    {"no address cannot be told by an empty list", {NULL}, "", LIST_CANNOT_TELL, 0},
};

static void
test_addresses(void **state)
{
    (void)state;
    check_matches(LIST_IP, addresses, COUNT_OF(addresses));
}

static const struct match_case names[] = {
    {"an empty list", {NULL}, "a@b", LIST_NO_MATCH, 0},
    {"a name", {"boss@acme.example"}, "boss@acme.example", LIST_MATCH, 1},
    {"a name without case", {"Boss@Acme.Example"}, "bOSS@aCME.eXAMPLE", LIST_MATCH, 1},
    {"a name without a domain", {"boss"}, "boss", LIST_MATCH, 1},
    {"a name without a domain is not one with", {"boss"}, "boss@acme.example", LIST_NO_MATCH, 0},
    {"all of a domain", {"*@acme.example"}, "boss@acme.example", LIST_MATCH, 1},
    {"all of a domain without case", {"*@ACME.example"}, "boss@acme.EXAMPLE", LIST_MATCH, 1},
    {"all of a domain, not of one below", {"*@acme.example"}, "a@b.acme.example", LIST_NO_MATCH, 0},
    {"all of a domain, not of a longer one",
     {"*@acme.example"},
     "a@acme.example.org",
     LIST_NO_MATCH,
     0},
    {"all of a domain, the last '@' counts", {"*@acme.example"}, "a@b@acme.example", LIST_MATCH, 1},
    {"all of a domain, an '@' before the last does not count", {"*@b"}, "a@b@c", LIST_NO_MATCH, 0},
    {"the domain alone is no name of it", {"*@acme.example"}, "acme.example", LIST_NO_MATCH, 0},
    {"a name is named before its domain", {"*@b", "a@b"}, "a@b", LIST_MATCH, 2},
    {"a domain is named before a pattern", {"a@*", "*@b"}, "a@b", LIST_MATCH, 2},
    {"the first of two equal names is named", {"A@b", "a@b"}, "a@b", LIST_MATCH, 1},
    {"a name at any domain", {"anybody@*"}, "anybody@company.com", LIST_MATCH, 1},
    {"all below a domain", {"*@*.acme.example"}, "a@b.acme.example", LIST_MATCH, 1},
    {"a question mark", {"svc?@b"}, "svc1@b", LIST_MATCH, 1},
    {"a regex", {"/^svc-[0-9]+@/"}, "SVC-12@b", LIST_MATCH, 1},
    {"a regex with a space", {"/a b/"}, "xa by", LIST_MATCH, 1},
    {"a regex that ran into its limit cannot tell",
     {"/^(a|aa)+$/"},
     A60 A60 A60 A60 "!",
     LIST_CANNOT_TELL,
     0},
    {"a later pattern can still match", {"/^(a|aa)+$/", "*!"}, A60 A60 A60 A60 "!", LIST_MATCH, 2},
    {"a later pattern that does not match helps nothing",
     {"/^(a|aa)+$/", "*?b"},
     A60 A60 A60 A60 "!",
     LIST_CANNOT_TELL,
     0},
    {"an exact name needs no regex",
     {"/^(a|aa)+$/", A60 A60 A60 A60 "!"},
     A60 A60 A60 A60 "!",
     LIST_MATCH,
     2},
};

static void
test_names(void **state)
{
    (void)state;
    check_matches(LIST_USER, names, COUNT_OF(names));
}

static void
test_an_over_long_name_cannot_be_told(void **state)
{
    (void)state;
    static const char *const entries[ENTRIES_MAX] = {"*"};
    struct list *list = build(LIST_USER, entries);
    char name[LIST_NAME_MAX + 2];
    memset(name, 'a', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    assert_int_equal(list_match_name(list, name, NULL), LIST_CANNOT_TELL);
    name[LIST_NAME_MAX] = '\0';
    assert_int_equal(list_match_name(list, name, NULL), LIST_MATCH);
    list_free(list);
}

static const struct {
    const char *name;
    enum list_kind kind;
    const char *entry, *want_err;
} malformed[] = {
    {"nothing", LIST_IP, "", "an entry has 1 to 1026 bytes"},
    {"a host name", LIST_IP, "mail.example", "not an IPv4 or IPv6 address"},
    {"bits behind the prefix", LIST_IP, "192.0.2.1/24",
     "the address has bits set behind its first 24 (perhaps 192.0.2.0/24)"},
    {"an octet that cannot be", LIST_IP, "10.300.*.*",
     "no IPv4 address matches this (four numbers from 0 to 255 with dots between them, '*' for "
     "any)"},
    {"an octet with a leading zero", LIST_IP, "10.01.*.*",
     "no IPv4 address matches this (four numbers from 0 to 255 with dots between them, '*' for "
     "any)"},
    {"five octets", LIST_IP, "10.1.*.*.*",
     "no IPv4 address matches this (four numbers from 0 to 255 with dots between them, '*' for "
     "any)"},
    {"an octet that is missing", LIST_IP, "10..*",
     "no IPv4 address matches this (four numbers from 0 to 255 with dots between them, '*' for "
     "any)"},
    {"a wildcard with a length", LIST_IP, "10.*/8",
     "not a wildcard of addresses (digits, letters a to f, '.', ':', '*' and '?')"},
    {"a wildcard of a host name", LIST_IP, "*.example",
     "not a wildcard of addresses (digits, letters a to f, '.', ':', '*' and '?')"},
    {"a zone", LIST_IP, "fe80::1%eth0",
     "an address with a zone has no meaning here (leave out the % and what follows)"},
    {"a regex without its end", LIST_IP, "/^10",
     "a regular expression begins and ends with a slash (its letters match in any case)"},
    {"a regex with a flag", LIST_USER, "/boss/i",
     "a regular expression begins and ends with a slash (its letters match in any case)"},
    {"a slash alone", LIST_USER, "/",
     "a regular expression begins and ends with a slash (its letters match in any case)"},
    {"an empty regex", LIST_USER, "//", "a regular expression has 1 to 1024 bytes"},
    {"a broken regex", LIST_USER, "/(/",
     "not a regular expression: missing closing parenthesis at character 2"},
    {"a domain, which no name equals", LIST_USER, "@acme.example",
     "no user name begins or ends with '@' (write *@acme.example for all names of a domain)"},
    {"a name without its domain", LIST_USER, "boss@",
     "no user name begins or ends with '@' (write *@acme.example for all names of a domain)"},
    {"a wildcard of IPv6 as nobody writes addresses", LIST_IP, "2001:0db8:*",
     "no IPv6 address is written like this (leave out zeros at the start of a group, and write "
     "IPv4 addresses without ::ffff:)"},
    {"a wildcard of addresses that are IPv4's", LIST_IP, "::ffff:10.1.*",
     "no IPv6 address is written like this (leave out zeros at the start of a group, and write "
     "IPv4 addresses without ::ffff:)"},
    {"two names", LIST_USER, "a@b c@d", "a space cannot be in a user name (one entry a line)"},
    {"a control character", LIST_USER, "a\x1b@b",
     "the entry has a control character or is not UTF-8"},
    {"what is not UTF-8", LIST_USER, "a\xff@b",
     "the entry has a control character or is not UTF-8"},
};

static void
test_malformed_entries(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(malformed); i++) {
        struct list *list = list_create("test", malformed[i].kind, (struct origin){.file = NULL});
        struct err err = {.text = ""};
        CHECK(malformed[i].name,
              list_add(list, malformed[i].entry, (struct origin){.file = NULL}, &err) == -1);
        CHECK_TEXT(malformed[i].name, err.text, malformed[i].want_err);
        CHECK(malformed[i].name, list_size(list) == 0);
        list_free(list);
    }
    list_free(NULL);
}

struct heard {
    size_t count;
    char text[512];
};

static void
hear(void *context, struct origin origin, const struct err *err)
{
    struct heard *heard = context;
    size_t used = strlen(heard->text);
    heard->count++;
    snprintf(heard->text + used, sizeof heard->text - used, "%s:%u: %s\n", origin.file, origin.line,
             err->text);
}

static const struct {
    const char *name, *text;
    size_t length;
    size_t want_size;
    const char *want_problems;
} texts[] = {
    {"an empty file", BYTES(""), 0, ""},
    {"only comments and empty lines", BYTES("# one\n\n   \t\n  # two\n"), 0, ""},
    {"a line without its end", BYTES("a@b"), 1, ""},
    {"line ends of Windows", BYTES("a@b\r\nc@d\r\n"), 2, ""},
    {"white space around", BYTES(" \ta@b \t\n"), 1, ""},
    {"a comment behind white space", BYTES("a@b # boss\nc@d\t#\n"), 2, ""},
    {"a '#' within a name is no comment", BYTES("a#b@c\n"), 1, ""},
    {"a byte order mark", BYTES("\xef\xbb\xbf# list\na@b\n"), 1, ""},
    {"each bad line is told with its number", BYTES("a@b\nc d\n\n/(/\ne@f\n"), 2,
     "list:2: a space cannot be in a user name (one entry a line)\n"
     "list:4: not a regular expression: missing closing parenthesis at character 2\n"},
    {"a NUL byte", BYTES("a@b\0\nc@d\n"), 1, "list:1: the line has a NUL byte\n"},
    {"a control character", BYTES("a\rb@c\n"), 0,
     "list:1: the entry has a control character or is not UTF-8\n"},
};

static void
test_files(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct list *list = list_create("test", LIST_USER, (struct origin){.file = NULL});
        struct heard heard = {.count = 0};
        size_t bad = list_add_text(list, texts[i].text, texts[i].length, "list", hear, &heard);
        CHECK_TEXT(texts[i].name, heard.text, texts[i].want_problems);
        CHECK(texts[i].name, bad == heard.count);
        CHECK(texts[i].name, list_size(list) == texts[i].want_size);
        list_free(list);
    }
}

static void
test_an_over_long_line_is_told(void **state)
{
    (void)state;
    static char text[LIST_ENTRY_MAX + 8];
    memset(text, 'a', sizeof text);
    struct list *list = list_create("test", LIST_USER, (struct origin){.file = NULL});
    struct heard heard = {.count = 0};
    assert_int_equal(list_add_text(list, text, sizeof text, "list", hear, &heard), 1);
    assert_string_equal(heard.text, "list:1: the entry is longer than 1026 bytes\n");
    assert_int_equal(list_add_text(list, text, LIST_ENTRY_MAX, "list", hear, &heard), 0);
    list_free(list);
}

static void
test_a_list_knows_itself(void **state)
{
    (void)state;
    static const char *const entries[ENTRIES_MAX] = {"a@b", "*@c", "/d/"};
    struct list *list = build(LIST_USER, entries);
    assert_string_equal(list_name(list), "test");
    assert_int_equal(list_kind(list), LIST_USER);
    assert_int_equal(list_origin(list).line, 7);
    assert_int_equal(list_size(list), 3);
    list_free(list);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_an_over_long_name_cannot_be_told),
        cmocka_unit_test(test_malformed_entries),
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_an_over_long_line_is_told),
        cmocka_unit_test(test_a_list_knows_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
