/*
 * One map holds both: an entry is an answer with its time, or a flight: a question that is under
 * way. A flight belongs to all who take part in it and goes with the last of them, because its
 * entry may be dropped meanwhile (65,000 other addresses came by) or its asker be done first.
 */
#include "recipient_cache.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "alloc.h"
#include "condition.h"
#include "lru.h"

/* Everything under the cache's lock. */
struct flight {
    pthread_cond_t landed;
    unsigned people; /* who asks and who waits */
    bool has_landed;
    struct recipient_result result;
};

struct kept {
    struct flight *flight; /* NULL: the answer is here */
    int64_t until_ms;
    enum knowledge knowledge;
    char name[USERNAME_MAX + 1];
};

struct recipient_cache {
    /* set once */
    struct recipient_lifetimes lifetimes;
    pthread_mutex_t lock;
    /* under lock */
    struct lru *entries; /* address: struct kept */
    unsigned waiting;
};

struct recipient_cache *
recipient_cache_create(size_t capacity, struct recipient_lifetimes lifetimes)
{
    struct recipient_cache *cache = xcalloc(1, sizeof *cache);
    cache->lifetimes = lifetimes;
    cache->entries = lru_create(sizeof(struct kept), capacity);
    pthread_mutex_init(&cache->lock, NULL);
    return cache;
}

void
recipient_cache_free(struct recipient_cache *cache)
{
    if (cache == NULL)
        return;
    lru_free(cache->entries);
    pthread_mutex_destroy(&cache->lock);
    free(cache);
}

/* With the lock held, like all that follow but the last. */
static struct flight *
flight_begin(struct kept *kept)
{
    struct flight *flight = xcalloc(1, sizeof *flight);
    condition_init(&flight->landed);
    flight->people = 1;
    kept->flight = flight;
    return flight;
}

static void
flight_leave(struct flight *flight)
{
    if (--flight->people > 0)
        return;
    pthread_cond_destroy(&flight->landed);
    free(flight);
}

static void
flight_wait(struct recipient_cache *cache, struct flight *flight, struct deadline deadline,
            struct recipient_result *result_r)
{
    flight->people++;
    cache->waiting++;
    while (!flight->has_landed && !deadline_is_over(deadline))
        condition_wait(&flight->landed, &cache->lock, deadline);
    cache->waiting--;
    if (flight->has_landed)
        *result_r = flight->result;
    else
        snprintf(result_r->detail, sizeof result_r->detail,
                 "somebody else was still asking about the address when the time was up");
    flight_leave(flight);
}

/* Puts the answer in the place of its flight, or takes that away. */
static void
keep(struct recipient_cache *cache, const char *address, int64_t now_ms,
     const struct flight *flight)
{
    const struct recipient_result *result = &flight->result;
    int64_t lifetime_ms = 0;
    switch (result->knowledge) {
    case KNOWLEDGE_NOT_ASKED:
    case KNOWLEDGE_CANNOT_TELL:
        break;
    case KNOWLEDGE_UNKNOWN:
        lifetime_ms = cache->lifetimes.unknown_ms;
        break;
    case KNOWLEDGE_KNOWN:
        lifetime_ms = cache->lifetimes.known_ms;
        break;
    }
    struct kept *kept = lru_get(cache->entries, address, strlen(address));
    if (kept == NULL || kept->flight != flight)
        return;
    if (lifetime_ms <= 0) {
        lru_remove(cache->entries, address, strlen(address));
        return;
    }
    kept->flight = NULL;
    kept->until_ms = now_ms + lifetime_ms;
    kept->knowledge = result->knowledge;
    memcpy(kept->name, result->name, sizeof kept->name);
}

static void
flight_land(struct recipient_cache *cache, struct flight *flight, const char *address,
            int64_t now_ms)
{
    if (flight->result.knowledge == KNOWLEDGE_NOT_ASKED)
        flight->result.knowledge = KNOWLEDGE_CANNOT_TELL;
    keep(cache, address, now_ms, flight);
    flight->has_landed = true;
    pthread_cond_broadcast(&flight->landed);
}

/* Two go for one that comes, so those that are over become fewer, and nobody has to drop them all
 * at once. */
static void
drop_stale(struct recipient_cache *cache, int64_t now_ms)
{
    for (int i = 0; i < 2; i++) {
        const struct kept *oldest = lru_oldest(cache->entries);
        if (oldest == NULL || oldest->flight != NULL || now_ms < oldest->until_ms)
            return;
        lru_remove_oldest(cache->entries);
    }
}

/* Answers without asking the world. Returns the flight that the caller is to undertake, or NULL if
 * result_r is the answer. */
static struct flight *
look_up(struct recipient_cache *cache, const char *address, int64_t now_ms,
        struct deadline deadline, struct recipient_result *result_r)
{
    struct kept *kept = lru_get(cache->entries, address, strlen(address));
    if (kept != NULL && kept->flight != NULL) {
        flight_wait(cache, kept->flight, deadline, result_r);
        return NULL;
    }
    if (kept != NULL && now_ms < kept->until_ms) {
        result_r->knowledge = kept->knowledge;
        result_r->was_cached = true;
        memcpy(result_r->name, kept->name, sizeof result_r->name);
        return NULL;
    }
    if (deadline_is_over(deadline)) {
        snprintf(result_r->detail, sizeof result_r->detail, "no time was left to ask");
        return NULL;
    }
    drop_stale(cache, now_ms);
    return flight_begin(lru_put(cache->entries, address, strlen(address)));
}

void
recipient_cache_ask(struct recipient_cache *cache, const char *address, int64_t now_ms,
                    struct deadline deadline, const struct recipient_question *question,
                    struct recipient_result *result_r)
{
    *result_r = (struct recipient_result){.knowledge = KNOWLEDGE_CANNOT_TELL};
    pthread_mutex_lock(&cache->lock);
    struct flight *flight = look_up(cache, address, now_ms, deadline, result_r);
    pthread_mutex_unlock(&cache->lock);
    if (flight == NULL)
        return;

    question->ask(question->context, deadline, &flight->result);

    pthread_mutex_lock(&cache->lock);
    flight_land(cache, flight, address, now_ms);
    *result_r = flight->result;
    flight_leave(flight);
    pthread_mutex_unlock(&cache->lock);
}

static bool
is_about(const void *context, const void *key, size_t key_bytes, const void *value)
{
    const char *name = context;
    const struct kept *kept = value;
    return name == NULL || strcasecmp(kept->name, name) == 0 ||
           (strlen(name) == key_bytes && strncasecmp(key, name, key_bytes) == 0);
}

size_t
recipient_cache_flush(struct recipient_cache *cache, const char *name)
{
    pthread_mutex_lock(&cache->lock);
    size_t count = lru_remove_where(cache->entries, is_about, name);
    pthread_mutex_unlock(&cache->lock);
    return count;
}

unsigned
recipient_cache_waiting(struct recipient_cache *cache)
{
    pthread_mutex_lock(&cache->lock);
    unsigned waiting = cache->waiting;
    pthread_mutex_unlock(&cache->lock);
    return waiting;
}

size_t
recipient_cache_count(struct recipient_cache *cache)
{
    pthread_mutex_lock(&cache->lock);
    size_t count = lru_count(cache->entries);
    pthread_mutex_unlock(&cache->lock);
    return count;
}
