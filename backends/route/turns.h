/*
 * turns: whose turn it is, by weight or by who waited longest.
 *
 * Not thread-safe. A turn costs a logarithm of the members that take part. Members are known by
 * their keys from one turns_set to the next, and by their indexes in between.
 */
#ifndef MAILREEVE_TURNS_H
#define MAILREEVE_TURNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum turns_order { TURNS_BY_WEIGHT = 0, TURNS_LEAST_RECENT };

struct turns_member {
    uint64_t key;
    uint32_t weight; /* 1 or more */
    bool takes_part;
};

struct turns;

/* Never NULL. */
struct turns *turns_create(enum turns_order order);
void turns_free(struct turns *turns); /* NULL is allowed */

/* Copied. By weight, who takes part now as before keeps its place in the order, and who comes in
 * gets one as if it had been there all the time: no turns that it missed. Least recent, everybody's
 * last turn is remembered, and who never had one is first. */
void turns_set(struct turns *turns, const struct turns_member *members, size_t count);

/* The index of the member whose turn it is and has passed herewith; -1: nobody takes part. */
int turns_next(struct turns *turns);

/* A member had a turn out of turn. Least recent, it goes to the end; by weight, its next turn is
 * used up, one at most, so that many such turns do not shut it out later. */
void turns_note(struct turns *turns, size_t index);

#endif
