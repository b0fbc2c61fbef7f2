/*
 * auth_reply: a decision in the words of nginx's auth_http protocol.
 *
 * Pure. `Auth-Status: OK` is written nowhere else, and only for a verdict that is ACCEPT and has a
 * route. nginx mail ignores the HTTP status (a 500 with OK logs in: measured), so it is 200 always.
 * For SMTP the code goes into Auth-Error-Code; POP3 and IMAP clients see the text of Auth-Status
 * alone, so there the code stands in it.
 */
#ifndef MAILREEVE_AUTH_REPLY_H
#define MAILREEVE_AUTH_REPLY_H

#include <stdbool.h>

#include "answer.h"
#include "decide.h"
#include "route.h"
#include "secret.h"

/* The session goes on to the server of the route as that user, "": as nobody. user is encoded for
 * XCLIENT already. It is always said, and with the method none so is that there is no password:
 * that takes back those of an earlier, refused AUTH, which nginx would hand to the server. password
 * is what nginx is to log in with there, if it is not what the client sent; empty: there is none,
 * and with a method that has none nginx is told so. Returns 0, or -1 if this cannot be said in the
 * room there is: nothing may be sent then. */
int auth_reply_accept(struct answer *answer_r, const struct route *route, const char *user,
                      const struct secret *password, enum auth_method method);

/* Whether nginx would hear that password as it is: it drops spaces around a header's value, and
 * bytes that end a header line would end more than that. An empty one is no password: true. */
bool auth_reply_takes_password(const struct secret *password);

/* Any verdict but ACCEPT. */
void auth_reply_refuse(struct answer *answer_r, const struct verdict *verdict,
                       enum protocol protocol);

/* "Ask me again in that many seconds": the client waits and hears nothing. */
void auth_reply_wait(struct answer *answer_r, unsigned wait_s);

#endif
