/*
 * users_watch: a users file that is read again when it has changed.
 *
 * Thread-safe. The parsed file is counted: whoever borrows from it holds it. It is looked at most
 * once a second, by one session at a time while the others go on with what is there; one that
 * somebody is writing is read later, and one that is broken changes nothing and is logged once.
 */
#ifndef MAILREEVE_USERS_WATCH_H
#define MAILREEVE_USERS_WATCH_H

#include <stdbool.h>

#include "err.h"
#include "held.h"
#include "origin.h"

struct users_watch;

/* Reads the file; source, the source's name, is for the log. Strings are borrowed. Returns NULL
 * after telling problem about each problem; one with the line 0 is about the file as a whole. */
struct users_watch *users_watch_open(const char *source, const char *file,
                                     void (*problem)(void *context, struct origin origin,
                                                     const struct err *err),
                                     void *context);
void users_watch_close(struct users_watch *watch); /* NULL is allowed */

/* Looks whether the file has changed, if it is time to. */
void users_watch_look(struct users_watch *watch);

/* Holds the struct users_file that was read last; the caller drops it. */
struct held *users_watch_take(struct users_watch *watch);

/* Whether that has passwords in clear. */
bool users_watch_knows_clear(const struct users_watch *watch);

#endif
