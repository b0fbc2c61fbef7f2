/*
 * names: host names turned into addresses without making a session wait.
 *
 * Thread-safe. Background threads ask the system's resolver (getaddrinfo has no deadline) for every
 * name that was started, at once and then every NAMES_INTERVAL_MS; a look-up reads the last answer.
 * There are up to 32 of them, so that a tenant's dead DNS zone does not hold up the others' names.
 * A failed refresh keeps the old addresses. Address literals and paths need no thread.
 */
#ifndef MAILREEVE_NAMES_H
#define MAILREEVE_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#include "endpoint.h"
#include "err.h"

enum { NAMES_ADDRESSES_MAX = 8, NAMES_INTERVAL_MS = 60000, NAMES_RETRY_MS = 5000 };

/* One "host:port", "[2001:db8::1]:port" or "unix:/path", registered. */
struct name;

/* Registers a name; the same text gives the same struct with one more reference. Asks nobody yet.
 * default_port 0: the port must be there. Returns NULL with err if the text is malformed. */
struct name *name_open(const char *text, unsigned default_port, struct err *err);
void name_close(struct name *name); /* NULL is allowed */

/* Begins to resolve it, now and then again. A name that does not resolve (yet) is not an error. */
void name_start(struct name *name);

/* The host as written, in lower case, an IPv6 address without brackets (for TLS and logs), and the
 * port; of a unix: name the whole text and 0. */
const char *name_host(const struct name *name);
unsigned name_port(const struct name *name);

/* Copies the addresses known now; returns how many, 0 with err if there are none (yet). Starts the
 * name if need be and waits for its first answer at most wait_ms. */
size_t name_endpoints(struct name *name, int wait_ms,
                      struct endpoint endpoints_r[NAMES_ADDRESSES_MAX], struct err *err);

/* Whether the first answer is still to come. */
bool name_is_pending(struct name *name);

#endif
