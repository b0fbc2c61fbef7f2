/* decide_recipient: the rules for a recipient without AUTH, in the order of precedence. */
#include <stdio.h>

#include "question.h"

/* What is wrong with the request, or NULL. Fills the decision's paths. */
static const char *
find_fault(const struct question *question, struct err *err)
{
    const struct facts *facts = question->facts;
    struct decision *decision = question->decision;
    if (facts->malformed != NULL)
        return facts->malformed;
    if (facts->protocol != PROTOCOL_SMTP)
        return "only SMTP has sessions without authentication";
    if (facts->mail_from == NULL || facts->rcpt_to == NULL)
        return "no sender or no recipient was sent";
    if (smtp_path_parse(PATH_MAIL_FROM, facts->mail_from, facts->mail_from_length,
                        &decision->sender, err) == PATH_MALFORMED) {
        err_wrap(err, "sender");
        return err->text;
    }
    if (smtp_path_parse(PATH_RCPT_TO, facts->rcpt_to, facts->rcpt_to_length, &decision->recipient,
                        err) == PATH_MALFORMED) {
        err_wrap(err, "recipient");
        return err->text;
    }
    return NULL;
}

static bool
ask_request(const struct question *question)
{
    struct err err = {.text = ""};
    const char *fault = find_fault(question, &err);
    struct rule_ref rule = question_fixed_rule(question, "malformed request", fault);
    return question_unless(question, fault != NULL, REASON_REQUEST_MALFORMED, &rule);
}

static bool
ask_tls(const struct question *question)
{
    const struct listener *listener = question->decision->listener;
    struct rule_ref rule =
        question_listener_rule(question, "require_tls", listener->require_tls_origin);
    return question_unless(question, listener->require_tls && !question->facts->tls,
                           REASON_SESSION_TLS_REQUIRED, &rule);
}

static bool
ask_auth(const struct question *question)
{
    const struct listener *listener = question->decision->listener;
    struct rule_ref rule =
        question_listener_rule(question, "require_auth", listener->require_auth_origin);
    return question_unless(question, listener->require_auth, REASON_SESSION_AUTH_REQUIRED, &rule);
}

static bool
ask_owner(const struct question *question)
{
    struct decision *decision = question->decision;
    const struct listener *listener = decision->listener;
    const char *domain = decision->recipient.mailbox.domain;
    if (domain[0] == '\0')
        domain = listener->default_domain; /* <postmaster> */
    decision->organization = domain != NULL ? tenancy_owner(question->tenancy, domain) : NULL;
    if (decision->organization != NULL)
        return true;
    struct rule_ref rule = question_listener_rule(question, NULL, listener->origin);
    snprintf(rule.detail, sizeof rule.detail, "the recipient's domain is in no organization");
    return question_end(question, REASON_RELAY_DENIED, &rule);
}

/* Design "Precedence". */
static bool (*const rules[])(const struct question *question) = {
    ask_request, question_ban, question_listener, ask_tls, ask_auth, ask_owner,
};

void
decide_recipient(const struct tenancy *tenancy, const struct decide_settings *settings,
                 const struct facts *facts, const struct trail *trail, struct decision *decision_r)
{
    *decision_r = (struct decision){.listener = question_find_listener(tenancy, facts)};
    struct question question = {.tenancy = tenancy,
                                .settings = settings,
                                .facts = facts,
                                .trail = trail,
                                .decision = decision_r};
    if (!question_ask(&question, rules, sizeof rules / sizeof rules[0]))
        return;
    const struct organization *organization = decision_r->organization;
    struct rule_ref rule = {.origin = organization->origin,
                            .section_kind = "organization",
                            .section_name = organization->name,
                            .setting = "domains"};
    question_end(&question, REASON_RECIPIENT_OK, &rule);
    /* Never the listener's other upstream: that one trusts who comes to it. */
    decision_r->upstream = decision_r->listener->upstream_inbound;
    if (decision_r->upstream == NULL)
        decision_r->verdict.rule =
            question_listener_rule(&question, "upstream_inbound", decision_r->listener->origin);
}
