#include "message_log.h"

#include "log.h"

enum { LINE_BYTES_MAX = 256, RULE_TEXT_MAX = 1024 };

/* A command line of the client's. */
static struct log_field
command_field(const char *key, const char *line, size_t length)
{
    return LOG_BYTES(key, line, length < LINE_BYTES_MAX ? length : LINE_BYTES_MAX);
}

/* 0: not known, left out. */
static struct log_field
size_field(int64_t size)
{
    return size > 0 ? LOG_INT("size", size) : LOG_STR("size", NULL);
}

/* Which source said what about the recipient. */
static struct log_field
source_field(const struct recipient_asked *recipient)
{
    bool was_asked = recipient != NULL && recipient->source != NULL;
    return LOG_STR("source", was_asked ? source_name(recipient->source) : NULL);
}

static struct log_field
detail_field(const struct recipient_asked *recipient)
{
    bool was_asked = recipient != NULL && recipient->source != NULL;
    const char *detail = was_asked ? recipient->result.detail : "";
    return LOG_STR("detail", detail[0] != '\0' ? detail : NULL);
}

void
message_log(const struct message_line *line)
{
    const struct facts *facts = line->facts;
    const struct decision *decision = line->decision;
    const struct verdict *verdict = &decision->verdict;
    const struct organization *organization = decision->organization;
    char client[NETADDR_TEXT_MAX] = "", rule[RULE_TEXT_MAX], reason[VERDICT_ID_MAX];
    if (facts->client.family != NETADDR_NONE)
        netaddr_format(&facts->client, client);
    rule_format(&verdict->rule, rule, sizeof rule);
    verdict_id(verdict, reason);
    log_event(verdict->reason == REASON_INTERNAL ? LOG_ERROR : LOG_INFO, "message",
              LOG_STR("session", line->session), LOG_STR("queue", line->queue),
              LOG_STR("stage", line->stage), LOG_STR("listener", facts->listener),
              LOG_STR("user", line->user),
              LOG_STR("window", line->user != NULL && facts->window != NULL ? "on" : NULL),
              LOG_STR("organization", organization != NULL ? organization->name : NULL),
              LOG_STR("client", client[0] != '\0' ? client : NULL),
              command_field("from", facts->mail_from, facts->mail_from_length),
              command_field("to", facts->rcpt_to, facts->rcpt_to_length),
              LOG_INT("recipients", facts->message->recipients), size_field(line->size),
              LOG_STR("verdict", verdict_action_name(verdict->action)),
              LOG_STR("code", verdict_code(verdict, PROTOCOL_SMTP)), LOG_STR("reason", reason),
              LOG_STR("rule", rule), LOG_STR("tag", line->tags), source_field(line->recipient),
              detail_field(line->recipient), LOG_INT("ms", line->took_us / 1000));
}
