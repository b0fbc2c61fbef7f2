/*
 * What the balances share: levels and slow start. Whose turn it is, turns.c knows, and which member
 * a user belongs to, rendezvous.c.
 *
 * While a member warms up, each session that would be its is let in by chance, in proportion to how
 * warm it is, and goes to the next one else: so the share is right at every moment, however long
 * the member's turns are apart. By hash the chance is the slot's and the member's own, and a slot
 * that was let in once stays in.
 */
#include "chooser.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "rendezvous.h"
#include "scramble.h"
#include "turns.h"

enum {
    WARM = 1 << 16, /* all of its share */
    COLD = 6554,    /* what it begins with: a tenth */
    TRIES_MAX = 64, /* with all at a tenth one in a thousand choices needs more */
};

struct chooser {
    enum balance balance;
    int64_t slow_start_ms;
    struct chooser_member *members;
    size_t count;

    /* those of the level in use that are usable */
    uint32_t level;
    size_t usable;
    int first; /* -1: none */

    struct turns *turns;           /* of the balances that have them, or NULL */
    struct rendezvous *rendezvous; /* likewise */
    uint64_t chances;              /* that were drawn so far */
};

struct chooser *
chooser_create(enum balance balance, int64_t slow_start_ms)
{
    struct chooser *chooser = xcalloc(1, sizeof *chooser);
    chooser->balance = balance;
    chooser->slow_start_ms = slow_start_ms;
    chooser->first = -1;
    switch (balance) {
    case BALANCE_ROUND_ROBIN:
        chooser->turns = turns_create(TURNS_BY_WEIGHT);
        break;
    case BALANCE_LEAST_RECENT:
        chooser->turns = turns_create(TURNS_LEAST_RECENT);
        break;
    case BALANCE_HASH:
        chooser->rendezvous = rendezvous_create();
        break;
    case BALANCE_FIRST:
        break;
    }
    return chooser;
}

void
chooser_free(struct chooser *chooser)
{
    if (chooser == NULL)
        return;
    free(chooser->members);
    turns_free(chooser->turns);
    rendezvous_free(chooser->rendezvous);
    free(chooser);
}

/* The lowest level with a usable member. */
static void
find_level(struct chooser *chooser)
{
    chooser->usable = 0;
    chooser->first = -1;
    for (size_t i = 0; i < chooser->count; i++) {
        const struct chooser_member *member = &chooser->members[i];
        assert(member->weight > 0);
        if (!member->is_usable || (chooser->usable > 0 && member->level > chooser->level))
            continue;
        if (chooser->usable == 0 || member->level < chooser->level) {
            chooser->level = member->level;
            chooser->usable = 0;
            chooser->first = (int)i;
        }
        chooser->usable++;
    }
}

static void
set_turns(struct chooser *chooser)
{
    struct turns_member *members = xcalloc(chooser->count, sizeof *members);
    for (size_t i = 0; i < chooser->count; i++) {
        const struct chooser_member *member = &chooser->members[i];
        members[i] = (struct turns_member){
            .key = member->key,
            .weight = member->weight,
            .takes_part = member->is_usable && member->level == chooser->level,
        };
    }
    turns_set(chooser->turns, members, chooser->count);
    free(members);
}

/* Usable or not, so that the table of the best is for all times of a level. */
static void
set_rendezvous(struct chooser *chooser)
{
    struct rendezvous_member *members = xcalloc(chooser->count, sizeof *members);
    size_t count = 0;
    for (size_t i = 0; i < chooser->count; i++) {
        const struct chooser_member *member = &chooser->members[i];
        if (member->level == chooser->level)
            members[count++] = (struct rendezvous_member){.key = member->key,
                                                          .weight = member->weight,
                                                          .index = (uint32_t)i,
                                                          .is_usable = member->is_usable};
    }
    rendezvous_set(chooser->rendezvous, members, count);
    free(members);
}

void
chooser_set(struct chooser *chooser, const struct chooser_member *members, size_t count)
{
    chooser->members = xrealloc(chooser->members, count + 1, sizeof *members);
    if (count > 0)
        memcpy(chooser->members, members, count * sizeof *members);
    chooser->count = count;
    find_level(chooser);
    if (chooser->turns != NULL)
        set_turns(chooser);
    if (chooser->rendezvous != NULL && chooser->usable > 0)
        set_rendezvous(chooser);
}

static uint32_t
warmth(const struct chooser *chooser, size_t index, int64_t now_ms)
{
    const int64_t from_ms = chooser->members[index].warms_from_ms;
    if (from_ms == 0 || now_ms - from_ms >= chooser->slow_start_ms)
        return WARM;
    if (now_ms <= from_ms)
        return COLD;
    return COLD + (uint32_t)((WARM - COLD) * (now_ms - from_ms) / chooser->slow_start_ms);
}

unsigned
chooser_warmth(const struct chooser *chooser, int index, int64_t now_ms)
{
    return (unsigned)(warmth(chooser, (size_t)index, now_ms) * UINT64_C(100) / WARM);
}

static int
next_by_turns(struct chooser *chooser, int64_t now_ms)
{
    int index = -1;
    for (unsigned tries = 0; tries < TRIES_MAX; tries++) {
        index = turns_next(chooser->turns);
        if (chooser->usable <= 1)
            break;
        const uint32_t its_warmth = warmth(chooser, (size_t)index, now_ms);
        if (its_warmth == WARM || scramble(++chooser->chances) % WARM < its_warmth)
            break;
    }
    return index;
}

struct question {
    const struct chooser *chooser;
    int64_t now_ms;
};

/* Another digest than the score's: who is let in early is not who likes the member best. */
static bool
is_let_in(void *context, uint32_t index, uint32_t slot)
{
    const struct question *question = context;
    const struct chooser_member *member = &question->chooser->members[index];
    const uint32_t its_warmth = warmth(question->chooser, index, question->now_ms);
    return its_warmth == WARM || scramble(scramble(member->key) + slot) % WARM < its_warmth;
}

static int
next_by_hash(struct chooser *chooser, uint64_t user, int64_t now_ms)
{
    struct question question = {.chooser = chooser, .now_ms = now_ms};
    const uint32_t slot = rendezvous_slot(user);
    const int index = rendezvous_best(chooser->rendezvous, slot, is_let_in, &question);
    return index >= 0 ? index : rendezvous_best(chooser->rendezvous, slot, NULL, NULL);
}

int
chooser_next(struct chooser *chooser, uint64_t user, int64_t now_ms)
{
    if (chooser->usable == 0)
        return -1;
    switch (chooser->balance) {
    case BALANCE_ROUND_ROBIN:
    case BALANCE_LEAST_RECENT:
        return next_by_turns(chooser, now_ms);
    case BALANCE_HASH:
        return next_by_hash(chooser, user, now_ms);
    case BALANCE_FIRST:
        return chooser->first;
    }
    return -1;
}

void
chooser_note(struct chooser *chooser, int index)
{
    if (chooser->turns != NULL)
        turns_note(chooser->turns, (size_t)index);
}

/* FNV-1a (Fowler, Noll and Vo), whose high bits are poor for short names, and scrambled. */
uint64_t
chooser_key(const char *name)
{
    uint64_t digest = UINT64_C(0xcbf29ce484222325);
    for (; *name != '\0'; name++) {
        const unsigned char byte = (unsigned char)*name;
        const bool is_upper = byte >= 'A' && byte <= 'Z';
        digest = (digest ^ (is_upper ? byte + ('a' - 'A') : byte)) * UINT64_C(0x100000001b3);
    }
    return scramble(digest);
}
