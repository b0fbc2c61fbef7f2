/*
 * The order of things:
 *
 *     AUTH:  facts, admit (decide_auth), screen (memory, and decide_auth with what it knows),
 *            verify (login), judge (decide_login), route, reply, record
 *     none:  facts, recall (memory), recipient (decide_recipient, and what it hangs on), route,
 *            reply, record
 *     web:   as AUTH, without a route
 *
 * A session starts as a temporary failure (a decision's zero) and improves on evidence only. An
 * attempt is counted before a source is asked and again with the answer that would go out, because
 * only an answer that can be written is a login; where the account turns out to be closed to the
 * client, another answer takes its place.
 */
#include "session.h"

#include <stdatomic.h>
#include <stdio.h>

#include "aftermath.h"
#include "audit.h"
#include "auth_reply.h"
#include "clock.h"
#include "http_reply.h"
#include "log.h"
#include "login.h"
#include "memory.h"
#include "own_question.h"
#include "server_choice.h"
#include "web_request.h"

enum { SESSION_ID_MAX = 32, ATTEMPT_WAIT_S = 1 };

struct session {
    const struct world *world;
    const struct site *site;
    char id[SESSION_ID_MAX];
    int64_t began_us;
    struct deadline deadline;
    struct request request;
    struct memory memory; /* of the client */
    bool is_waiting;      /* to be asked again in a moment: nothing is decided */
    struct decision decision;
    struct find find; /* none: what the decision hangs on */
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

/* Who it is that wants to log in, and whether the listener lets him: as if nothing were remembered.
 */
static void
admit(struct session *session)
{
    decide_auth(session->site->tenancy, &session->site->settings.decide, &session->request.facts,
                NULL, &session->decision);
}

/* Then it is nobody's attempt, and must not wait for the one that asks it. */
static bool
is_own_question(struct session *session)
{
    const struct request *request = &session->request;
    struct decision *decision = &session->decision;
    return is_accepted(session) &&
           own_question_refuse(session->id, request->helo, decision->user.text, &request->facts,
                               decision);
}

/* What is remembered of the client and the account. From here on this is one attempt more. */
static void
screen(struct session *session)
{
    struct facts *facts = &session->request.facts;
    struct memory *memory = &session->memory;
    session->is_waiting = !memory_begin(memory, &session->decision, session->deadline, facts);
    if (session->is_waiting || (!facts->banned && facts->throttled_by == NULL))
        return;
    decide_auth(session->site->tenancy, &session->site->settings.decide, facts, NULL,
                &session->decision);
    memory_explain(memory, &session->decision);
}

static void
verify(struct session *session)
{
    const struct site *site = session->site;
    const struct facts *facts = &session->request.facts;
    const struct decide_settings *settings = &site->settings.decide;
    struct decision *decision = &session->decision;
    struct verify_result *verified = &session->verified;

    login_verify(site, session->id, session->deadline, &session->request, decision, verified);
    session->was_verified = true;
    decide_login(site->tenancy, settings, facts, verified->outcome, &verified->account,
                 &verified->rule, NULL, decision);
    if (is_accepted(session) && login_lacks_password(facts, decision, verified))
        decide_no_password(settings, facts, NULL, decision);
}

static void
run_login(struct session *session)
{
    admit(session);
    if (is_own_question(session))
        return;
    screen(session);
    if (!session->is_waiting && is_accepted(session))
        verify(session);
}

static void
run_recipient(struct session *session)
{
    struct memory *memory = &session->memory;
    const struct window *window = memory_window(memory);
    memory_recall(memory, session->deadline, &session->request.facts);
    session->find = (struct find){.site = session->site,
                                  .session = session->id,
                                  .deadline = session->deadline,
                                  .helo = session->request.helo,
                                  .user = window->name,
                                  .login = window->login};
    find_and_decide(&session->find, decide_recipient, &session->request.facts, &session->decision);
    memory_explain(memory, &session->decision);
}

/* Turns what was accepted into a refusal that is our own fault. */
static void
fail(struct session *session, const char *detail)
{
    session->decision.verdict = verdict_make(REASON_INTERNAL);
    snprintf(session->decision.verdict.rule.detail, RULE_DETAIL_MAX, "%s", detail);
}

/* One who is no balancer has said who he is, or nginx does not know one that is: then all its
 * clients would be one, who is banned for what any of them does. */
static void
doubt_client(struct session *session)
{
    fail(session, "the PROXY header names another client: its sender is not in set_real_ip_from "
                  "(site/balancers.conf)");
}

/* Who it is, by AUTH or by a relay window; "": nobody is authenticated. */
static const char *
canonical_user(const struct session *session)
{
    if (session->was_verified)
        return session->verified.account.name;
    return session->decision.user.text[0] != '\0' ? memory_window(&session->memory)->name : "";
}

static void
choose_route(struct session *session)
{
    struct upstream *upstream = session->decision.upstream;
    const struct verify_result *verified = session->was_verified ? &session->verified : NULL;
    const struct server_choice choice = {
        .facts = &session->request.facts, .user = canonical_user(session), .verified = verified};
    struct rule_ref rule = session->decision.verdict.rule; /* of one who lacks an upstream */
    session->is_routed =
        upstream != NULL && server_choice_make(&choice, upstream, &session->route, &rule) == 0;
    if (!session->is_routed)
        decide_no_route(&session->site->settings.decide, &session->request.facts, &rule, NULL,
                        &session->decision);
}

/* Writes the name for Auth-User. xtext is for XCLIENT: where nginx logs in at the server, it does
 * so by the name itself. */
static int
write_user(struct session *session, const char *user)
{
    enum username_encoding encoding = session->site->settings.decide.encoding;
    if (encoding == USERNAME_XTEXT &&
        decide_needs_password(&session->request.facts, &session->decision)) {
        snprintf(session->user, sizeof session->user, "%s", user);
        return 0;
    }
    return username_encode(user, encoding, session->user);
}

/* Writes the answer to nginx mail. An accepted session fails if it cannot be written. */
static void
reply(struct session *session, struct answer *answer_r)
{
    const struct facts *facts = &session->request.facts;
    const char *user = canonical_user(session);
    if (is_accepted(session)) {
        if (user[0] != '\0' && write_user(session, user) != 0)
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

/* The words for nginx mail or for its auth_request. */
typedef void session_reply(struct session *session, struct answer *answer_r);

/* What comes of the session for the next ones, and the answer where that makes it another. */
static void
remember(struct session *session, session_reply *write, struct answer *answer)
{
    const struct facts *facts = &session->request.facts;
    const struct decision *decision = &session->decision;
    struct memory *memory = &session->memory;
    memory_end(memory, &session->request, decision,
               session->was_verified ? &session->verified : NULL);
    if (!memory->end.is_throttled)
        return;
    decide_throttled(&session->site->settings.decide, facts, &memory->end.rule, NULL,
                     &session->decision);
    session->is_routed = false;
    answer_fini(answer);
    write(session, answer);
}

/* The account where a source named it, or whom the client said to be. */
static const char *
attempted_account(const struct session *session)
{
    const char *name = session->was_verified ? session->verified.account.name : "";
    return name[0] != '\0' ? name : session->decision.user.text;
}

/* The log, the alarms and the counts. */
static void
record(const struct session *session)
{
    const struct facts *facts = &session->request.facts;
    const struct attempt_end *end = &session->memory.end;
    const int64_t took_us = clock_now_us() - session->began_us;
    aftermath_tell(
        &(struct aftermath){.session = session->id,
                            .client = &facts->client,
                            .account = attempted_account(session),
                            .has_account = session->was_verified &&
                                           session->verified.outcome == VERIFY_WRONG_PASSWORD,
                            .limits = &session->site->settings.limits},
        end);
    audit_decision(&(struct audit){
        .session = session->id,
        .facts = facts,
        .decision = &session->decision,
        .code = session->code,
        .verified = session->was_verified ? &session->verified : NULL,
        .recipient = &session->find.recipient,
        .route = session->is_routed ? &session->route : NULL,
        .banned_ms = memory_banned_ms(&session->memory),
        .took_us = took_us,
    });
    metrics_ended(session->world->metrics, end);
    metrics_decided(session->world->metrics, facts->protocol, &session->decision.verdict, took_us);
}

static void
conclude(struct session *session, session_reply *write, struct answer *answer_r)
{
    write(session, answer_r);
    remember(session, write, answer_r);
    record(session);
}

/* So many attempts of the network are under way that this one would be too many if all fail. */
static void
note_waiting(const struct session *session)
{
    char client[NETADDR_TEXT_MAX];
    netaddr_format(&session->request.facts.client, client);
    log_event(LOG_DEBUG, "attempt.waits", LOG_STR("session", session->id),
              LOG_STR("client", client));
    metrics_waits(session->world->metrics);
}

static void
begin(struct session *session, const struct world *world)
{
    const struct site *site = world->site;
    *session = (struct session){.world = world, .site = site, .began_us = clock_now_us()};
    session->deadline = deadline_after(site->settings.session_timeout_ms);
    memory_init(&session->memory, world->store, site);
    set_id(session);
    metrics_session_began(world->metrics);
}

static void
end(struct session *session)
{
    metrics_session_ended(session->world->metrics);
    verify_result_fini(&session->verified);
    find_fini(&session->find);
    request_fini(&session->request);
}

void
session_run(const struct world *world, char **params, struct answer *answer_r)
{
    struct session session;
    begin(&session, world);
    request_decode(&session.request, params);
    if (session.request.is_client_doubted)
        doubt_client(&session);
    else if (session.request.facts.method == METHOD_NONE)
        run_recipient(&session);
    else
        run_login(&session);
    if (session.is_waiting) {
        note_waiting(&session);
        auth_reply_wait(answer_r, ATTEMPT_WAIT_S);
    } else {
        if (is_accepted(&session))
            choose_route(&session);
        conclude(&session, reply, answer_r);
    }
    end(&session);
}

void
session_run_web(const struct world *world, char **params, struct answer *answer_r)
{
    struct session session;
    begin(&session, world);
    web_request_decode(&session.request, params);
    run_login(&session);
    if (session.is_waiting) {
        note_waiting(&session);
        http_reply_refuse(answer_r, HTTP_UNAVAILABLE);
    } else {
        conclude(&session, reply_web, answer_r);
    }
    end(&session);
}
