#include "verdict.h"

#include <assert.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

#include "rule.h"

/* What a client is told. All that a stranger must not tell apart is one row. */
static const struct {
    const char *id;
    const char *smtp, *pop3, *imap; /* codes */
    const char *text;
} reasons[REASON_COUNT] = {
    [REASON_INTERNAL] = {"internal", "454 4.7.0", "[SYS/TEMP]", "[UNAVAILABLE]",
                         "temporary failure, try again later"},
    [REASON_AUTH_OK] = {"auth.ok", "235 2.7.0", "", "", "authentication succeeded"},
    [REASON_RECIPIENT_OK] = {"recipient.ok", "250 2.1.5", "", "", "ok"},
    [REASON_REQUEST_MALFORMED] = {"request.malformed", "501 5.5.2", "[AUTH]", "[CLIENTBUG]",
                                  "malformed name, password or address"},
    [REASON_AUTH_BANNED] = {"auth.banned", "421 4.7.0", "[LOGIN-DELAY]", "[LIMIT]",
                            "too many failures, try again later"},
    [REASON_AUTH_THROTTLED] = {"auth.throttled", "421 4.7.0", "[LOGIN-DELAY]", "[LIMIT]",
                               "too many logins, try again later"},
    [REASON_AUTH_OFF] = {"auth.off", "502 5.5.1", "[AUTH]", "[AUTHENTICATIONFAILED]",
                         "authentication is not available here"},
    [REASON_AUTH_TLS_REQUIRED] = {"auth.tls-required", "538 5.7.11", "[AUTH]", "[PRIVACYREQUIRED]",
                                  "encryption is required for authentication"},
    [REASON_AUTH_METHOD] = {"auth.method", "504 5.5.4", "[AUTH]", "[AUTHENTICATIONFAILED]",
                            "this authentication method is not available here"},
    [REASON_AUTH_IP_DENIED] = {"auth.ip-denied", "535 5.7.8", "[AUTH]", "[AUTHORIZATIONFAILED]",
                               "authentication is not allowed"},
    [REASON_AUTH_USER_DENIED] = {"auth.user-denied", "535 5.7.8", "[AUTH]", "[AUTHORIZATIONFAILED]",
                                 "authentication is not allowed"},
    [REASON_AUTH_ORG_USER_DENIED] = {"auth.org-user-denied", "535 5.7.8", "[AUTH]",
                                     "[AUTHORIZATIONFAILED]", "authentication is not allowed"},
    [REASON_AUTH_BAD_CREDENTIALS] = {"auth.bad-credentials", "535 5.7.8", "[AUTH]",
                                     "[AUTHENTICATIONFAILED]", "authentication failed"},
    [REASON_AUTH_SOURCE_UNAVAILABLE] = {"auth.source-unavailable", "454 4.7.0", "[SYS/TEMP]",
                                        "[UNAVAILABLE]", "temporary failure, try again later"},
    [REASON_SESSION_TLS_REQUIRED] = {"session.tls-required", "530 5.7.0", "", "",
                                     "encryption is required, use STARTTLS first"},
    [REASON_SESSION_AUTH_REQUIRED] = {"session.auth-required", "530 5.7.0", "", "",
                                      "authentication is required"},
    [REASON_SENDER_AUTH_REQUIRED] = {"sender.auth-required", "530 5.7.0", "", "",
                                     "authentication is required for this sender"},
    [REASON_ROLE_AUTH_REQUIRED] = {"role.auth-required", "530 5.7.0", "", "",
                                   "authentication is required for this sender"},
    [REASON_IP_AUTH_REQUIRED] = {"ip.auth-required", "530 5.7.0", "", "",
                                 "authentication is required from this address"},
    [REASON_SENDER_MISMATCH] = {"sender.mismatch", "553 5.7.1", "", "",
                                "the sender is not the authenticated user"},
    [REASON_RELAY_DENIED] = {"relay.denied", "550 5.7.1", "", "", "relaying is not allowed"},
    [REASON_RECIPIENT_UNKNOWN] = {"recipient.unknown", "550 5.1.1", "", "", "no such recipient"},
    [REASON_RECIPIENT_UNVERIFIABLE] = {"recipient.unverifiable", "450 4.1.1", "", "",
                                       "the recipient cannot be verified now, try again later"},
    [REASON_MESSAGE_OK] = {"message.ok", "250 2.0.0", "", "", "ok"},
    [REASON_FROM_MISMATCH] = {"from.mismatch", "550 5.7.1", "", "",
                              "the From: header is not the authenticated user's"},
    [REASON_MESSAGE_SIZE] = {"message.size", "552 5.3.4", "", "", "the message is too large"},
    [REASON_MESSAGE_RECIPIENTS] = {"message.recipients", "452 4.5.3", "", "",
                                   "too many recipients in one message"},
    [REASON_SESSION_MESSAGES] = {"session.messages", "421 4.7.0", "", "",
                                 "too many messages in one connection, come again"},
    [REASON_USER_THROTTLED] = {"user.throttled", "452 4.7.1", "", "",
                               "too many messages, try again later"},
    /* Never read but by protocols that a rule section has no code for: see verdict_code. */
    [REASON_RULE] = {"rule", "", "", "", ""},
    [REASON_ROUTE_NONE] = {"route.none", "451 4.4.1", "[SYS/TEMP]", "[UNAVAILABLE]",
                           "no server is available, try again later"},
};

struct verdict
verdict_make(enum reason reason)
{
    assert(reason < REASON_COUNT);
    struct verdict verdict = {.action = VERDICT_TEMPFAIL, .reason = reason};
    char class = reasons[reason].smtp[0];
    if (class == '2')
        verdict.action = VERDICT_ACCEPT;
    else if (class == '5')
        verdict.action = VERDICT_REFUSE;
    return verdict;
}

struct verdict
verdict_make_by_rule(const struct rule *rule, enum reason accepted_as)
{
    static const enum verdict_action actions[] = {
        [RULE_DEFER] = VERDICT_TEMPFAIL,
        [RULE_REFUSE] = VERDICT_REFUSE,
        [RULE_ACCEPT] = VERDICT_ACCEPT,
        [RULE_TAG] = VERDICT_ACCEPT,
    };
    return (struct verdict){.action = actions[rule->action],
                            .reason = REASON_RULE,
                            .decided_by = rule,
                            .accepted_as = accepted_as};
}

void
verdict_id(const struct verdict *verdict, char id_r[VERDICT_ID_MAX])
{
    bool by_rule = verdict->reason == REASON_RULE;
    snprintf(id_r, VERDICT_ID_MAX, "%s%s%s", reason_id(verdict->reason), by_rule ? "." : "",
             by_rule ? verdict->decided_by->name : "");
}

/* The codes of a rule section are SMTP's; other protocols have those of a like reason. */
const char *
verdict_code(const struct verdict *verdict, enum protocol protocol)
{
    if (verdict->reason != REASON_RULE)
        return reason_code(verdict->reason, protocol);
    switch (verdict->action) {
    case VERDICT_TEMPFAIL:
        return protocol == PROTOCOL_SMTP ? verdict->decided_by->code
                                         : reason_code(REASON_INTERNAL, protocol);
    case VERDICT_REFUSE:
        return protocol == PROTOCOL_SMTP ? verdict->decided_by->code
                                         : reason_code(REASON_AUTH_USER_DENIED, protocol);
    case VERDICT_ACCEPT:
        return reason_code(verdict->accepted_as, protocol);
    }
    return reason_code(REASON_INTERNAL, protocol);
}

const char *
verdict_text(const struct verdict *verdict)
{
    if (verdict->reason != REASON_RULE)
        return reason_text(verdict->reason);
    return verdict->action == VERDICT_ACCEPT ? reason_text(verdict->accepted_as)
                                             : verdict->decided_by->text;
}

const char *
reason_id(enum reason reason)
{
    assert(reason < REASON_COUNT);
    return reasons[reason].id;
}

const char *
reason_code(enum reason reason, enum protocol protocol)
{
    assert(reason < REASON_COUNT);
    switch (protocol) {
    case PROTOCOL_SMTP:
        return reasons[reason].smtp;
    case PROTOCOL_POP3:
        return reasons[reason].pop3;
    case PROTOCOL_IMAP:
        return reasons[reason].imap;
    case PROTOCOL_HTTP: /* has its own status codes: fcgi-auth/http_reply.c */
        return "";
    }
    return "";
}

const char *
reason_text(enum reason reason)
{
    assert(reason < REASON_COUNT);
    return reasons[reason].text;
}

const char *
verdict_action_name(enum verdict_action action)
{
    switch (action) {
    case VERDICT_TEMPFAIL:
        return "defer";
    case VERDICT_REFUSE:
        return "refuse";
    case VERDICT_ACCEPT:
        return "accept";
    }
    return "defer";
}

/* Text that is written part by part, with what it would have needed. */
struct writer {
    char *text;
    size_t size, needed;
};

static void __attribute__((format(printf, 2, 3)))
put(struct writer *writer, const char *format, ...)
{
    size_t used = writer->needed < writer->size ? writer->needed : writer->size;
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(writer->text + used, writer->size - used, format, arguments);
    va_end(arguments);
    writer->needed += length > 0 ? (size_t)length : 0;
}

int
rule_format(const struct rule_ref *rule, char *text_r, size_t size)
{
    struct writer writer = {.text = text_r, .size = size};
    if (size > 0)
        text_r[0] = '\0';
    if (rule->origin.file != NULL)
        put(&writer, "%s:%u", rule->origin.file, rule->origin.line);
    else
        put(&writer, "built-in");
    if (rule->section_kind != NULL)
        put(&writer, " %s", rule->section_kind);
    if (rule->section_name != NULL)
        put(&writer, " \"%s\"", rule->section_name);
    if (rule->setting != NULL)
        put(&writer, ": %s", rule->setting);
    if (rule->hit.entry != NULL)
        put(&writer, ": entry \"%s\"", rule->hit.entry);
    if (rule->hit.entry != NULL && rule->hit.origin.file != NULL)
        put(&writer, " at %s:%u", rule->hit.origin.file, rule->hit.origin.line);
    if (rule->detail[0] != '\0')
        put(&writer, ": %s", rule->detail);
    for (size_t i = 0; size > 0 && text_r[i] != '\0'; i++)
        if ((unsigned char)text_r[i] < 0x20 || text_r[i] == 0x7f)
            text_r[i] = '?';
    return (int)writer.needed;
}
