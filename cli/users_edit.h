/*
 * users_edit: changes to the text of a users file that leave every other byte as it is.
 *
 * Pure: text in, text out; what users_file.h says about the format holds. Comments, empty lines and
 * the order of the lines stay. Lines are counted from 1. Results are the caller's to free, with
 * their length in length_r and a NUL behind them.
 */
#ifndef MAILREEVE_USERS_EDIT_H
#define MAILREEVE_USERS_EDIT_H

#include <stdbool.h>
#include <stddef.h>

#include "err.h"

/* The options of a new line, as the operator gave them; NULL: not given. */
struct users_edit_options {
    bool disabled;
    const char *protocols, *networks; /* separated by commas or spaces */
    const char *comment;
};

/* Writes a line "name:hash:options". Returns NULL with err if a part holds a character that would
 * end it too soon; whether networks and protocols make sense is for users_file_parse to say. */
char *users_edit_format(const char *name, const char *hash,
                        const struct users_edit_options *options, struct err *err);

/* The text with a line added at its end. */
char *users_edit_append(const char *text, size_t length, const char *line, size_t *length_r);

/* The text with another hash in the given line, which must have one. */
char *users_edit_set_hash(const char *text, size_t length, unsigned line, const char *hash,
                          size_t *length_r);

/* The text without the given line. */
char *users_edit_remove(const char *text, size_t length, unsigned line, size_t *length_r);

/* The value of an option ("networks") of the given line as written there; NULL: not there. */
char *users_edit_option(const char *text, size_t length, unsigned line, const char *option);

#endif
