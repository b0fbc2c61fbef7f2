#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "output.h"

static const struct {
    const char *name, *text, *want_safe, *want_json;
} cases[] = {
    {"plain text stays", "a b", "a b", "\"a b\""},
    {"letters of all scripts stay", "M\xc3\xbcller", "M\xc3\xbcller", "\"M\xc3\xbcller\""},
    {"an escape sequence does not reach the terminal", "\x1b[2J", "\\x1b[2J", "\"\\u001b[2J\""},
    {"a line break cannot forge a line", "a\nverdict accept", "a\\x0averdict accept",
     "\"a\\nverdict accept\""},
    {"a C1 control does not reach the terminal", "\xc2\x9b", "\\xc2\\x9b", "\"\\u009b\""},
    {"an override cannot turn a line around", "x\xe2\x80\xaez", "x\\xe2\\x80\\xaez",
     "\"x\\u202ez\""},
    {"an isolate neither", "\xe2\x81\xa6", "\\xe2\\x81\\xa6", "\"\\u2066\""},
    {"what has no width is seen", "\xe2\x80\x8b", "\\xe2\\x80\\x8b", "\"\\u200b\""},
    {"nor does a line separator pass", "\xe2\x80\xa8", "\\xe2\\x80\\xa8", "\"\\u2028\""},
    {"a hidden tag is seen, too", "\xf3\xa0\x81\x81", "\\xf3\\xa0\\x81\\x81", "\"\\udb40\\udc41\""},
    {"what is not UTF-8 is shown byte by byte", "\xff\xfe", "\\xff\\xfe", "\"\\\\xff\\\\xfe\""},
    {"quotes and backslashes are escaped in JSON", "\"\\", "\"\\", "\"\\\"\\\\\""},
    {"nothing is nothing", "", "", "\"\""},
};

static char *
capture(void (*print)(FILE *to, const char *text), const char *text)
{
    char *captured = NULL;
    size_t length = 0;
    FILE *to = open_memstream(&captured, &length);
    assert_non_null(to);
    print(to, text);
    fclose(to);
    return captured;
}

static void
test_texts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        print_message("%s\n", cases[i].name);
        char *safe = capture(print_safe, cases[i].text);
        char *json = capture(print_json, cases[i].text);
        assert_string_equal(safe, cases[i].want_safe);
        assert_string_equal(json, cases[i].want_json);
        free(safe);
        free(json);
    }
}

static void
test_a_long_text_is_not_cut(void **state)
{
    (void)state;
    char text[5001];
    memset(text, '\x01', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    char *json = capture(print_json, text);
    assert_int_equal(strlen(json), 6 * 5000 + 2);
    free(json);
}

static void
test_no_text_is_null(void **state)
{
    (void)state;
    char *json = capture(print_json, NULL);
    assert_string_equal(json, "null");
    free(json);
}

static void
test_fields_are_a_line_or_members_of_an_object(void **state)
{
    (void)state;
    static const char *const fields[][2] = {{"user", "anna"}, {"from", "a\tb"}, {"why", ""}};
    static const char *const nothing[][2] = {{"until", NULL}};
    char *captured = NULL;
    size_t length = 0;
    FILE *to = open_memstream(&captured, &length);
    assert_non_null(to);
    print_record(to, false, fields, sizeof fields / sizeof fields[0]);
    print_record(to, true, fields, sizeof fields / sizeof fields[0]);
    print_record(to, true, nothing, 1);
    fclose(to);
    assert_string_equal(captured, "anna\ta\\x09b\t\n"
                                  "\"user\": \"anna\", \"from\": \"a\\tb\", \"why\": \"\""
                                  "\"until\": null");
    free(captured);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fields_are_a_line_or_members_of_an_object),
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_a_long_text_is_not_cut),
        cmocka_unit_test(test_no_text_is_null),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
