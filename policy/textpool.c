#include "textpool.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"

struct textpool_chunk {
    struct textpool_chunk *next;
    size_t used, size;
    char bytes[];
};

/* The first chunk is small because most lists are; each further one is twice as large. */
enum { FIRST_CHUNK = 256, LARGEST_CHUNK = 1 << 20 };

static struct textpool_chunk *
add_chunk(struct textpool *pool, size_t needed)
{
    size_t size = pool->chunks != NULL ? pool->chunks->size * 2 : FIRST_CHUNK;
    if (size > LARGEST_CHUNK)
        size = LARGEST_CHUNK;
    if (size < needed)
        size = needed;
    struct textpool_chunk *chunk = xmalloc(sizeof *chunk + size);
    *chunk = (struct textpool_chunk){.next = pool->chunks, .size = size};
    pool->chunks = chunk;
    return chunk;
}

void
textpool_init(struct textpool *pool)
{
    pool->chunks = NULL;
}

void
textpool_fini(struct textpool *pool)
{
    while (pool->chunks != NULL) {
        struct textpool_chunk *next = pool->chunks->next;
        free(pool->chunks);
        pool->chunks = next;
    }
}

char *
textpool_copy(struct textpool *pool, const char *bytes, size_t length)
{
    struct textpool_chunk *chunk = pool->chunks;
    if (chunk == NULL || chunk->size - chunk->used <= length)
        chunk = add_chunk(pool, length + 1);
    char *copy = chunk->bytes + chunk->used;
    chunk->used += length + 1;
    memcpy(copy, bytes, length);
    copy[length] = '\0';
    return copy;
}
