/*
 * All names of the process are in one list under one lock; there are dozens, not thousands. All
 * threads do the same thing: take the name that is due longest, ask the resolver without the lock,
 * put the answer down. Each name that is started brings one more, up to a limit, so that dead zones
 * of one tenant do not hold up the names of the others. While a thread asks, it holds a reference,
 * so that a name that everybody has closed goes away when the answer is there. The threads stay:
 * ending one could mean to wait for a resolver that has no deadline.
 */
#include "names.h"

#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "background.h"
#include "clock.h"
#include "condition.h"
#include "endpoint.h"

enum { RESOLVERS_MAX = 32, IDLE_MS = 3600000 };

struct name {
    /* set once */
    struct endpoint_text text;

    /* under names_lock */
    struct name *next;
    unsigned references;
    bool started, asking, answered;
    int64_t due_ms;
    size_t count;
    struct endpoint endpoints[NAMES_ADDRESSES_MAX];
    struct err trouble; /* why there are no addresses */
};

/* The addresses, or the trouble, of one look-up. */
struct answer {
    size_t count;
    struct endpoint endpoints[NAMES_ADDRESSES_MAX];
    struct err trouble;
};

static pthread_mutex_t names_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t names_changed; /* set up with the resolvers */
/* under names_lock */
static bool has_condition;
static struct name *names;
static struct background *resolvers[RESOLVERS_MAX];
static size_t resolver_count;

static void
drop(struct name *name)
{
    if (--name->references > 0)
        return;
    struct name **link = &names;
    while (*link != name)
        link = &(*link)->next;
    *link = name->next;
    free(name);
}

static void
add_address(struct answer *answer, const struct addrinfo *info)
{
    if (answer->count == NAMES_ADDRESSES_MAX || info->ai_addrlen > sizeof(struct sockaddr_storage))
        return;
    struct endpoint *endpoint = &answer->endpoints[answer->count];
    *endpoint = (struct endpoint){.length = info->ai_addrlen};
    memcpy(&endpoint->address, info->ai_addr, info->ai_addrlen);
    for (size_t i = 0; i < answer->count; i++)
        if (endpoint_equal(&answer->endpoints[i], endpoint))
            return;
    answer->count++;
}

static void
ask(const struct endpoint_text *text, struct answer *answer_r)
{
    const struct addrinfo hints = {
        .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    char port[12];
    snprintf(port, sizeof port, "%u", text->port);

    *answer_r = (struct answer){0};
    struct addrinfo *found = NULL;
    int result = getaddrinfo(text->host, port, &hints, &found);
    if (result != 0) {
        err_set(&answer_r->trouble, "cannot resolve %s: %s", text->host, gai_strerror(result));
        return;
    }
    for (const struct addrinfo *info = found; info != NULL; info = info->ai_next)
        add_address(answer_r, info);
    freeaddrinfo(found);
    if (answer_r->count == 0)
        err_set(&answer_r->trouble, "cannot resolve %s: it has no address", text->host);
}

static void
put_down(struct name *name, const struct answer *answer)
{
    name->answered = true;
    name->due_ms = clock_now_ms() + (answer->count > 0 ? NAMES_INTERVAL_MS : NAMES_RETRY_MS);
    if (answer->count > 0) {
        memcpy(name->endpoints, answer->endpoints, sizeof name->endpoints);
        name->count = answer->count;
    }
    name->trouble = answer->trouble;
    pthread_cond_broadcast(&names_changed);
}

/* The name that nobody asks for and that is due first, or NULL. */
static struct name *
find_next(void)
{
    struct name *first = NULL;
    for (struct name *name = names; name != NULL; name = name->next)
        if (name->started && !name->asking && !name->text.is_literal &&
            (first == NULL || name->due_ms < first->due_ms))
            first = name;
    return first;
}

static int
resolve_next(void *context)
{
    (void)context;
    pthread_mutex_lock(&names_lock);
    struct name *name = find_next();
    int64_t wait_ms = name == NULL ? IDLE_MS : name->due_ms - clock_now_ms();
    if (wait_ms <= 0) {
        name->asking = true;
        name->references++;
        pthread_mutex_unlock(&names_lock);
        struct answer answer;
        ask(&name->text, &answer);
        pthread_mutex_lock(&names_lock);
        name->asking = false;
        put_down(name, &answer);
        drop(name);
        wait_ms = 0;
    }
    pthread_mutex_unlock(&names_lock);
    return (int)wait_ms;
}

static struct name *
find(const struct endpoint_text *text)
{
    for (struct name *name = names; name != NULL; name = name->next)
        if (name->text.port == text->port && strcmp(name->text.host, text->host) == 0)
            return name;
    return NULL;
}

struct name *
name_open(const char *text, unsigned default_port, struct err *err)
{
    struct endpoint_text parsed;
    if (endpoint_parse(text, default_port, &parsed, err) != 0)
        return NULL;

    pthread_mutex_lock(&names_lock);
    struct name *name = find(&parsed);
    if (name == NULL) {
        name = xcalloc(1, sizeof *name);
        name->text = parsed;
        name->answered = parsed.is_literal;
        name->count = parsed.is_literal ? 1 : 0;
        name->endpoints[0] = parsed.endpoint;
        name->next = names;
        names = name;
    }
    name->references++;
    pthread_mutex_unlock(&names_lock);
    return name;
}

void
name_close(struct name *name)
{
    if (name == NULL)
        return;
    pthread_mutex_lock(&names_lock);
    drop(name);
    pthread_mutex_unlock(&names_lock);
}

/* With the lock held. */
static void
start(struct name *name)
{
    if (name->started || name->text.is_literal)
        return;
    if (!has_condition)
        condition_init(&names_changed);
    has_condition = true;
    if (resolver_count < RESOLVERS_MAX)
        resolvers[resolver_count] = background_try("names", resolve_next, NULL);
    if (resolver_count < RESOLVERS_MAX && resolvers[resolver_count] != NULL)
        resolver_count++;
    name->started = resolver_count > 0; /* else whoever wants it next tries again */
    for (size_t i = 0; i < resolver_count; i++)
        background_wake(resolvers[i]);
}

void
name_start(struct name *name)
{
    pthread_mutex_lock(&names_lock);
    start(name);
    pthread_mutex_unlock(&names_lock);
}

const char *
name_host(const struct name *name)
{
    return name->text.host;
}

unsigned
name_port(const struct name *name)
{
    return name->text.port;
}

size_t
name_endpoints(struct name *name, int wait_ms, struct endpoint endpoints_r[NAMES_ADDRESSES_MAX],
               struct err *err)
{
    struct deadline deadline = deadline_after(wait_ms);
    pthread_mutex_lock(&names_lock);
    start(name);
    while (!name->answered && !deadline_is_over(deadline))
        condition_wait(&names_changed, &names_lock, deadline);

    size_t count = name->count;
    memcpy(endpoints_r, name->endpoints, count * sizeof endpoints_r[0]);
    if (!name->answered)
        err_set(err, "cannot resolve %s: no answer yet", name->text.host);
    else if (count == 0)
        err_set(err, "%s", name->trouble.text);
    pthread_mutex_unlock(&names_lock);
    return count;
}

bool
name_is_pending(struct name *name)
{
    pthread_mutex_lock(&names_lock);
    bool pending = !name->answered;
    pthread_mutex_unlock(&names_lock);
    return pending;
}
