#include "own_question.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>

#include "clock.h"
#include "log.h"
#include "verify.h"

enum { LOG_EVERY_MS = 60000 };

/* A loop has many rounds, and each would be a line. */
static void
complain(const char *session, const char *subject, const struct facts *facts)
{
    static _Atomic int64_t next_ms = INT64_MIN;
    int64_t now_ms = clock_now_ms(), due_ms = atomic_load(&next_ms);
    if (now_ms < due_ms ||
        !atomic_compare_exchange_strong(&next_ms, &due_ms, now_ms + LOG_EVERY_MS))
        return;
    char client[NETADDR_TEXT_MAX] = "";
    if (facts->client.family != NETADDR_NONE)
        netaddr_format(&facts->client, client);
    log_event(LOG_ERROR, "source.loop", LOG_STR("session", session),
              LOG_STR("listener", facts->listener), LOG_STR("client", client),
              LOG_STR("subject", subject),
              LOG_STR("error", "a source of type smtp asks this very service (point it at the mail "
                               "server behind nginx)"));
}

bool
own_question_refuse(const char *session, const char *helo, const char *subject,
                    const struct facts *facts, struct decision *decision)
{
    const char *password = facts->method == METHOD_PLAIN ? facts->password : NULL;
    const bool is_own =
        helo == NULL && facts->protocol == PROTOCOL_SMTP
            ? verify_is_own_login(&facts->client, subject, password, facts->password_length)
            : verify_is_own_question(helo, subject);
    if (!is_own)
        return false;
    complain(session, subject, facts);
    decision->verdict = verdict_make(REASON_INTERNAL);
    snprintf(decision->verdict.rule.detail, RULE_DETAIL_MAX,
             "a source of type smtp asks this very service");
    return true;
}
