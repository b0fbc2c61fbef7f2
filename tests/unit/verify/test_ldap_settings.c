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

#define SERVICE \
    "uri = {\"ldaps://h\"} base = \"dc=acme\" bind_dn = \"cn=us\" bind_password_file = \"/p\" "
#define FETCH   SERVICE "password = \"fetch\""
#define COMPARE SERVICE "password = \"compare\""
#define SYMANTEC                                                                                 \
    "source \"acme\": password: Symantec: \"password fetching, all supported directory types "   \
    "except Active Directory, Active Directory Global Catalog, and Domino are supported\" (use " \
    "bind)"

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
    {.name = "username_attribute is read from the entry of user_dn",
     .text = "uri = {\"ldaps://h\"} user_dn = \"uid=%n,dc=acme\" username_attribute = \"mail\""},
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
    {.name = "who we are is of use with user_dn: entries can be read",
     .text = "uri = {\"ldaps://h\"} user_dn = \"uid=%n,dc=acme\" bind_dn = \"cn=us\" "
             "bind_password_file = \"/p\" app_passwords = \"allow\""},
    {.name = "app passwords need entries that can be read",
     .text = "uri = {\"ldaps://h\"} user_dn = \"uid=%n,dc=acme\" app_passwords = \"require\"",
     .want =
         "source \"acme\": app_passwords: with user_dn alone nobody's entry is read without his "
         "password (set bind_dn, or leave out user_dn)",
     .want_error = true},
    {.name = "app passwords are fine with a search",
     .text = "uri = {\"ldaps://h\"} base = \"dc=acme\" app_passwords = \"require\""},
    {.name = "fetch reads passwords as the service",
     .text = "uri = {\"ldaps://h\"} base = \"dc=acme\" password = \"fetch\"",
     .want =
         "source \"acme\": password: no directory shows passwords to everybody (set bind_dn, or "
         "use bind)",
     .want_error = true},
    {.name = "fetch with user_dn reads the entry",
     .text = "uri = {\"ldaps://h\"} user_dn = \"uid=%n,dc=acme\" password = \"fetch\" bind_dn = "
             "\"cn=us\" bind_password_file = \"/p\" password_attribute = \"x-secret\""},
    {.name = "compare needs no service account",
     .text = "uri = {\"ldaps://h\"} base = \"dc=acme\" password = \"compare\""},
    {.name = "fetch is nothing for active-directory",
     .text = FETCH " directory = \"active-directory\"",
     .want = SYMANTEC,
     .want_error = true},
    {.name = "fetch is nothing for ad-global-catalog",
     .text = FETCH " directory = \"ad-global-catalog\"",
     .want = SYMANTEC,
     .want_error = true},
    {.name = "fetch is nothing for domino",
     .text = FETCH " directory = \"domino\"",
     .want = SYMANTEC,
     .want_error = true},
    {.name = "fetch works with edirectory", .text = FETCH " directory = \"edirectory\""},
    {.name = "fetch works with sun", .text = FETCH " directory = \"sun\""},
    {.name = "compare is nothing for active-directory",
     .text = COMPARE " directory = \"active-directory\"",
     .want = "source \"acme\": password: no client may read or compare the passwords of Active "
             "Directory (use bind)",
     .want_error = true},
    {.name = "compare is nothing for ad-global-catalog",
     .text = COMPARE " directory = \"ad-global-catalog\"",
     .want = "source \"acme\": password: no client may read or compare",
     .want_error = true},
    {.name = "compare is nothing for domino",
     .text = COMPARE " directory = \"domino\"",
     .want = "source \"acme\": password: Domino compares with the hash that it has stored",
     .want_error = true},
    {.name = "bind looks at no attribute",
     .text = "uri = {\"ldaps://h\"} base = \"dc=acme\" password_attribute = \"userPassword\"",
     .want = "warning: source \"acme\": password_attribute: it has no effect with password = "
             "\"bind\""},
    {.name = "password_attribute is one attribute",
     .text = COMPARE " password_attribute = \"a b\"",
     .want = "password_attribute: \"a b\" is not an attribute's name",
     .want_error = true},
    {.name = "route_attribute is one attribute",
     .text = COMPARE " route_attribute = \"mail host\"",
     .want = "route_attribute: \"mail host\" is not an attribute's name",
     .want_error = true},
    {.name = "allowed_networks_attribute is one attribute",
     .text = COMPARE " allowed_networks_attribute = \"1\"",
     .want = "allowed_networks_attribute: \"1\" is not an attribute's name",
     .want_error = true},
    {.name = "mail_attribute are attributes",
     .text = COMPARE " mail_attribute = {\"mail\", \"*\"}",
     .want = "mail_attribute: \"*\" is not an attribute's name",
     .want_error = true},
    {.name = "mail_attribute are six at most",
     .text = COMPARE " mail_attribute = {\"a\", \"b\", \"c\", \"d\", \"e\", \"f\", \"g\"}",
     .want = "mail_attribute: more than 6 attributes",
     .want_error = true},
    {.name = "no mail_attribute is a choice", .text = COMPARE " mail_attribute = {}"},
    {.name = "groups are DNs",
     .text = COMPARE " require_group = {\"cn=mail,dc=acme\", \"mail\"}",
     .want = "require_group: \"mail\" is not a distinguished name",
     .want_error = true},
    {.name = "a certificate of our own is of no use without TLS",
     .text = "uri = {\"ldap://127.0.0.1\"} cert_file = \"/us.pem\" base = \"dc=acme\"",
     .want = "warning: source \"acme\": cert_file: it has no effect"},
    {.name = "a key needs its certificate",
     .text = "uri = {\"ldaps://h\"} key_file = \"/us.key\" base = \"dc=acme\"",
     .want = "source \"acme\": key_file: it is the key of no certificate",
     .want_error = true},
    {.name = "cache_when_down needs a cache",
     .text = COMPARE " cache = 0 cache_when_down = true",
     .want = "warning: source \"acme\": cache_when_down: right passwords are remembered for a day"},
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

/* What holds where nothing else is set, and that what is set holds instead. */
#define AD_FILTER                                 \
    "(&(objectCategory=person)(objectClass=user)" \
    "(|(userPrincipalName=%u)(mail=%u)(sAMAccountName=%n)))"
#define AD_RECIPIENTS "(|(proxyAddresses=smtp:%u)(mail=%u)(userPrincipalName=%u))"
#define OWN                                                                               \
    " base = \"dc=own\" filter = \"(own=%u)\" recipient_filter = \"(own=%n)\" bind_dn = " \
    "\"cn=us\" bind_password_file = \"/p\" mail_attribute = {\"own\", \"alias\"}"
#define OWN_WANTS \
    .filter = "(own=%u)", .recipients = "(own=%n)", .base = "dc=own", .mail = "own alias"

static const struct preset_case {
    const char *text;
    const char *filter, *recipients, *base, *mail; /* recipients NULL: not searched for */
    unsigned ldap, ldaps;
    bool want_lookup, want_read;
    unsigned want_links;
} presets[] = {
    {.text = "base = \"dc=acme\"",
     .filter = "(|(mail=%u)(uid=%n))",
     .recipients = "(mail=%u)",
     .base = "dc=acme",
     .mail = "mail",
     .ldap = 389,
     .ldaps = 636,
     .want_lookup = true,
     .want_links = 2},
    {.text =
         "base = \"dc=acme\" password = \"fetch\" bind_dn = \"cn=us\" bind_password_file = \"/p\"",
     .filter = "(|(mail=%u)(uid=%n))",
     .recipients = "(mail=%u)",
     .base = "dc=acme",
     .mail = "mail",
     .ldap = 389,
     .ldaps = 636,
     .want_lookup = true,
     .want_links = 1},
    {.text = "directory = \"active-directory\" base = \"dc=acme\"",
     .filter = AD_FILTER,
     .recipients = AD_RECIPIENTS,
     .base = "dc=acme",
     .mail = "mail proxyAddresses",
     .ldap = 389,
     .ldaps = 636,
     .want_lookup = true,
     .want_links = 2},
    {.text = "directory = \"ad-global-catalog\"",
     .filter = AD_FILTER,
     .recipients = AD_RECIPIENTS,
     .base = "",
     .mail = "mail proxyAddresses",
     .ldap = 3268,
     .ldaps = 3269,
     .want_lookup = true,
     .want_links = 2},
    {.text = "directory = \"edirectory\" base = \"o=acme\"",
     .filter = "(&(objectClass=inetOrgPerson)(|(mail=%u)(cn=%n)(uid=%n)))",
     .recipients = "(mail=%u)",
     .base = "o=acme",
     .mail = "mail",
     .ldap = 389,
     .ldaps = 636,
     .want_lookup = true,
     .want_links = 2},
    {.text = "directory = \"domino\"",
     .filter = "(&(objectClass=dominoPerson)(|(mail=%u)(uid=%n)(cn=%n)))",
     .recipients = "(|(mail=%u)(uid=%u))",
     .base = "",
     .mail = "mail uid",
     .ldap = 389,
     .ldaps = 636,
     .want_lookup = true,
     .want_links = 2},
    {.text = "directory = \"sun\" base = \"dc=acme\"",
     .filter = "(&(objectClass=inetOrgPerson)(|(mail=%u)(uid=%n)))",
     .recipients = "(|(mail=%u)(mailAlternateAddress=%u)(mailEquivalentAddress=%u))",
     .base = "dc=acme",
     .mail = "mail mailAlternateAddress mailEquivalentAddress",
     .ldap = 389,
     .ldaps = 636,
     .want_lookup = true,
     .want_links = 2},
    {.text = "directory = \"openldap\"" OWN,
     OWN_WANTS,
     .ldap = 389,
     .ldaps = 636,
     .want_lookup = true,
     .want_links = 2},
    {.text = "directory = \"active-directory\"" OWN,
     OWN_WANTS,
     .ldap = 389,
     .ldaps = 636,
     .want_lookup = true,
     .want_links = 2},
    {.text = "directory = \"ad-global-catalog\"" OWN,
     OWN_WANTS,
     .ldap = 3268,
     .ldaps = 3269,
     .want_lookup = true,
     .want_links = 2},
    {.text = "directory = \"edirectory\"" OWN,
     OWN_WANTS,
     .ldap = 389,
     .ldaps = 636,
     .want_lookup = true,
     .want_links = 2},
    {.text = "directory = \"domino\"" OWN,
     OWN_WANTS,
     .ldap = 389,
     .ldaps = 636,
     .want_lookup = true,
     .want_links = 2},
    {.text = "directory = \"sun\"" OWN,
     OWN_WANTS,
     .ldap = 389,
     .ldaps = 636,
     .want_lookup = true,
     .want_links = 2},
    {.text = "user_dn = \"uid=%n,dc=acme\"",
     .filter = "(|(mail=%u)(uid=%n))",
     .mail = "mail",
     .ldap = 389,
     .ldaps = 636,
     .want_links = 1},
    {.text = "user_dn = \"uid=%n,dc=acme\" base = \"dc=acme\" recipient_filter = \"(cn=%n)\" "
             "mail_attribute = {}",
     .filter = "(|(mail=%u)(uid=%n))",
     .recipients = "(cn=%n)",
     .base = "dc=acme",
     .mail = "",
     .ldap = 389,
     .ldaps = 636,
     .want_links = 2},
    {.text = "user_dn = \"uid=%n,dc=acme\" route_attribute = \"mailHost\"",
     .filter = "(|(mail=%u)(uid=%n))",
     .mail = "mail",
     .ldap = 389,
     .ldaps = 636,
     .want_lookup = true,
     .want_read = true,
     .want_links = 2},
    {.text = "user_dn = \"uid=%n,dc=acme\" bind_dn = \"cn=us\" bind_password_file = \"/p\"",
     .filter = "(|(mail=%u)(uid=%n))",
     .mail = "mail",
     .ldap = 389,
     .ldaps = 636,
     .want_lookup = true,
     .want_links = 2},
};

static void
is_text(const char *about, const char *is, const char *want)
{
    if ((is == NULL) != (want == NULL) || (is != NULL && strcmp(is, want) != 0))
        fail_msg("%s: %s, not %s", about, is != NULL ? is : "none", want != NULL ? want : "none");
}

static void
holds(const struct preset_case *test, const struct ldap_settings *settings)
{
    is_text(test->text, ldap_settings_filter(settings), test->filter);
    is_text(test->text, ldap_settings_recipient_filter(settings), test->recipients);
    is_text(test->text, ldap_settings_base(settings), test->base);
    is_text(test->text, ldap_settings_password_attribute(settings), "userPassword");
    const char *names[LDAP_MAIL_ATTRIBUTES_MAX];
    size_t count = ldap_settings_mail_attributes(settings, names);
    char mail[128] = "";
    for (size_t i = 0; i < count; i++)
        snprintf(mail + strlen(mail), sizeof mail - strlen(mail), "%s%s", i > 0 ? " " : "",
                 names[i]);
    is_text(test->text, mail, test->mail);
    assert_int_equal(ldap_settings_ports(settings)->ldap, test->ldap);
    assert_int_equal(ldap_settings_ports(settings)->ldaps, test->ldaps);
    assert_int_equal(ldap_settings_find_recipients(settings), test->recipients != NULL);
    if (ldap_settings_can_lookup(settings) != test->want_lookup ||
        ldap_settings_read_user_dn(settings) != test->want_read ||
        ldap_settings_links(settings) != test->want_links)
        fail_msg("%s: lookup %d, read %d, links %u", test->text, ldap_settings_can_lookup(settings),
                 ldap_settings_read_user_dn(settings), ldap_settings_links(settings));
}

static void
directories_bring_defaults(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof presets / sizeof presets[0]; i++) {
        char text[512];
        struct problems problems;
        problems_init(&problems);
        snprintf(text, sizeof text, "uri = {\"ldaps://h\"} %s", presets[i].text);
        struct conf *conf = load(text, &problems);
        assert_non_null(conf);
        size_t count = 0;
        const struct section *section = conf_sections(conf, conf_top(conf), "source", &count)[0];
        if (ldap_settings_check(section, &problems) != 0)
            fail_msg("%s: %s", text, problems_line(&problems, 0));
        holds(&presets[i], section->values);
        conf_free(conf);
        problems_fini(&problems);
    }
}

static void
answers_are_kept_for_minutes(void **state)
{
    (void)state;
    struct problems problems;
    problems_init(&problems);
    struct conf *conf = load("uri = {\"ldaps://h\"} base = \"dc=acme\"", &problems);
    size_t count = 0;
    const struct ldap_settings *settings =
        conf_sections(conf, conf_top(conf), "source", &count)[0]->values;
    assert_int_equal(settings->cache, 5 * 60 * 1000);
    assert_int_equal(settings->negative_cache, 30 * 1000);
    assert_false(settings->cache_when_down);
    assert_int_equal(settings->recipient_cache, 5 * 60 * 1000);
    assert_int_equal(settings->recipient_negative_cache, 30 * 1000);
    conf_free(conf);
    problems_fini(&problems);
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
        cmocka_unit_test(directories_bring_defaults),
        cmocka_unit_test(answers_are_kept_for_minutes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
