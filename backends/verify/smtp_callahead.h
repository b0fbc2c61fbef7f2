/*
 * smtp_callahead: asks an SMTP server whether it would take mail for a recipient, and sends none.
 *
 * One thread's own, over a conn that smtp_client_greet has greeted. Only what the server says to
 * RCPT can be about the recipient: a no to MAIL means that we are refused, and so do some to RCPT,
 * where servers like to say what they think of the client and of the sender.
 */
#ifndef MAILREEVE_SMTP_CALLAHEAD_H
#define MAILREEVE_SMTP_CALLAHEAD_H

#include <stdbool.h>

#include "conn.h"
#include "deadline.h"
#include "err.h"
#include "mailbox.h"
#include "smtp_reply.h"
#include "smtp_talk.h"

enum { SMTP_ARGUMENT_MAX = MAILBOX_TEXT_MAX + 8 };

/* Writes the recipient as the argument of RCPT: TO:<local@domain>, the local part quoted
 * unless it is a strict Dot-string (RFC 5321 4.1.2), which "a..b" is not. */
void smtp_callahead_argument(const struct mailbox *recipient, char argument_r[SMTP_ARGUMENT_MAX]);

/* Whether SMTP takes the address only with SMTPUTF8 (RFC 6531). */
bool smtp_callahead_needs_utf8(const char *address);

/* MAIL with the sender ("" is the empty one) and RCPT with the recipient; SMTPUTF8 if
 * the recipient needs it, and no question if the server does not offer it then. SMTP_YES: 2xx to
 * RCPT. SMTP_NO: 5xx to RCPT that is about the recipient. SMTP_REFUSED_US: a 5xx to MAIL, and 500,
 * 502 to 504, 521, 530, 535, 538 or a reply that blames us to RCPT. err says what was answered
 * unless it is SMTP_YES. */
enum smtp_judgement smtp_callahead(struct conn *conn, const struct smtp_reply *offer,
                                   const char *sender, const struct mailbox *recipient,
                                   struct deadline deadline, struct err *err);

#endif
