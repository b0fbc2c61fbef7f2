/* decide_mail: the message guard's rules for MAIL, in the order of precedence. */
#include <assert.h>

#include "decide_limits.h"
#include "decide_request.h"
#include "decide_sender.h"
#include "decide_session.h"

static bool (*const rules[])(const struct question *question) = {
    request_ask_mail, question_ban,       question_listener,  session_ask_tls, session_ask_user,
    session_ask_auth, session_ask_intact, limits_ask_session, sender_ask_role, sender_ask_always,
    sender_ask_match, sender_ask_address, limits_ask_size,    limits_ask_user,
};

void
decide_mail(const struct tenancy *tenancy, const struct decide_settings *settings,
            const struct facts *facts, const struct trail *trail, struct decision *decision_r)
{
    assert(facts->message != NULL);
    struct question question = question_begin(tenancy, settings, facts, trail, decision_r);
    if (question_ask(&question, rules, sizeof rules / sizeof rules[0]))
        question_accept_message(&question);
}
