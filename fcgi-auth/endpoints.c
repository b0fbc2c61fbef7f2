#include "endpoints.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "auth_policy.h"
#include "auth_reply.h"
#include "cache_endpoints.h"
#include "http_reply.h"
#include "log.h"
#include "metrics_text.h"
#include "params.h"
#include "session.h"
#include "status.h"
#include "upstream_report.h"

enum { CROWDED_WAIT_S = 1 };

static const char json[] = "application/json";

typedef void endpoint(const struct endpoints *endpoints, const struct call *call,
                      struct answer *answer_r);

static struct world
world_of(const struct endpoints *endpoints, const struct site *site)
{
    return (struct world){.site = site, .store = endpoints->store, .metrics = endpoints->metrics};
}

typedef void session_function(const struct world *world, char **params, struct answer *answer_r);

static void
run_session(const struct endpoints *endpoints, session_function *run, const struct call *call,
            struct answer *answer_r)
{
    struct site *site = reload_hold(endpoints->reload);
    const struct world world = world_of(endpoints, site);
    run(&world, call->params, answer_r);
    reload_release(endpoints->reload, site);
}

static void
note_crowded(const struct endpoints *endpoints, const char *client)
{
    log_event(LOG_DEBUG, "session.crowded", LOG_STR("client", client));
    metrics_waits(endpoints->metrics);
}

static void
serve_auth(const struct endpoints *endpoints, const struct call *call, struct answer *answer_r)
{
    if (call->crowded) {
        note_crowded(endpoints, param_find(call->params, "HTTP_CLIENT_IP"));
        auth_reply_wait(answer_r, CROWDED_WAIT_S);
        return;
    }
    run_session(endpoints, session_run, call, answer_r);
}

static void
serve_auth_request(const struct endpoints *endpoints, const struct call *call,
                   struct answer *answer_r)
{
    if (call->crowded) {
        note_crowded(endpoints, param_find(call->params, "REMOTE_ADDR"));
        http_reply_refuse(answer_r, HTTP_UNAVAILABLE);
        return;
    }
    run_session(endpoints, session_run_web, call, answer_r);
}

static void
serve_auth_policy(const struct endpoints *endpoints, const struct call *call,
                  struct answer *answer_r)
{
    struct site *site = reload_hold(endpoints->reload);
    const struct world world = world_of(endpoints, site);
    auth_policy_serve(&world, call, answer_r);
    reload_release(endpoints->reload, site);
}

/* An answer for people and scripts. The Auth-Status is there for nginx mail, which would otherwise
 * look for one in vain and say so in its own log only. */
static void
answer_with(struct answer *answer_r, const char *status, const char *type, char *body)
{
    answer_init(answer_r, status);
    answer_add(answer_r, "Content-Type", type);
    answer_add(answer_r, "Auth-Status", "not a login");
    answer_end(answer_r, body);
}

static void
answer_text(struct answer *answer_r, const char *status, char *text)
{
    answer_with(answer_r, status, "text/plain; charset=utf-8", text);
}

/* Whether the request has the method that the path takes; if not, it is answered. */
static bool
has_method(char **params, const char *wanted, struct answer *answer_r)
{
    const char *method = param_find(params, "REQUEST_METHOD");
    if (method != NULL && strcmp(method, wanted) == 0)
        return true;
    answer_text(answer_r, "405 Method Not Allowed",
                xstrdup(strcmp(wanted, "POST") == 0 ? "use POST\n" : "use GET\n"));
    return false;
}

static void
serve_reload(const struct endpoints *endpoints, const struct call *call, struct answer *answer_r)
{
    if (!has_method(call->params, "POST", answer_r))
        return;
    struct problems problems;
    problems_init(&problems);
    bool loaded = reload_now(endpoints->reload, &problems) == 0;

    char *text;
    size_t length;
    FILE *file = open_memstream(&text, &length);
    if (file == NULL)
        abort();
    problems_print(&problems, file);
    fclose(file);
    problems_fini(&problems);
    answer_text(answer_r, loaded ? "200 OK" : "409 Conflict", text);
}

static void
serve_cache_flush(const struct endpoints *endpoints, const struct call *call,
                  struct answer *answer_r)
{
    if (!has_method(call->params, "POST", answer_r))
        return;
    char *user;
    if (cache_query_user(param_find(call->params, "QUERY_STRING"), &user) != 0) {
        answer_text(answer_r, "400 Bad Request", xstrdup("write ?user=NAME, or nothing\n"));
        return;
    }
    struct site *site = reload_hold(endpoints->reload);
    answer_with(answer_r, "200 OK", json, cache_flush_json(site, user));
    reload_release(endpoints->reload, site);
    free(user);
}

/* Whether the answer is to be text, not JSON. */
static bool
is_for_people(char **params)
{
    const char *query = param_find(params, "QUERY_STRING");
    return query != NULL && strcmp(query, "format=text") == 0;
}

static void
serve_sources(const struct endpoints *endpoints, const struct call *call, struct answer *answer_r)
{
    if (!has_method(call->params, "GET", answer_r))
        return;
    struct site *site = reload_hold(endpoints->reload);
    if (is_for_people(call->params))
        answer_text(answer_r, "200 OK", cache_sources_text(site));
    else
        answer_with(answer_r, "200 OK", json, cache_sources_json(site));
    reload_release(endpoints->reload, site);
}

static void
serve_upstreams(const struct endpoints *endpoints, const struct call *call, struct answer *answer_r)
{
    if (!has_method(call->params, "GET", answer_r))
        return;
    struct site *site = reload_hold(endpoints->reload);
    if (is_for_people(call->params))
        answer_text(answer_r, "200 OK", upstreams_lines(site));
    else
        answer_with(answer_r, "200 OK", json, upstreams_json(site));
    reload_release(endpoints->reload, site);
}

static void
serve_status(const struct endpoints *endpoints, const struct call *call, struct answer *answer_r)
{
    if (!has_method(call->params, "GET", answer_r))
        return;
    struct site *site = reload_hold(endpoints->reload);
    const struct world world = world_of(endpoints, site);
    if (is_for_people(call->params))
        answer_text(answer_r, "200 OK", status_text(&world));
    else
        answer_with(answer_r, "200 OK", json, status_json(&world));
    reload_release(endpoints->reload, site);
}

static void
serve_metrics(const struct endpoints *endpoints, const struct call *call, struct answer *answer_r)
{
    if (!has_method(call->params, "GET", answer_r))
        return;
    struct site *site = reload_hold(endpoints->reload);
    const struct world world = world_of(endpoints, site);
    answer_with(answer_r, "200 OK", metrics_text_type, metrics_text(&world));
    reload_release(endpoints->reload, site);
}

static const struct {
    const char *path;
    endpoint *serve;
} served[] = {
    {"/auth", serve_auth},
    {"/auth-request", serve_auth_request},
    {"/auth-policy", serve_auth_policy},
    {"/api/v1/reload", serve_reload},
    {"/api/v1/cache/flush", serve_cache_flush},
    {"/api/v1/sources", serve_sources},
    {"/api/v1/upstreams", serve_upstreams},
    {"/status", serve_status},
    {"/metrics", serve_metrics},
};

void
endpoints_serve(const struct endpoints *endpoints, const struct call *call, struct answer *answer_r)
{
    const char *path = param_find(call->params, "DOCUMENT_URI");
    if (path == NULL)
        path = param_find(call->params, "SCRIPT_NAME");
    for (size_t i = 0; path != NULL && i < sizeof served / sizeof served[0]; i++)
        if (strcmp(path, served[i].path) == 0) {
            served[i].serve(endpoints, call, answer_r);
            return;
        }
    log_event(LOG_WARN, "request.unknown-path", LOG_STR("path", path));
    answer_text(answer_r, "404 Not Found", xstrdup("there is nothing at this path\n"));
}
