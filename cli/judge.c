#include "judge.h"

#include "judge_message.h"

static void
judge_login(const struct site *site, const struct given *given, const struct trail *trail,
            struct testimony *testimony, struct decision *decision_r)
{
    const struct decide_settings *settings = &site->settings.decide;
    decide_auth(site->tenancy, settings, &given->facts, trail, decision_r);
    if (decision_r->verdict.action != VERDICT_ACCEPT)
        return;
    testimony_take(site, given, decision_r, testimony);
    decide_login(site->tenancy, settings, &given->facts, testimony->outcome, &testimony->account,
                 &testimony->source, trail, decision_r);
    if (decision_r->verdict.action == VERDICT_ACCEPT && given->facts.method == METHOD_EXTERNAL &&
        !testimony->has_clear_password && decide_needs_password(&given->facts, decision_r))
        decide_no_password(settings, &given->facts, trail, decision_r);
}

void
judge(const struct site *site, const struct given *given, const struct trail *trail,
      struct testimony *testimony_r, struct decision *decision_r)
{
    const struct decide_settings *settings = &site->settings.decide;
    *testimony_r = (struct testimony){0};
    if (given->is_message) {
        judge_message(site, given, trail, decision_r);
        return;
    }
    /* No fact is left to be found out: given_parse sets them all. */
    if (given->facts.method == METHOD_NONE)
        decide_recipient(site->tenancy, settings, &given->facts, trail, decision_r);
    else
        judge_login(site, given, trail, testimony_r, decision_r);
    if (decision_r->verdict.action == VERDICT_ACCEPT && decision_r->upstream == NULL) {
        struct rule_ref rule = decision_r->verdict.rule;
        decide_no_route(settings, &given->facts, &rule, trail, decision_r);
    }
}
