/*
 * users_file: the file of local users: one `name:hash:options` a line.
 *
 *     printer@acme.example:$y$j9T$...:networks=192.0.2.0/24
 * 2001:db8::/32,protocols=smtp,comment=third floor
 *
 * Options, separated by commas: disabled; protocols=smtp pop3 imap; networks=PREFIX...;
 * comment=TEXT (to the end of the line). '#' begins a comment at the start of a line. A malformed
 * line is an error with its number; a name that stands twice is one too. Immutable once parsed;
 * names compare without case.
 */
#ifndef MAILREEVE_USERS_FILE_H
#define MAILREEVE_USERS_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "list.h"
#include "origin.h"

struct user_entry {
    const char *name; /* lower case */
    const char *hash;
    bool disabled;
    unsigned protocols;    /* mask of PROTOCOL_BIT(); 0: all */
    struct list *networks; /* NULL: anywhere */
    const char *comment;   /* NULL: none */
    struct origin origin;
};

struct users_file;

/* Parses a whole file; file is copied. Calls problem for each bad line. Returns NULL if there was
 * one. text is only read. */
struct users_file *users_file_parse(const char *text, size_t length, const char *file,
                                    void (*problem)(void *context, struct origin origin,
                                                    const struct err *err),
                                    void *context);
void users_file_free(struct users_file *users); /* NULL is allowed */

size_t users_file_count(const struct users_file *users);
const struct user_entry *users_file_find(const struct users_file *users, const char *name);
/* Entries in the order of the file. */
const struct user_entry *users_file_at(const struct users_file *users, size_t index);

#endif
