/* What the kinds of directories bring where nothing else is set. */
#include <stdio.h>
#include <string.h>

#include "ldap_conf.h"

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

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(directories_bring_defaults),
        cmocka_unit_test(answers_are_kept_for_minutes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
