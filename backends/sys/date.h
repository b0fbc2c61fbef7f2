/*
 * date: days and times in UTC as text (RFC 3339), for files that people edit.
 *
 * Pure.
 */
#ifndef MAILREEVE_DATE_H
#define MAILREEVE_DATE_H

#include <stdint.h>

#include "err.h"

enum { DATE_TEXT_MAX = 32 };

/* Reads "2027-01-31", the first second of that day, or "2027-01-31T12:00:00Z", as seconds since
 * 1970. Returns 0, or -1 with err. */
int date_parse(const char *text, int64_t *wall_s_r, struct err *err);

/* Writes the second form. Later than the year 9999 is written as the end of that. */
void date_format(int64_t wall_s, char text_r[DATE_TEXT_MAX]);

#endif
