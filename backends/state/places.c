#include "places.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "condition.h"
#include "siphash.h"

enum { STRIPES = 64 };

/* On the stack of who waits. */
struct waiter {
    const struct store_key *key;
    struct waiter *next;
    pthread_cond_t condition;
    bool is_woken; /* under the stripe's lock, and then no longer in its list */
};

struct stripe {
    pthread_mutex_t lock;
    /* written under lock, read by anybody */
    _Atomic uint64_t ended;
    /* under lock */
    struct waiter *first, **end;
    size_t waiting;
};

static struct stripe stripes[STRIPES];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void
init_stripes(void)
{
    for (size_t i = 0; i < STRIPES; i++) {
        pthread_mutex_init(&stripes[i].lock, NULL);
        stripes[i].end = &stripes[i].first;
    }
}

static struct stripe *
stripe_of(const struct store_key *key)
{
    static const uint64_t fixed[2] = {0}; /* who collides wakes a bit too often, no more */
    pthread_once(&once, init_stripes);
    return &stripes[siphash(fixed, key->bytes, key->length) % STRIPES];
}

static bool
is_same(const struct store_key *a, const struct store_key *b)
{
    return a->length == b->length && memcmp(a->bytes, b->bytes, a->length) == 0;
}

/* Under lock. */
static void
put_last(struct stripe *stripe, struct waiter *waiter)
{
    waiter->next = NULL;
    *stripe->end = waiter;
    stripe->end = &waiter->next;
    stripe->waiting++;
}

/* Under lock. link is what points to the waiter. */
static void
take_out(struct stripe *stripe, struct waiter **link)
{
    struct waiter *waiter = *link;
    *link = waiter->next;
    if (stripe->end == &waiter->next)
        stripe->end = link;
    stripe->waiting--;
}

uint64_t
places_ended(const struct store_key *key)
{
    return atomic_load(&stripe_of(key)->ended);
}

/* Under lock. */
static void
wait_in(struct stripe *stripe, struct waiter *waiter, struct deadline deadline)
{
    condition_init(&waiter->condition);
    put_last(stripe, waiter);
    while (!waiter->is_woken && !deadline_is_over(deadline))
        condition_wait(&waiter->condition, &stripe->lock, deadline);
    if (!waiter->is_woken) {
        struct waiter **link = &stripe->first;
        while (*link != waiter)
            link = &(*link)->next;
        take_out(stripe, link);
    }
    pthread_cond_destroy(&waiter->condition);
}

bool
places_wait(const struct store_key *key, uint64_t ended, struct deadline deadline)
{
    struct stripe *stripe = stripe_of(key);
    struct waiter waiter = {.key = key};
    pthread_mutex_lock(&stripe->lock);
    bool may_wait = stripe->waiting < PLACES_WAITERS_MAX;
    if (may_wait && atomic_load(&stripe->ended) == ended)
        wait_in(stripe, &waiter, deadline);
    pthread_mutex_unlock(&stripe->lock);
    return may_wait;
}

void
places_wake(const struct store_key *key)
{
    struct stripe *stripe = stripe_of(key);
    pthread_mutex_lock(&stripe->lock);
    atomic_fetch_add(&stripe->ended, 1);
    struct waiter **link = &stripe->first;
    while (*link != NULL && !is_same((*link)->key, key))
        link = &(*link)->next;
    struct waiter *waiter = *link;
    if (waiter != NULL) {
        take_out(stripe, link);
        waiter->is_woken = true;
        pthread_cond_signal(&waiter->condition);
    }
    pthread_mutex_unlock(&stripe->lock);
}
