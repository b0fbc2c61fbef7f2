/*
 * The order of things:
 *
 *     AUTH:  facts, admit (decide_auth), verify, judge (decide_login), route, audit, reply
 *     none:  facts, recipient (decide_recipient), route, audit, reply
 *
 * A session starts as a temporary failure (a decision's zero) and improves on evidence only.
 */
#include "session.h"

#include <stdatomic.h>
#include <stdio.h>

#include "audit.h"
#include "auth_reply.h"
#include "clock.h"
#include "request.h"

enum { SESSION_ID_MAX = 32 };

struct session {
    const struct site *site;
    char id[SESSION_ID_MAX];
    int64_t began_us;
    struct deadline deadline;
    struct request request;
    struct decision decision;
    bool was_verified;
    struct verify_result verified;
    bool is_routed;
    struct route route;
    char user[USERNAME_ENCODED_MAX + 1]; /* for Auth-User */
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
verify(struct session *session)
{
    const struct source_chain *chain = site_chain(session->site, &session->decision);
    struct verify_request request = {.user = &session->decision.user,
                                     .password = &session->request.password,
                                     .deadline = session->deadline};
    struct verify_asked asked = {0};
    source_chain_verify(chain, &request, &session->verified, &asked);
    session->was_verified = true;
    audit_asked(session->id, &asked);
}

static void
run_login(struct session *session)
{
    const struct site *site = session->site;
    const struct facts *facts = &session->request.facts;
    const struct decide_settings *settings = &site->settings.decide;

    decide_auth(site->tenancy, settings, facts, NULL, &session->decision);
    if (!is_accepted(session))
        return;
    verify(session);
    decide_login(site->tenancy, settings, facts, session->verified.outcome,
                 &session->verified.account, &session->verified.rule, NULL, &session->decision);
}

static void
run_recipient(struct session *session)
{
    const struct site *site = session->site;
    decide_recipient(site->tenancy, &site->settings.decide, &session->request.facts, NULL,
                     &session->decision);
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
    if (upstream_choose(upstream, &session->route, &err) == 0) {
        session->is_routed = true;
        return;
    }
    struct rule_ref none_up = {.origin = upstream_section_of(upstream)->origin,
                               .section_kind = "upstream",
                               .section_name = upstream_name(upstream)};
    snprintf(none_up.detail, sizeof none_up.detail, "%s", err.text);
    no_route(session, &none_up);
}

static void
audit(const struct session *session)
{
    audit_decision(&(struct audit){
        .session = session->id,
        .facts = &session->request.facts,
        .decision = &session->decision,
        .verified = session->was_verified ? &session->verified : NULL,
        .route = session->is_routed ? &session->route : NULL,
        .took_us = clock_now_us() - session->began_us,
    });
}

/* Writes the answer for an accepted session; fails it if it cannot be written. */
static void
reply_accept(struct session *session, struct answer *answer_r)
{
    bool has_login = session->request.facts.method != METHOD_NONE;
    if (has_login && username_encode(session->verified.account.name,
                                     session->site->settings.decide.encoding, session->user) != 0)
        fail(session, "the account's name cannot be written into Auth-User");
    else if (auth_reply_accept(answer_r, &session->route, has_login ? session->user : NULL) != 0)
        fail(session, "the answer does not fit");
}

void
session_run(const struct site *site, char **params, struct answer *answer_r)
{
    struct session session = {.site = site, .began_us = clock_now_us()};
    session.deadline = deadline_after(site->settings.session_timeout_ms);
    set_id(&session);

    request_decode(&session.request, params);
    if (session.request.facts.method == METHOD_NONE)
        run_recipient(&session);
    else
        run_login(&session);
    if (is_accepted(&session))
        choose_route(&session);
    if (is_accepted(&session))
        reply_accept(&session, answer_r);
    if (!is_accepted(&session))
        auth_reply_refuse(answer_r, &session.decision.verdict, session.request.facts.protocol);
    audit(&session);
    verify_result_fini(&session.verified);
    request_fini(&session.request);
}
