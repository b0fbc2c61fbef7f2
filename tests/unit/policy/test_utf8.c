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

static void
test_hidden(void **state)
{
    static const struct {
        const char *name;
        uint32_t from, to;
        bool want;
    } ranges[] = {
        {"C0 controls are hidden", 0, 0x1f, true},
        {"ASCII is shown", ' ', '~', false},
        {"DEL and C1 controls are hidden", 0x7f, 0x9f, true},
        {"letters with accents are shown", 0xae, 0x17f, false},
        {"a soft hyphen is hidden", 0xad, 0xad, true},
        {"the Arabic letter mark is hidden", 0x61c, 0x61c, true},
        {"Arabic and Hebrew letters are shown", 0x5d0, 0x5ea, false},
        {"the Mongolian vowel separator is hidden", 0x180e, 0x180e, true},
        {"spaces with a width are shown", 0x2000, 0x200a, false},
        {"zero-width and direction marks are hidden", 0x200b, 0x200f, true},
        {"dashes and quotes are shown", 0x2010, 0x2027, false},
        {"separators, embeddings and overrides are hidden", 0x2028, 0x202e, true},
        {"word joiners and isolates are hidden", 0x2060, 0x206f, true},
        {"CJK is shown", 0x4e00, 0x9fff, false},
        {"a byte order mark is hidden", 0xfeff, 0xfeff, true},
        {"annotations are hidden", 0xfff9, 0xfffb, true},
        {"emoji are shown", 0x1f600, 0x1f64f, false},
        {"tags are hidden", 0xe0000, 0xe007f, true},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(ranges); i++)
        for (uint32_t character = ranges[i].from; character <= ranges[i].to; character++)
            CHECK(ranges[i].name, utf8_is_hidden(character) == ranges[i].want);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_printable),
        cmocka_unit_test(test_hidden),
        cmocka_unit_test(test_decode),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
