#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "uses_file.h"

enum { NOON_S = 1801396800 }; /* 2027-01-31T12:00:00Z */

static bool
is_not_gone(const void *context, const char *user, const char *app)
{
    (void)context;
    (void)app;
    return strncmp(user, "gone", 4) != 0;
}

static void
test_what_is_read(void **state)
{
    (void)state;
    static const struct {
        const char *name, *text, *user, *app;
        int64_t want_s;
    } cases[] = {
        {"a line", "a@b.example phone 2027-01-31T12:00:00Z\n", "a@b.example", "phone", NOON_S},
        {"the last line without its end", "a phone 2027-01-31T12:00:00Z", "a", "phone", NOON_S},
        {"names in another case", "A@b.example Phone 2027-01-31T12:00:00Z\n", "a@B.example",
         "phonE", NOON_S},
        {"another app password", "a phone 2027-01-31T12:00:00Z\n", "a", "tablet", 0},
        {"another user", "a phone 2027-01-31T12:00:00Z\n", "b", "phone", 0},
        {"the later of two", "a p 2027-01-31T12:00:00Z\na p 2026-01-01\n", "a", "p", NOON_S},
        {"a broken line does no harm to the next",
         "a phone\nx\n\na p never\na p 2027-01-31T12:00:00Z", "a", "p", NOON_S},
        {"nothing", "", "a", "p", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        print_message("%s\n", cases[i].name);
        struct uses_file *uses = uses_file_create();
        uses_file_merge(uses, cases[i].text, strlen(cases[i].text));
        assert_int_equal(uses_file_last(uses, cases[i].user, cases[i].app), cases[i].want_s);
        uses_file_free(uses);
    }
}

static void
test_a_line_that_is_far_too_long_is_passed_over(void **state)
{
    (void)state;
    static char text[4096];
    memset(text, 'x', sizeof text - 1);
    struct uses_file *uses = uses_file_create();
    uses_file_merge(uses, text, sizeof text);
    uses_file_note(uses, text, "p", NOON_S);
    size_t length = 1;
    char *written = uses_file_format(uses, is_not_gone, NULL, &length);
    assert_int_equal(length, 0);
    free(written);
    uses_file_free(uses);
}

static void
test_what_is_written(void **state)
{
    (void)state;
    struct uses_file *uses = uses_file_create();
    uses_file_note(uses, "a@b.example", "Phone", NOON_S);
    uses_file_note(uses, "gone@b.example", "phone", NOON_S);
    uses_file_note(uses, "a@b.example", "tablet", NOON_S + 1);
    uses_file_note(uses, "a@b.example", "tablet", NOON_S);
    size_t length = 0;
    char *text = uses_file_format(uses, is_not_gone, NULL, &length);
    assert_string_equal(text, "a@b.example Phone 2027-01-31T12:00:00Z\n"
                              "a@b.example tablet 2027-01-31T12:00:01Z\n");
    assert_int_equal(length, strlen(text));

    struct uses_file *again = uses_file_create();
    uses_file_merge(again, text, length);
    assert_int_equal(uses_file_last(again, "a@b.example", "tablet"), NOON_S + 1);
    uses_file_free(again);
    free(text);
    uses_file_free(uses);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_read),
        cmocka_unit_test(test_a_line_that_is_far_too_long_is_passed_over),
        cmocka_unit_test(test_what_is_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
