#include "ldap_pool.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "clock.h"
#include "log.h"
#include "server_log.h"
#include "server_news.h"

enum {
    DOWN_MS = 2000,      /* a server that failed is left alone for so long */
    IDLE_MS = 60000,     /* firewalls forget connections silently, mostly after minutes */
    FAIR_WAIT_MS = 2000, /* who had so long and said nothing has failed, whatever the deadline */
};

enum purpose { PURPOSE_SEARCH, PURPOSE_BIND, PURPOSE_COUNT };

struct idle_link {
    struct ldap_link *link;
    int64_t since_ms;
};

struct ldap_pool {
    /* set once */
    struct ldap_pool_options options;
    struct gate *gate;
    pthread_mutex_t lock;
    /* under lock: stacks, the one used last on top; as many at most as there are places */
    struct idle_link *idle[PURPOSE_COUNT];
    size_t count[PURPOSE_COUNT];
    bool is_down; /* as the gate said last */
    struct server_news news;
};

/* One operation, on whichever connection it will be. */
struct job {
    enum purpose purpose;
    enum ldap_answer (*run)(struct ldap_link *link, const struct job *job, struct deadline deadline,
                            struct err *err);
    const struct ldap_query *query;
    struct ldap_found *found;
    const char *dn, *attribute;
    const struct secret *password;
    enum verify_outcome *outcome;
};

struct ldap_pool *
ldap_pool_create(const struct ldap_pool_options *options)
{
    struct ldap_pool *pool = xcalloc(1, sizeof *pool);
    pool->options = *options;
    pool->gate = gate_create(options->places, DOWN_MS);
    pthread_mutex_init(&pool->lock, NULL);
    for (size_t i = 0; i < PURPOSE_COUNT; i++)
        pool->idle[i] = xcalloc(options->places, sizeof pool->idle[i][0]);
    return pool;
}

/* Closes what is idle. */
static void
drain(struct ldap_pool *pool, enum purpose purpose)
{
    struct idle_link *closing = xcalloc(pool->options.places, sizeof closing[0]);
    pthread_mutex_lock(&pool->lock);
    size_t count = pool->count[purpose];
    memcpy(closing, pool->idle[purpose], count * sizeof closing[0]);
    pool->count[purpose] = 0;
    pthread_mutex_unlock(&pool->lock);

    for (size_t i = 0; i < count; i++)
        ldap_link_close(closing[i].link);
    free(closing);
}

void
ldap_pool_free(struct ldap_pool *pool)
{
    if (pool == NULL)
        return;
    for (size_t i = 0; i < PURPOSE_COUNT; i++) {
        drain(pool, (enum purpose)i);
        free(pool->idle[i]);
    }
    gate_free(pool->gate);
    pthread_mutex_destroy(&pool->lock);
    free(pool);
}

void
ldap_pool_load(const struct ldap_pool *pool, struct source_load *load)
{
    load->servers++;
    load->servers_down += gate_is_down(pool->gate) ? 1 : 0;
    load->places += pool->options.places;
    load->inside += gate_inside(pool->gate);
    load->waiting += gate_waiting(pool->gate);
}

/* Returns NULL if none is idle that may still be used. */
static struct ldap_link *
take_idle(struct ldap_pool *pool, enum purpose purpose)
{
    struct idle_link top = {NULL, 0};
    pthread_mutex_lock(&pool->lock);
    if (pool->count[purpose] > 0)
        top = pool->idle[purpose][--pool->count[purpose]];
    pthread_mutex_unlock(&pool->lock);

    if (top.link == NULL || clock_now_ms() - top.since_ms < IDLE_MS)
        return top.link;
    ldap_link_close(top.link);
    drain(pool, purpose); /* those below are older */
    return NULL;
}

static void
give_back(struct ldap_pool *pool, enum purpose purpose, struct ldap_link *link)
{
    int64_t now_ms = clock_now_ms();
    struct ldap_link *oldest = NULL;
    pthread_mutex_lock(&pool->lock);
    struct idle_link *idle = pool->idle[purpose];
    if (pool->count[purpose] > 0 && now_ms - idle[0].since_ms >= IDLE_MS) {
        oldest = idle[0].link;
        pool->count[purpose]--;
        memmove(idle, idle + 1, pool->count[purpose] * sizeof idle[0]);
    }
    idle[pool->count[purpose]++] = (struct idle_link){link, now_ms};
    pthread_mutex_unlock(&pool->lock);
    ldap_link_close(oldest);
}

/* Returns NULL with err. */
static struct ldap_link *
open_link(struct ldap_visit *visit, enum purpose purpose, struct err *err)
{
    const struct ldap_pool_options *options = &visit->pool->options;
    struct deadline until = deadline_sooner(visit->deadline, options->connect_timeout_ms);
    struct ldap_link *link = ldap_link_open(&options->peer, until, &visit->is_shortage, err);
    if (link == NULL || purpose == PURPOSE_BIND || options->bind_dn == NULL)
        return link;

    until = deadline_sooner(visit->deadline, options->timeout_ms);
    enum verify_outcome outcome;
    enum ldap_answer answer =
        ldap_link_bind(link, options->bind_dn, options->bind_password, until, &outcome, err);
    if (answer == LDAP_ANSWER_YES)
        return link;
    visit->is_misconfigured = answer != LDAP_ANSWER_BROKEN;
    err_wrap(err, "as bind_dn \"%s\"", options->bind_dn);
    ldap_link_close(link);
    return NULL;
}

static enum ldap_answer
run_on(struct ldap_visit *visit, struct ldap_link *link, const struct job *job, bool *timed_out_r,
       struct err *err)
{
    struct deadline until = deadline_sooner(visit->deadline, visit->pool->options.timeout_ms);
    enum ldap_answer answer = job->run(link, job, until, err);
    *timed_out_r = deadline_is_over(until);
    if (answer == LDAP_ANSWER_BROKEN)
        ldap_link_close(link);
    else
        give_back(visit->pool, job->purpose, link);
    return answer;
}

/* On an idle connection, or once more on a fresh one if that was closed, or on a fresh one. */
static enum ldap_answer
run_somewhere(struct ldap_visit *visit, const struct job *job, struct err *err)
{
    bool timed_out = false;
    struct ldap_link *link = take_idle(visit->pool, job->purpose);
    if (link != NULL) {
        enum ldap_answer answer = run_on(visit, link, job, &timed_out, err);
        if (answer != LDAP_ANSWER_BROKEN)
            return answer;
        drain(visit->pool, job->purpose); /* the others are most likely dead, too */
        if (timed_out)
            return answer;
    }
    link = open_link(visit, job->purpose, err);
    return link == NULL ? LDAP_ANSWER_BROKEN : run_on(visit, link, job, &timed_out, err);
}

static void
log_change(const struct ldap_visit *visit)
{
    const struct ldap_pool_options *options = &visit->pool->options;
    if (visit->evidence != GATE_FAILED) {
        log_event(LOG_INFO, "source.up", LOG_STR("source", options->source),
                  LOG_STR("server", options->uri));
        return;
    }
    log_event(visit->is_misconfigured ? LOG_ERROR : LOG_WARN, "source.down",
              LOG_STR("source", options->source), LOG_STR("server", options->uri),
              LOG_STR("error", visit->trouble.text));
    server_log_alarm(options->source, options->uri, &visit->trouble);
}

/* Tells in the log what is to be told, after the gate has heard the evidence. */
static void
note_evidence(const struct ldap_visit *visit, bool has_changed)
{
    struct ldap_pool *pool = visit->pool;
    const bool is_failure = visit->evidence == GATE_FAILED;
    if (visit->evidence == GATE_NO_EVIDENCE)
        return;
    pthread_mutex_lock(&pool->lock);
    if (has_changed)
        pool->is_down = is_failure;
    const bool is_news =
        is_failure == pool->is_down && server_news_tell(&pool->news, is_failure, clock_now_ms());
    pthread_mutex_unlock(&pool->lock);
    if (is_news)
        log_change(visit);
}

static enum ldap_answer
run(struct ldap_visit *visit, const struct job *job, struct err *err)
{
    int64_t began_ms = clock_now_ms();
    visit->is_shortage = false;
    enum ldap_answer answer = run_somewhere(visit, job, err);
    if (answer != LDAP_ANSWER_BROKEN) {
        visit->evidence = GATE_WORKED;
        if (visit->pass.is_probe)
            note_evidence(visit, gate_report(visit->pool->gate, &visit->pass, GATE_WORKED));
        return answer;
    }
    bool gave_up = deadline_is_over(visit->deadline) && clock_now_ms() - began_ms < FAIR_WAIT_MS;
    visit->evidence = gave_up || visit->is_shortage ? GATE_NO_EVIDENCE : GATE_FAILED;
    visit->trouble = *err;
    return answer;
}

int
ldap_pool_enter(struct ldap_pool *pool, struct deadline in_line, struct deadline deadline,
                struct ldap_visit *visit_r, struct err *err)
{
    *visit_r = (struct ldap_visit){.pool = pool, .deadline = deadline};
    return gate_enter(pool->gate, in_line, &visit_r->pass, err);
}

void
ldap_pool_leave(struct ldap_visit *visit)
{
    note_evidence(visit, gate_leave(visit->pool->gate, &visit->pass, visit->evidence));
}

static enum ldap_answer
run_search(struct ldap_link *link, const struct job *job, struct deadline deadline, struct err *err)
{
    ldap_found_fini(job->found);
    return ldap_link_search(link, job->query, deadline, job->found, err);
}

enum ldap_answer
ldap_pool_search(struct ldap_visit *visit, const struct ldap_query *query,
                 struct ldap_found *found_r, struct err *err)
{
    *found_r = (struct ldap_found){0};
    const struct job job = {
        .purpose = PURPOSE_SEARCH, .run = run_search, .query = query, .found = found_r};
    return run(visit, &job, err);
}

static enum ldap_answer
run_bind(struct ldap_link *link, const struct job *job, struct deadline deadline, struct err *err)
{
    return ldap_link_bind(link, job->dn, job->password, deadline, job->outcome, err);
}

enum ldap_answer
ldap_pool_bind(struct ldap_visit *visit, const char *dn, const struct secret *password,
               enum verify_outcome *outcome_r, struct err *err)
{
    struct job job = {.purpose = PURPOSE_BIND, .run = run_bind, .dn = dn, .password = password};
    job.outcome = outcome_r;
    return run(visit, &job, err);
}

static enum ldap_answer
run_compare(struct ldap_link *link, const struct job *job, struct deadline deadline,
            struct err *err)
{
    return ldap_link_compare(link, job->dn, job->attribute, job->password, deadline, err);
}

enum ldap_answer
ldap_pool_compare(struct ldap_visit *visit, const char *dn, const char *attribute,
                  const struct secret *password, struct err *err)
{
    const struct job job = {.purpose = PURPOSE_SEARCH,
                            .run = run_compare,
                            .dn = dn,
                            .attribute = attribute,
                            .password = password};
    return run(visit, &job, err);
}
