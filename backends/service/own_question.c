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
    char client[NETADDR_TEXT_MAX] = "", text[128];
    snprintf(
        text, sizeof text,
        "a source of type %s asks this very service (point it at the mail server behind nginx)",
        protocol_name(facts->protocol));
    if (facts->client.family != NETADDR_NONE)
        netaddr_format(&facts->client, client);
    log_event(LOG_ERROR, "source.loop", LOG_STR("session", session),
              LOG_STR("listener", facts->listener), LOG_STR("client", client),
              LOG_STR("subject", subject), LOG_STR("error", text));
}

static bool
is_own(const char *helo, const char *subject, const struct facts *facts)
{
    const char *password = facts->method == METHOD_PLAIN ? facts->password : NULL;
    switch (facts->protocol) {
    case PROTOCOL_SMTP:
        return helo == NULL
                   ? verify_is_own_login(&facts->client, subject, password, facts->password_length)
                   : verify_is_own_question(helo, subject);
    case PROTOCOL_IMAP:
    case PROTOCOL_POP3:
        return verify_is_own_mailbox_login(&facts->client, subject, password,
                                           facts->password_length);
    case PROTOCOL_HTTP:
        break;
    }
    return false;
}

bool
own_question_refuse(const char *session, const char *helo, const char *subject,
                    const struct facts *facts, struct decision *decision)
{
    if (!is_own(helo, subject, facts))
        return false;
    complain(session, subject, facts);
    decision->verdict = verdict_make(REASON_INTERNAL);
    snprintf(decision->verdict.rule.detail, RULE_DETAIL_MAX,
             "a source of type %s asks this very service", protocol_name(facts->protocol));
    return true;
}
