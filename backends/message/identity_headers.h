/*
 * identity_headers: whom a message shows to its reader as author and sender.
 *
 * Pure; each by one thread at a time. Reads From:, Sender:, Resent-From: and Resent-Sender: as RFC
 * 5322, 2047, 6532 and 6854 write them: folded, with comments, quoted and encoded words, quoted
 * local parts, groups, several mailboxes, IDNA and UTF-8. GMime (libgmime-3.0) takes them apart;
 * because it is lenient, and readers' programs differ, what is found is the union of its mailboxes
 * and of all that looks like an address anywhere in the decoded text, and a header that could be
 * read in another way has a fault. Nothing that a reader may take for an address is left out:
 * whoever owns all that is found, shows nothing else.
 *
 * Of the headers of each name, these and their names, no more than IDENTITY_HEADERS_BYTES_MAX are
 * looked at: a message may be as large as it likes, it costs two tenths of a second. A header that
 * does not fit is left out whole.
 */
#ifndef MAILREEVE_IDENTITY_HEADERS_H
#define MAILREEVE_IDENTITY_HEADERS_H

#include <stdbool.h>
#include <stddef.h>

#include "shown_address.h"

/* Once, before any thread uses this: GMime's own. */
void identity_headers_begin_process(void);

struct identity_headers;

/* A thousand addresses, each with a name. */
enum { IDENTITY_HEADERS_BYTES_MAX = 80 * 1024 };

struct identity_headers *identity_headers_create(void);       /* never NULL */
void identity_headers_free(struct identity_headers *headers); /* NULL is allowed */

/* Whether a header of that name (any case) is to be added. */
bool identity_headers_want(const char *name);

/* Takes a header's value of length bytes as it stands in the message, folded or not; it may hold
 * NULs, which are a fault. */
void identity_headers_add(struct identity_headers *headers, const char *name, const char *value,
                          size_t length);

/* The end of the headers: no From: is a fault. */
void identity_headers_end(struct identity_headers *headers);

/* What has been found, *count_r of them, each once; borrowed, until the next call. */
const struct shown_address *identity_headers_shown(const struct identity_headers *headers,
                                                   size_t *count_r);

/* Why it cannot be told whom the message shows, the first that was found: "From: more than one way
 * to read it". It has no bytes of the client's; borrowed. NULL: it can be told. */
const char *identity_headers_fault(const struct identity_headers *headers);

/* Why the message may show anybody beside what has been found, which is a fault too: there is more
 * than has been looked at, or what some readers see cannot be told. NULL: it shows nobody else. */
const char *identity_headers_hide(const struct identity_headers *headers);

/* Whether From: may have authors beside those that have been found: there is more of it than has
 * been looked at. */
bool identity_headers_miss_authors(const struct identity_headers *headers);

#endif
