#include "cases.h"

#include "tenancy.h"

static const struct origin here = {.file = "conf", .line = 1};
static const struct origin there = {.file = "conf", .line = 2};

static void
test_names_are_taken_once(void **state)
{
    (void)state;
    struct tenancy *tenancy = tenancy_create();
    struct err err;
    const struct listener *listener = tenancy_add_listener(tenancy, "mx", here, &err);
    assert_non_null(listener);
    assert_int_equal(listener->auth, AUTH_OFF);
    assert_null(tenancy_add_listener(tenancy, "mx", there, &err));
    assert_string_equal(err.text, "there is a listener \"mx\" already, at conf:1");
    assert_non_null(tenancy_add_organization(tenancy, "mx", here, &err));
    assert_null(tenancy_add_organization(tenancy, "mx", there, &err));
    assert_string_equal(err.text, "there is an organization \"mx\" already, at conf:1");
    assert_ptr_equal(tenancy_listener(tenancy, "mx"), listener);
    assert_null(tenancy_listener(tenancy, "MX"));
    assert_null(tenancy_listener(tenancy, ""));
    tenancy_free(tenancy);
    tenancy_free(NULL);
}

static const struct {
    const char *name, *domain, *want; /* the organization */
} owners[] = {
    {"a claimed domain", "acme.example", "acme"},
    {"a claim in upper case", "upper.example", "acme"},
    {"nobody's domain", "example", NULL},
    {"a longer name is another domain", "xacme.example", NULL},
    {"a domain below a claimed one is not claimed", "sub.upper.example", NULL},
    {"a domain below a wildcard", "a.wide.example", "acme"},
    {"a domain far below a wildcard", "a.b.c.wide.example", "acme"},
    {"a wildcard does not own its own domain", "wide.example", NULL},
    {"an exact claim beats a wildcard", "own.wide.example", "bolt"},
    {"below an exact claim the wildcard still holds", "a.own.wide.example", "acme"},
    {"the longer wildcard wins", "a.deep.wide.example", "bolt"},
    {"the longer wildcard's own domain is the shorter one's", "deep.wide.example", "acme"},
    {"a claim in UTF-8", "\xc3\xbc.example", "bolt"},
    {"a claim in UTF-8, the domain in Punycode", "xn--tda.example", "bolt"},
    {"a claim in UTF-8, the domain with a capital letter", "\xc3\x9c.example", "bolt"},
    {"a claim in Punycode, the domain in UTF-8",
     "b\xc3\xbc"
     "cher.example",
     "acme"},
    {"a claim in Punycode, the domain in capital letters",
     "b\xc3\x9c"
     "cher.example",
     "acme"},
    {"below a wildcard in Punycode, the domain in UTF-8", "a.\xd0\x9f\xd0\xbe.example", "bolt"},
    {"letters outside of ASCII below a wildcard", "\xc3\xbc.\xc3\xbc.wide.example", "acme"},
    {"Punycode of another name", "xn--tdb.example", NULL},
    {"nothing", "", NULL},
    {"an address literal", "[192.0.2.1]", NULL},
    {"dots alone", "...", NULL},
};

static void
test_owners(void **state)
{
    (void)state;
    struct tenancy *tenancy = tenancy_create();
    struct organization *acme = tenancy_add_organization(tenancy, "acme", here, NULL);
    struct organization *bolt = tenancy_add_organization(tenancy, "bolt", here, NULL);
    static const char *const acmes[] = {"acme.example", "UPPER.Example", "*.wide.example",
                                        "XN--bcher-kva.example"};
    static const char *const bolts[] = {"own.wide.example", "*.deep.wide.example",
                                        "\xc3\xbc.example", "*.xn--n1ab.example"};
    for (size_t i = 0; i < COUNT_OF(acmes); i++)
        assert_int_equal(tenancy_claim_domain(tenancy, acme, acmes[i], here, NULL), 0);
    for (size_t i = 0; i < COUNT_OF(bolts); i++)
        assert_int_equal(tenancy_claim_domain(tenancy, bolt, bolts[i], here, NULL), 0);
    for (size_t i = 0; i < COUNT_OF(owners); i++) {
        const struct organization *owner = tenancy_owner(tenancy, owners[i].domain);
        CHECK(owners[i].name, (owner != NULL) == (owners[i].want != NULL));
        if (owner != NULL)
            CHECK_TEXT(owners[i].name, owner->name, owners[i].want);
    }
    tenancy_free(tenancy);
}

static void
test_claims_that_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *domain, *want_err;
    } cases[] = {
        {"acme.example",
         "the domain \"acme.example\" belongs to organization \"acme\" already, by conf:1"},
        {"ACME.example",
         "the domain \"ACME.example\" belongs to organization \"acme\" already, by conf:1"},
        {"*.acme.example",
         "the domain \"*.acme.example\" belongs to organization \"acme\" already, by conf:1"},
        {"xn--4ca.example",
         "the domain \"xn--4ca.example\" belongs to organization \"acme\" already, by conf:1"},
        {"", "the domain is empty or has an empty label"},
        {"*.", "the domain is empty or has an empty label"},
        {"acme.example.", "the domain is empty or has an empty label"},
        {"*", "the domain has a character that no domain may have"},
        {"a.*.example", "the domain has a character that no domain may have"},
        {"boss@acme.example", "the domain has a character that no domain may have"},
        {"acme example", "the domain has a character that no domain may have"},
        {"acme\n.example", "the domain has a control character or is not UTF-8"},
    };
    struct tenancy *tenancy = tenancy_create();
    struct organization *acme = tenancy_add_organization(tenancy, "acme", here, NULL);
    struct organization *bolt = tenancy_add_organization(tenancy, "bolt", there, NULL);
    assert_int_equal(tenancy_claim_domain(tenancy, acme, "acme.example", here, NULL), 0);
    assert_int_equal(tenancy_claim_domain(tenancy, acme, "*.acme.example", here, NULL), 0);
    assert_int_equal(tenancy_claim_domain(tenancy, acme, "\xc3\xa4.example", here, NULL), 0);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct err err = {.text = ""};
        CHECK(cases[i].domain,
              tenancy_claim_domain(tenancy, bolt, cases[i].domain, there, &err) == -1);
        CHECK_TEXT(cases[i].domain, err.text, cases[i].want_err);
    }
    assert_int_equal(tenancy_claim_domain(tenancy, acme, "acme.example", there, NULL), -1);
    tenancy_free(tenancy);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_are_taken_once),
        cmocka_unit_test(test_owners),
        cmocka_unit_test(test_claims_that_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
