#include "decide_session.h"

#include <string.h>

#include "access.h"

bool
session_ask_tls(const struct question *question)
{
    const struct listener *listener = question->decision->listener;
    const struct facts *facts = question->facts;
    struct rule_ref rule =
        question_listener_rule(question, "require_tls", listener->require_tls_origin);
    if (facts->message != NULL && !facts->message->tls_known) {
        question_note(&rule, "asked by the front door");
        return question_next(question, &rule);
    }
    return question_unless(question, listener->require_tls && !facts->tls,
                           REASON_SESSION_TLS_REQUIRED, &rule);
}

/* The session is that user's from here on. The name has been canonical since the login, so a name
 * without a domain is of no organization: another listener's default domain must not make it one's.
 */
static bool
take_name(const struct question *question, const char *name, enum username_encoding encoding,
          struct rule_ref *rule)
{
    struct decision *decision = question->decision;
    struct err err = {.text = ""};
    if (username_parse(name, strlen(name), encoding, NULL, &decision->user, &err) != 0) {
        decision->user = (struct username){.text = ""};
        question_note(rule, "the name is unusable");
        question_note(rule, err.text);
        return question_end(question, REASON_INTERNAL, rule);
    }
    const char *domain = username_domain(&decision->user);
    decision->organization = domain != NULL ? tenancy_owner(question->tenancy, domain) : NULL;
    question_note(rule, "the client has authenticated");
    return question_next(question, rule);
}

/* NetMail, SMTP-after-POP. */
static bool
ask_window(const struct question *question, enum username_encoding encoding)
{
    const struct listener *listener = question->decision->listener;
    const char *name = question->facts->window;
    struct rule_ref rule =
        question_listener_rule(question, "relay_window", listener->relay_window_origin);
    if (listener->relay_window_ms == 0 || name == NULL)
        return question_next(question, &rule);
    question_note(&rule, "one is open");
    return take_name(question, name, encoding, &rule);
}

bool
session_ask_user(const struct question *question)
{
    const struct message_facts *message = question->facts->message;
    if (message == NULL)
        return ask_window(question, question->settings->encoding);
    /* The mail server has decoded xtext, and the name goes into no XCLIENT from here. */
    if (message->authenticated == NULL)
        return ask_window(question, USERNAME_XTEXT);
    struct rule_ref rule = question_fixed_rule(question, "login", "by the mail server");
    return take_name(question, message->authenticated, USERNAME_XTEXT, &rule);
}

bool
session_ask_auth(const struct question *question)
{
    const struct listener *listener = question->decision->listener;
    struct rule_ref rule =
        question_listener_rule(question, "require_auth", listener->require_auth_origin);
    if (!listener->require_auth)
        return question_next(question, &rule);
    if (question_is_authenticated(question)) {
        question_note(&rule, "the client has authenticated");
        return question_next(question, &rule);
    }
    struct rule_ref relay =
        question_listener_rule(question, "relay_ips", listener->relay_ips.origin);
    switch (access_ask_list_address(listener->relay_ips.list, &question->facts->client, &relay)) {
    case LIST_CANNOT_TELL:
        return question_end(question, REASON_INTERNAL, &relay);
    case LIST_NO_MATCH:
        question_next(question, &relay);
        return question_end(question, REASON_SESSION_AUTH_REQUIRED, &rule);
    case LIST_MATCH:
        question_note(&relay, "exempt");
        question_next(question, &relay);
        question_note(&rule, "exempt");
        return question_next(question, &rule);
    }
    return question_end(question, REASON_INTERNAL, &relay);
}

bool
session_ask_intact(const struct question *question)
{
    const struct decision *decision = question->decision;
    return question_intact(question, question_user_organization(question)) &&
           question_intact(question, decision->sender_organization) &&
           question_intact(question, decision->recipient_organization);
}
