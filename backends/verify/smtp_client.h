/*
 * smtp_client: a conversation with an SMTP server up to where questions are put (smtp_auth.h and
 * smtp_callahead.h).
 *
 * One thread's own, over a conn. Greeting and question are apart, because a failure of the first
 * says something about the server and one of the second may be about this name alone. The caller
 * opens and closes the conn.
 */
#ifndef MAILREEVE_SMTP_CLIENT_H
#define MAILREEVE_SMTP_CLIENT_H

#include "conn.h"
#include "deadline.h"
#include "err.h"
#include "smtp_reply.h"
#include "smtp_talk.h"
#include "smtp_xclient.h"

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

/* Tells the server by XCLIENT whom we ask for, if it offers to hear that; what it offers from then
 * on replaces what it offered. Returns as smtp_client_greet does. The client may have chosen what
 * is told, so a failure says nothing about the server. */
enum smtp_judgement smtp_client_forward(struct conn *conn, const char *helo,
                                        const struct smtp_xclient *xclient,
                                        struct smtp_reply *offer, struct deadline deadline,
                                        struct err *err);

/* Says QUIT and does not wait. */
void smtp_client_quit(struct conn *conn);

#endif
