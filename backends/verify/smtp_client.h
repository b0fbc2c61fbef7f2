/*
 * smtp_client: a conversation with an SMTP server up to where questions are put, and the one
 * whether it takes a name and password (smtp_callahead.h is the other).
 *
 * One thread's own, over a conn. Greeting and question are apart, because a failure of the first
 * says something about the server and one of the second may be about this name alone. Base64 and
 * line buffers are wiped. The caller opens and closes the conn.
 */
#ifndef MAILREEVE_SMTP_CLIENT_H
#define MAILREEVE_SMTP_CLIENT_H

#include "conn.h"
#include "deadline.h"
#include "err.h"
#include "secret.h"
#include "smtp_reply.h"
#include "smtp_talk.h"

enum smtp_tls { SMTP_TLS_STARTTLS = 0, SMTP_TLS_IMPLICIT, SMTP_TLS_NONE };

/* How to talk to a server. Borrowed for the call. */
struct smtp_manner {
    enum smtp_tls tls;
    const struct tls_context *tls_context; /* unless tls is SMTP_TLS_NONE */
    const char *host;                      /* what the certificate must name */
    const char *helo;
};

/* Reads the greeting, says EHLO, starts TLS and says EHLO again (what was offered in clear is
 * forgotten). Never goes on without TLS unless the manner says so. Returns SMTP_YES with what the
 * server offers; else err tells: SMTP_REFUSED_US after a 5xx or where TLS is not offered,
 * SMTP_NOT_JUDGED after everything else. */
enum smtp_judgement smtp_client_greet(struct conn *conn, const struct smtp_manner *manner,
                                      struct deadline deadline, struct smtp_reply *offer_r,
                                      struct err *err);

/* AUTH (RFC 4954, 4616) with the first mechanism that is offered and in the mask of
 * SMTP_MECHANISM_BIT(). SMTP_YES: 235. SMTP_NO: 535 after the name or the password was sent.
 * SMTP_REFUSED_US: 502, 503, 504, 530, 534, 538, or no mechanism in common. err says what was
 * answered unless the password is right, and never holds an echo of it. */
enum smtp_judgement smtp_client_authenticate(struct conn *conn, const struct smtp_reply *offer,
                                             unsigned mechanisms, const char *user,
                                             const struct secret *password,
                                             struct deadline deadline, struct err *err);

/* Says QUIT and does not wait. */
void smtp_client_quit(struct conn *conn);

#endif
