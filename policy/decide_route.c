/* decide_no_route: a session that was accepted has nowhere to go. */
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
