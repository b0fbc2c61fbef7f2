/*
 * http_reply: a decision in the status codes that nginx's auth_request understands.
 *
 * Pure. 204: the page may be shown, and to whom. 401: a login is asked for, and a wrong password
 * and an unknown user look alike. 403: no login helps. 429: too many failures. 503: not now. nginx
 * makes 500 of the last two (nginx-conf/auth-request.conf makes them what they were).
 */
#ifndef MAILREEVE_HTTP_REPLY_H
#define MAILREEVE_HTTP_REPLY_H

#include "answer.h"
#include "decide.h"

enum http_status {
    HTTP_UNAVAILABLE = 0, /* 503 */
    HTTP_ALLOWED,         /* 204 */
    HTTP_LOGIN_WANTED,    /* 401 */
    HTTP_FORBIDDEN,       /* 403 */
    HTTP_TOO_MANY,        /* 429 */
};

/* The status for a decision of protocol http. Where no password can be taken (the listener is
 * unknown, has no logins or wants TLS that is not there), none is asked for: no 401. */
enum http_status http_reply_status(const struct decision *decision, const struct facts *facts);

/* "204" */
const char *http_reply_code(enum http_status status);

/* The page may be shown to that user, whose name is canonical. Returns 0, or -1 if this cannot be
 * said in the room there is: nothing may be sent then. */
int http_reply_accept(struct answer *answer_r, const char *user);

/* Any status but HTTP_ALLOWED. */
void http_reply_refuse(struct answer *answer_r, enum http_status status);

#endif
