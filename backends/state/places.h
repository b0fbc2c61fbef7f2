/*
 * places: waiting, within this process, for an attempt to end that holds a place which another one
 * needs.
 *
 * Thread-safe. The store knows the places; this only spares those who wait for one from asking it
 * again and again. Whoever waits for a key is woken in the order of coming, one for each end. What
 * ends between asking the store and waiting is not missed: places_ended is read before.
 */
#ifndef MAILREEVE_PLACES_H
#define MAILREEVE_PLACES_H

#include <stdbool.h>
#include <stdint.h>

#include "deadline.h"
#include "store.h"

/* At most so many wait side by side where a key belongs. */
enum { PLACES_WAITERS_MAX = 100 };

/* A count of the ends where the key belongs. */
uint64_t places_ended(const struct store_key *key);

/* Waits until the key is woken, if nothing has ended since `ended` was read, or the time is up.
 * Returns false at once if too many wait already. */
bool places_wait(const struct store_key *key, uint64_t ended, struct deadline deadline);

/* A place of that key is free, or who was woken does not need it: wakes the first that waits. */
void places_wake(const struct store_key *key);

#endif
