/* decide_no_route, decide_throttled, decide_no_password: a login that cannot be had after all. */
#include <assert.h>
#include <stdio.h>

#include "question.h"

void
decide_no_route(const struct decide_settings *settings, const struct facts *facts,
                const struct rule_ref *rule, const struct trail *trail, struct decision *decision)
{
    assert(decision->verdict.action == VERDICT_ACCEPT);
    if (facts->protocol == PROTOCOL_HTTP)
        return;
    struct question question = {
        .settings = settings, .facts = facts, .trail = trail, .decision = decision};
    struct rule_ref route = *rule; /* it may be the verdict's own */
    if (route.detail[0] == '\0')
        snprintf(route.detail, sizeof route.detail, "%s",
                 decision->upstream == NULL ? "none is set" : "none is up");
    question_end(&question, REASON_ROUTE_NONE, &route);
}

void
decide_throttled(const struct decide_settings *settings, const struct facts *facts,
                 const struct rule_ref *rule, const struct trail *trail, struct decision *decision)
{
    struct question question = {
        .settings = settings, .facts = facts, .trail = trail, .decision = decision};
    question_end(&question, REASON_AUTH_THROTTLED, rule);
}

bool
decide_needs_password(const struct facts *facts, const struct decision *decision)
{
    switch (facts->protocol) {
    case PROTOCOL_SMTP:
        return facts->method != METHOD_NONE && decision->listener->proxy_smtp_auth;
    case PROTOCOL_POP3:
    case PROTOCOL_IMAP:
        return true;
    case PROTOCOL_HTTP: /* nginx goes nowhere */
        return false;
    }
    return true;
}

void
decide_no_password(const struct decide_settings *settings, const struct facts *facts,
                   const struct trail *trail, struct decision *decision)
{
    assert(decision->verdict.action == VERDICT_ACCEPT);
    struct question question = {
        .settings = settings, .facts = facts, .trail = trail, .decision = decision};
    struct rule_ref rule =
        question_listener_rule(&question, "methods", decision->listener->methods_origin);
    question_note(&rule, auth_method_name(facts->method));
    question_note(&rule, "nginx has to log in at the server, and no source told the password");
    question_end(&question, REASON_AUTH_METHOD, &rule);
}
