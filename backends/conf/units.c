#include "units.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "ascii.h"

struct unit {
    const char *word;
    int64_t factor;
};

/* Largest first, for formatting. */
static const struct unit duration_units[] = {
    {"d", INT64_C(24) * 60 * 60 * 1000},
    {"h", 60 * 60 * 1000},
    {"min", 60 * 1000},
    {"s", 1000},
    {"ms", 1},
    {NULL, 0},
};

static const struct unit size_units[] = {
    {"G", INT64_C(1) << 30}, {"M", 1 << 20}, {"k", 1 << 10}, {"", 1}, {NULL, 0},
};

/* Reads the digits that text begins with. Returns what is behind them, or NULL with err. */
static const char *
read_digits(const char *text, int64_t *number_r, struct err *err)
{
    int64_t number = 0;
    const char *at = text;
    for (; ascii_is_digit(*at); at++) {
        int64_t digit = *at - '0';
        if (number > (INT64_MAX - digit) / 10) {
            err_set(err, "\"%s\" is too large", text);
            return NULL;
        }
        number = number * 10 + digit;
    }
    if (at == text) {
        err_set(err, "\"%s\" is not a number", text);
        return NULL;
    }
    *number_r = number;
    return at;
}

static int
parse_with_unit(const char *text, const struct unit *units, const char *wanted, int64_t *value_r,
                struct err *err)
{
    int64_t number;
    const char *word = read_digits(text, &number, NULL);
    if (word != NULL && number == 0 && *word == '\0') {
        *value_r = 0;
        return 0;
    }
    const struct unit *unit = units;
    while (word != NULL && unit->word != NULL && strcmp(unit->word, word) != 0)
        unit++;
    if (word == NULL || unit->word == NULL) {
        err_set(err, "\"%s\" is not %s", text, wanted);
        return -1;
    }
    if (number > INT64_MAX / unit->factor) {
        err_set(err, "\"%s\" is too large", text);
        return -1;
    }
    *value_r = number * unit->factor;
    return 0;
}

static void
format_with_unit(int64_t value, const struct unit *units, char text_r[UNITS_TEXT_MAX])
{
    if (value == 0) {
        snprintf(text_r, UNITS_TEXT_MAX, "0");
        return;
    }
    const struct unit *unit = units;
    while (value % unit->factor != 0)
        unit++;
    snprintf(text_r, UNITS_TEXT_MAX, "%" PRId64 "%s", value / unit->factor, unit->word);
}

int
number_parse(const char *text, int64_t *number_r, struct err *err)
{
    const char *behind = read_digits(text, number_r, err);
    if (behind == NULL)
        return -1;
    if (*behind != '\0') {
        err_set(err, "\"%s\" is not a number", text);
        return -1;
    }
    return 0;
}

int
duration_parse(const char *text, int64_t *ms_r, struct err *err)
{
    return parse_with_unit(text, duration_units,
                           "a duration (a number with ms, s, min, h or d, as 30s or 15min)", ms_r,
                           err);
}

void
duration_format(int64_t ms, char text_r[UNITS_TEXT_MAX])
{
    format_with_unit(ms, duration_units, text_r);
}

int
size_parse(const char *text, int64_t *bytes_r, struct err *err)
{
    return parse_with_unit(text, size_units,
                           "a size (a number of bytes, or one with k, M or G, as 10k or 4M)",
                           bytes_r, err);
}

void
size_format(int64_t bytes, char text_r[UNITS_TEXT_MAX])
{
    format_with_unit(bytes, size_units, text_r);
}
