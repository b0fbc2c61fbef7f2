#include "strmap.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"

struct strmap_slot {
    uint64_t hash;
    const char *key;
    void *value; /* NULL: the slot is free */
};

enum { FIRST_CAPACITY = 16 };

/* FNV-1a, then mixed so that the low bits depend on all. */
static uint64_t
hash_bytes(const char *bytes, size_t length)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (unsigned char)bytes[i]) * 0x100000001b3u;
    return hash ^ hash >> 32;
}

/* The slot that holds the key, or the free one where it belongs. */
static struct strmap_slot *
find_slot(const struct strmap *map, uint64_t hash, const char *key, size_t length)
{
    for (size_t i = hash;; i++) {
        struct strmap_slot *slot = &map->slots[i & (map->capacity - 1)];
        if (slot->value == NULL)
            return slot;
        if (slot->hash != hash)
            continue;
        /* Whoever asks will look at the value next: wait for it and for the key at once. */
        __builtin_prefetch(slot->value);
        if (strnlen(slot->key, length + 1) == length && memcmp(slot->key, key, length) == 0)
            return slot;
    }
}

static void
grow(struct strmap *map)
{
    struct strmap larger = {.capacity = map->capacity > 0 ? map->capacity * 2 : FIRST_CAPACITY,
                            .count = map->count};
    larger.slots = xcalloc(larger.capacity, sizeof *larger.slots);
    for (size_t i = 0; i < map->capacity; i++) {
        const struct strmap_slot *slot = &map->slots[i];
        if (slot->value != NULL)
            *find_slot(&larger, slot->hash, slot->key, strlen(slot->key)) = *slot;
    }
    free(map->slots);
    *map = larger;
}

void
strmap_init(struct strmap *map)
{
    *map = (struct strmap){.slots = NULL};
}

void
strmap_fini(struct strmap *map)
{
    free(map->slots);
    strmap_init(map);
}

bool
strmap_add(struct strmap *map, const char *key, void *value)
{
    if ((map->count + 1) * 3 > map->capacity * 2)
        grow(map);
    size_t length = strlen(key);
    uint64_t hash = hash_bytes(key, length);
    struct strmap_slot *slot = find_slot(map, hash, key, length);
    if (slot->value != NULL)
        return false;
    *slot = (struct strmap_slot){.hash = hash, .key = key, .value = value};
    map->count++;
    return true;
}

void *
strmap_get_bytes(const struct strmap *map, const char *key, size_t length)
{
    if (map->count == 0)
        return NULL;
    return find_slot(map, hash_bytes(key, length), key, length)->value;
}

void *
strmap_get(const struct strmap *map, const char *key)
{
    return strmap_get_bytes(map, key, strlen(key));
}
