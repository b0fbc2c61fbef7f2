#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "date.h"

static void
test_dates_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *name, *text;
        int64_t want_s;
        const char *want_err; /* NULL: good */
    } cases[] = {
        {"a day begins at midnight UTC", "2027-01-31", 1801353600, NULL},
        {"a day and a time", "2027-01-31T12:30:01Z", 1801398601, NULL},
        {"the first day that there is", "1970-01-01", 0, NULL},
        {"the 29th of February in a leap year", "2028-02-29", 1835395200, NULL},
        {"the 29th of February in another one", "2027-02-29", 0, "no such date, or before 1970"},
        {"the 13th month", "2027-13-01", 0, "no such date, or before 1970"},
        {"the 25th hour", "2027-01-31T24:00:00Z", 0, "no such date, or before 1970"},
        {"a leap second", "2027-01-31T12:00:60Z", 0, "no such date, or before 1970"},
        {"before 1970", "1969-12-31", 0, "no such date, or before 1970"},
        {"nothing", "", 0, "not a date (like 2027-01-31, or 2027-01-31T12:00:00Z)"},
        {"the days of other countries", "31.01.2027", 0,
         "not a date (like 2027-01-31, or 2027-01-31T12:00:00Z)"},
        {"a time without a zone", "2027-01-31T12:00:00", 0,
         "not a date (like 2027-01-31, or 2027-01-31T12:00:00Z)"},
        {"more behind it", "2027-01-31 ", 0,
         "not a date (like 2027-01-31, or 2027-01-31T12:00:00Z)"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        print_message("%s\n", cases[i].name);
        struct err err = {0};
        int64_t wall_s = -1;
        int status = date_parse(cases[i].text, &wall_s, &err);
        if (cases[i].want_err != NULL) {
            assert_int_equal(status, -1);
            assert_string_equal(err.text, cases[i].want_err);
            continue;
        }
        assert_int_equal(status, 0);
        assert_int_equal(wall_s, cases[i].want_s);
    }
}

static void
test_what_is_written_is_read(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int64_t wall_s;
        const char *want;
    } cases[] = {
        {"a time", 1801398601, "2027-01-31T12:30:01Z"},
        {"midnight", 1801353600, "2027-01-31T00:00:00Z"},
        {"before all dates", -5, "1970-01-01T00:00:00Z"},
        {"after all dates", INT64_MAX, "9999-12-31T23:59:59Z"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[DATE_TEXT_MAX];
        int64_t wall_s = -1;
        print_message("%s\n", cases[i].name);
        date_format(cases[i].wall_s, text);
        assert_string_equal(text, cases[i].want);
        assert_int_equal(date_parse(text, &wall_s, NULL), 0);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dates_are_read),
        cmocka_unit_test(test_what_is_written_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
