/*
 * The answers, by what happened:
 *
 *     allow    200 {"status":-1,"msg":"..."}  banned, closed to that network, or over a limit
 *              200 {"status":0,"msg":""}      go on
 *     report   200 {"status":"ok"}
 *     ping     200 {"status":"ok"}
 *     else     400, 405, 413 {"status":"failure","reason":"..."}
 *     crowded  503 likewise: nothing was asked, and the server has a setting of its own for having
 *              no answer (Dovecot: auth_policy_reject_on_fail)
 *
 * A store that cannot be asked is no reason to turn people away: 0, as nginx's sessions go on then.
 * A 503 for each login would say it again in the log of every server, and where that setting is on
 * would close all doors for the sake of some counters.
 *
 * What a client is told is the same for a ban and for a limit that is reached: Dovecot shows msg to
 * him, and nobody shall learn from it which accounts are under attack.
 */
#include "auth_policy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aftermath.h"
#include "alloc.h"
#include "clock.h"
#include "log.h"
#include "memory.h"
#include "params.h"
#include "policy_request.h"
#include "reported.h"
#include "site_screening.h"

enum { RULE_TEXT_MAX = 1024, LOGIN_BYTES_MAX = 256 };

static const char done[] = "{\"status\":\"ok\"}\n";

/* One question or report. */
struct inquiry {
    const struct world *world;
    const char *listener, *server; /* X-Listener; who asks us */
    int64_t began_us;
    struct policy_request request;
    struct username user; /* "": the name is none that could log in */
    struct err user_fault;
    const struct organization *organization;
    struct screening_rules rules;
    struct attempt_question question;
};

static void
reply(struct answer *answer_r, const char *status, char *body)
{
    answer_init(answer_r, status);
    answer_add(answer_r, "Content-Type", "application/json");
    answer_end(answer_r, body);
}

/* reason: of ours, without quotes. */
static void
fail(struct answer *answer_r, const char *status, const char *reason)
{
    char body[ERR_TEXT_MAX + 64];
    snprintf(body, sizeof body, "{\"status\":\"failure\",\"reason\":\"%s\"}\n", reason);
    reply(answer_r, status, xstrdup(body));
}

static void
find_user(struct inquiry *inquiry)
{
    const struct site *site = inquiry->world->site;
    const struct listener *listener =
        inquiry->listener != NULL ? tenancy_listener(site->tenancy, inquiry->listener) : NULL;
    const char *login = inquiry->request.login;
    if (username_parse(login, strlen(login), site->settings.decide.encoding,
                       listener != NULL ? listener->default_domain : NULL, &inquiry->user,
                       &inquiry->user_fault) != 0)
        return;
    const char *domain = username_domain(&inquiry->user);
    inquiry->organization = domain != NULL ? tenancy_owner(site->tenancy, domain) : NULL;
}

static void
prepare(struct inquiry *inquiry)
{
    const struct site *site = inquiry->world->site;
    find_user(inquiry);
    inquiry->rules = site_screening(site);
    inquiry->question = (struct attempt_question){
        .client = inquiry->request.client,
        .organization = inquiry->organization != NULL ? inquiry->organization->name : NULL,
        .login = inquiry->user.text,
        .only_bans = inquiry->user.text[0] == '\0'};
}

static struct deadline
store_deadline(const struct inquiry *inquiry)
{
    return deadline_after(inquiry->world->site->settings.store.timeout_ms);
}

static const char *
or_null(const char *text)
{
    return text != NULL && text[0] != '\0' ? text : NULL;
}

/* What both lines of the log have. */
#define LOG_INQUIRY(inquiry, client)                                                        \
    LOG_STR("session", or_null((inquiry)->request.session)),                                \
        LOG_STR("listener", (inquiry)->listener), LOG_STR("server", (inquiry)->server),     \
        LOG_STR("protocol", or_null((inquiry)->request.protocol)),                          \
        LOG_BYTES("login", (inquiry)->request.login,                                        \
                  strnlen((inquiry)->request.login, LOGIN_BYTES_MAX)),                      \
        LOG_STR("user", or_null((inquiry)->user.text)), LOG_STR("client", or_null(client)), \
        LOG_STR("organization",                                                             \
                (inquiry)->organization != NULL ? (inquiry)->organization->name : NULL),    \
        LOG_STR("tls", (inquiry)->request.tls ? "on" : "off")

static enum reason
reason_of(enum attempt_answer answer)
{
    switch (answer) {
    case ATTEMPT_GO_ON:
    case ATTEMPT_WAIT:
        return REASON_AUTH_OK;
    case ATTEMPT_BANNED:
        return REASON_AUTH_BANNED;
    case ATTEMPT_THROTTLED:
        return REASON_AUTH_THROTTLED;
    }
    return REASON_INTERNAL;
}

static void
log_allow(const struct inquiry *inquiry, const struct attempt *attempt, bool goes_on)
{
    char client[NETADDR_TEXT_MAX], rule[RULE_TEXT_MAX];
    netaddr_format(&inquiry->request.client, client);
    rule_format(&attempt->rule, rule, sizeof rule);
    log_event(LOG_INFO, "policy.allow", LOG_INQUIRY(inquiry, client),
              LOG_INT("status", goes_on ? 0 : -1),
              LOG_STR("reason", goes_on ? NULL : reason_id(reason_of(attempt->answer))),
              LOG_STR("rule", goes_on ? NULL : rule),
              LOG_STR("error", attempt->is_counted ? NULL : "the store could not be asked"),
              LOG_INT("ms", (clock_now_us() - inquiry->began_us) / 1000));
}

static void
serve_allow(struct inquiry *inquiry, struct answer *answer_r)
{
    struct attempt attempt;
    reported_ask(inquiry->world->store, &inquiry->rules, &inquiry->question, clock_wall_ms(),
                 store_deadline(inquiry), &attempt);
    const bool goes_on = reason_of(attempt.answer) == REASON_AUTH_OK;
    char body[256];
    snprintf(body, sizeof body, "{\"status\":%d,\"msg\":\"%s\"}\n", goes_on ? 0 : -1,
             goes_on ? "" : reason_text(REASON_AUTH_BANNED));
    reply(answer_r, "200 OK", xstrdup(body));
    log_allow(inquiry, &attempt, goes_on);
}

/* NetMail: a login by POP opens it. Whether the account may send is not known here: the server that
 * verified it knows the account, and we may not. */
static bool
opens_window(const struct inquiry *inquiry)
{
    return inquiry->rules.longest_window_ms > 0 && policy_request_is_reading(&inquiry->request);
}

static struct window
window_of(const struct inquiry *inquiry, int64_t now_ms)
{
    struct window window = {.client = inquiry->request.client, .opened_ms = now_ms};
    snprintf(window.name, sizeof window.name, "%s", inquiry->user.text);
    snprintf(window.login, sizeof window.login, "%s", inquiry->user.text);
    return window;
}

static void
count(const struct inquiry *inquiry, enum verify_outcome outcome, struct attempt_end *end_r)
{
    const struct policy_request *request = &inquiry->request;
    const int64_t now_ms = clock_wall_ms();
    const struct window window = window_of(inquiry, now_ms);
    struct secret password;
    secret_init(&password);
    secret_set(&password, request->password_hash, strlen(request->password_hash));

    const struct attempt_result result = {
        .outcome = outcome,
        .was_verified = true,
        .is_accepted = outcome == VERIFY_OK,
        .account = inquiry->user.text,
        .password = policy_request_has_password(request) ? &password : NULL,
        .window = outcome == VERIFY_OK && opens_window(inquiry) ? &window : NULL,
    };
    reported_end(inquiry->world->store, &inquiry->rules, &inquiry->question, &result, now_ms,
                 store_deadline(inquiry), end_r);
    secret_fini(&password);
    metrics_ended(inquiry->world->metrics, end_r);
    aftermath_tell(&(struct aftermath){.session = or_null(request->session),
                                       .client = &request->client,
                                       .account = inquiry->user.text,
                                       .has_account = outcome == VERIFY_WRONG_PASSWORD,
                                       .limits = inquiry->rules.limits},
                   end_r);
}

static void
log_report(const struct inquiry *inquiry, enum verify_outcome outcome,
           const struct attempt_end *end)
{
    const struct policy_request *request = &inquiry->request;
    char client[NETADDR_TEXT_MAX];
    netaddr_format(&request->client, client);
    struct log_field banned_s =
        LOG_INT("banned_s", (end->ban.until_ms - end->ban.since_ms + 999) / 1000);
    if (!end->is_new_ban)
        banned_s = LOG_STR("banned_s", NULL);
    log_event(LOG_INFO, "policy.report", LOG_INQUIRY(inquiry, client),
              LOG_STR("success", request->success ? "yes" : "no"),
              LOG_STR("refused_by", request->policy_reject ? "us" : NULL),
              LOG_STR("outcome", request->policy_reject ? NULL : verify_outcome_name(outcome)),
              LOG_STR("window", end->has_window ? "on" : NULL), banned_s,
              LOG_STR("error", or_null(inquiry->user_fault.text)),
              LOG_INT("ms", (clock_now_us() - inquiry->began_us) / 1000));
}

/* A name that is none is nobody's, so nobody can guess its password: nothing is counted, as nothing
 * is where nginx brings such a name. */
static void
serve_report(struct inquiry *inquiry, struct answer *answer_r)
{
    const enum verify_outcome outcome = policy_request_outcome(&inquiry->request);
    struct attempt_end end = {0};
    if (outcome != VERIFY_UNAVAILABLE && inquiry->user.text[0] != '\0')
        count(inquiry, outcome, &end);
    reply(answer_r, "200 OK", xstrdup(done));
    log_report(inquiry, outcome, &end);
}

static void
log_refused(const struct inquiry *inquiry, const char *query, const char *error)
{
    log_event(LOG_WARN, "policy.refused", LOG_STR("server", inquiry->server),
              LOG_STR("query", query), LOG_STR("error", error));
}

/* What is wrong with the call before its body is looked at: the status to answer, and why. */
static const char *
find_fault(const struct call *call, enum policy_command command, const char **reason_r)
{
    const char *method = param_find(call->params, "REQUEST_METHOD");
    const bool is_post = method != NULL && strcmp(method, "POST") == 0;
    const bool is_get = method != NULL && strcmp(method, "GET") == 0;
    *reason_r = "use POST";
    if (!is_post && !is_get)
        return "405 Method Not Allowed";
    *reason_r = "unknown command (there are allow, report and ping)";
    if (command == POLICY_UNKNOWN)
        return "400 Bad Request";
    *reason_r = "use POST";
    if (!is_post && command != POLICY_PING)
        return "405 Method Not Allowed";
    *reason_r = "the body is too long";
    if (call->is_body_too_long)
        return "413 Content Too Large";
    *reason_r = "too many sessions are running";
    return call->crowded ? "503 Service Unavailable" : NULL;
}

static void
serve_body(struct inquiry *inquiry, const struct call *call, enum policy_command command,
           struct answer *answer_r)
{
    struct err err;
    if (policy_request_decode(&inquiry->request, command, call->body, call->body_length, &err) !=
        0) {
        log_refused(inquiry, param_find(call->params, "QUERY_STRING"), err.text);
        fail(answer_r, "400 Bad Request", err.text);
    } else {
        prepare(inquiry);
        if (command == POLICY_ALLOW)
            serve_allow(inquiry, answer_r);
        else
            serve_report(inquiry, answer_r);
    }
    policy_request_fini(&inquiry->request);
}

void
auth_policy_serve(const struct world *world, const struct call *call, struct answer *answer_r)
{
    const char *query = param_find(call->params, "QUERY_STRING");
    const enum policy_command command = policy_command_parse(query);
    struct inquiry inquiry = {.world = world,
                              .listener = or_null(param_find(call->params, "HTTP_X_LISTENER")),
                              .server = or_null(param_find(call->params, "REMOTE_ADDR")),
                              .began_us = clock_now_us()};
    const char *reason, *status = find_fault(call, command, &reason);
    if (status != NULL) {
        log_refused(&inquiry, query, reason);
        fail(answer_r, status, reason);
    } else if (command == POLICY_PING) {
        reply(answer_r, "200 OK", xstrdup(done));
    } else {
        serve_body(&inquiry, call, command, answer_r);
    }
}
