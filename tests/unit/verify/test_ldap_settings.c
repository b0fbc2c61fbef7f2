/* The settings of ldap sources: what the kinds of directories bring, and what is found wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "ldap_settings.h"
#include "ldap_source.h"

static const struct section_type *const variants[] = {&ldap_source_section, NULL};
static const struct row type_rows[] = {
    {.name = "type", .type = ROW_STRING, .required = true, .help = "ldap"},
    {.name = NULL},
};
static const struct section_type source_type = {
    .name = "source",
    .titled = true,
    .rows = type_rows,
    .variant_setting = "type",
    .variants = variants,
};
static const struct section_type *const children[] = {&source_type, NULL};
static const struct row no_rows[] = {{.name = NULL}};
static const struct section_type top = {.rows = no_rows, .children = children};

static const struct settings_case {
    const char *name, *text;
    const char *want; /* the one problem; NULL: none */
    bool want_error;
} cases[] = {
    {.name = "openldap needs a base only", .text = "uri = {\"ldaps://h\"} base = \"dc=acme\""},
    {.name = "active-directory brings a filter that parses",
     .text = "uri = {\"ldaps://h\"} directory = \"active-directory\" base = \"dc=acme\""},
    {.name = "a global catalog has a base: the whole forest",
     .text = "uri = {\"ldaps://h\"} directory = \"ad-global-catalog\""},
    {.name = "edirectory brings a filter that parses",
     .text = "uri = {\"ldaps://h\"} directory = \"edirectory\" base = \"o=acme\""},
    {.name = "domino has a base: all of it",
     .text = "uri = {\"ldaps://h\"} directory = \"domino\""},
    {.name = "sun brings a filter that parses",
     .text = "uri = {\"ldaps://h\"} directory = \"sun\" base = \"dc=acme\""},
    {.name = "a search without a base is refused",
     .text = "uri = {\"ldaps://h\"}",
     .want = "source \"acme\": base: it is missing",
     .want_error = true},
    {.name = "a base is a DN",
     .text = "uri = {\"ldaps://h\"} base = \"acme\"",
     .want = "source \"acme\": base: \"acme\" is not a distinguished name",
     .want_error = true},
    {.name = "each server is looked at",
     .text = "uri = {\"ldaps://h\", \"h\"} base = \"dc=acme\"",
     .want = "source \"acme\": uri: \"h\": it does not begin with ldap:// or ldaps://",
     .want_error = true},
    {.name = "user_dn needs no base", .text = "uri = {\"ldaps://h\"} user_dn = \"uid=%n,dc=acme\""},
    {.name = "user_dn and filter exclude each other",
     .text = "uri = {\"ldaps://h\"} user_dn = \"uid=%n,dc=acme\" filter = \"(uid=%n)\"",
     .want = "source \"acme\": filter: user_dn is set too",
     .want_error = true},
    {.name = "user_dn has its places in values",
     .text = "uri = {\"ldaps://h\"} user_dn = \"%n@acme\"",
     .want = "source \"acme\": user_dn: \"%n@acme\": %n stands outside of a value",
     .want_error = true},
    {.name = "user_dn is a DN",
     .text = "uri = {\"ldaps://h\"} user_dn = \"uid=%n,acme\"",
     .want = "source \"acme\": user_dn: \"uid=%n,acme\": not a distinguished name",
     .want_error = true},
    {.name = "username_attribute needs a search",
     .text = "uri = {\"ldaps://h\"} user_dn = \"uid=%n,dc=acme\" username_attribute = \"mail\"",
     .want = "source \"acme\": username_attribute: it needs a search",
     .want_error = true},
    {.name = "username_attribute is one attribute",
     .text = "uri = {\"ldaps://h\"} base = \"dc=acme\" username_attribute = \"*\"",
     .want = "source \"acme\": username_attribute: \"*\" is not an attribute's name",
     .want_error = true},
    {.name = "an OID is an attribute's name",
     .text = "uri = {\"ldaps://h\"} base = \"dc=acme\" username_attribute = "
             "\"0.9.2342.19200300.100.1.3\""},
    {.name = "a base is of no use with user_dn",
     .text = "uri = {\"ldaps://h\"} user_dn = \"uid=%n,dc=acme\" base = \"dc=acme\"",
     .want = "warning: source \"acme\": base: it has no effect"},
    {.name = "a base is of use with user_dn where recipients are searched for",
     .text = "uri = {\"ldaps://h\"} user_dn = \"uid=%n,dc=acme\" base = \"dc=acme\" bind_dn = "
             "\"cn=us\" bind_password_file = \"/p\" username_attribute = \"uid\" "
             "recipient_filter = \"(mail=%u)\""},
    {.name = "who we are is of no use with user_dn",
     .text = "uri = {\"ldaps://h\"} user_dn = \"uid=%n,dc=acme\" bind_dn = \"cn=us\" "
             "bind_password_file = \"/p\"",
     .want = "warning: source \"acme\": bind_dn: it has no effect"},
    {.name = "recipients are searched for below a base",
     .text = "uri = {\"ldaps://h\"} user_dn = \"uid=%n,dc=acme\" recipient_filter = \"(mail=%u)\"",
     .want =
         "source \"acme\": base: it is missing (the entry below which to search for recipients)",
     .want_error = true},
    {.name = "recipients are searched for in all of a global catalog",
     .text = "uri = {\"ldaps://h\"} directory = \"ad-global-catalog\" user_dn = "
             "\"cn=%n,dc=acme\" recipient_filter = \"(mail=%u)\""},
    {.name = "a recipient_filter is a filter",
     .text = "uri = {\"ldaps://h\"} base = \"dc=acme\" recipient_filter = \"mail=%u)\"",
     .want = "source \"acme\": recipient_filter: \"mail=%u)\": not a filter",
     .want_error = true},
    {.name = "a recipient_filter has the address in it",
     .text = "uri = {\"ldaps://h\"} base = \"dc=acme\" recipient_filter = \"(mail=*@%d)\"",
     .want = "source \"acme\": recipient_filter: \"(mail=*@%d)\": the address is nowhere in it, so "
             "every address would be the same entry",
     .want_error = true},
    {.name = "a recipient_filter has it in values",
     .text = "uri = {\"ldaps://h\"} base = \"dc=acme\" recipient_filter = \"(%n=x)\"",
     .want = "recipient_filter: \"(%n=x)\": %n stands outside of a value",
     .want_error = true},
    {.name = "clear text to another machine is warned about",
     .text = "uri = {\"ldap://ldap.acme.example\"} base = \"dc=acme\"",
     .want = "warning: source \"acme\": uri: \"ldap://ldap.acme.example\": passwords go over the "
             "network in clear text"},
    {.name = "clear text to this machine is not",
     .text =
         "uri = {\"ldap://127.0.0.1\", \"ldap://[::1]\", \"ldap://localhost\"} base = \"dc=acme\""},
    {.name = "StartTLS is not clear text",
     .text = "uri = {\"ldap://ldap.acme.example\"} starttls = true base = \"dc=acme\""},
    {.name = "StartTLS within TLS is refused",
     .text = "uri = {\"ldaps://h\"} starttls = true base = \"dc=acme\"",
     .want = "source \"acme\": starttls: \"ldaps://h\" has TLS from the first byte",
     .want_error = true},
    {.name = "unverified TLS is warned about",
     .text = "uri = {\"ldaps://h\"} tls_verify = false base = \"dc=acme\"",
     .want = "warning: source \"acme\": tls_verify: whoever sits between"},
    {.name = "an authority is of no use without TLS",
     .text = "uri = {\"ldap://127.0.0.1\"} ca_file = \"/ca.pem\" base = \"dc=acme\"",
     .want = "warning: source \"acme\": ca_file: it has no effect"},
    {.name = "bind_dn needs its password",
     .text = "uri = {\"ldaps://h\"} base = \"dc=acme\" bind_dn = \"cn=us\"",
     .want = "source \"acme\": bind_dn: its password is missing",
     .want_error = true},
    {.name = "a password needs its owner",
     .text = "uri = {\"ldaps://h\"} base = \"dc=acme\" bind_password_file = \"/password\"",
     .want = "source \"acme\": bind_password_file: it is nobody's password",
     .want_error = true},
    {.name = "two filters are not one",
     .text = "uri = {\"ldaps://h\"} base = \"dc=acme\" filter = \"(uid=%n)(mail=%u)\"",
     .want = "source \"acme\": filter: \"(uid=%n)(mail=%u)\": not a filter",
     .want_error = true},
    {.name = "a filter with a parenthesis too few is refused",
     .text = "uri = {\"ldaps://h\"} base = \"dc=acme\" filter = \"(|(uid=%n)(mail=%u)\"",
     .want = "source \"acme\": filter: \"(|(uid=%n)(mail=%u)\": not a filter",
     .want_error = true},
};

static struct conf *
load(const char *settings, struct problems *problems)
{
    char path[] = "/tmp/test_ldap_settings.XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    dprintf(fd, "source \"acme\" { type = \"ldap\"\n%s }\n", settings);
    close(fd);
    struct conf *conf = conf_load(path, &top, problems);
    unlink(path);
    return conf;
}

static void
is_checked(const struct settings_case *test)
{
    struct problems problems;
    problems_init(&problems);
    struct conf *conf = load(test->text, &problems);
    if (conf == NULL)
        fail_msg("%s: it does not load: %s", test->name, problems_line(&problems, 0));
    size_t count = 0;
    const struct section *const *sections = conf_sections(conf, conf_top(conf), "source", &count);
    assert_int_equal(count, 1);

    int result = ldap_settings_check(sections[0], &problems);
    const char *line = problems.count > 0 ? problems_line(&problems, 0) : "";
    if (result != (test->want_error ? -1 : 0))
        fail_msg("%s: %d, %s", test->name, result, line);
    if (problems.count != (test->want != NULL ? 1 : 0))
        fail_msg("%s: %zu problems, %s", test->name, problems.count, line);
    if (test->want != NULL && strstr(line, test->want) == NULL)
        fail_msg("%s: \"%s\", not \"%s\"", test->name, line, test->want);
    conf_free(conf);
    problems_fini(&problems);
}

/* What recipients are found by where nothing else is set. */
static const struct preset_case {
    const char *text;
    const char *want; /* NULL: they are not searched for */
} presets[] = {
    {"base = \"dc=acme\"", "(mail=%u)"},
    {"directory = \"active-directory\" base = \"dc=acme\"",
     "(|(proxyAddresses=smtp:%u)(mail=%u)(userPrincipalName=%u))"},
    {"directory = \"ad-global-catalog\"",
     "(|(proxyAddresses=smtp:%u)(mail=%u)(userPrincipalName=%u))"},
    {"directory = \"edirectory\" base = \"o=acme\"", "(mail=%u)"},
    {"directory = \"domino\"", "(|(mail=%u)(uid=%u))"},
    {"directory = \"sun\" base = \"dc=acme\"",
     "(|(mail=%u)(mailAlternateAddress=%u)(mailEquivalentAddress=%u))"},
    {"base = \"dc=acme\" recipient_filter = \"(cn=%n)\"", "(cn=%n)"},
    {"user_dn = \"uid=%n,dc=acme\"", NULL},
    {"user_dn = \"uid=%n,dc=acme\" base = \"dc=acme\" recipient_filter = \"(cn=%n)\"", "(cn=%n)"},
};

static void
recipients_are_found_by(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof presets / sizeof presets[0]; i++) {
        const struct preset_case *test = &presets[i];
        char text[256];
        struct problems problems;
        problems_init(&problems);
        snprintf(text, sizeof text, "uri = {\"ldaps://h\"} %s", test->text);
        struct conf *conf = load(text, &problems);
        assert_non_null(conf);
        size_t count = 0;
        const struct section *section = conf_sections(conf, conf_top(conf), "source", &count)[0];
        assert_int_equal(ldap_settings_check(section, &problems), 0);
        const struct ldap_settings *settings = section->values;
        const char *filter = ldap_settings_recipient_filter(settings);
        if ((filter == NULL) != (test->want == NULL) ||
            (filter != NULL && strcmp(filter, test->want) != 0))
            fail_msg("%s: %s", test->text, filter != NULL ? filter : "none");
        assert_int_equal(ldap_settings_search(settings), test->want != NULL);
        assert_int_equal(settings->recipient_cache, 5 * 60 * 1000);
        assert_int_equal(settings->recipient_negative_cache, 30 * 1000);
        conf_free(conf);
        problems_fini(&problems);
    }
}

static void
checks(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        is_checked(&cases[i]);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(checks),
        cmocka_unit_test(recipients_are_found_by),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
