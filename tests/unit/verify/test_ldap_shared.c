#include "../policy/cases.h"

#include "ldap_shared.h"

static const struct {
    const char *name, *filter;
    bool want;
} filters[] = {
    {"the whole name", "(mail=%u)", true},
    {"the domain", "(o=%d)", true},
    {"the local part alone", "(uid=%n)", false},
    {"a percent sign before a letter", "(uid=%n%%u)", false},
    {"a part of an and", "(&(uid=%n)(o=%d))", true},
    {"no part of an and", "(&(objectClass=person)(uid=%n))", false},
    {"one part of an or", "(|(mail=%u)(uid=%n))", false},
    {"all parts of an or", "(|(mail=%u)(mailAlternateAddress=%u))", true},
    {"an and around an or", "(&(o=%d)(|(mail=%u)(uid=%n)))", true},
    {"an or of ands", "(|(&(uid=%n)(o=%d))(mail=%u))", true},
    {"an or of ands of which one does not", "(|(&(uid=%n)(objectClass=*))(mail=%u))", false},
    {"what the entry is not", "(&(uid=%n)(!(mail=%u)))", false},
    {"parts after a not", "(&(!(disabled=TRUE))(mail=%u))", true},
    {"without parentheses", "mail=%u", true},
    {"a filter that ends too soon", "(&(uid=%n)", false},
    {"a filter of nothing", "", false},
    {"an or of nothing finds nobody", "(|)", true},
    {"an and of nothing finds everybody", "(&)", false},
};

static void
test_filters(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(filters); i++)
        CHECK(filters[i].name, ldap_filter_pins_domain(filters[i].filter) == filters[i].want);
}

static void
test_deep_filters_are_given_up(void **state)
{
    (void)state;
    static char deep[200001];
    for (size_t i = 0; i + 1 < sizeof deep; i += 2)
        memcpy(deep + i, "(&", 2);
    assert_false(ldap_filter_pins_domain(deep));
}

static void
test_dns(void **state)
{
    (void)state;
    assert_true(ldap_dn_pins_domain("uid=%n,o=%d,dc=example"));
    assert_true(ldap_dn_pins_domain("mail=%u,dc=example"));
    assert_false(ldap_dn_pins_domain("uid=%n,ou=people,dc=example"));
}

static const struct {
    const char *name, *filter, *user_dn, *username_attribute;
    bool want;
} settings[] = {
    {"the default filter, by uid", NULL, NULL, NULL, true},
    {"a filter by address", "(mail=%u)", NULL, NULL, false},
    {"a filter by local part", "(uid=%n)", NULL, NULL, true},
    {"a filter by local part, and names with domains", "(uid=%n)", NULL, "mail", false},
    {"a filter by local part, and names without", "(uid=%n)", NULL, "UID", true},
    {"a DN by local part", "(mail=%u)", "uid=%n,dc=x", NULL, true},
    {"a DN by domain", NULL, "uid=%n,o=%d,dc=x", NULL, false},
};

static void
test_settings(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(settings); i++) {
        const struct ldap_settings given = {.filter = settings[i].filter,
                                            .user_dn = settings[i].user_dn,
                                            .username_attribute = settings[i].username_attribute};
        CHECK(settings[i].name, (ldap_warns_shared(&given) != NULL) == settings[i].want);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_filters),
        cmocka_unit_test(test_deep_filters_are_given_up),
        cmocka_unit_test(test_dns),
        cmocka_unit_test(test_settings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
