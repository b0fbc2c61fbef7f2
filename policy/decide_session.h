/*
 * decide_session: who a session without AUTH at nginx is, and what its listener demands of it.
 *
 * Pure. Internal to the decide_*.c files; each is a rule of their tables.
 */
#ifndef MAILREEVE_DECIDE_SESSION_H
#define MAILREEVE_DECIDE_SESSION_H

#include "question.h"

/* nginx ends TLS, so that the message guard asks only where the mail server knows of it. */
bool session_ask_tls(const struct question *question);

/* Who has authenticated: at the message guard by what the mail server says, else by an open relay
 * window. The one replaces the other (NetMail): who has logged in is looked for in no window. */
bool session_ask_user(const struct question *question);

/* SMG 2, NetMail. */
bool session_ask_auth(const struct question *question);

/* The delegated files of the user's, the sender's and the recipient's organization. */
bool session_ask_intact(const struct question *question);

#endif
