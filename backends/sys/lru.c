/*
 * A hash table of chains for finding, and one list of all entries in the order of their last use
 * for dropping. Entries hold their key and value behind them, so one entry is one allocation.
 */
#include "lru.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "alloc.h"
#include "siphash.h"

enum { BUCKETS_LEAST = 64, SIPHASH_KEY_BYTES = 16 };

struct entry {
    struct entry *chain;         /* the next of its bucket */
    struct entry *newer, *older; /* of all */
    uint64_t hash;
    size_t key_bytes;
    max_align_t value[]; /* then the key */
};

struct lru {
    size_t value_bytes, capacity, count;
    void (*drop_value)(void *value); /* NULL: values are plain memory */
    struct entry **buckets;
    size_t bucket_count; /* a power of two */
    struct entry *newest, *oldest;
    uint64_t key[2];
};

struct lru *
lru_create(size_t value_bytes, size_t capacity)
{
    struct lru *lru = xcalloc(1, sizeof *lru);
    lru->value_bytes = value_bytes;
    lru->capacity = capacity;
    lru->bucket_count = BUCKETS_LEAST;
    lru->buckets = xcalloc(lru->bucket_count, sizeof(struct entry *));
    if (getrandom(lru->key, SIPHASH_KEY_BYTES, 0) != SIPHASH_KEY_BYTES)
        abort();
    return lru;
}

void
lru_drop_with(struct lru *lru, void (*drop_value)(void *value))
{
    lru->drop_value = drop_value;
}

static void
free_entry(const struct lru *lru, struct entry *entry)
{
    if (lru->drop_value != NULL)
        lru->drop_value(entry->value);
    free(entry);
}

void
lru_free(struct lru *lru)
{
    if (lru == NULL)
        return;
    while (lru->newest != NULL) {
        struct entry *older = lru->newest->older;
        free_entry(lru, lru->newest);
        lru->newest = older;
    }
    free(lru->buckets);
    free(lru);
}

static void *
key_of(const struct lru *lru, struct entry *entry)
{
    return (char *)entry->value + lru->value_bytes;
}

/* The place that points to the key's entry, or to where it would be. */
static struct entry **
find(const struct lru *lru, uint64_t hash, const void *key, size_t key_bytes)
{
    struct entry **at = &lru->buckets[hash & (lru->bucket_count - 1)];
    while (*at != NULL && ((*at)->hash != hash || (*at)->key_bytes != key_bytes ||
                           memcmp(key_of(lru, *at), key, key_bytes) != 0))
        at = &(*at)->chain;
    return at;
}

static void
unlist(struct lru *lru, struct entry *entry)
{
    *(entry->newer != NULL ? &entry->newer->older : &lru->newest) = entry->older;
    *(entry->older != NULL ? &entry->older->newer : &lru->oldest) = entry->newer;
}

static void
list_newest(struct lru *lru, struct entry *entry)
{
    entry->newer = NULL;
    entry->older = lru->newest;
    *(lru->newest != NULL ? &lru->newest->newer : &lru->oldest) = entry;
    lru->newest = entry;
}

static void
drop(struct lru *lru, struct entry **at)
{
    struct entry *entry = *at;
    assert(entry != NULL);
    *at = entry->chain;
    unlist(lru, entry);
    free_entry(lru, entry);
    lru->count--;
}

void *
lru_get(struct lru *lru, const void *key, size_t key_bytes)
{
    struct entry *entry = *find(lru, siphash(lru->key, key, key_bytes), key, key_bytes);
    if (entry == NULL)
        return NULL;
    unlist(lru, entry);
    list_newest(lru, entry);
    return entry->value;
}

/* Doubles the table, so that one with room for many costs little while it holds few. */
static void
grow(struct lru *lru)
{
    free(lru->buckets);
    lru->bucket_count *= 2;
    lru->buckets = xcalloc(lru->bucket_count, sizeof(struct entry *));
    for (struct entry *entry = lru->newest; entry != NULL; entry = entry->older) {
        struct entry **bucket = &lru->buckets[entry->hash & (lru->bucket_count - 1)];
        entry->chain = *bucket;
        *bucket = entry;
    }
}

void *
lru_put(struct lru *lru, const void *key, size_t key_bytes)
{
    void *there = lru_get(lru, key, key_bytes);
    if (there != NULL)
        return there;
    if (lru->count == lru->capacity)
        lru_remove_oldest(lru);
    if (lru->count == lru->bucket_count)
        grow(lru);
    struct entry *entry = xcalloc(1, sizeof *entry + lru->value_bytes + key_bytes);
    entry->hash = siphash(lru->key, key, key_bytes);
    entry->key_bytes = key_bytes;
    memcpy(key_of(lru, entry), key, key_bytes);
    struct entry **bucket = &lru->buckets[entry->hash & (lru->bucket_count - 1)];
    entry->chain = *bucket;
    *bucket = entry;
    list_newest(lru, entry);
    lru->count++;
    return entry->value;
}

void
lru_remove(struct lru *lru, const void *key, size_t key_bytes)
{
    struct entry **at = find(lru, siphash(lru->key, key, key_bytes), key, key_bytes);
    if (*at != NULL)
        drop(lru, at);
}

const void *
lru_oldest(const struct lru *lru)
{
    return lru->oldest != NULL ? lru->oldest->value : NULL;
}

static void
drop_entry(struct lru *lru, struct entry *entry)
{
    drop(lru, find(lru, entry->hash, key_of(lru, entry), entry->key_bytes));
}

void
lru_remove_oldest(struct lru *lru)
{
    if (lru->oldest != NULL)
        drop_entry(lru, lru->oldest);
}

size_t
lru_remove_where(struct lru *lru,
                 bool (*is_it)(const void *context, const void *key, size_t key_bytes,
                               const void *value),
                 const void *context)
{
    size_t before = lru->count;
    for (struct entry *entry = lru->newest, *older; entry != NULL; entry = older) {
        older = entry->older;
        if (is_it(context, key_of(lru, entry), entry->key_bytes, entry->value))
            drop_entry(lru, entry);
    }
    return before - lru->count;
}

size_t
lru_count(const struct lru *lru)
{
    return lru->count;
}
