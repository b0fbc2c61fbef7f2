/*
 * Stride scheduling (Waldspurger and Weihl 1995): everybody has a point in virtual time at which
 * its next turn is; the earliest is next, and then moves on by its stride, UNIT / weight. In each
 * UNIT of virtual time a member has exactly as many turns as its weight; what the division leaves
 * over is carried, so that this stays true for ever. Why not nginx's smooth round-robin, which
 * is as even: it looks at every member for every turn; here a heap finds the earliest.
 *
 * Where the first turn lies within the stride decides how even the order is: members of one weight
 * that come in together are spread over it, the first of two at a quarter, the second at three
 * quarters. So equal ones take turns in their order, and weights 5 1 1 give a b a a a c a.
 *
 * For the least recent the point is the number of the member's last turn, counted over all.
 *
 * Points wrap around and are compared by their difference: nobody is further ahead than two strides
 * of the smallest weight, which is little beside half the range.
 */
#include "turns.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"

#define UNIT ((uint64_t)1 << 40)

struct place {
    struct turns_member member;
    uint64_t at;      /* its point in virtual time */
    uint64_t rest;    /* of the division, below its weight */
    uint32_t in_heap; /* where, while it takes part */
};

struct turns {
    enum turns_order order;
    uint64_t clock; /* the point of the last turn */
    struct place *places;
    size_t count;
    uint32_t *heap; /* indexes of those that take part; the parent of i is (i - 1) / 2 */
    size_t heap_count;
};

struct turns *
turns_create(enum turns_order order)
{
    struct turns *turns = xcalloc(1, sizeof *turns);
    turns->order = order;
    return turns;
}

void
turns_free(struct turns *turns)
{
    if (turns == NULL)
        return;
    free(turns->places);
    free(turns->heap);
    free(turns);
}

/* Of two with the same point the first of the configuration is before. */
static bool
is_before(const struct turns *turns, uint32_t a, uint32_t b)
{
    int64_t apart = (int64_t)(turns->places[a].at - turns->places[b].at);
    return apart != 0 ? apart < 0 : a < b;
}

static void
put(struct turns *turns, size_t slot, uint32_t index)
{
    turns->heap[slot] = index;
    turns->places[index].in_heap = (uint32_t)slot;
}

/* Points only ever move on, so nothing needs to rise in the heap. */
static void
sink(struct turns *turns, size_t slot)
{
    const uint32_t index = turns->heap[slot];
    size_t child;
    while ((child = 2 * slot + 1) < turns->heap_count) {
        if (child + 1 < turns->heap_count &&
            is_before(turns, turns->heap[child + 1], turns->heap[child]))
            child++;
        if (!is_before(turns, turns->heap[child], index))
            break;
        put(turns, slot, turns->heap[child]);
        slot = child;
    }
    put(turns, slot, index);
}

static void
build_heap(struct turns *turns)
{
    turns->heap_count = 0;
    for (size_t i = 0; i < turns->count; i++)
        if (turns->places[i].member.takes_part)
            put(turns, turns->heap_count++, (uint32_t)i);
    for (size_t slot = turns->heap_count / 2; slot-- > 0;)
        sink(turns, slot);
}

static int
compare_keys(const void *left, const void *right)
{
    uint64_t a = ((const struct place *)left)->member.key;
    uint64_t b = ((const struct place *)right)->member.key;
    return (a > b) - (a < b);
}

/* At the same distance in turns from the last one as before, should its weight have changed. */
static void
stay(const struct turns *turns, struct place *place, const struct place *former)
{
    place->at = former->at;
    place->rest = former->rest;
    if (turns->order == TURNS_LEAST_RECENT || place->member.weight == former->member.weight)
        return;
    place->at =
        turns->clock + (former->at - turns->clock) * former->member.weight / place->member.weight;
    place->rest = 0;
}

struct newcomer {
    uint32_t weight, index;
};

static int
compare_newcomers(const void *left, const void *right)
{
    const struct newcomer *a = left, *b = right;
    if (a->weight != b->weight)
        return a->weight < b->weight ? -1 : 1;
    return (a->index > b->index) - (a->index < b->index);
}

/* Spreads those of one weight over their stride. */
static void
let_in(struct turns *turns, struct newcomer *newcomers, size_t count)
{
    qsort(newcomers, count, sizeof *newcomers, compare_newcomers);
    for (size_t begin = 0, end; begin < count; begin = end) {
        for (end = begin + 1; end < count && newcomers[end].weight == newcomers[begin].weight;)
            end++;
        const uint64_t stride = UNIT / newcomers[begin].weight;
        for (size_t i = begin; i < end; i++)
            turns->places[newcomers[i].index].at =
                turns->clock + stride * (2 * (i - begin) + 1) / (2 * (end - begin));
    }
}

void
turns_set(struct turns *turns, const struct turns_member *members, size_t count)
{
    struct place *former = turns->places;
    const size_t former_count = turns->count;
    if (former_count > 0)
        qsort(former, former_count, sizeof *former, compare_keys);

    turns->places = xcalloc(count, sizeof *turns->places);
    turns->count = count;
    struct newcomer *newcomers = xcalloc(count, sizeof *newcomers);
    size_t newcomer_count = 0;
    for (size_t i = 0; i < count; i++) {
        struct place *place = &turns->places[i];
        place->member = members[i];
        const struct place *known =
            former_count > 0 ? bsearch(place, former, former_count, sizeof *former, compare_keys)
                             : NULL;
        if (known != NULL && (known->member.takes_part || turns->order == TURNS_LEAST_RECENT))
            stay(turns, place, known);
        else if (members[i].takes_part && turns->order == TURNS_BY_WEIGHT)
            newcomers[newcomer_count++] =
                (struct newcomer){.weight = members[i].weight, .index = (uint32_t)i};
    }
    if (newcomer_count > 0)
        let_in(turns, newcomers, newcomer_count);
    free(newcomers);
    free(former);
    turns->heap = xrealloc(turns->heap, count + 1, sizeof *turns->heap);
    build_heap(turns);
}

static void
move_on(struct turns *turns, struct place *place)
{
    if (turns->order == TURNS_LEAST_RECENT) {
        place->at = ++turns->clock;
        return;
    }
    place->at += UNIT / place->member.weight;
    place->rest += UNIT % place->member.weight;
    if (place->rest >= place->member.weight) {
        place->rest -= place->member.weight;
        place->at++;
    }
}

int
turns_next(struct turns *turns)
{
    if (turns->heap_count == 0)
        return -1;
    const uint32_t index = turns->heap[0];
    struct place *place = &turns->places[index];
    if (turns->order == TURNS_BY_WEIGHT)
        turns->clock = place->at;
    move_on(turns, place);
    sink(turns, 0);
    return (int)index;
}

void
turns_note(struct turns *turns, size_t index)
{
    struct place *place = &turns->places[index];
    if (turns->order == TURNS_BY_WEIGHT &&
        (!place->member.takes_part || place->at - turns->clock > UNIT / place->member.weight))
        return;
    move_on(turns, place);
    if (place->member.takes_part)
        sink(turns, place->in_heap);
}
