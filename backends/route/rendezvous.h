/*
 * rendezvous: which member a user belongs to, so that all who know the same members agree.
 *
 * Not thread-safe. Weighted rendezvous (Thaler and Ravishankar 1998): each pair of a user and a
 * member has a score, and the best member wins. One that goes leaves its own users to the others,
 * in proportion to their weights, and one that comes takes its share from all; nobody else moves.
 * Users are gathered in RENDEZVOUS_SLOTS slots, so that what was found once can be kept; of ten
 * members of one weight each has its tenth of the slots within some 1 % of it.
 */
#ifndef MAILREEVE_RENDEZVOUS_H
#define MAILREEVE_RENDEZVOUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RENDEZVOUS_SLOT_BITS = 18, RENDEZVOUS_SLOTS = 1 << RENDEZVOUS_SLOT_BITS };

struct rendezvous_member {
    uint64_t key;
    uint32_t weight; /* 1 or more */
    uint32_t index;  /* the caller's */
    bool is_usable;
};

struct rendezvous;

/* Never NULL. */
struct rendezvous *rendezvous_create(void);
void rendezvous_free(struct rendezvous *rendezvous); /* NULL is allowed */

/* All members, usable or not; copied. Setting the same again costs a pass, and what was found is
 * kept; also when only their usability is another. */
void rendezvous_set(struct rendezvous *rendezvous, const struct rendezvous_member *members,
                    size_t count);

/* Whether the member with that index, which is usable, is to be had for the slot. */
typedef bool rendezvous_wanted(void *context, uint32_t index, uint32_t slot);

uint32_t rendezvous_slot(uint64_t user);

/* The index of the best member that is usable and wanted, or -1. wanted NULL: all are. */
int rendezvous_best(struct rendezvous *rendezvous, uint32_t slot, rendezvous_wanted *wanted,
                    void *context);

#endif
