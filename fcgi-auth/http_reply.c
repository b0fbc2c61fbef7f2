#include "http_reply.h"

#include <assert.h>

#include "alloc.h"

/* RFC 7617 2.1: charset says that names and passwords are UTF-8. */
static const char challenge[] = "Basic realm=\"mail\", charset=\"UTF-8\"";

static const struct {
    const char *code, *line, *body;
} statuses[] = {
    [HTTP_UNAVAILABLE] = {"503", "503 Service Unavailable", "temporary failure, try again later\n"},
    [HTTP_ALLOWED] = {"204", "204 No Content", NULL},
    [HTTP_LOGIN_WANTED] = {"401", "401 Unauthorized", "a login is required\n"},
    [HTTP_FORBIDDEN] = {"403", "403 Forbidden", "a login is not possible here\n"},
    [HTTP_TOO_MANY] = {"429", "429 Too Many Requests", "too many failures, try again later\n"},
};

/* What is not here is no login's: 503. */
static const enum http_status of_reason[REASON_COUNT] = {
    [REASON_INTERNAL] = HTTP_UNAVAILABLE,
    [REASON_AUTH_SOURCE_UNAVAILABLE] = HTTP_UNAVAILABLE,
    [REASON_AUTH_OK] = HTTP_ALLOWED,
    [REASON_REQUEST_MALFORMED] = HTTP_LOGIN_WANTED,
    [REASON_AUTH_BAD_CREDENTIALS] = HTTP_LOGIN_WANTED,
    [REASON_AUTH_OFF] = HTTP_FORBIDDEN,
    [REASON_AUTH_TLS_REQUIRED] = HTTP_FORBIDDEN,
    [REASON_AUTH_METHOD] = HTTP_FORBIDDEN,
    [REASON_AUTH_IP_DENIED] = HTTP_FORBIDDEN,
    [REASON_AUTH_USER_DENIED] = HTTP_FORBIDDEN,
    [REASON_AUTH_ORG_USER_DENIED] = HTTP_FORBIDDEN,
    [REASON_AUTH_BANNED] = HTTP_TOO_MANY,
    [REASON_AUTH_THROTTLED] = HTTP_TOO_MANY,
};

static enum http_status
status_of(const struct verdict *verdict)
{
    if (verdict->reason != REASON_RULE)
        return of_reason[verdict->reason];
    switch (verdict->action) {
    case VERDICT_TEMPFAIL:
        return HTTP_UNAVAILABLE;
    case VERDICT_REFUSE:
        return HTTP_FORBIDDEN;
    case VERDICT_ACCEPT:
        return HTTP_ALLOWED;
    }
    return HTTP_UNAVAILABLE;
}

/* A browser that is asked for a login sends the password over what connection it has. */
static enum http_status
status_before_login(const struct listener *listener, bool tls)
{
    if (listener == NULL)
        return HTTP_UNAVAILABLE;
    bool wants_tls = listener->auth == AUTH_ENCRYPTED || listener->require_tls;
    if (listener->auth == AUTH_OFF || (wants_tls && !tls))
        return HTTP_FORBIDDEN;
    return HTTP_LOGIN_WANTED;
}

enum http_status
http_reply_status(const struct decision *decision, const struct facts *facts)
{
    enum http_status status = status_of(&decision->verdict);
    if (status == HTTP_LOGIN_WANTED)
        return status_before_login(decision->listener, facts->tls);
    return status;
}

const char *
http_reply_code(enum http_status status)
{
    return statuses[status].code;
}

int
http_reply_accept(struct answer *answer_r, const char *user)
{
    answer_init(answer_r, statuses[HTTP_ALLOWED].line);
    if (answer_add(answer_r, "X-Auth-User", user) != 0)
        return -1;
    answer_end(answer_r, NULL);
    return 0;
}

void
http_reply_refuse(struct answer *answer_r, enum http_status status)
{
    assert(status != HTTP_ALLOWED);
    answer_init(answer_r, statuses[status].line);
    answer_add(answer_r, "Content-Type", "text/plain; charset=utf-8");
    if (status == HTTP_LOGIN_WANTED)
        answer_add(answer_r, "WWW-Authenticate", challenge);
    answer_end(answer_r, xstrdup(statuses[status].body));
}
