/*
 * The order of things:
 *
 *     AUTH:  facts, admit (decide_auth), verify (login), judge (decide_login), route, reply, record
 *     none:  facts, recipient (decide_recipient, and what it hangs on), route, reply, record
 *     web:   as AUTH, without a route
 *
 * A session starts as a temporary failure (a decision's zero) and improves on evidence only.
 */
#include "session.h"

#include <stdatomic.h>
#include <stdio.h>

#include "audit.h"
#include "auth_reply.h"
#include "clock.h"
#include "http_reply.h"
#include "login.h"
#include "memory.h"
#include "own_question.h"
#include "recipient.h"
#include "web_request.h"

enum { SESSION_ID_MAX = 32 };

struct session {
    const struct site *site;
    struct state *state;
    char id[SESSION_ID_MAX];
    int64_t began_us;
    struct deadline deadline;
    struct request request;
    struct window_user window; /* behind the fact of that name */
    struct decision decision;
    struct recipient_asked recipient;
    bool was_verified;
    struct verify_result verified;
    bool is_routed;
    struct route route;
    char user[USERNAME_ENCODED_MAX + 1]; /* for Auth-User */
    const char *code;                    /* that the client was told */
};

/* Tells the sessions of one process apart in the log, and those of the one before it. */
static void
set_id(struct session *session)
{
    static atomic_uint count;
    snprintf(session->id, sizeof session->id, "%llx.%x", (unsigned long long)clock_wall_ms() / 1000,
             atomic_fetch_add(&count, 1) + 1);
}

static bool
is_accepted(const struct session *session)
{
    return session->decision.verdict.action == VERDICT_ACCEPT;
}

static void
run_login(struct session *session)
{
    const struct site *site = session->site;
    const struct request *request = &session->request;
    const struct facts *facts = &request->facts;
    const struct decide_settings *settings = &site->settings.decide;
    struct decision *decision = &session->decision;
    struct verify_result *verified = &session->verified;

    decide_auth(site->tenancy, settings, facts, NULL, decision);
    if (!is_accepted(session) ||
        own_question_refuse(session->id, request->helo, decision->user.text, facts, decision))
        return;
    login_verify(site, session->id, session->deadline, request, decision, verified);
    session->was_verified = true;
    decide_login(site->tenancy, settings, facts, verified->outcome, &verified->account,
                 &verified->rule, NULL, decision);
    if (is_accepted(session) && login_lacks_password(facts, decision, verified))
        decide_no_password(settings, facts, NULL, decision);
}

static void
run_recipient(struct session *session)
{
    recipient_decide(session->site, session->id, session->deadline, &session->request,
                     &session->window, &session->decision, &session->recipient);
}

/* Turns what was accepted into a refusal that is our own fault. */
static void
fail(struct session *session, const char *detail)
{
    session->decision.verdict = verdict_make(REASON_INTERNAL);
    snprintf(session->decision.verdict.rule.detail, RULE_DETAIL_MAX, "%s", detail);
}

static void
no_route(struct session *session, const struct rule_ref *rule)
{
    decide_no_route(&session->site->settings.decide, &session->request.facts, rule, NULL,
                    &session->decision);
}

/* The account's own mail host, where a source knows one. */
static const char *
mail_host(const struct session *session)
{
    return session->was_verified ? session->verified.account.route : NULL;
}

/* Why there is no server: the source that names the account's mail host, or the upstream. */
static struct rule_ref
no_server_rule(const struct session *session, const struct err *err)
{
    const struct upstream *upstream = session->decision.upstream;
    struct rule_ref rule = {.origin = upstream_section_of(upstream)->origin,
                            .section_kind = "upstream",
                            .section_name = upstream_name(upstream)};
    if (mail_host(session) != NULL && session->request.facts.protocol != PROTOCOL_SMTP)
        rule = session->verified.rule;
    snprintf(rule.detail, sizeof rule.detail, "%s", err->text);
    return rule;
}

/* The mail host has the mailbox, so who wants to read gets to that server or to none. Mail can be
 * handed in at any, and at his own where it is one of the upstream and up. */
static int
choose_server(struct session *session, struct upstream *upstream, struct err *err)
{
    const char *host = mail_host(session);
    bool is_sending = session->request.facts.protocol == PROTOCOL_SMTP;
    if (host == NULL)
        return upstream_choose(upstream, &session->route, err);
    int chosen = upstream_choose_host(upstream, host, &session->route, err);
    return chosen != 0 && is_sending ? upstream_choose(upstream, &session->route, err) : chosen;
}

static void
choose_route(struct session *session)
{
    struct upstream *upstream = session->decision.upstream;
    if (upstream == NULL) {
        struct rule_ref lacking = session->decision.verdict.rule;
        no_route(session, &lacking);
        return;
    }
    struct err err;
    session->is_routed = choose_server(session, upstream, &err) == 0;
    if (session->is_routed)
        return;
    struct rule_ref rule = no_server_rule(session, &err);
    no_route(session, &rule);
}

/* Who it is, by AUTH or by a relay window; "": nobody is authenticated. */
static const char *
canonical_user(const struct session *session)
{
    if (session->was_verified)
        return session->verified.account.name;
    return session->decision.user.text[0] != '\0' ? session->window.name : "";
}

/* Writes the answer to nginx mail. An accepted session fails if it cannot be written. */
static void
reply(struct session *session, struct answer *answer_r)
{
    const struct facts *facts = &session->request.facts;
    const char *user = canonical_user(session);
    if (is_accepted(session)) {
        if (user[0] != '\0' &&
            username_encode(user, session->site->settings.decide.encoding, session->user) != 0)
            fail(session, "the account's name cannot be written into Auth-User");
        else if (!auth_reply_takes_password(&session->verified.clear))
            fail(session, "the account's password cannot be written into Auth-Pass");
        else if (auth_reply_accept(answer_r, &session->route, session->user,
                                   &session->verified.clear, facts->method) != 0)
            fail(session, "the answer does not fit");
    }
    if (!is_accepted(session))
        auth_reply_refuse(answer_r, &session->decision.verdict, facts->protocol);
    session->code = verdict_code(&session->decision.verdict, facts->protocol);
}

/* Writes the answer to nginx's auth_request, likewise. */
static void
reply_web(struct session *session, struct answer *answer_r)
{
    if (is_accepted(session) && http_reply_accept(answer_r, canonical_user(session)) != 0)
        fail(session, "the answer does not fit");
    enum http_status status = http_reply_status(&session->decision, &session->request.facts);
    if (status != HTTP_ALLOWED)
        http_reply_refuse(answer_r, status);
    session->code = http_reply_code(status);
}

static void
audit(const struct session *session, int64_t banned_ms)
{
    audit_decision(&(struct audit){
        .session = session->id,
        .facts = &session->request.facts,
        .decision = &session->decision,
        .code = session->code,
        .verified = session->was_verified ? &session->verified : NULL,
        .recipient = &session->recipient,
        .route = session->is_routed ? &session->route : NULL,
        .banned_ms = banned_ms,
        .took_us = clock_now_us() - session->began_us,
    });
}

/* What comes of the session for the next ones, and the log. */
static void
record(const struct session *session)
{
    const struct facts *facts = &session->request.facts;
    if (is_accepted(session) && session->was_verified)
        memory_log_in(session->state, session->site, facts, &session->decision.user,
                      &session->verified.account);
    audit(session,
          memory_ban(session->state, session->site, session->id, facts, &session->decision));
}

static void
begin(struct session *session, const struct site *site, struct state *state)
{
    *session = (struct session){.site = site, .state = state, .began_us = clock_now_us()};
    session->deadline = deadline_after(site->settings.session_timeout_ms);
    set_id(session);
}

static void
recall(struct session *session)
{
    memory_recall(session->state, session->site, &session->request.facts, &session->window);
}

static void
end(struct session *session)
{
    record(session);
    verify_result_fini(&session->verified);
    request_fini(&session->request);
}

void
session_run(const struct site *site, struct state *state, char **params, struct answer *answer_r)
{
    struct session session;
    begin(&session, site, state);
    request_decode(&session.request, params);
    recall(&session);
    if (session.request.facts.method == METHOD_NONE)
        run_recipient(&session);
    else
        run_login(&session);
    if (is_accepted(&session))
        choose_route(&session);
    reply(&session, answer_r);
    end(&session);
}

void
session_run_web(const struct site *site, struct state *state, char **params,
                struct answer *answer_r)
{
    struct session session;
    begin(&session, site, state);
    web_request_decode(&session.request, params);
    recall(&session);
    run_login(&session);
    reply_web(&session, answer_r);
    end(&session);
}
