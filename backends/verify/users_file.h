/*
 * users_file: the file of local users: one `name:hash:options` a line.
 *
 *     printer@acme.example:$y$j9T$...:networks=192.0.2.0/24 2001:db8::/32,protocols=smtp
 *     boss@acme.example:$y$j9T$...:comment=third floor, left
 *
 * Options, separated by commas: disabled; protocols=smtp pop3 imap; networks=PREFIX...;
 * comment=TEXT (to the end of the line, so it comes last). The options and their colon may be left
 * out; empty lines are skipped; '#' begins a comment at the start of a line. A malformed line is an
 * error with its number; a name that stands twice is one too. Pure; immutable once parsed, then
 * safe for any number of threads. Names compare without case; looking one up costs the same for ten
 * as for a million.
 */
#ifndef MAILREEVE_USERS_FILE_H
#define MAILREEVE_USERS_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "err.h"
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

/* Parses a whole file; text is only read, it and file are copied. Calls problem for each bad line.
 * Returns NULL if there was one; no error text repeats a hash. */
struct users_file *users_file_parse(const char *text, size_t length, const char *file,
                                    void (*problem)(void *context, struct origin origin,
                                                    const struct err *err),
                                    void *context);
void users_file_free(struct users_file *users); /* NULL is allowed */

size_t users_file_count(const struct users_file *users);

/* Returns the entry of a name in lower case, or NULL. */
const struct user_entry *users_file_find(const struct users_file *users, const char *name);

/* Entries in the order of the file. */
const struct user_entry *users_file_at(const struct users_file *users, size_t index);

/* A hash of the kind and cost that most users have; NULL if there are no users. */
const char *users_file_typical_hash(const struct users_file *users);

#endif
