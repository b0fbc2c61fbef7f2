/*
 * clock: the only reader of the system's clocks.
 *
 * Thread-safe. Decisions never read a clock; they get the time as an argument.
 */
#ifndef MAILREEVE_CLOCK_H
#define MAILREEVE_CLOCK_H

#include <stdint.h>

/* Monotonic time in milliseconds, for deadlines and windows. */
int64_t clock_now_ms(void);

/* Monotonic time in microseconds, for measuring how long something took. */
int64_t clock_now_us(void);

/* Wall-clock time in milliseconds since 1970, for logs. */
int64_t clock_wall_ms(void);

#endif
