/*
 * users_line: one line of a users file, cut into its fields (the format is users_file.h's).
 *
 * Pure. Fields point into the line.
 */
#ifndef MAILREEVE_USERS_LINE_H
#define MAILREEVE_USERS_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "network_lists.h"
#include "outcome.h"

struct users_line {
    const char *name; /* lower case */
    const char *app;  /* the app password's name; NULL: this is a user */
    const char *hash;
    bool disabled;
    unsigned protocols; /* mask of PROTOCOL_BIT(); 0: all */
    enum smtp_auth smtp_auth;
    const struct list *networks; /* NULL: anywhere */
    const char *comment;         /* NULL: none */
    int64_t created_s, expires_s;
};

/* Cuts a line that is neither empty nor a comment, of length bytes and with a NUL behind them.
 * Returns 0, or -1 with err, which repeats no hash. */
int users_line_parse(char *line, size_t length, struct network_lists *networks,
                     struct users_line *line_r, struct err *err);

/* "any-sender", "matching-sender" or "no". */
const char *smtp_auth_name(enum smtp_auth smtp_auth);

#endif
