/*
 * strmap: a map from strings to pointers that costs the same for ten keys as for a million.
 *
 * Pure; open addressing, keyed by a hash of the bytes. Not for keys that an attacker may insert:
 * the keys come from the administrator's files. Keys and values are borrowed.
 */
#ifndef MAILREEVE_STRMAP_H
#define MAILREEVE_STRMAP_H

#include <stdbool.h>
#include <stddef.h>

struct strmap {
    struct strmap_slot *slots; /* NULL while empty */
    size_t capacity;           /* a power of two */
    size_t count;
};

void strmap_init(struct strmap *map);
void strmap_fini(struct strmap *map);

/* Adds the key unless it is there. Returns false, and changes nothing, if it was there. value is
 * not NULL. */
bool strmap_add(struct strmap *map, const char *key, void *value);

/* Returns the value, or NULL. The second form takes a key that ends after length bytes. */
void *strmap_get(const struct strmap *map, const char *key);
void *strmap_get_bytes(const struct strmap *map, const char *key, size_t length);

#endif
