/*
 * recipient_cache: what a source said about recipients, and one question for many askers.
 *
 * Thread-safe. Known and unknown are kept, each for its own time; "cannot tell" never is, but those
 * who waited for that answer get it, or a server that stalls would be asked by each of them in
 * turn. No lock is held while the world is asked. Bounded: what was used longest ago goes first,
 * and what is over by then goes whenever a new address comes, so that a day with many strangers
 * does not hold memory for ever.
 */
#ifndef MAILREEVE_RECIPIENT_CACHE_H
#define MAILREEVE_RECIPIENT_CACHE_H

#include <stddef.h>
#include <stdint.h>

#include "verify.h"

struct recipient_cache;

/* Never NULL; capacity, in addresses, is at least 1. */
struct recipient_cache *recipient_cache_create(size_t capacity,
                                               struct recipient_lifetimes lifetimes);
void recipient_cache_free(struct recipient_cache *cache); /* NULL is allowed; nobody is asking */

/* Asks the world. result_r is zeroed. */
struct recipient_question {
    void (*ask)(void *context, struct deadline deadline, struct recipient_result *result_r);
    void *context;
};

/* Answers from what is kept; else waits for the one who is asking about the same address, until the
 * deadline; else asks. An answer is kept from now_ms, which is when it was asked for. Whoever has
 * no time left does not ask: his haste would be the answer of all who wait. result_r need not be
 * initialised; it is never KNOWLEDGE_NOT_ASKED. */
void recipient_cache_ask(struct recipient_cache *cache, const char *address, int64_t now_ms,
                         struct deadline deadline, const struct recipient_question *question,
                         struct recipient_result *result_r);

/* Forgets what is known of an address, or of all addresses that lead to an account of that name; of
 * all if name is NULL. What is being asked meanwhile is not kept. Without case. Returns how many
 * answers that were. */
size_t recipient_cache_flush(struct recipient_cache *cache, const char *name);

/* How many wait for somebody else's question now. */
unsigned recipient_cache_waiting(struct recipient_cache *cache);

/* How many addresses are held, with those that are being asked about. */
size_t recipient_cache_count(struct recipient_cache *cache);

#endif
