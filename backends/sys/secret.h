/*
 * secret: a password in one buffer that is wiped.
 *
 * The caller owns the struct; secret_fini wipes and frees. The bytes are kept out of core dumps
 * (MADV_DONTDUMP) and are never logged. They are NUL-terminated for C libraries, but may hold a NUL
 * in the middle until decide_auth has refused that.
 */
#ifndef MAILREEVE_SECRET_H
#define MAILREEVE_SECRET_H

#include <stdbool.h>
#include <stddef.h>

struct secret {
    char *bytes; /* NULL: empty */
    size_t length;
    size_t room; /* of the mapping or block behind bytes */
};

void secret_init(struct secret *secret);

/* Takes a copy of length bytes; what was there before is wiped. */
void secret_set(struct secret *secret, const char *bytes, size_t length);

/* Reserves an empty buffer of that many bytes plus NUL, for a decoder to write into; set length
 * afterwards. */
char *secret_reserve(struct secret *secret, size_t room);

void secret_fini(struct secret *secret);

/* Compares in a time that depends on the lengths only. */
bool secret_equal(const struct secret *a, const struct secret *b);

#endif
