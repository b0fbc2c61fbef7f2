/*
 * digest: hashes and keyed hashes, by OpenSSL; random bytes.
 *
 * Pure but for digest_random. Thread-safe. What is left of intermediate values is wiped.
 */
#ifndef MAILREEVE_DIGEST_H
#define MAILREEVE_DIGEST_H

#include <stdbool.h>
#include <stddef.h>

enum digest { DIGEST_MD5, DIGEST_SHA1, DIGEST_SHA256, DIGEST_SHA384, DIGEST_SHA512 };
enum { DIGEST_MAX = 64 };

struct bytes {
    const void *start;
    size_t length;
};

size_t digest_length(enum digest digest);

/* The hash of several pieces one after the other. Returns 0, or -1: the machine's OpenSSL does not
 * offer that hash (MD5 in FIPS mode). digest_r has digest_length bytes. */
int digest_hash(enum digest digest, const struct bytes *pieces, size_t count,
                unsigned char digest_r[DIGEST_MAX]);

/* HMAC (RFC 2104), likewise. */
int digest_hmac(enum digest digest, struct bytes key, const struct bytes *pieces, size_t count,
                unsigned char digest_r[DIGEST_MAX]);

/* PBKDF2 (RFC 8018 5.2). Returns 0 or -1. */
int digest_pbkdf2(enum digest digest, struct bytes password, struct bytes salt, unsigned rounds,
                  unsigned char *key_r, size_t key_length);

/* Compares in a time that depends on the length only. */
bool digest_equal(const void *a, const void *b, size_t length);

/* Fills with random bytes that nobody can guess. Ends the process if the system has none. */
void digest_random(void *bytes_r, size_t length);

#endif
