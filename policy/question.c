#include "question.h"

#include <stdio.h>
#include <string.h>

#include "guard_listener.h"

/* nginx closes the session where there is no Auth-Wait, so a wait is also the permission to go on:
 * a sending server must be able to try its next recipient, somebody who logs in has max_attempts.
 */
static unsigned
wait_s(const struct question *question, const struct verdict *verdict)
{
    const struct facts *facts = question->facts;
    if (verdict->action == VERDICT_ACCEPT || verdict->reason == REASON_AUTH_BANNED ||
        verdict->reason == REASON_AUTH_THROTTLED)
        return 0;
    /* RFC 5321 3.8: a 421 says that the connection closes. */
    if (verdict->reason == REASON_RULE && strncmp(verdict->decided_by->code, "421", 3) == 0)
        return 0;
    if (facts->method == METHOD_NONE)
        return 1;
    if (facts->attempt >= question->settings->max_attempts)
        return 0;
    return question->settings->failure_delay_s > 0 ? question->settings->failure_delay_s : 1;
}

static void
tell(const struct question *question, const struct rule_ref *rule, const char *answer)
{
    if (question->trail != NULL)
        question->trail->asked(question->trail->context, rule, answer);
}

struct question
question_begin(const struct tenancy *tenancy, const struct decide_settings *settings,
               const struct facts *facts, const struct trail *trail, struct decision *decision_r)
{
    *decision_r = (struct decision){
        .listener = facts->listener != NULL ? tenancy_listener(tenancy, facts->listener) : NULL};
    return (struct question){.tenancy = tenancy,
                             .settings = settings,
                             .facts = facts,
                             .trail = trail,
                             .decision = decision_r};
}

bool
question_ask(const struct question *question,
             bool (*const rules[])(const struct question *question), size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!rules[i](question))
            return false;
    return true;
}

bool
question_next(const struct question *question, const struct rule_ref *rule)
{
    tell(question, rule, "next");
    return true;
}

static bool
end(const struct question *question, struct verdict verdict, const struct rule_ref *rule)
{
    verdict.wait_s = wait_s(question, &verdict);
    verdict.rule = *rule;
    question->decision->verdict = verdict;
    tell(question, rule, verdict_action_name(verdict.action));
    return false;
}

bool
question_end(const struct question *question, enum reason reason, const struct rule_ref *rule)
{
    return end(question, verdict_make(reason), rule);
}

bool
question_end_by_rule(const struct question *question, const struct rule *decided_by,
                     const struct rule_ref *rule)
{
    enum reason accepted_as =
        question->facts->method == METHOD_NONE ? REASON_RECIPIENT_OK : REASON_AUTH_OK;
    if (question->is_whole_message)
        accepted_as = REASON_MESSAGE_OK;
    return end(question, verdict_make_by_rule(decided_by, accepted_as), rule);
}

void
question_accept_message(const struct question *question)
{
    struct rule_ref rule = question_fixed_rule(question, NULL, NULL);
    question_end(question, REASON_MESSAGE_OK, &rule);
}

bool
question_need(const struct question *question, enum decision_asks asks, const struct rule_ref *rule)
{
    struct verdict verdict = verdict_make(REASON_INTERNAL);
    verdict.wait_s = wait_s(question, &verdict);
    verdict.rule = *rule;
    question->decision->verdict = verdict;
    question->decision->asks = asks;
    return false;
}

bool
question_unless(const struct question *question, bool wrong, enum reason reason,
                const struct rule_ref *rule)
{
    return wrong ? question_end(question, reason, rule) : question_next(question, rule);
}

struct rule_ref
question_listener_rule(const struct question *question, const char *setting, struct origin origin)
{
    return (struct rule_ref){.origin = origin,
                             .section_kind = "listener",
                             .section_name = question->decision->listener->name,
                             .setting = setting};
}

struct rule_ref
question_organization_rule(const struct organization *organization, const char *setting,
                           struct origin origin)
{
    return (struct rule_ref){.origin = origin,
                             .section_kind = "organization",
                             .section_name = organization->name,
                             .setting = setting};
}

void
question_note(struct rule_ref *rule, const char *note)
{
    size_t used = strlen(rule->detail);
    snprintf(rule->detail + used, sizeof rule->detail - used, "%s%s", used > 0 ? ": " : "", note);
}

struct rule_ref
question_fixed_rule(const struct question *question, const char *what, const char *detail)
{
    const struct listener *listener = question->decision->listener;
    struct rule_ref rule = {.origin = question->settings->origin, .setting = what};
    if (listener != NULL)
        rule = question_listener_rule(question, what, listener->origin);
    snprintf(rule.detail, sizeof rule.detail, "%s", detail != NULL ? detail : "");
    return rule;
}

bool
question_ban(const struct question *question)
{
    bool banned = question->facts->banned;
    struct rule_ref rule =
        question_fixed_rule(question, "ban", banned ? "the client's address is banned" : NULL);
    return question_unless(question, banned, REASON_AUTH_BANNED, &rule);
}

static const char *
why_no_listener(const struct facts *facts)
{
    if (facts->message != NULL)
        return guard_listener_advice;
    return facts->listener != NULL
               ? "nginx names a listener that is not configured (auth_http_header X-Listener)"
               : "nginx names no listener (auth_http_header X-Listener)";
}

bool
question_listener(const struct question *question)
{
    if (question->decision->listener != NULL)
        return true;
    struct rule_ref rule = {.origin = question->settings->origin, .section_kind = "listener"};
    question_note(&rule, why_no_listener(question->facts));
    return question_end(question, REASON_INTERNAL, &rule);
}

bool
question_intact(const struct question *question, const struct organization *organization)
{
    if (organization == NULL || !organization->broken)
        return true;
    struct rule_ref rule =
        question_organization_rule(organization, "delegated", organization->broken_origin);
    question_note(&rule, "the delegated file is broken, and there are no earlier settings");
    return question_end(question, REASON_INTERNAL, &rule);
}

bool
question_is_authenticated(const struct question *question)
{
    return question->decision->user.text[0] != '\0';
}

const struct organization *
question_user_organization(const struct question *question)
{
    return question_is_authenticated(question) ? question->decision->organization : NULL;
}
