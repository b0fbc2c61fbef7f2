/* Numbers with units: as text, and back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "units.h"

typedef int parse_function(const char *text, int64_t *value_r, struct err *err);

static const struct {
    const char *name;
    parse_function *parse;
    const char *text;
    int64_t want;
    const char *want_error;
} cases[] = {
    {"milliseconds", duration_parse, "250ms", 250, NULL},
    {"seconds", duration_parse, "30s", 30000, NULL},
    {"minutes", duration_parse, "15min", 900000, NULL},
    {"hours", duration_parse, "2h", 7200000, NULL},
    {"days", duration_parse, "1d", 86400000, NULL},
    {"zero needs no unit", duration_parse, "0", 0, NULL},
    {"zero may have one", duration_parse, "0s", 0, NULL},
    {"the longest duration", duration_parse, "106751991167d", INT64_C(9223372036828800000), NULL},
    {"a duration that does not fit", duration_parse, "106751991168d", 0,
     "\"106751991168d\" is too large"},
    {"other durations need a unit", duration_parse, "30", 0,
     "\"30\" is not a duration (a number with ms, s, min, h or d, as 30s or 15min)"},
    {"m may be minutes or months", duration_parse, "5m", 0,
     "\"5m\" is not a duration (a number with ms, s, min, h or d, as 30s or 15min)"},
    {"no blanks", duration_parse, "5 s", 0,
     "\"5 s\" is not a duration (a number with ms, s, min, h or d, as 30s or 15min)"},
    {"no sign", duration_parse, "-5s", 0,
     "\"-5s\" is not a duration (a number with ms, s, min, h or d, as 30s or 15min)"},
    {"bytes", size_parse, "512", 512, NULL},
    {"kibibytes", size_parse, "10k", 10240, NULL},
    {"mebibytes", size_parse, "4M", 4194304, NULL},
    {"gibibytes", size_parse, "1G", 1073741824, NULL},
    {"an unknown unit", size_parse, "4m", 0,
     "\"4m\" is not a size (a number of bytes, or one with k, M or G, as 10k or 4M)"},
    {"a number", number_parse, "00012", 12, NULL},
    {"the largest number", number_parse, "9223372036854775807", INT64_MAX, NULL},
    {"a number that does not fit", number_parse, "9223372036854775808", 0,
     "\"9223372036854775808\" is too large"},
    {"no number", number_parse, "", 0, "\"\" is not a number"},
    {"no hexadecimal", number_parse, "0x10", 0, "\"0x10\" is not a number"},
};

static void
test_parse(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t value = -1;
        struct err err = {""};
        int result = cases[i].parse(cases[i].text, &value, &err);
        if (cases[i].want_error != NULL) {
            if (result != -1 || strcmp(err.text, cases[i].want_error) != 0)
                fail_msg("%s: got %d %s", cases[i].name, result, err.text);
        } else if (result != 0 || value != cases[i].want) {
            fail_msg("%s: got %lld %s", cases[i].name, (long long)value, err.text);
        }
    }
}

static void
test_format(void **state)
{
    (void)state;
    static const struct {
        void (*format)(int64_t value, char text_r[UNITS_TEXT_MAX]);
        int64_t value;
        const char *want;
    } formats[] = {
        {duration_format, 0, "0"},
        {duration_format, 1500, "1500ms"},
        {duration_format, 90000, "90s"},
        {duration_format, 120000, "2min"},
        {duration_format, 86400000, "1d"},
        {size_format, 1000, "1000"},
        {size_format, 1024, "1k"},
        {size_format, 4 << 20, "4M"},
        {size_format, INT64_C(3) << 30, "3G"},
    };
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        char text[UNITS_TEXT_MAX];
        formats[i].format(formats[i].value, text);
        assert_string_equal(text, formats[i].want);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_format),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
