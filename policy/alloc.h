/*
 * alloc: memory that is always there: out of memory ends the process.
 *
 * Thread-safe. What these return is the caller's and goes back with free(3). A service that has no
 * memory left cannot answer sensibly; it is started anew by whoever supervises it.
 */
#ifndef MAILREEVE_ALLOC_H
#define MAILREEVE_ALLOC_H

#include <stddef.h>

/* size 0 gives a pointer that may be freed but not used. */
void *xmalloc(size_t size) __attribute__((malloc, alloc_size(1), returns_nonnull));

/* All zero. A product that does not fit size_t is out of memory as well. */
void *xcalloc(size_t count, size_t size) __attribute__((malloc, alloc_size(1, 2), returns_nonnull));

/* For count elements of size bytes each; memory may be NULL. */
void *xrealloc(void *memory, size_t count, size_t size)
    __attribute__((alloc_size(2, 3), returns_nonnull, warn_unused_result));

char *xstrdup(const char *text) __attribute__((malloc, returns_nonnull));

/* Copies at most length bytes and a NUL; stops at a NUL in text. */
char *xstrndup(const char *text, size_t length) __attribute__((malloc, returns_nonnull));

#endif
