/*
 * decide_sender: the rules about who a session without AUTH says that it is, and from where.
 *
 * Pure. Internal to the decide_*.c files; each is a rule of decide_recipient's table, and of
 * decide_mail's where it does not hang on the recipient. The null
 * sender <> is in no organization and is never refused for its sender.
 */
#ifndef MAILREEVE_DECIDE_SENDER_H
#define MAILREEVE_DECIDE_SENDER_H

#include "question.h"

/* MDaemon: "Mail from 'Postmaster', 'abuse', 'webmaster' must be authenticated". */
bool sender_ask_role(const struct question *question);

/* SMG 9, 10, 12, 13; MDaemon: "Authentication is always required when mail is from local accounts"
 * and both of its "...unless". */
bool sender_ask_auth(const struct question *question);

/* The same, at MAIL: only what is demanded whoever the recipient will be. */
bool sender_ask_always(const struct question *question);

/* SMG 11, 18; MDaemon: "Credentials used must match those of the return-path address". At the
 * front door only a relay window authenticates a session here: what AUTH authenticated is the
 * message guard's. What the user's account says is asked, then his organization, then the sender's
 * (decide_match.c). */
bool sender_ask_match(const struct question *question);

/* MDaemon: "Authentication is always required when mail is sent from local IPs". */
bool sender_ask_address(const struct question *question);

#endif
