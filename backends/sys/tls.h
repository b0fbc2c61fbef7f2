/*
 * tls: TLS towards servers that we ask, by OpenSSL.
 *
 * A context is built once per configuration and shared by threads; it is immutable. TLS 1.2 or
 * later; the certificate chain and the name are verified unless the administrator turned that off
 * for a source. This file, and the hashing in digest.c where it comes to be, are the only ones that
 * include OpenSSL.
 */
#ifndef MAILREEVE_TLS_H
#define MAILREEVE_TLS_H

#include <stdbool.h>

#include "err.h"

struct tls_context;
struct tls_session; /* one connection's; used by conn.c */

/* ca_file: PEM file of trusted roots, or NULL for the system's. Returns NULL with err. */
struct tls_context *tls_context_create(const char *ca_file, bool verify, struct err *err);
void tls_context_free(struct tls_context *context); /* NULL is allowed */

/* Steps of one connection over a non-blocking descriptor, for conn.c. They return the number of
 * bytes, 0 at the peer's orderly end, -1 with err, or one of the two TLS_WANT values, after which
 * the caller polls. */
enum { TLS_WANT_READ = -2, TLS_WANT_WRITE = -3 };

struct tls_session *tls_session_create(const struct tls_context *context, int fd, const char *host,
                                       struct err *err);
void tls_session_free(struct tls_session *session);
int tls_handshake(struct tls_session *session, struct err *err); /* 1 when done */
int tls_read(struct tls_session *session, char *bytes_r, int size, struct err *err);
int tls_write(struct tls_session *session, const char *bytes, int length, struct err *err);

#endif
