/*
 * conn: a byte stream to a server, plain or TLS, whose every wait ends at a deadline.
 *
 * One thread's own. Text protocols read lines from it. After any -1 the connection is good for
 * conn_close only. Writes never raise SIGPIPE.
 */
#ifndef MAILREEVE_CONN_H
#define MAILREEVE_CONN_H

#include <stdbool.h>
#include <stddef.h>

#include "deadline.h"
#include "endpoint.h"
#include "err.h"
#include "netaddr.h"
#include "tls.h"

struct conn;

/* Connects to one endpoint. Returns NULL with err. is_shortage (NULL is allowed) becomes true if we
 * failed for want of something of our own (shortage.h), which says nothing about the server; it is
 * left alone otherwise. */
struct conn *conn_open(const struct endpoint *endpoint, struct deadline deadline, bool *is_shortage,
                       struct err *err);
void conn_close(struct conn *conn); /* NULL is allowed; does not wait */

/* Starts TLS; host is what the certificate must name and what SNI carries (RFC 6066: not for
 * address literals). Bytes that were received in clear and not read are an error: somebody injected
 * them (CVE-2011-0411). Returns 0 or -1. */
int conn_start_tls(struct conn *conn, const struct tls_context *context, const char *host,
                   struct deadline deadline, struct err *err);

bool conn_has_tls(const struct conn *conn);

/* Writes all bytes. Returns 0 or -1. */
int conn_write(struct conn *conn, const char *bytes, size_t length, struct deadline deadline,
               struct err *err);

/* Reads a line up to LF, without its CR LF or LF, into line_r (size bytes, terminated). A line that
 * does not fit and an end of the stream are errors. Returns its length, or -1. */
int conn_read_line(struct conn *conn, char *line_r, size_t size, struct deadline deadline,
                   struct err *err);

/* Reads what is there, at least one byte and at most size, through the same buffer as
 * conn_read_line; for binary protocols (LDAP). An end of the stream is an error. Returns how many,
 * or -1. */
int conn_read(struct conn *conn, char *bytes_r, size_t size, struct deadline deadline,
              struct err *err);

/* Whether bytes that were received wait to be read. */
bool conn_has_unread(const struct conn *conn);

/* The descriptor, for libraries that want to know one; nobody else reads, writes or closes it. */
int conn_fd(const struct conn *conn);

/* Wipes the buffers: what went through them may have been a password. */
void conn_wipe(struct conn *conn);

/* The address that we came from, as the server sees it unless somebody translates addresses in
 * between. NETADDR_NONE: not by IP. */
struct netaddr conn_own_address(const struct conn *conn);

/* The remote endpoint. */
const struct endpoint *conn_endpoint(const struct conn *conn);

#endif
