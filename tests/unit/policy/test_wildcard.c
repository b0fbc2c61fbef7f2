#include "cases.h"

#include "wildcard.h"

static const struct {
    const char *name, *pattern, *text;
    bool want;
} cases[] = {
    {"nothing fits nothing", "", "", true},
    {"nothing does not fit something", "", "a", false},
    {"a star fits nothing", "*", "", true},
    {"a star fits anything", "*", "a@b.example", true},
    {"stars side by side", "**a**", "xax", true},
    {"a question mark fits one character", "a?c", "abc", true},
    {"a question mark does not fit nothing", "a?", "a", false},
    {"a question mark does not fit two characters", "a?c", "abbc", false},
    {"a question mark fits a character of two bytes", "a?c",
     "a\xc3\xbc"
     "c",
     true},
    {"two question marks do not fit a character of two bytes", "a??c",
     "a\xc3\xbc"
     "c",
     false},
    {"a star and a question mark keep characters whole", "*??", "\xc3\xbc", false},
    {"letters compare without case", "BOSS@*", "boss@Acme.Example", true},
    {"the whole text must fit at the start", "b*", "abc", false},
    {"the whole text must fit at the end", "*b", "abc", false},
    {"a star takes the run that lets the rest fit", "*ab", "aab", true},
    {"a star gives way to the text behind it", "a*b*c", "axbxbxc", true},
    {"a star in the middle fits nothing too", "a*b", "ab", true},
    {"SMG 15: anybody@*", "anybody@*", "anybody@company.com", true},
    {"SMG 15: anybody@* is not somebody", "anybody@*", "somebody@company.com", false},
    {"other characters stand for themselves", "a.c", "abc", false},
    {"brackets stand for themselves", "[ab]", "a", false},
};

static void
test_match(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        CHECK(cases[i].name, wildcard_match(cases[i].pattern, cases[i].text) == cases[i].want);
}

/* With backtracking into every star this would take longer than the age of the universe. */
static void
test_many_stars_cost_little(void **state)
{
    (void)state;
    char pattern[2 * 120 + 2], text[255];
    for (size_t i = 0; i < 120; i++)
        memcpy(pattern + 2 * i, "*a", 2);
    memcpy(pattern + 240, "b", 2);
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    assert_false(wildcard_match(pattern, text));
}

static void
test_is_wildcard(void **state)
{
    (void)state;
    assert_true(wildcard_is("a*"));
    assert_true(wildcard_is("?"));
    assert_false(wildcard_is("a@b"));
    assert_false(wildcard_is(""));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_match),
        cmocka_unit_test(test_many_stars_cost_little),
        cmocka_unit_test(test_is_wildcard),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
