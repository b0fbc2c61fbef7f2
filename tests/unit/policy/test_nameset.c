#include "cases.h"

#include "nameset.h"

static const struct origin here = {.file = "conf", .line = 7};

static void
test_an_empty_set_has_nothing(void **state)
{
    (void)state;
    struct nameset zeroed = {.names = {.count = 0}};
    assert_true(nameset_is_empty(&zeroed));
    assert_false(nameset_has(&zeroed, "acme"));
    assert_false(nameset_has(&zeroed, ""));
    nameset_fini(&zeroed);

    struct nameset set;
    nameset_init(&set, here);
    assert_true(nameset_is_empty(&set));
    assert_false(nameset_has(&set, "acme"));
    assert_int_equal(set.origin.line, 7);
    nameset_fini(&set);
}

static const struct {
    const char *name, *asked;
    bool want;
} questions[] = {
    {"a name of the set", "acme", true},
    {"another of the set", "widgets", true},
    {"a name that is not in it", "bolt", false},
    {"names compare byte by byte", "ACME", false},
    {"a longer name", "acme2", false},
    {"a shorter name", "acm", false},
    {"no name", "", false},
};

static void
test_questions(void **state)
{
    (void)state;
    struct nameset set;
    nameset_init(&set, here);
    assert_true(nameset_add(&set, "acme"));
    assert_true(nameset_add(&set, "widgets"));
    assert_false(nameset_is_empty(&set));
    for (size_t i = 0; i < COUNT_OF(questions); i++)
        CHECK(questions[i].name, nameset_has(&set, questions[i].asked) == questions[i].want);
    nameset_fini(&set);
}

static void
test_a_name_is_added_once(void **state)
{
    (void)state;
    struct nameset set;
    nameset_init(&set, here);
    assert_true(nameset_add(&set, "acme"));
    assert_false(nameset_add(&set, "acme"));
    assert_true(nameset_has(&set, "acme"));
    nameset_fini(&set);
    assert_true(nameset_is_empty(&set));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_empty_set_has_nothing),
        cmocka_unit_test(test_questions),
        cmocka_unit_test(test_a_name_is_added_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
