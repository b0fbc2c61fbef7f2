/* What the tables of cases have in common: a failure names the case, which is a sentence. */
#ifndef MAILREEVE_CASES_H
#define MAILREEVE_CASES_H

/* cmocka wants these before itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <string.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* A string literal with its length, for texts that hold a NUL. */
#define BYTES(literal) (literal), sizeof(literal) - 1

#define CHECK(name, condition)                      \
    do {                                            \
        if (!(condition))                           \
            fail_msg("%s: %s", (name), #condition); \
    } while (0)

#define CHECK_TEXT(name, got, want)                                         \
    do {                                                                    \
        if (strcmp((got), (want)) != 0)                                     \
            fail_msg("%s: got \"%s\", want \"%s\"", (name), (got), (want)); \
    } while (0)

#endif
