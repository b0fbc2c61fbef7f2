/* MAIL and RCPT put together again, and the size that MAIL declares. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "command_line.h"

enum { PARAMETERS_MAX = 4 };

static const struct {
    const char *name, *path;
    const char *parameters[PARAMETERS_MAX + 1];
    const char *want;
    int64_t want_size;
} cases[] = {
    {.name = "a path alone", .path = "<a@b>", .want = "MAIL FROM:<a@b>"},
    {.name = "parameters stand behind it, in their order",
     .path = "<>",
     .parameters = {"BODY=8BITMIME", "SIZE=10"},
     .want = "MAIL FROM:<> BODY=8BITMIME SIZE=10",
     .want_size = 10},
    {.name = "nothing at all", .path = "", .want = "MAIL FROM:"},
    {.name = "keywords have no case",
     .path = "<a@b>",
     .parameters = {"size=12"},
     .want = "MAIL FROM:<a@b> size=12",
     .want_size = 12},
    {.name = "a size that is no number says nothing",
     .path = "<a@b>",
     .parameters = {"SIZE=1k"},
     .want = "MAIL FROM:<a@b> SIZE=1k"},
    {.name = "nor does an empty one",
     .path = "<a@b>",
     .parameters = {"SIZE="},
     .want = "MAIL FROM:<a@b> SIZE="},
    {.name = "nor another keyword that begins so",
     .path = "<a@b>",
     .parameters = {"SIZES=5", "SIZE"},
     .want = "MAIL FROM:<a@b> SIZES=5 SIZE"},
    {.name = "the largest that can be said",
     .path = "<a@b>",
     .parameters = {"SIZE=9223372036854775799"},
     .want = "MAIL FROM:<a@b> SIZE=9223372036854775799",
     .want_size = INT64_C(9223372036854775799)},
    {.name = "more is no less",
     .path = "<a@b>",
     .parameters = {"SIZE=99999999999999999999"},
     .want = "MAIL FROM:<a@b> SIZE=99999999999999999999",
     .want_size = INT64_MAX},
};

static void
test_lines(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *line = command_line_write("MAIL FROM:", cases[i].path, cases[i].parameters);
        int64_t size = command_line_size(cases[i].parameters);
        if (strcmp(line, cases[i].want) != 0 || size != cases[i].want_size)
            fail_msg("%s: %s, size %lld", cases[i].name, line, (long long)size);
        free(line);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
