#include "held.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "alloc.h"

struct held {
    /* set once */
    void *thing;
    void (*free_thing)(void *thing);
    atomic_uint holders;
};

struct held *
held_create(void *thing, void (*free_thing)(void *thing))
{
    struct held *held = xcalloc(1, sizeof *held);
    held->thing = thing;
    held->free_thing = free_thing;
    atomic_init(&held->holders, 1);
    return held;
}

void *
held_thing(const struct held *held)
{
    return held->thing;
}

struct held *
held_take(struct held *held)
{
    if (held != NULL)
        atomic_fetch_add(&held->holders, 1);
    return held;
}

void
held_drop(struct held *held)
{
    if (held == NULL || atomic_fetch_sub(&held->holders, 1) > 1)
        return;
    held->free_thing(held->thing);
    free(held);
}

static void
drop_both(void *thing)
{
    struct held **both = thing;
    held_drop(both[0]);
    held_drop(both[1]);
    free(both);
}

struct held *
held_join(struct held *one, struct held *other)
{
    if (one == NULL || other == NULL)
        return one != NULL ? one : other;
    struct held **both = xcalloc(2, sizeof(struct held *));
    both[0] = one;
    both[1] = other;
    return held_create(both, drop_both);
}
