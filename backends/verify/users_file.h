/*
 * users_file: the file of local users: one `name:hash:options` a line.
 *
 *     printer@acme.example:$y$j9T$...:networks=192.0.2.0/24 2001:db8::/32,protocols=smtp
 *     boss@acme.example:$y$j9T$...:comment=third floor, left
 *     boss@acme.example phone:{SSHA256}...:expires=2027-01-31,networks=192.0.2.0/24
 *
 * hash is what stored.h knows. Options, separated by commas: disabled; protocols=smtp pop3 imap;
 * networks=PREFIX...; smtp_auth=any-sender, matching-sender or no (SMG 18); comment=TEXT (to the
 * end of the line, so it comes last). A line with a second word before the hash is an app password
 * of that name, for the account of the first word, wherever that is known: here or in a directory.
 * Its options are networks, comment, created=DATE and expires=DATE (the first moment, UTC, at which
 * it does not work any more), as date.h reads them; its hash must not take megabytes, for all of a
 * user's are compared. The options and their colon may be left out; empty lines are skipped; '#'
 * begins a comment at the start of a line. A malformed line is an error with its number; a name
 * that stands twice is one too. Pure; immutable once parsed, then safe for any number of threads.
 * Names compare without case; looking one up costs the same for ten as for a million.
 */
#ifndef MAILREEVE_USERS_FILE_H
#define MAILREEVE_USERS_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "list.h"
#include "origin.h"
#include "outcome.h"

struct user_entry {
    const char *name; /* lower case */
    const char *hash;
    bool disabled;
    unsigned protocols; /* mask of PROTOCOL_BIT(); 0: all */
    enum smtp_auth smtp_auth;
    const struct list *networks; /* NULL: anywhere */
    const char *comment;         /* NULL: none */
    struct origin origin;
};

struct app_password {
    const char *user; /* lower case */
    const char *name; /* as written */
    const char *hash;
    int64_t created_s, expires_s; /* wall clock; 0: not known, never */
    const struct list *networks;  /* NULL: anywhere */
    const char *comment;          /* NULL: none */
    struct origin origin;
    const struct app_password *next; /* of the same user, in the order of the file; or NULL */
};

/* No user has more: each costs a comparison. */
enum { APP_PASSWORDS_MAX = 100 };

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

/* The first app password of a user's name in lower case, or NULL. */
const struct app_password *users_file_app_passwords(const struct users_file *users,
                                                    const char *user);

/* App passwords in the order of the file. */
size_t users_file_app_count(const struct users_file *users);
const struct app_password *users_file_app_at(const struct users_file *users, size_t index);

/* The app password of a line of the file, or NULL. */
const struct app_password *users_file_app_of_line(const struct users_file *users, unsigned line);

/* Whether the password of any user stands there in clear. */
bool users_file_knows_clear(const struct users_file *users);

#endif
