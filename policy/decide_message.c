/* decide_message: the message guard's rules at the end of a message, about one recipient. */
#include <assert.h>

#include "decide_limits.h"
#include "decide_request.h"
#include "decide_rules.h"
#include "decide_session.h"

static bool (*const rules[])(const struct question *question) = {
    request_ask_recipient, question_listener, session_ask_user, limits_ask_size, rules_ask,
};

void
decide_message(const struct tenancy *tenancy, const struct decide_settings *settings,
               const struct facts *facts, const struct trail *trail, struct decision *decision_r)
{
    assert(facts->message != NULL);
    struct question question = question_begin(tenancy, settings, facts, trail, decision_r);
    question.is_whole_message = true;
    if (question_ask(&question, rules, sizeof rules / sizeof rules[0]))
        question_accept_message(&question);
}
