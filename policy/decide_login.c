/* decide_login: what the sources said, and the account's own limits. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "certificates.h"
#include "decide_relay.h"
#include "decide_rules.h"
#include "question.h"

/* Who spoke, or, where nobody could be asked, the section that lacks a source. */
static struct rule_ref
speaker(const struct question *question, const struct rule_ref *source)
{
    if (source->section_kind != NULL)
        return *source;
    const struct organization *organization = question->decision->organization;
    if (organization == NULL)
        return question_fixed_rule(question, NULL,
                                   "the name is in no organization, and there is no source of "
                                   "type users");
    struct rule_ref rule =
        question_organization_rule(organization, "sources", organization->origin);
    question_note(&rule, "there is none to ask");
    return rule;
}

/* The source's rule, with the outcome before what the source said. */
static struct rule_ref
outcome_rule(const struct rule_ref *source, enum verify_outcome outcome)
{
    struct rule_ref rule = *source;
    const char *separator = source->detail[0] != '\0' ? ": " : "";
    snprintf(rule.detail, sizeof rule.detail, "%s%s%s", verify_outcome_name(outcome), separator,
             source->detail);
    return rule;
}

/* A rule about one thing that the account itself says. */
static struct rule_ref
account_rule(const struct account *account, const struct rule_ref *source, const char *setting)
{
    return (struct rule_ref){.origin = account->origin,
                             .section_kind = source->section_kind,
                             .section_name = source->section_name,
                             .setting = setting};
}

static const char *
name_of(const struct organization *organization)
{
    return organization != NULL ? organization->name : "";
}

/* The name goes into XCLIENT and stands for the user from here on, so a directory must neither
 * break the former nor make a login of one tenant a user of another. */
static bool
check_name(const struct question *question, const struct account *account,
           const struct rule_ref *source)
{
    struct rule_ref rule = account_rule(account, source, NULL);
    struct username canonical;
    struct err err = {.text = ""};
    if (username_parse(account->name, strnlen(account->name, sizeof account->name),
                       question->settings->encoding, NULL, &canonical, &err) != 0) {
        snprintf(rule.detail, sizeof rule.detail, "the account's own name is unusable: %s",
                 err.text);
        return question_end(question, REASON_INTERNAL, &rule);
    }
    const char *domain = username_domain(&canonical);
    const struct organization *expected = question->decision->organization;
    const struct organization *owner =
        domain != NULL ? tenancy_owner(question->tenancy, domain) : expected;
    if (owner != expected) {
        snprintf(rule.detail, sizeof rule.detail,
                 "the account's own name belongs to organization \"%s\", the login to \"%s\"",
                 name_of(owner), name_of(expected));
        return question_end(question, REASON_INTERNAL, &rule);
    }
    return true;
}

/* Asks whether the client is in networks; outside says what it means that it is not. */
static bool
ask_networks(const struct question *question, const struct list *networks, struct rule_ref *rule,
             const char *outside)
{
    switch (list_match_address(networks, &question->facts->client, &rule->hit)) {
    case LIST_CANNOT_TELL:
        question_note(rule, "cannot tell whether the client is in them");
        return question_end(question, REASON_INTERNAL, rule);
    case LIST_NO_MATCH:
        question_note(rule, outside);
        return question_end(question, REASON_AUTH_BAD_CREDENTIALS, rule);
    case LIST_MATCH:
        return question_next(question, rule);
    }
    return question_end(question, REASON_INTERNAL, rule);
}

static bool
check_networks(const struct question *question, const struct account *account,
               const struct rule_ref *source)
{
    if (account->networks == NULL)
        return true;
    struct rule_ref rule = account_rule(account, source, "networks");
    return ask_networks(question, account->networks, &rule,
                        "the client is in none of the account's networks");
}

/* An app password's networks narrow the account's. */
static bool
check_app_networks(const struct question *question, const struct account *account,
                   const struct rule_ref *source)
{
    if (account->app_networks == NULL)
        return true;
    struct rule_ref rule = account_rule(account, source, "app password");
    snprintf(rule.detail, sizeof rule.detail, "\"%s\"",
             account->app_password != NULL ? account->app_password : "");
    return ask_networks(question, account->app_networks, &rule,
                        "the client is in none of its networks");
}

static bool
check_protocols(const struct question *question, const struct account *account,
                const struct rule_ref *source)
{
    if (account->protocols == 0)
        return true;
    enum protocol protocol = question->facts->protocol;
    struct rule_ref rule = account_rule(account, source, "protocols");
    bool wrong = (account->protocols & PROTOCOL_BIT(protocol)) == 0;
    if (wrong)
        snprintf(rule.detail, sizeof rule.detail, "the account may not use %s",
                 protocol_name(protocol));
    return question_unless(question, wrong, REASON_AUTH_BAD_CREDENTIALS, &rule);
}

/* SMG 18: "Disabled: This user cannot be used for SMTP authentication." */
static bool
check_smtp_auth(const struct question *question, const struct account *account,
                const struct rule_ref *source)
{
    if (account->smtp_auth != SMTP_AUTH_NO)
        return true;
    struct rule_ref rule = account_rule(account, source, "smtp_auth");
    bool wrong = question->facts->protocol == PROTOCOL_SMTP;
    if (wrong)
        question_note(&rule, "the account may not log in by SMTP");
    return question_unless(question, wrong, REASON_AUTH_BAD_CREDENTIALS, &rule);
}

/* The rules that come once the sources know who it is: the account's own limits, then the `rule`
 * sections. Where nothing objects, it is the source that accepts. */
static void
judge(const struct question *question, const struct account *account, const struct rule_ref *source)
{
    bool undecided =
        check_name(question, account, source) && check_networks(question, account, source) &&
        check_app_networks(question, account, source) &&
        check_protocols(question, account, source) && check_smtp_auth(question, account, source) &&
        relay_ask_login(question) && rules_ask(question);
    if (undecided)
        question_end(question, REASON_AUTH_OK, source);
    if (question->decision->verdict.action == VERDICT_ACCEPT)
        relay_route_login(question);
}

/* Whether the certificate's entry is all that is known about the user. */
static bool
is_vouched_for(const struct facts *facts, enum verify_outcome outcome,
               const struct rule_ref *source)
{
    return facts->method == METHOD_EXTERNAL && outcome == VERIFY_UNKNOWN_USER &&
           source->section_kind == NULL;
}

/* The account of somebody whom the certificate's entry alone lets in. */
static void
judge_certificate(const struct question *question)
{
    const struct listener *listener = question->decision->listener;
    const struct facts *facts = question->facts;
    const struct certificate *certificate = certificates_find(
        listener->certificates, facts->certificate_fingerprint, facts->certificate_subject);
    struct rule_ref rule =
        question_listener_rule(question, "certificates", listener->certificates_origin);
    rule.hit = (struct list_hit){.entry = certificate->entry, .origin = certificate->origin};
    struct account account = {.origin = certificate->origin};
    snprintf(account.name, sizeof account.name, "%s", question->decision->user.text);
    judge(question, &account, &rule);
}

void
decide_login(const struct tenancy *tenancy, const struct decide_settings *settings,
             const struct facts *facts, enum verify_outcome outcome, const struct account *account,
             const struct rule_ref *source, const struct trail *trail, struct decision *decision)
{
    assert(decision->verdict.action == VERDICT_ACCEPT);
    struct question question = {.tenancy = tenancy,
                                .settings = settings,
                                .facts = facts,
                                .trail = trail,
                                .decision = decision};
    if (is_vouched_for(facts, outcome, source)) {
        judge_certificate(&question);
        return;
    }
    struct rule_ref spoke = speaker(&question, source);
    struct rule_ref rule = outcome_rule(&spoke, outcome);
    switch (outcome) {
    case VERIFY_UNAVAILABLE:
        question_end(&question, REASON_AUTH_SOURCE_UNAVAILABLE, &rule);
        return;
    case VERIFY_WRONG_PASSWORD:
    case VERIFY_UNKNOWN_USER:
    case VERIFY_DISABLED:
    case VERIFY_AMBIGUOUS:
    case VERIFY_LOCKED:
    case VERIFY_ACCOUNT_EXPIRED:
    case VERIFY_PASSWORD_EXPIRED:
    case VERIFY_MUST_CHANGE:
    case VERIFY_NOT_ALLOWED:
    case VERIFY_NO_CLEAR_PASSWORD:
        question_end(&question, REASON_AUTH_BAD_CREDENTIALS, &rule);
        return;
    case VERIFY_OK:
        judge(&question, account, source);
        return;
    }
    question_end(&question, REASON_INTERNAL, &rule);
}
