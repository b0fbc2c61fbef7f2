/*
 * All that is asked for is in one list under one lock; there are dozens, not thousands. All threads
 * do the same thing: wait for what is due first, ask for it without the lock, put the answer down.
 * Each name that is started brings one more thread, up to a limit, so that dead zones of one tenant
 * do not hold up the names of the others; names in trouble get half of the threads at most, or a
 * hundred of them would keep all threads waiting for ever. Whoever begins to ask wakes another one,
 * so that somebody always watches over what is due next. While a thread asks, it holds a reference,
 * so that what everybody has closed goes away when the answer is there. The threads stay: ending
 * one could mean to wait for a question.
 */
#include "resolver.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "background.h"
#include "clock.h"
#include "condition.h"
#include "log.h"
#include "names.h"

enum { THREADS_MAX = 32, IN_TROUBLE_MAX = THREADS_MAX / 2, DNS_PORT = 53 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t answered, due_changed; /* set up with the first thread */
/* under lock */
static struct resolved *all;
static struct background *threads[THREADS_MAX];
static size_t thread_count;
static size_t in_trouble; /* names that were, when asking for them began */
static struct dns_servers servers;

void
resolver_lock(void)
{
    pthread_mutex_lock(&lock);
}

void
resolver_unlock(void)
{
    pthread_mutex_unlock(&lock);
}

struct resolved *
resolver_first(void)
{
    return all;
}

void
resolver_add(struct resolved *resolved, const struct resolved_kind *kind)
{
    resolved->kind = kind;
    resolved->next = all;
    all = resolved;
}

void
resolver_drop(struct resolved *resolved)
{
    if (--resolved->references > 0)
        return;
    struct resolved **link = &all;
    while (*link != resolved)
        link = &(*link)->next;
    *link = resolved->next;
    free(resolved);
}

static int64_t
within_bounds(int64_t ttl_ms)
{
    if (ttl_ms < NAMES_LEAST_MS)
        return NAMES_LEAST_MS;
    return ttl_ms < NAMES_MOST_MS ? ttl_ms : NAMES_MOST_MS;
}

static bool
is_in_trouble(const struct resolved *resolved)
{
    return resolved->trouble.text[0] != '\0';
}

/* One line when it begins to fail and one when that is over. */
static void
log_change(const struct resolved *resolved, bool had_trouble)
{
    bool has_trouble = is_in_trouble(resolved);
    if (has_trouble && !had_trouble)
        log_event(LOG_WARN, "name.unresolved", LOG_STR("name", resolved->kind->text(resolved)),
                  LOG_STR("error", resolved->trouble.text));
    else if (had_trouble && !has_trouble)
        log_event(LOG_INFO, "name.resolved", LOG_STR("name", resolved->kind->text(resolved)));
}

/* With the lock held, which is given up meanwhile. */
static void
ask(struct resolved *resolved)
{
    const struct dns_servers asked = servers;
    int64_t ttl_ms = 0;
    struct err err = {0};
    resolved->is_asking = true;
    resolved->is_outdated = false;
    resolved->references++;
    const bool had_trouble = is_in_trouble(resolved);
    in_trouble += had_trouble ? 1 : 0;
    pthread_mutex_unlock(&lock);
    int result =
        resolved->kind->ask(resolved, &asked, deadline_after(NAMES_QUESTION_MS), &ttl_ms, &err);
    pthread_mutex_lock(&lock);

    in_trouble -= had_trouble ? 1 : 0;
    if (result == 0) {
        resolved->kind->put_down(resolved);
        err.text[0] = '\0'; /* of a name before the one that was found */
    }
    resolved->trouble = err;
    log_change(resolved, had_trouble);
    resolved->is_asking = false;
    resolved->is_answered = true;
    resolved->due_ms = clock_now_ms();
    if (!resolved->is_outdated)
        resolved->due_ms += result == 0 ? within_bounds(ttl_ms) : NAMES_RETRY_MS;
    pthread_cond_broadcast(&answered);
    resolver_drop(resolved);
}

static bool
has_its_turn(const struct resolved *resolved)
{
    return resolved->is_started && !resolved->is_asking &&
           (in_trouble < IN_TROUBLE_MAX || !is_in_trouble(resolved));
}

/* The one that nobody asks for and that is due first, or NULL. */
static struct resolved *
find_next(void)
{
    struct resolved *first = NULL;
    for (struct resolved *at = all; at != NULL; at = at->next)
        if (has_its_turn(at) && (first == NULL || at->due_ms < first->due_ms))
            first = at;
    return first;
}

/* Waits until something is due and asks for it. */
static int
work(void *context)
{
    (void)context;
    pthread_mutex_lock(&lock);
    struct resolved *next = find_next();
    int64_t left_ms = next == NULL ? NAMES_MOST_MS : next->due_ms - clock_now_ms();
    if (left_ms > 0) {
        condition_wait(&due_changed, &lock, deadline_after(left_ms));
    } else {
        pthread_cond_signal(&due_changed);
        ask(next);
    }
    pthread_mutex_unlock(&lock);
    return 0;
}

void
resolver_start(struct resolved *resolved)
{
    if (resolved->is_started)
        return;
    static bool has_conditions;
    if (!has_conditions) {
        condition_init(&answered);
        condition_init(&due_changed);
    }
    has_conditions = true;
    if (thread_count < THREADS_MAX)
        threads[thread_count] = background_try("names", work, NULL);
    if (thread_count < THREADS_MAX && threads[thread_count] != NULL)
        thread_count++;
    resolved->is_started = thread_count > 0; /* else whoever wants it next tries again */
    pthread_cond_broadcast(&due_changed);
}

void
resolver_wait(const struct resolved *resolved, struct deadline deadline)
{
    while (resolved->is_started && !resolved->is_answered && !deadline_is_over(deadline))
        condition_wait(&answered, &lock, deadline);
}

/* Cuts the next piece off a text with commas. */
static int
parse_server(const char **text, struct endpoint *endpoint_r, struct err *err)
{
    char piece[80];
    size_t length = strcspn(*text, ",");
    struct endpoint_text parsed;
    snprintf(piece, sizeof piece, "%.*s", (int)length, *text);
    *text += length + ((*text)[length] == ',');
    if (endpoint_parse(piece, DNS_PORT, &parsed, err) != 0)
        return -1;
    if (!parsed.is_literal || parsed.port == 0) {
        err_set(err, "\"%s\" is no address (write ADDRESS, ADDRESS:PORT or [ADDRESS]:PORT)", piece);
        return -1;
    }
    *endpoint_r = parsed.endpoint;
    return 0;
}

static int
parse_servers(const char *text, struct dns_servers *servers_r, struct err *err)
{
    *servers_r = (struct dns_servers){0};
    while (text != NULL && *text != '\0') {
        if (servers_r->count == DNS_SERVERS_MAX) {
            err_set(err, "there are more than %d DNS servers", DNS_SERVERS_MAX);
            return -1;
        }
        if (parse_server(&text, &servers_r->endpoints[servers_r->count], err) != 0)
            return -1;
        servers_r->count++;
    }
    return 0;
}

static bool
are_in_use(const struct dns_servers *other)
{
    bool are = servers.count == other->count;
    for (size_t i = 0; are && i < other->count; i++)
        are = endpoint_equal(&servers.endpoints[i], &other->endpoints[i]);
    return are;
}

int
names_use_servers(const char *text, struct err *err)
{
    struct dns_servers parsed;
    if (parse_servers(text, &parsed, err) != 0)
        return -1;
    pthread_mutex_lock(&lock);
    if (!are_in_use(&parsed)) {
        servers = parsed;
        int64_t now_ms = clock_now_ms();
        for (struct resolved *at = all; at != NULL; at = at->next) {
            at->due_ms = now_ms;
            at->is_outdated = true;
        }
        if (thread_count > 0)
            pthread_cond_broadcast(&due_changed);
    }
    pthread_mutex_unlock(&lock);
    return 0;
}
