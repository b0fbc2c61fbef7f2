/*
 * names: host names turned into addresses without making a session wait.
 *
 * Thread-safe. One background thread asks the system's resolver (getaddrinfo has no deadline) for
 * every name that was registered, at once and then every names_interval seconds; a look-up reads
 * the last answer. A failed refresh keeps the old addresses. An address literal needs no thread.
 */
#ifndef MAILREEVE_NAMES_H
#define MAILREEVE_NAMES_H

#include <stddef.h>
#include <sys/socket.h>

#include "err.h"

enum { NAMES_ADDRESSES_MAX = 8 };

struct endpoint {
    struct sockaddr_storage address;
    socklen_t length;
};

/* One "host:port", "[2001:db8::1]:port" or "unix:/path", registered. */
struct name;

/* Registers a name; the same text gives the same struct with one more reference. Asks nobody yet.
 * default_port 0: the port must be there. Returns NULL with err if the text is malformed. */
struct name *name_open(const char *text, unsigned default_port, struct err *err);
void name_close(struct name *name); /* NULL is allowed */

/* Begins to resolve it, now and then again. A name that does not resolve (yet) is not an error. */
void name_start(struct name *name);

/* The host as written (for TLS and logs), and the port. */
const char *name_host(const struct name *name);
unsigned name_port(const struct name *name);

/* Copies the addresses known now; returns how many, 0 with err if there are none (yet). Starts the
 * name if need be and waits for its first answer at most wait_ms. */
size_t name_endpoints(struct name *name, int wait_ms,
                      struct endpoint endpoints_r[NAMES_ADDRESSES_MAX], struct err *err);

/* "192.0.2.1:25", "[2001:db8::1]:25" or "unix:/path" */
void endpoint_format(const struct endpoint *endpoint, char *text_r, size_t size);

#endif
