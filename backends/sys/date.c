#include "date.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "ascii.h"

static const int64_t last_s = 253402300799; /* 9999-12-31T23:59:59Z */

/* Whether text looks like the form, where '0' stands for any digit. */
static bool
has_form(const char *text, const char *form)
{
    for (; *form != '\0'; text++, form++)
        if (*form == '0' ? !ascii_is_digit(*text) : *text != *form)
            return false;
    return *text == '\0';
}

static int
number(const char *text, int digits)
{
    int value = 0;
    for (int i = 0; i < digits; i++)
        value = value * 10 + (text[i] - '0');
    return value;
}

int
date_parse(const char *text, int64_t *wall_s_r, struct err *err)
{
    bool has_time = has_form(text, "0000-00-00T00:00:00Z");
    if (!has_time && !has_form(text, "0000-00-00")) {
        err_set(err, "not a date (like 2027-01-31, or 2027-01-31T12:00:00Z)");
        return -1;
    }
    const struct tm given = {
        .tm_year = number(text, 4) - 1900,
        .tm_mon = number(text + 5, 2) - 1,
        .tm_mday = number(text + 8, 2),
        .tm_hour = has_time ? number(text + 11, 2) : 0,
        .tm_min = has_time ? number(text + 14, 2) : 0,
        .tm_sec = has_time ? number(text + 17, 2) : 0,
    };
    struct tm normal = given;
    time_t wall_s = timegm(&normal);
    if (normal.tm_mon != given.tm_mon || normal.tm_mday != given.tm_mday ||
        normal.tm_hour != given.tm_hour || normal.tm_min != given.tm_min ||
        normal.tm_sec != given.tm_sec || wall_s < 0) {
        err_set(err, "no such date, or before 1970");
        return -1;
    }
    *wall_s_r = wall_s;
    return 0;
}

void
date_format(int64_t wall_s, char text_r[DATE_TEXT_MAX])
{
    time_t time = wall_s < 0 ? 0 : wall_s > last_s ? last_s : wall_s;
    struct tm parts;
    gmtime_r(&time, &parts);
    strftime(text_r, DATE_TEXT_MAX, "%Y-%m-%dT%H:%M:%SZ", &parts);
}
