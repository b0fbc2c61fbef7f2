/*
 * smtp_client: one conversation with an SMTP server, to learn whether it takes a name and password.
 *
 * One thread's own, over a conn. Two steps, because a failure of the first says something about the
 * server and one of the second may be about this name alone. Base64 and line buffers are wiped. The
 * caller opens and closes the conn.
 */
#ifndef MAILREEVE_SMTP_CLIENT_H
#define MAILREEVE_SMTP_CLIENT_H

#include "conn.h"
#include "deadline.h"
#include "err.h"
#include "secret.h"

enum smtp_tls { SMTP_TLS_STARTTLS = 0, SMTP_TLS_IMPLICIT, SMTP_TLS_NONE };

/* How to talk to a server. Borrowed for the call. */
struct smtp_manner {
    enum smtp_tls tls;
    const struct tls_context *tls_context; /* unless tls is SMTP_TLS_NONE */
    const char *host;                      /* what the certificate must name */
    const char *helo;
    unsigned mechanisms; /* mask of SMTP_MECHANISM_BIT(): those that may be used */
};

/* Reads the greeting, says EHLO, starts TLS and says EHLO again (what was offered in clear is
 * forgotten), and chooses the first mechanism that both sides know. Never goes on without TLS
 * unless the manner says so. Returns 0 with the mechanism, or -1 with err. */
int smtp_client_greet(struct conn *conn, const struct smtp_manner *manner, struct deadline deadline,
                      int *mechanism_r, struct err *err);

enum smtp_judgement {
    SMTP_NOT_JUDGED = 0, /* an outage, a broken line, a code that says nothing about the password */
    SMTP_REFUSED_US,     /* 502, 503, 504, 530, 534, 538: the way we ask is wrong */
    SMTP_RIGHT,          /* 235 */
    SMTP_WRONG,          /* 535 after the name or the password was sent */
};

/* AUTH (RFC 4954, 4616) with the mechanism; err says what was answered unless the password is
 * right, and never holds an echo of it. */
enum smtp_judgement smtp_client_authenticate(struct conn *conn, int mechanism, const char *user,
                                             const struct secret *password,
                                             struct deadline deadline, struct err *err);

/* Says QUIT and does not wait. */
void smtp_client_quit(struct conn *conn);

#endif
