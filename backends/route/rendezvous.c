/*
 * The score of a slot and a member is the time at which a clock that strikes by chance, `weight`
 * times in an hour, strikes first: -ln(1 - u) / weight, with u between 0 and 1 from the digest of
 * both. The first to strike wins: each with a chance in proportion to its weight, whoever else is
 * there.
 *
 * With few members all are scored for every question. With many that would take microseconds, so
 * the best four of each slot are kept. They are chosen among all members, usable or not, so that a
 * server that goes down or comes up invalidates nothing; only where none of the four can be had
 * those that are usable are scored. That is 2 MiB, of which only what is used is real.
 *
 * They are found when they are first asked for, and for a block of eight slots at once, because
 * what costs is the digest. One of a member and a block has the first seven bits of all eight u.
 * Who could be among the best by these has the rest of u from a digest of its own, few of those a
 * logarithm. So it is nearly a digest for eight slots instead of a digest and more for each, in
 * a loop that has nothing but integers.
 */
#include "rendezvous.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "scramble.h"

enum {
    FEW = 32,
    BEST = 4,
    MANY = UINT16_MAX - 1,
    BLOCK = 8,         /* as many slots as a digest has bytes */
    FIRST_BITS = 7,    /* of u; the eighth bit of its byte is for comparing all bytes at once */
    EXPECTED_BEST = 8, /* scores of a slot below the horizon */
};

#define EACH_BYTE UINT64_C(0x0101010101010101)
#define TOP_BITS  (0x80 * EACH_BYTE)

struct candidate {
    uint64_t key;
    uint64_t ceilings; /* in each byte: u begins with less than that, or the horizon is not met */
    double hour;       /* 1 / weight */
};

/* In the order of the score: the number of the candidate, from 1; 0: no more were found. */
struct best {
    uint16_t number[BEST];
};

struct rendezvous {
    struct rendezvous_member *members;
    struct candidate *candidates; /* one for each, in one order */
    size_t count;
    size_t *usable; /* the numbers of the usable ones, from 0 */
    size_t usable_count;
    double horizon;    /* what is above is none of the best */
    struct best *best; /* by slot; NULL until it is needed */
};

struct rendezvous *
rendezvous_create(void)
{
    return xcalloc(1, sizeof(struct rendezvous));
}

void
rendezvous_free(struct rendezvous *rendezvous)
{
    if (rendezvous == NULL)
        return;
    free(rendezvous->members);
    free(rendezvous->candidates);
    free(rendezvous->usable);
    free(rendezvous->best);
    free(rendezvous);
}

static bool
is_same(const struct rendezvous *rendezvous, const struct rendezvous_member *members, size_t count)
{
    if (rendezvous->count != count)
        return false;
    for (size_t i = 0; i < count; i++) {
        const struct rendezvous_member *known = &rendezvous->members[i];
        if (known->key != members[i].key || known->weight != members[i].weight ||
            known->index != members[i].index)
            return false;
    }
    return true;
}

/* How many scores below the horizon a slot has, or up to a third less. */
static double
expected_below(const struct rendezvous_member *members, size_t count, double horizon)
{
    double expected = 0;
    for (size_t i = 0; i < count; i++)
        expected += fmin(1, horizon * members[i].weight);
    return expected;
}

static double
find_horizon(const struct rendezvous_member *members, size_t count)
{
    double total = 0;
    for (size_t i = 0; i < count; i++)
        total += members[i].weight;
    double horizon = EXPECTED_BEST / total;
    while (count > FEW && expected_below(members, count, horizon) < EXPECTED_BEST - 1)
        horizon *= 1.5;
    return horizon;
}

static void
set_members(struct rendezvous *rendezvous, const struct rendezvous_member *members, size_t count)
{
    free(rendezvous->best);
    rendezvous->best = NULL;
    rendezvous->candidates = xrealloc(rendezvous->candidates, count + 1, sizeof(struct candidate));
    rendezvous->usable = xrealloc(rendezvous->usable, count + 1, sizeof *rendezvous->usable);
    rendezvous->members = xrealloc(rendezvous->members, count + 1, sizeof *members);
    rendezvous->count = count;
    rendezvous->horizon = find_horizon(members, count);
    for (size_t i = 0; i < count; i++) {
        const double share = fmin(1, rendezvous->horizon * members[i].weight);
        const uint64_t ceiling = (uint64_t)(share * (1 << FIRST_BITS)) + 1;
        rendezvous->candidates[i] =
            (struct candidate){.key = members[i].key,
                               .ceilings = (ceiling < 0x80 ? ceiling : 0x80) * EACH_BYTE,
                               .hour = 1.0 / members[i].weight};
    }
}

void
rendezvous_set(struct rendezvous *rendezvous, const struct rendezvous_member *members, size_t count)
{
    if (!is_same(rendezvous, members, count))
        set_members(rendezvous, members, count);
    if (count > 0)
        memcpy(rendezvous->members, members, count * sizeof *members);
    rendezvous->usable_count = 0;
    for (size_t i = 0; i < count; i++)
        if (members[i].is_usable)
            rendezvous->usable[rendezvous->usable_count++] = i;
}

uint32_t
rendezvous_slot(uint64_t user)
{
    return (uint32_t)(user >> (64 - RENDEZVOUS_SLOT_BITS));
}

static uint64_t
slot_digest(uint32_t slot)
{
    return scramble(slot + UINT64_C(0x9e3779b97f4a7c15));
}

static uint64_t
block_digest(uint32_t slot)
{
    return slot_digest(RENDEZVOUS_SLOTS + slot / BLOCK);
}

/* The bytes are those of the slots of the block; of each the lower bits are the first ones of u. */
static uint64_t
first_bits(const struct candidate *candidate, uint64_t block)
{
    return scramble(candidate->key ^ block) & ~TOP_BITS;
}

/* Whether the candidate's score is below the limit; it is left alone if not. What costs is spared
 * by what is never more than the score: u / weight, and the same of u's beginning. Of 53 bits every
 * number is a double, so that all machines have the same u, and it is never 1. */
static bool
beats(const struct candidate *candidate, unsigned first, uint64_t slot, double limit,
      double *score_r)
{
    if (first * (1.0 / (1 << FIRST_BITS)) * candidate->hour >= limit)
        return false;
    const uint64_t rest = scramble(candidate->key ^ slot) >> (11 + FIRST_BITS);
    const double u = (double)(int64_t)((uint64_t)first << (53 - FIRST_BITS) | rest) * 0x1p-53;
    if (u * candidate->hour >= limit)
        return false;
    const double score = -log(1 - u) * candidate->hour;
    if (score >= limit)
        return false;
    *score_r = score;
    return true;
}

/* Scores all that are usable. */
static int
score_usable(const struct rendezvous *rendezvous, uint32_t slot, rendezvous_wanted *wanted,
             void *context)
{
    const uint64_t digest = slot_digest(slot), block = block_digest(slot);
    const unsigned shift = slot % BLOCK * 8;
    double best_score = INFINITY;
    int best = -1;
    for (size_t i = 0; i < rendezvous->usable_count; i++) {
        const size_t number = rendezvous->usable[i];
        const struct candidate *candidate = &rendezvous->candidates[number];
        const unsigned first = first_bits(candidate, block) >> shift & 0xff;
        const uint32_t index = rendezvous->members[number].index;
        double score;
        if (beats(candidate, first, digest, best_score, &score) &&
            (wanted == NULL || wanted(context, index, slot))) {
            best_score = score;
            best = (int)index;
        }
    }
    return best;
}

/* Puts the number of a candidate where it belongs among the best; the last falls out. */
static void
enter(struct best *best, double scores[BEST], uint16_t number, double score)
{
    size_t at = BEST - 1;
    for (; at > 0 && score < scores[at - 1]; at--) {
        scores[at] = scores[at - 1];
        best->number[at] = best->number[at - 1];
    }
    scores[at] = score;
    best->number[at] = number;
}

/* For all slots of the block. One slot in thousands has none below the horizon; it is looked for
 * again whenever it is asked for. */
static void
find_best(const struct rendezvous *rendezvous, uint32_t block, struct best best_r[BLOCK])
{
    const uint64_t digest = block_digest(block * BLOCK);
    uint64_t slots[BLOCK];
    double scores[BLOCK][BEST], score;
    memset(best_r, 0, BLOCK * sizeof *best_r);
    for (uint32_t i = 0; i < BLOCK; i++) {
        slots[i] = slot_digest(block * BLOCK + i);
        for (size_t n = 0; n < BEST; n++)
            scores[i][n] = rendezvous->horizon;
    }
    for (size_t number = 0; number < rendezvous->count; number++) {
        const struct candidate *candidate = &rendezvous->candidates[number];
        const uint64_t first = first_bits(candidate, digest);
        /* The top bit of a byte falls where the byte is less than its ceiling. */
        const uint64_t hits = ~((first | TOP_BITS) - candidate->ceilings) & TOP_BITS;
        for (uint64_t left = hits; left != 0; left &= left - 1) {
            const unsigned i = (unsigned)__builtin_ctzll(left) / 8;
            if (beats(candidate, first >> (8 * i) & 0xff, slots[i], scores[i][BEST - 1], &score))
                enter(&best_r[i], scores[i], (uint16_t)(number + 1), score);
        }
    }
}

int
rendezvous_best(struct rendezvous *rendezvous, uint32_t slot, rendezvous_wanted *wanted,
                void *context)
{
    if (rendezvous->count <= FEW || rendezvous->count > MANY)
        return score_usable(rendezvous, slot, wanted, context);
    if (rendezvous->best == NULL)
        rendezvous->best = xcalloc(RENDEZVOUS_SLOTS, sizeof *rendezvous->best);
    const struct best *best = &rendezvous->best[slot];
    if (best->number[0] == 0)
        find_best(rendezvous, slot / BLOCK, &rendezvous->best[slot / BLOCK * BLOCK]);
    for (size_t i = 0; i < BEST && best->number[i] > 0; i++) {
        const struct rendezvous_member *member = &rendezvous->members[best->number[i] - 1];
        if (member->is_usable && (wanted == NULL || wanted(context, member->index, slot)))
            return (int)member->index;
    }
    return score_usable(rendezvous, slot, wanted, context);
}
