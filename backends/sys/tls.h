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

struct tls_settings {
    const char *ca_file;              /* PEM file of trusted roots; NULL: the system's */
    bool no_verify;                   /* the administrator wants no proof of who the server is */
    const char *cert_file, *key_file; /* what we show of ourselves, PEM; NULL: nothing. Without
                                         key_file the key is in cert_file; a key that others can
                                         read is refused, as file_read_secret does */
};

/* Returns NULL with err. */
struct tls_context *tls_context_create(const struct tls_settings *settings, struct err *err);
void tls_context_free(struct tls_context *context); /* NULL is allowed */

/* Lends what the context trusts and what we show of ourselves to another library's SSL_CTX, which
 * keeps references to them; whether and whose certificates are verified is that library's to see
 * to. */
void tls_context_lend(const struct tls_context *context, void *ssl_ctx);

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
