/* What is found wrong in the settings of ldap sources. */
#include <string.h>

#include "ldap_conf.h"

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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
