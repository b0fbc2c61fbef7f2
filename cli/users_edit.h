/*
 * users_edit: changes to the text of a users file that leave every other byte as it is.
 *
 * Pure: text in, text out; what users_file.h says about the format holds. Comments, empty lines and
 * the order of the lines stay. Lines are counted from 1. Results are the caller's to free, with
 * their length in length_r and a NUL behind them.
 */
#ifndef MAILREEVE_USERS_EDIT_H
#define MAILREEVE_USERS_EDIT_H

#include <stddef.h>

#include "err.h"

enum users_edit_disabled { USERS_EDIT_KEEP = 0, USERS_EDIT_DISABLE, USERS_EDIT_ENABLE };

/* The options of a line, as the operator gave them; NULL: not given, so that what a line has stays;
 * "": none. */
struct users_edit_options {
    enum users_edit_disabled disabled;
    const char *protocols, *networks; /* separated by commas or spaces */
    const char *smtp_auth;
    const char *created, *expires;
    const char *comment;
};

/* Writes a line "name:hash:options"; the name of an app password is "USER APP". Returns NULL with
 * err if a part holds a character that would end it too soon; whether networks and the like make
 * sense is for users_file_parse to say. */
char *users_edit_format(const char *name, const char *hash,
                        const struct users_edit_options *options, struct err *err);

/* The text with a line added at its end. */
char *users_edit_append(const char *text, size_t length, const char *line, size_t *length_r);

/* The text with another hash in the given line, which must have one. */
char *users_edit_set_hash(const char *text, size_t length, unsigned line, const char *hash,
                          size_t *length_r);

/* The text with other options in the given line, whose name and hash stay. Returns NULL with err,
 * as users_edit_format. */
char *users_edit_set_options(const char *text, size_t length, unsigned line,
                             const struct users_edit_options *options, size_t *length_r,
                             struct err *err);

/* The text without the given lines, which are in ascending order. */
char *users_edit_remove(const char *text, size_t length, const unsigned *lines, size_t count,
                        size_t *length_r);

/* Where the last look-up of a line ended: those in ascending order cost no search from the
 * beginning. Begins all zero. */
struct users_edit_place {
    size_t start;
    unsigned line;
};

/* The value of an option ("networks") of the given line as written there; NULL: not there. */
char *users_edit_option(const char *text, size_t length, struct users_edit_place *place,
                        unsigned line, const char *option);

#endif
