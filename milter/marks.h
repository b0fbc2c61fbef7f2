/*
 * marks: the headers by which the filters behind see what the guard knows of a message, and that
 * nobody else may have written: Authentication-Results of our host's name (RFC 8601), and those of
 * the `rule` sections with action tag.
 *
 * One thread at a time. All headers are looked at as they come; what is forged is removed, and ours
 * are added, at the end, because a mail server lets headers be changed no sooner.
 */
#ifndef MAILREEVE_MARKS_H
#define MAILREEVE_MARKS_H

#include "authentication_results.h"
#include "mta.h"
#include "site.h"

struct marks;

/* host: in whose name the results are; NULL: results are neither removed nor added. Borrows both.
 * Never NULL. */
struct marks *marks_create(const struct site *site, const char *host);
void marks_free(struct marks *marks); /* NULL is allowed */

/* A header as it came. Returns 0, or -1 if the message has more forged headers than anybody sends:
 * each costs the mail server a search through the message. */
int marks_look(struct marks *marks, const char *name, const char *value);

/* The message is to have the rule's header; several times is once. */
void marks_tag(struct marks *marks, const struct rule *rule);

/* The tags' names, "a,b", for the log; borrowed; NULL: there are none. */
const char *marks_tags(const struct marks *marks);

/* Changes the message. user: who has authenticated, NULL: nobody. Returns 0, or -1 if the mail
 * server did not take it, or the results cannot be written: the message must not go on then. */
int marks_apply(const struct marks *marks, const struct mta *mta, const char *user,
                enum authenticated_by by);

#endif
