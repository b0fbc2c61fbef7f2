/*
 * textpool: many small strings that are made one by one and freed all at once.
 *
 * Pure; one thread. A million names cost what their bytes cost, without malloc's share for each.
 */
#ifndef MAILREEVE_TEXTPOOL_H
#define MAILREEVE_TEXTPOOL_H

#include <stddef.h>

struct textpool {
    struct textpool_chunk *chunks; /* NULL while empty; the one in use is the first */
};

void textpool_init(struct textpool *pool);
void textpool_fini(struct textpool *pool);

/* Returns a copy of length bytes, ended by a NUL, that lives as long as the pool. */
char *textpool_copy(struct textpool *pool, const char *bytes, size_t length);

#endif
