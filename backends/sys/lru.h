/*
 * lru: a bounded map from byte strings to values of one size; what was used longest ago goes first.
 *
 * Not thread-safe: its owner locks. Keys may be chosen by an attacker: the hash is keyed (SipHash)
 * with random bytes of the process.
 */
#ifndef MAILREEVE_LRU_H
#define MAILREEVE_LRU_H

#include <stdbool.h>
#include <stddef.h>

struct lru;

struct lru *lru_create(size_t value_bytes, size_t capacity); /* never NULL; capacity at least 1 */
void lru_free(struct lru *lru);                              /* NULL is allowed */

/* Calls drop_value for each value that goes from now on, whatever for. Values are plain memory
 * otherwise: nothing is called. */
void lru_drop_with(struct lru *lru, void (*drop_value)(void *value));

/* The value of a key, which counts as used now, or NULL. A pointer to a value is good until the
 * next lru_put or lru_remove. */
void *lru_get(struct lru *lru, const void *key, size_t key_bytes);

/* The value of a key, made zeroed if it was not there; another one may go for it. Never NULL. */
void *lru_put(struct lru *lru, const void *key, size_t key_bytes);

void lru_remove(struct lru *lru, const void *key,
                size_t key_bytes); /* nothing, if it is not there */

/* The value of what was used longest ago, which does not count as used by this, or NULL: the map is
 * empty. */
const void *lru_oldest(const struct lru *lru);
void lru_remove_oldest(struct lru *lru); /* nothing, if it is empty */

/* Removes all that is_it says of. Returns how many these were. */
size_t lru_remove_where(struct lru *lru,
                        bool (*is_it)(const void *context, const void *key, size_t key_bytes,
                                      const void *value),
                        const void *context);

size_t lru_count(const struct lru *lru);

#endif
