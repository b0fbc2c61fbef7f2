/* decide_auth: the rules before a source is asked, in the order of precedence. */
#include <stdio.h>
#include <string.h>

#include "access.h"
#include "certificates.h"
#include "question.h"

static bool
has_control_character(const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)bytes[i] < 0x20 || bytes[i] == 0x7f)
            return true;
    return false;
}

/* With EXTERNAL nginx sends the password of the attempt before (measured): it means nothing. */
static bool
has_password(const struct facts *facts)
{
    return facts->method != METHOD_EXTERNAL;
}

/* RFC 4422 A.1: with EXTERNAL a client may leave it to the certificate who he is. */
static bool
has_user(const struct facts *facts)
{
    return facts->method != METHOD_EXTERNAL || (facts->user != NULL && facts->user_length > 0);
}

/* What is wrong with the request, or NULL. Fills the decision's user. */
static const char *
find_fault(const struct question *question, struct err *err)
{
    const struct facts *facts = question->facts;
    struct decision *decision = question->decision;
    if (facts->malformed != NULL)
        return facts->malformed;
    if (!has_user(facts))
        return NULL;
    if (facts->user == NULL)
        return "no user name was sent";
    const char *default_domain =
        decision->listener != NULL ? decision->listener->default_domain : NULL;
    if (username_parse(facts->user, facts->user_length, question->settings->encoding,
                       default_domain, &decision->user, err) != 0)
        return err->text;
    if (!has_password(facts) || facts->password == NULL)
        return NULL;
    if (facts->password_length > PASSWORD_MAX)
        return "the password is too long";
    if (has_control_character(facts->password, facts->password_length))
        return "the password has a control character";
    return NULL;
}

static void
find_organization(const struct question *question)
{
    struct decision *decision = question->decision;
    const char *domain = username_domain(&decision->user);
    decision->organization = domain != NULL ? tenancy_owner(question->tenancy, domain) : NULL;
}

static bool
ask_request(const struct question *question)
{
    struct err err = {.text = ""};
    const char *fault = find_fault(question, &err);
    struct rule_ref rule = question_fixed_rule(question, "malformed request", fault);
    if (fault != NULL)
        return question_end(question, REASON_REQUEST_MALFORMED, &rule);
    find_organization(question);
    return question_next(question, &rule);
}

/* MDaemon: "add to the Dynamic Screen any IP address of any client that attempts to authenticate
 * on the SMTP port anyway. The connection will also be immediately terminated." */
static bool
refuse_when_off(const struct question *question, const struct rule_ref *rule)
{
    struct decision *decision = question->decision;
    const struct listener *listener = decision->listener;
    struct rule_ref ban =
        question_listener_rule(question, "on_auth_when_off", listener->on_auth_when_off_origin);
    if (listener->ban_when_off)
        question_note(&ban, "the client is to be banned");
    question_next(question, &ban);
    question_end(question, REASON_AUTH_OFF, rule);
    decision->ban_client = listener->ban_when_off;
    if (decision->ban_client)
        decision->verdict.wait_s = 0;
    return false;
}

static bool
ask_auth(const struct question *question)
{
    const struct listener *listener = question->decision->listener;
    struct rule_ref rule = question_listener_rule(question, "auth", listener->auth_origin);
    switch (listener->auth) {
    case AUTH_OFF:
        return refuse_when_off(question, &rule);
    case AUTH_ENCRYPTED:
        return question_unless(question, !question->facts->tls, REASON_AUTH_TLS_REQUIRED, &rule);
    case AUTH_ON:
        break;
    }
    return question_next(question, &rule);
}

static bool
ask_tls(const struct question *question)
{
    const struct listener *listener = question->decision->listener;
    struct rule_ref rule =
        question_listener_rule(question, "require_tls", listener->require_tls_origin);
    return question_unless(question, listener->require_tls && !question->facts->tls,
                           REASON_AUTH_TLS_REQUIRED, &rule);
}

static bool
ask_method(const struct question *question)
{
    const struct listener *listener = question->decision->listener;
    enum auth_method method = question->facts->method;
    struct rule_ref rule = question_listener_rule(question, "methods", listener->methods_origin);
    const unsigned no_login = METHOD_BIT(METHOD_UNKNOWN) | METHOD_BIT(METHOD_NONE);
    bool offered = (listener->methods & ~no_login & METHOD_BIT(method)) != 0;
    if (!offered)
        snprintf(rule.detail, sizeof rule.detail, "%s is not among them", auth_method_name(method));
    return question_unless(question, !offered, REASON_AUTH_METHOD, &rule);
}

/* The user that the certificate's entry names stands for the login from here on. */
static bool
conclude_certificate(const struct question *question, const struct certificate *certificate,
                     struct rule_ref *rule)
{
    struct decision *decision = question->decision;
    struct username user;
    struct err err = {.text = ""};
    rule->hit = (struct list_hit){.entry = certificate->entry, .origin = certificate->origin};
    if (username_parse(certificate->user, strlen(certificate->user), question->settings->encoding,
                       decision->listener->default_domain, &user, &err) != 0) {
        question_note(rule, "the entry's name is unusable");
        question_note(rule, err.text);
        return question_end(question, REASON_INTERNAL, rule);
    }
    if (has_user(question->facts) && strcmp(user.text, decision->user.text) != 0) {
        question_note(rule, "the client says that it is somebody else");
        return question_end(question, REASON_AUTH_BAD_CREDENTIALS, rule);
    }
    decision->user = user;
    find_organization(question);
    return question_next(question, rule);
}

static bool
ask_certificate(const struct question *question)
{
    const struct listener *listener = question->decision->listener;
    const struct facts *facts = question->facts;
    if (facts->method != METHOD_EXTERNAL)
        return true;
    struct rule_ref rule =
        question_listener_rule(question, "certificates", listener->certificates_origin);
    const struct certificate *certificate = NULL;
    if (!facts->certificate_verified)
        question_note(&rule, "the client has no certificate that nginx trusts");
    else if (listener->certificates != NULL)
        certificate = certificates_find(listener->certificates, facts->certificate_fingerprint,
                                        facts->certificate_subject);
    if (certificate != NULL)
        return conclude_certificate(question, certificate, &rule);
    if (facts->certificate_verified)
        question_note(&rule, "the client's is not among them");
    return question_end(question, REASON_AUTH_BAD_CREDENTIALS, &rule);
}

static bool
conclude_access(const struct question *question, enum access_answer answer, enum reason refusal,
                const struct rule_ref *rule)
{
    switch (answer) {
    case ACCESS_CANNOT_TELL:
        return question_end(question, REASON_INTERNAL, rule);
    case ACCESS_REFUSED:
        return question_end(question, refusal, rule);
    case ACCESS_GRANTED:
        return question_next(question, rule);
    }
    return question_end(question, REASON_INTERNAL, rule);
}

static bool
ask_addresses(const struct question *question)
{
    const struct access *access = &question->decision->listener->auth_ips;
    struct rule_ref rule = question_listener_rule(question, "auth_ips", access->origin);
    enum access_answer answer = access_ask_address(access, &question->facts->client, &rule);
    return conclude_access(question, answer, REASON_AUTH_IP_DENIED, &rule);
}

static bool
ask_names(const struct question *question)
{
    const struct access *access = &question->decision->listener->auth_users;
    struct rule_ref rule = question_listener_rule(question, "auth_users", access->origin);
    enum access_answer answer = access_ask_name(access, question->decision->user.text, &rule);
    return conclude_access(question, answer, REASON_AUTH_USER_DENIED, &rule);
}

/* Design "Precedence": what a listener refuses is no attempt. */
static bool
ask_throttle(const struct question *question)
{
    question->decision->is_attempt = true;
    const struct rule_ref *by = question->facts->throttled_by;
    bool is_named = by != NULL && by->setting != NULL;
    struct rule_ref rule = question_fixed_rule(
        question, "throttle", by != NULL ? "a limit is reached, or the account is closed" : NULL);
    return question_unless(question, by != NULL, REASON_AUTH_THROTTLED, is_named ? by : &rule);
}

/* Without its settings an organization's users are neither let in nor turned away. */
static bool
ask_intact(const struct question *question)
{
    return question_intact(question, question->decision->organization);
}

/* SMG 14 and 15: a name of another organization is none of this one's business. */
static bool
ask_organization_names(const struct question *question)
{
    const struct organization *organization = question->decision->organization;
    if (organization == NULL)
        return true;
    const struct access *access = &organization->auth_users;
    struct rule_ref rule = question_organization_rule(organization, "auth_users", access->origin);
    enum access_answer answer = access_ask_name(access, question->decision->user.text, &rule);
    return conclude_access(question, answer, REASON_AUTH_ORG_USER_DENIED, &rule);
}

/* An LDAP bind with an empty password succeeds for everybody (RFC 4513 5.1.2), so no source gets to
 * see one. It comes last and looks like a wrong password, so that it tells nobody anything. */
static bool
ask_password(const struct question *question)
{
    const struct facts *facts = question->facts;
    bool empty = facts->password == NULL || facts->password_length == 0;
    bool wrong = has_password(facts) && empty;
    struct rule_ref rule = question_fixed_rule(question, "password", wrong ? "it is empty" : NULL);
    return question_unless(question, wrong, REASON_AUTH_BAD_CREDENTIALS, &rule);
}

/* Design "Precedence". */
static bool (*const rules[])(const struct question *question) = {
    ask_request, question_ban,           question_listener, ask_auth,  ask_tls,
    ask_method,  ask_certificate,        ask_addresses,     ask_names, ask_throttle,
    ask_intact,  ask_organization_names, ask_password,
};

void
decide_auth(const struct tenancy *tenancy, const struct decide_settings *settings,
            const struct facts *facts, const struct trail *trail, struct decision *decision_r)
{
    struct question question = question_begin(tenancy, settings, facts, trail, decision_r);
    if (!question_ask(&question, rules, sizeof rules / sizeof rules[0]))
        return;
    /* Not told to the trail: it is the source that accepts. */
    decision_r->verdict = verdict_make(REASON_AUTH_OK);
    decision_r->verdict.rule =
        question_listener_rule(&question, NULL, decision_r->listener->origin);
}
