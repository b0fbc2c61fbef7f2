/*
 * The score of a slot and a member is the time at which a clock that strikes by chance, `weight`
 * times in an hour, strikes first: -ln(u) / weight, with u between 0 and 1 from the digest of both.
 * The first to strike wins: each with a chance in proportion to its weight, whoever else is there.
 *
 * With few members all are scored for every question. With many that would take microseconds, so
 * the best four of each slot are found once, when it is first asked for. They are chosen among all
 * members, had or not, so that a server that goes down or comes up invalidates nothing; only where
 * none of the four can be had all are scored. That is 2 MiB, of which only what is used is real.
 */
#include "rendezvous.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "scramble.h"

enum { FEW = 32, BEST = 4, MANY = UINT16_MAX - 1 };

struct candidate {
    struct rendezvous_member member;
    double hour; /* 1 / weight */
};

/* In the order of the score: the number of the candidate, from 1; the first 0: not found yet. */
struct best {
    uint16_t number[BEST];
};

struct rendezvous {
    struct candidate *candidates;
    size_t count;
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
    free(rendezvous->candidates);
    free(rendezvous->best);
    free(rendezvous);
}

static bool
is_same(const struct rendezvous *rendezvous, const struct rendezvous_member *members, size_t count)
{
    if (rendezvous->count != count)
        return false;
    for (size_t i = 0; i < count; i++) {
        const struct rendezvous_member *known = &rendezvous->candidates[i].member;
        if (known->key != members[i].key || known->weight != members[i].weight ||
            known->index != members[i].index)
            return false;
    }
    return true;
}

void
rendezvous_set(struct rendezvous *rendezvous, const struct rendezvous_member *members, size_t count)
{
    if (is_same(rendezvous, members, count))
        return;
    free(rendezvous->best);
    rendezvous->best = NULL;
    free(rendezvous->candidates);
    rendezvous->candidates = xcalloc(count, sizeof *rendezvous->candidates);
    rendezvous->count = count;
    for (size_t i = 0; i < count; i++)
        rendezvous->candidates[i] =
            (struct candidate){.member = members[i], .hour = 1.0 / members[i].weight};
}

uint32_t
rendezvous_slot(uint64_t user)
{
    return (uint32_t)(user >> (64 - RENDEZVOUS_SLOT_BITS));
}

/* Whether the candidate's score is below the limit; it is left alone if not. A logarithm is what
 * costs; -ln(u) is never less than 1 - u, which spares nearly all of them. Below 53 bits every
 * number is a double, so that all machines have the same u, and it is never 0. */
static bool
beats(const struct candidate *candidate, uint64_t slot_digest, double limit, double *score_r)
{
    const uint64_t chance = scramble(candidate->member.key ^ slot_digest) >> 11;
    const double u = ((double)chance + 1) * 0x1p-53;
    if ((1 - u) * candidate->hour >= limit)
        return false;
    const double score = -log(u) * candidate->hour;
    if (score >= limit)
        return false;
    *score_r = score;
    return true;
}

static uint64_t
slot_digest(uint32_t slot)
{
    return scramble(slot + UINT64_C(0x9e3779b97f4a7c15));
}

static int
score_all(const struct rendezvous *rendezvous, uint32_t slot, rendezvous_wanted *wanted,
          void *context)
{
    const uint64_t digest = slot_digest(slot);
    double best_score = INFINITY;
    int best = -1;
    for (size_t i = 0; i < rendezvous->count; i++) {
        const struct candidate *candidate = &rendezvous->candidates[i];
        if (wanted(context, candidate->member.index, slot) &&
            beats(candidate, digest, best_score, &best_score))
            best = (int)candidate->member.index;
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

static void
find_best(const struct rendezvous *rendezvous, uint32_t slot, struct best *best_r)
{
    const uint64_t digest = slot_digest(slot);
    double scores[BEST] = {INFINITY, INFINITY, INFINITY, INFINITY}, score;
    for (size_t i = 0; i < rendezvous->count; i++)
        if (beats(&rendezvous->candidates[i], digest, scores[BEST - 1], &score))
            enter(best_r, scores, (uint16_t)(i + 1), score);
}

int
rendezvous_best(struct rendezvous *rendezvous, uint32_t slot, rendezvous_wanted *wanted,
                void *context)
{
    if (rendezvous->count <= FEW || rendezvous->count > MANY)
        return score_all(rendezvous, slot, wanted, context);
    if (rendezvous->best == NULL)
        rendezvous->best = xcalloc(RENDEZVOUS_SLOTS, sizeof *rendezvous->best);
    struct best *best = &rendezvous->best[slot];
    if (best->number[0] == 0)
        find_best(rendezvous, slot, best);
    for (size_t i = 0; i < BEST; i++) {
        const uint32_t index = rendezvous->candidates[best->number[i] - 1].member.index;
        if (wanted(context, index, slot))
            return (int)index;
    }
    return score_all(rendezvous, slot, wanted, context);
}
