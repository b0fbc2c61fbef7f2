/*
 * units: numbers with a unit behind them, as text and back.
 *
 * Pure. A unit follows its number at once ("15min"); there are no fractions, no signs and no sums.
 * Formatting takes the largest unit that leaves nothing over, so it parses to the same number.
 */
#ifndef MAILREEVE_UNITS_H
#define MAILREEVE_UNITS_H

#include <stdint.h>

#include "err.h"

enum { UNITS_TEXT_MAX = 32 };

/* A decimal number, not negative. Returns 0, or -1 with err. */
int number_parse(const char *text, int64_t *number_r, struct err *err);

/* ms s min h d; only 0 may go without. Milliseconds. */
int duration_parse(const char *text, int64_t *ms_r, struct err *err);
void duration_format(int64_t ms, char text_r[UNITS_TEXT_MAX]);

/* k M G, powers of 1024, or none. Bytes. */
int size_parse(const char *text, int64_t *bytes_r, struct err *err);
void size_format(int64_t bytes, char text_r[UNITS_TEXT_MAX]);

#endif
