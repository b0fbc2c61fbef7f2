#include "audit.h"

#include <string.h>

#include "log.h"
#include "rule.h"

enum { USER_BYTES_MAX = 256, RULE_TEXT_MAX = 1024 };

/* An account's name where one was found out, for one name however it was typed. */
static const char *
canonical_user(const struct audit *audit)
{
    const struct decision *decision = audit->decision;
    if (audit->verified != NULL && audit->verified->account.name[0] != '\0')
        return audit->verified->account.name;
    return decision->user.text[0] != '\0' ? decision->user.text : NULL;
}

/* NULL: an empty or unset text, which leaves the field out. */
static const char *
or_null(const char *text)
{
    return text != NULL && text[0] != '\0' ? text : NULL;
}

static size_t
at_most(size_t length, size_t limit)
{
    return length < limit ? length : limit;
}

/* Which source was asked, and what it said about the recipient or the login. */
struct asked {
    const char *source, *detail, *cached, *recipient_user;
    const char *outcome, *app; /* of a login only */
};

/* NULL: the source itself has just said so. */
static const char *
login_cached(const struct verify_result *result)
{
    if (result->was_stale)
        return "stale";
    return result->was_cached ? "yes" : NULL;
}

/* NULL: nothing that the verdict does not say. */
static const char *
login_outcome(const struct verify_result *result)
{
    bool was_asked = result->rule.section_kind != NULL;
    return was_asked && result->outcome != VERIFY_OK ? verify_outcome_name(result->outcome) : NULL;
}

static struct asked
asked_about_login(const struct verify_result *result)
{
    return (struct asked){.source = result->rule.section_name,
                          .detail = or_null(result->detail),
                          .cached = login_cached(result),
                          .outcome = login_outcome(result),
                          .app = or_null(result->account.app_password)};
}

static struct asked
asked_of(const struct audit *audit)
{
    if (audit->verified != NULL)
        return asked_about_login(audit->verified);
    if (audit->recipient == NULL || audit->recipient->source == NULL)
        return (struct asked){0};
    const struct recipient_result *result = &audit->recipient->result;
    return (struct asked){.source = source_name(audit->recipient->source),
                          .detail = or_null(result->detail),
                          .cached = result->was_cached ? "yes" : "no",
                          .recipient_user = or_null(result->name)};
}

static bool
has_window(const struct audit *audit)
{
    return audit->facts->method == METHOD_NONE && audit->decision->user.text[0] != '\0';
}

void
audit_decision(const struct audit *audit)
{
    const struct facts *facts = audit->facts;
    const struct decision *decision = audit->decision;
    const struct verdict *verdict = &decision->verdict;
    const struct organization *organization = decision->organization;
    const struct asked asked = asked_of(audit);

    char client[NETADDR_TEXT_MAX] = "", rule[RULE_TEXT_MAX], reason[VERDICT_ID_MAX];
    if (facts->client.family != NETADDR_NONE)
        netaddr_format(&facts->client, client);
    rule_format(&verdict->rule, rule, sizeof rule);
    verdict_id(verdict, reason);
    struct log_field ban = LOG_INT("ban", (audit->banned_ms + 999) / 1000);
    if (audit->banned_ms == 0)
        ban = LOG_STR("ban", NULL);

    log_event(
        verdict->reason == REASON_INTERNAL ? LOG_ERROR : LOG_INFO, "decision",
        LOG_STR("session", audit->session), LOG_STR("listener", facts->listener),
        LOG_STR("protocol", protocol_name(facts->protocol)),
        LOG_STR("method", auth_method_name(facts->method)),
        LOG_BYTES("login", facts->user, at_most(facts->user_length, USER_BYTES_MAX)),
        LOG_STR("user", canonical_user(audit)), LOG_STR("app", asked.app),
        LOG_STR("window", has_window(audit) ? "on" : NULL), LOG_STR("client", or_null(client)),
        LOG_BYTES("from", facts->mail_from, at_most(facts->mail_from_length, USER_BYTES_MAX)),
        LOG_BYTES("to", facts->rcpt_to, at_most(facts->rcpt_to_length, USER_BYTES_MAX)),
        LOG_STR("recipient_user", asked.recipient_user),
        LOG_STR("organization", organization != NULL ? organization->name : NULL),
        LOG_STR("tls", facts->tls ? "on" : "off"),
        LOG_STR("verdict", verdict_action_name(verdict->action)),
        LOG_STR("code", or_null(audit->code)), LOG_STR("reason", reason), LOG_STR("rule", rule),
        LOG_STR("tag", decision->tagged_by != NULL ? decision->tagged_by->name : NULL), ban,
        LOG_STR("source", asked.source), LOG_STR("outcome", asked.outcome),
        LOG_STR("cached", asked.cached), LOG_STR("detail", asked.detail),
        LOG_STR("upstream", audit->route != NULL ? upstream_name(decision->upstream) : NULL),
        LOG_STR("server", audit->route != NULL ? audit->route->server : NULL),
        LOG_INT("ms", audit->took_us / 1000));
}
