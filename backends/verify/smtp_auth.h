/*
 * smtp_auth: asks an SMTP server by AUTH (RFC 4954) whether it takes a name and password.
 *
 * One thread's own, over a conn that smtp_client_greet has greeted. Base64 and line buffers are
 * wiped.
 */
#ifndef MAILREEVE_SMTP_AUTH_H
#define MAILREEVE_SMTP_AUTH_H

#include "conn.h"
#include "deadline.h"
#include "err.h"
#include "secret.h"
#include "smtp_reply.h"
#include "smtp_talk.h"

/* PLAIN (RFC 4616), LOGIN or CRAM-MD5 (RFC 2195), the first that is offered and in the mask of
 * SMTP_MECHANISM_BIT(): in that order within TLS, where the server's users may well have no clear
 * password that CRAM-MD5 could be checked with; without TLS CRAM-MD5 first, which does not show the
 * password. SMTP_YES: 235. SMTP_NO: 535 after the name or the password was sent. SMTP_UNCLEAR:
 * 525, 550 and above after that. SMTP_REFUSED_US: 502, 503, 504, 530, 534, 538, or no mechanism in
 * common. err says what was answered unless the
 * password is right, and never holds an echo of it. */
enum smtp_judgement smtp_auth(struct conn *conn, const struct smtp_reply *offer,
                              unsigned mechanisms, const char *user, const struct secret *password,
                              struct deadline deadline, struct err *err);

#endif
