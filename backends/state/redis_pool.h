/*
 * redis_pool: the connections to the master, shared by all who ask.
 *
 * Thread-safe. There are at most `connections`; who finds none free waits. No lock is held while
 * the network is waited for.
 */
#ifndef MAILREEVE_REDIS_POOL_H
#define MAILREEVE_REDIS_POOL_H

#include "redis_link.h"
#include "store.h"

struct redis_pool;

/* The url; with sentinels, which name the server, there may be none: then one without user,
 * password and db. */
const char *redis_pool_url(const struct store_settings *settings);

/* Settings have been checked and stay. Connects to nobody yet. Never NULL. */
struct redis_pool *redis_pool_create(const struct store_settings *settings);
void redis_pool_free(struct redis_pool *pool); /* nobody is inside */

/* A connection that is logged in to a master; to be given back or dropped. NULL with err. */
struct redis_link *redis_pool_take(struct redis_pool *pool, struct deadline deadline,
                                   struct err *err);
void redis_pool_give_back(struct redis_pool *pool, struct redis_link *link);

/* It failed: closes it, and those that are idle, which most likely would fail, too. */
void redis_pool_drop(struct redis_pool *pool, struct redis_link *link);

/* Follows the sentinels to another master. */
void redis_pool_look(struct redis_pool *pool, struct deadline deadline);

#endif
