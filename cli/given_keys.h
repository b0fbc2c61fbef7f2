/*
 * given_keys: the table of the facts that `mailreeve explain` takes.
 *
 * Constant data; pure functions.
 */
#ifndef MAILREEVE_GIVEN_KEYS_H
#define MAILREEVE_GIVEN_KEYS_H

#include "given.h"

/* What a key goes with, and how often. */
enum given_use {
    GIVEN_SESSION = 1, /* a session that nginx asks about */
    GIVEN_MESSAGE = 2, /* stage=message */
    GIVEN_BOTH = GIVEN_SESSION | GIVEN_MESSAGE,
    GIVEN_REPEATS = 4, /* more than once */
};

struct given_key {
    const char *name;
    unsigned use; /* mask of enum given_use */
    /* Takes the value, which outlives given. Returns 0, or -1 with err. */
    int (*set)(struct given *given, const char *value, struct err *err);
    const char *values; /* for the help, as the next; the default is in parentheses */
    const char *help;
};

extern const struct given_key given_keys[]; /* ends with name NULL */
enum { GIVEN_KEYS_MAX = 32 };

/* Makes a command line of "a@b", "<a@b> SIZE=10" or a command line; command is "MAIL FROM:". Free
 * it. */
char *given_command_line(const char *command, const char *value);

#endif
