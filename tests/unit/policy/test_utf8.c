#include "cases.h"

#include "utf8.h"

static const struct {
    const char *name, *bytes;
    size_t length;
    bool want;
} cases[] = {
    {"nothing", BYTES(""), true},
    {"ASCII", BYTES("a b~"), true},
    {"two bytes", BYTES("\xc3\xbc"), true},
    {"three bytes", BYTES("\xe2\x82\xac"), true},
    {"four bytes", BYTES("\xf0\x9f\x93\xa7"), true},
    {"the last character of Unicode", BYTES("\xf4\x8f\xbf\xbf"), true},
    {"what lies above Unicode", BYTES("\xf4\x90\x80\x80"), false},
    {"a lead byte of five", BYTES("\xf8\x88\x80\x80\x80"), false},
    {"an overlong slash", BYTES("\xc0\xaf"), false},
    {"an overlong slash in three bytes", BYTES("\xe0\x80\xaf"), false},
    {"an overlong form of four bytes", BYTES("\xf0\x80\x80\xaf"), false},
    {"a surrogate", BYTES("\xed\xa0\x80"), false},
    {"the last before the surrogates", BYTES("\xed\x9f\xbf"), true},
    {"a lone continuation byte", BYTES("\x80"), false},
    {"a sequence that is cut", BYTES("\xe2\x82"), false},
    {"a sequence that is broken off", BYTES("\xe2\x82z"), false},
    {"a NUL", BYTES("a\0b"), false},
    {"a tab", BYTES("\t"), false},
    {"a line feed", BYTES("\n"), false},
    {"the last of C0", BYTES("\x1f"), false},
    {"DEL", BYTES("\x7f"), false},
    {"the first of C1", BYTES("\xc2\x80"), false},
    {"the last of C1", BYTES("\xc2\x9f"), false},
    {"the first behind C1", BYTES("\xc2\xa0"), true},
};

static void
test_printable(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        CHECK(cases[i].name, utf8_is_printable(cases[i].bytes, cases[i].length) == cases[i].want);
}

static void
test_decode(void **state)
{
    (void)state;
    uint32_t character = 0;
    assert_int_equal(utf8_decode("\xe2\x82\xac!", 4, &character), 3);
    assert_int_equal(character, 0x20ac);
    assert_int_equal(utf8_decode("", 0, &character), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_printable),
        cmocka_unit_test(test_decode),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
