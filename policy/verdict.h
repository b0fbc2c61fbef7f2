/*
 * verdict: what is decided about a session, why, and by which rule.
 *
 * Values; pure. Zero is a temporary failure with reason "internal". All that a client may be told
 * stands in one table (verdict.c), so that an unknown user and a wrong password cannot be told
 * apart.
 */
#ifndef MAILREEVE_VERDICT_H
#define MAILREEVE_VERDICT_H

#include <stddef.h>

#include "list.h"
#include "origin.h"

struct rule;

enum protocol {
    PROTOCOL_SMTP = 0,
    PROTOCOL_POP3,
    PROTOCOL_IMAP,
    PROTOCOL_HTTP, /* nginx's auth_request: a web page that asks for a login */
};
#define PROTOCOL_BIT(protocol) (1u << (unsigned)(protocol))

enum verdict_action {
    VERDICT_TEMPFAIL = 0, /* "not now": explain prints it as defer */
    VERDICT_REFUSE,
    VERDICT_ACCEPT,
};

enum reason {
    REASON_INTERNAL = 0,
    REASON_AUTH_OK,
    REASON_RECIPIENT_OK,
    REASON_REQUEST_MALFORMED,
    REASON_AUTH_BANNED,
    REASON_AUTH_THROTTLED,
    REASON_AUTH_OFF,
    REASON_AUTH_TLS_REQUIRED,
    REASON_AUTH_METHOD,
    REASON_AUTH_IP_DENIED,
    REASON_AUTH_USER_DENIED,
    REASON_AUTH_ORG_USER_DENIED,
    REASON_AUTH_BAD_CREDENTIALS,
    REASON_AUTH_SOURCE_UNAVAILABLE,
    REASON_SESSION_TLS_REQUIRED,
    REASON_SESSION_AUTH_REQUIRED,
    REASON_SENDER_AUTH_REQUIRED,
    REASON_ROLE_AUTH_REQUIRED,
    REASON_IP_AUTH_REQUIRED,
    REASON_SENDER_MISMATCH,
    REASON_RELAY_DENIED,
    REASON_RECIPIENT_UNKNOWN,
    REASON_RECIPIENT_UNVERIFIABLE,
    REASON_MESSAGE_OK,
    REASON_FROM_MISMATCH,
    REASON_MESSAGE_SIZE,       /* message_size */
    REASON_MESSAGE_RECIPIENTS, /* recipients_per_message */
    REASON_SESSION_MESSAGES,   /* messages_per_session */
    REASON_USER_THROTTLED,     /* messages_per_user, recipients_per_user */
    REASON_RULE,               /* a `rule` section decided: its name, code and text hold */
    REASON_ROUTE_NONE,
    REASON_COUNT,
};

enum { RULE_DETAIL_MAX = 160, VERDICT_ID_MAX = 80 };

/* The rule that made a verdict: a setting of a section and, where a list decided, the list's entry.
 */
struct rule_ref {
    struct origin origin; /* the setting's line, or the section's if the setting has its default */
    const char *section_kind; /* "listener", "organization", "source", ...; borrowed from the
                                 configuration, like the next two */
    const char *section_name;
    const char *setting; /* or what is asked though it is no setting ("ban"); NULL: the section as a
                            whole */
    struct list_hit hit; /* hit.entry is NULL if no entry decided (an allow list without a match) */
    char detail[RULE_DETAIL_MAX]; /* more for the reader of a log; may be empty. Whoever fills it
                                     puts no raw bytes of a client into it */
};

struct verdict {
    enum verdict_action action;
    enum reason reason;
    unsigned wait_s; /* Auth-Wait on a refusal: 0 lets nginx close the session */
    struct rule_ref rule;
    const struct rule *decided_by; /* with REASON_RULE only, as the next */
    enum reason accepted_as; /* REASON_AUTH_OK, REASON_RECIPIENT_OK or REASON_MESSAGE_OK: whose
                                code and text an accept has */
};

/* A verdict for a reason, with the action that belongs to it (the class of its SMTP code decides
 * between refuse and temporary failure), no wait and no rule. */
struct verdict verdict_make(enum reason reason);

/* The verdict of a `rule` section, with its action, and with no wait and no rule_ref. accepted_as
 * is what was asked for: REASON_AUTH_OK or REASON_RECIPIENT_OK. */
struct verdict verdict_make_by_rule(const struct rule *rule, enum reason accepted_as);

/* What holds for a verdict: its reason's, or, where a `rule` section decided, that one's. id_r gets
 * "auth.bad-credentials" or "rule.NAME". */
void verdict_id(const struct verdict *verdict, char id_r[VERDICT_ID_MAX]);
const char *verdict_code(const struct verdict *verdict, enum protocol protocol);
const char *verdict_text(const struct verdict *verdict);

/* "auth.bad-credentials" */
const char *reason_id(enum reason reason);

/* The code that a client of that protocol sees: "535 5.7.8", "[AUTH]" with POP3,
 * "[AUTHENTICATIONFAILED]" with IMAP; "" where a protocol has none. */
const char *reason_code(enum reason reason, enum protocol protocol);

/* The text behind the code: short, printable ASCII, gives no secret away. */
const char *reason_text(enum reason reason);

/* "accept", "refuse", "defer" */
const char *verdict_action_name(enum verdict_action action);

/* Writes `FILE:LINE section "name": setting: entry "..." at FILE:LINE: detail` on one line, leaving
 * out what is not there; a rule without an origin is "built-in". Control characters, which only
 * detail could hold, become '?'. Returns the length that was needed, as snprintf does. */
int rule_format(const struct rule_ref *rule, char *text_r, size_t size);

#endif
