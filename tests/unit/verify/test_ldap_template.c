/* Templates: what a login name becomes inside of a filter and a DN. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ldap_template.h"

/* Makes a name as username_parse would, but without its rules: an escape must not rely on them. */
static struct username
user(const char *text)
{
    struct username name = {.local_length = strlen(text)};
    snprintf(name.text, sizeof name.text, "%s", text);
    const char *at = strrchr(text, '@');
    if (at != NULL)
        name.local_length = (size_t)(at - text);
    return name;
}

static const struct expand_case {
    const char *name, *text;
    enum ldap_syntax syntax;
    const char *user, *want;
} expand_cases[] = {
    {.name = "%u is the whole name, %n what is before its @, %d its domain",
     .text = "(|(mail=%u)(uid=%n)(associatedDomain=%d))",
     .user = "alice@acme.example",
     .want = "(|(mail=alice@acme.example)(uid=alice)(associatedDomain=acme.example))"},
    {.name = "a name without a domain has an empty one",
     .text = "(&(uid=%n)(o=%d)(cn=%u))",
     .user = "alice",
     .want = "(&(uid=alice)(o=)(cn=alice))"},
    {.name = "two percent signs are one", .text = "(cn=%n%%)", .user = "a", .want = "(cn=a%)"},
    {.name = "an asterisk in a filter matches itself only",
     .text = "(uid=%n)",
     .user = "*",
     .want = "(uid=\\2a)"},
    {.name = "a name cannot close a filter and open another",
     .text = "(uid=%n)",
     .user = "x)(uid=*",
     .want = "(uid=x\\29\\28uid=\\2a)"},
    {.name = "a backslash in a filter begins no escape",
     .text = "(uid=%n)",
     .user = "\\2a",
     .want = "(uid=\\5c2a)"},
    {.name = "commas and plus signs in a filter are what they are",
     .text = "(uid=%n)",
     .user = "a,b+c=d#e",
     .want = "(uid=a,b+c=d#e)"},
    {.name = "a letter outside of ASCII is escaped byte by byte",
     .text = "(uid=%n)",
     .user = "j\xc3\xb6rg",
     .want = "(uid=j\\c3\\b6rg)"},
    {.name = "a comma cannot add a component to a DN",
     .text = "uid=%n,dc=acme",
     .syntax = LDAP_SYNTAX_DN,
     .user = "x,ou=admins",
     .want = "uid=x\\2cou\\3dadmins,dc=acme"},
    {.name = "a plus sign cannot add a value to a DN's component",
     .text = "uid=%n,dc=acme",
     .syntax = LDAP_SYNTAX_DN,
     .user = "x+cn=y",
     .want = "uid=x\\2bcn\\3dy,dc=acme"},
    {.name = "a leading # in a DN is not a BER value",
     .text = "uid=%n,dc=acme",
     .syntax = LDAP_SYNTAX_DN,
     .user = "#0401",
     .want = "uid=\\230401,dc=acme"},
    {.name = "spaces at the ends of a DN's value are kept",
     .text = "uid=%n,dc=acme",
     .syntax = LDAP_SYNTAX_DN,
     .user = " x ",
     .want = "uid=\\20x\\20,dc=acme"},
    {.name = "quotes, angle brackets, semicolons and backslashes in a DN are escaped",
     .text = "uid=%n",
     .syntax = LDAP_SYNTAX_DN,
     .user = "\"<>;\\",
     .want = "uid=\\22\\3c\\3e\\3b\\5c"},
    {.name = "asterisks and parentheses mean nothing in a DN",
     .text = "uid=%n",
     .syntax = LDAP_SYNTAX_DN,
     .user = "*()",
     .want = "uid=*()"},
    {.name = "percent signs of a name are not looked at again",
     .text = "(uid=%n)",
     .user = "%u%d%",
     .want = "(uid=%u%d%)"},
};

static void
expands(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof expand_cases / sizeof expand_cases[0]; i++) {
        const struct expand_case *test = &expand_cases[i];
        struct username name = user(test->user);
        const struct ldap_subject subject = ldap_subject_of(&name);
        char text[LDAP_TEXT_MAX];
        size_t length = ldap_template_expand(test->text, test->syntax, &subject, text);
        if (strcmp(text, test->want) != 0 || length != strlen(test->want))
            fail_msg("%s: \"%s\", not \"%s\"", test->name, text, test->want);
    }
}

static const struct address_case {
    const char *name, *text, *address, *want;
} address_cases[] = {
    {.name = "an address is itself",
     .text = "(|(mail=%u)(&(uid=%n)(o=%d)))",
     .address = "Anna@Acme.example",
     .want = "(|(mail=anna@acme.example)(&(uid=anna)(o=acme.example)))"},
    {.name = "a quoted local part has its quotes in the address only",
     .text = "(|(mail=%u)(cn=%n))",
     .address = "\"anna b\"@acme.example",
     .want = "(|(mail=\"anna\\20b\"@acme.example)(cn=anna\\20b))"},
    {.name = "quotes that are not needed are not there",
     .text = "(mail=%u)",
     .address = "\"anna\"@acme.example",
     .want = "(mail=anna@acme.example)"},
    {.name = "an @ in a local part is not the one before the domain",
     .text = "(|(mail=%u)(&(cn=%n)(o=%d)))",
     .address = "\"a@b\"@acme.example",
     .want = "(|(mail=\"a@b\"@acme.example)(&(cn=a@b)(o=acme.example)))"},
    {.name = "an asterisk that mail allows matches itself only",
     .text = "(mail=%u)",
     .address = "*@acme.example",
     .want = "(mail=\\2a@acme.example)"},
    {.name = "parentheses and backslashes in quotes stay a value",
     .text = "(|(mail=%u)(cn=%n))",
     .address = "\"x)(uid=*\\\\\"@acme.example",
     .want = "(|(mail=\"x\\29\\28uid=\\2a\\5c\\5c\"@acme.example)(cn=x\\29\\28uid=\\2a\\5c))"},
    {.name = "a local part outside of ASCII is escaped byte by byte",
     .text = "(mail=%u)",
     .address = "j\xc3\xb6rg@acme.example",
     .want = "(mail=j\\c3\\b6rg@acme.example)"},
};

static void
expands_addresses(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof address_cases / sizeof address_cases[0]; i++) {
        const struct address_case *test = &address_cases[i];
        struct mailbox mailbox;
        char address[MAILBOX_TEXT_MAX], text[LDAP_TEXT_MAX];
        assert_int_equal(mailbox_parse(test->address, strlen(test->address), &mailbox, NULL), 0);
        mailbox_format(&mailbox, address);
        const struct ldap_subject subject = ldap_subject_of_mailbox(&mailbox, address);
        ldap_template_expand(test->text, LDAP_SYNTAX_FILTER, &subject, text);
        if (strcmp(text, test->want) != 0)
            fail_msg("%s: \"%s\", not \"%s\"", test->name, text, test->want);
    }
}

static const struct check_case {
    const char *name, *text;
    enum ldap_syntax syntax;
    const char *want; /* part of the error; NULL: none */
} check_cases[] = {
    {.name = "a filter with the name in a value is good", .text = "(&(a=b)(uid=%n))"},
    {.name = "a name inside of a value is good", .text = "(proxyAddresses=smtp:%u)"},
    {.name = "a DN with the name in a value is good",
     .text = "uid=%n,ou=%d,dc=acme",
     .syntax = LDAP_SYNTAX_DN},
    {.name = "a filter without the name is refused",
     .text = "(uid=alice)",
     .want = "the login name is nowhere in it"},
    {.name = "the domain alone is not the name",
     .text = "(associatedDomain=%d)",
     .want = "the login name is nowhere in it"},
    {.name = "an unknown place is refused", .text = "(uid=%s)", .want = "no place's letter"},
    {.name = "a percent sign at the end is refused", .text = "uid=%", .want = "no place's letter"},
    {.name = "a name as an attribute of a filter is refused",
     .text = "(|(uid=%n)(%n=x))",
     .want = "%n stands outside of a value"},
    {.name = "a name as a filter's operator is refused",
     .text = "(%n(uid=x))",
     .want = "%n stands outside of a value"},
    {.name = "a name as an attribute of a DN is refused",
     .text = "uid=%n,%d=x",
     .syntax = LDAP_SYNTAX_DN,
     .want = "%d stands outside of a value"},
    {.name = "a name as the second attribute of a DN's component is refused",
     .text = "uid=%n+%u=x",
     .syntax = LDAP_SYNTAX_DN,
     .want = "%u stands outside of a value"},
    {.name = "eleven places of the longest name do not fit",
     .text = "(|(a=%u)(a=%u)(a=%u)(a=%u)(a=%u)(a=%u)(a=%u)(a=%u)(a=%u)(a=%u)(a=%u))",
     .want = "too long"},
};

static void
checks(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof check_cases / sizeof check_cases[0]; i++) {
        const struct check_case *test = &check_cases[i];
        struct err err = {.text = ""};
        int result = ldap_template_check(test->text, test->syntax, "login name", &err);
        if (result != (test->want == NULL ? 0 : -1))
            fail_msg("%s: %d, %s", test->name, result, err.text);
        if (test->want != NULL && strstr(err.text, test->want) == NULL)
            fail_msg("%s: \"%s\", not \"%s\"", test->name, err.text, test->want);
    }
}

static void
a_checked_template_fits_with_the_longest_name(void **state)
{
    (void)state;
    const char *text = "(|(a=%u)(a=%u)(a=%u)(a=%u)(a=%u)(a=%u)(a=%u)(a=%u)(a=%u)(a=%u))";
    struct username longest = {.local_length = USERNAME_MAX};
    memset(longest.text, '*', USERNAME_MAX);
    const struct ldap_subject subject = ldap_subject_of(&longest);
    struct err err;
    char expanded[LDAP_TEXT_MAX];
    assert_int_equal(ldap_template_check(text, LDAP_SYNTAX_FILTER, "login name", &err), 0);
    size_t length = ldap_template_expand(text, LDAP_SYNTAX_FILTER, &subject, expanded);
    assert_int_equal(length, strlen(text) - 2 * 10 + 10 * 3 * USERNAME_MAX);
    assert_int_equal(strlen(expanded), length);
}

/* Reads a value back as RFC 4515 and RFC 4514 tell a server to. Returns its length, -1 if a byte
 * stands there that must be escaped. */
static int
unescape(const char *text, enum ldap_syntax syntax, char *bytes_r)
{
    const char *special = syntax == LDAP_SYNTAX_FILTER ? "*()" : "\"+,;<>";
    int length = 0;
    if (syntax == LDAP_SYNTAX_DN && (text[0] == '#' || text[0] == ' '))
        return -1;
    for (; *text != '\0'; text++) {
        unsigned value = (unsigned char)*text;
        if (strchr(special, *text) != NULL)
            return -1;
        if (*text == ' ' && text[1] == '\0')
            return -1;
        if (*text == '\\') {
            if (sscanf(text + 1, "%2x", &value) != 1)
                return -1;
            text += 2;
        }
        bytes_r[length++] = (char)value;
    }
    return length;
}

static void
every_byte_in_every_place_stays_that_byte(void **state)
{
    (void)state;
    for (int syntax = LDAP_SYNTAX_FILTER; syntax <= LDAP_SYNTAX_DN; syntax++) {
        for (unsigned byte = 0; byte < 256; byte++) {
            for (size_t length = 1; length <= 3; length++) {
                for (size_t place = 0; place < length; place++) {
                    char bytes[3] = {'a', 'b', 'c'};
                    char text[3 * sizeof bytes + 1], back[sizeof text];
                    bytes[place] = (char)byte;
                    size_t got = ldap_escape(bytes, length, (enum ldap_syntax)syntax, text);
                    assert_int_equal(got, strlen(text));
                    assert_int_equal(unescape(text, (enum ldap_syntax)syntax, back), length);
                    assert_memory_equal(back, bytes, length);
                    for (const char *at = text; *at != '\0'; at++)
                        assert_in_range((unsigned char)*at, 0x21, 0x7e);
                }
            }
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(expands),
        cmocka_unit_test(expands_addresses),
        cmocka_unit_test(checks),
        cmocka_unit_test(a_checked_template_fits_with_the_longest_name),
        cmocka_unit_test(every_byte_in_every_place_stays_that_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
