/*
 * password: crypt(3) hashes, made and compared; the door to libcrypt.
 *
 * Thread-safe; 128 KiB of stack are enough. Every hash that libcrypt knows is verified (yescrypt,
 * gost-yescrypt, scrypt, bcrypt, SHA-crypt, MD5-crypt, DES...); new ones are yescrypt. Compared in
 * constant time. Some kinds of hash need much memory while they are made (yescrypt: 16 MiB), so
 * callers cap how many are made at once.
 */
#ifndef MAILREEVE_PASSWORD_H
#define MAILREEVE_PASSWORD_H

#include <stdbool.h>
#include <stddef.h>

#include "err.h"
#include "password_answer.h"
#include "secret.h"

enum { PASSWORD_HASH_MAX = 384 };

/* Whether libcrypt can verify such a hash, it is whole (the right number of the right characters),
 * and it costs no more than a login may (password_cost.h). Returns 0, or -1 with err, which does
 * not repeat the hash. */
int password_hash_check(const char *hash, struct err *err);

/* How many leading bytes of a checked hash tell how it was made and what it costs: "$y$j9T$",
 * "$6$". Hashes that have them in common take the same time. */
size_t password_hash_kind(const char *hash);

/* Whether verifying takes megabytes of memory (yescrypt and scrypt do), so that not everybody
 * should do it at once. */
bool password_hash_is_heavy(const char *hash);

/* A password that is longer than libcrypt can hash (511 bytes) is wrong, in the same time as
 * others.
 */
enum password_answer password_verify(const struct secret *password, const char *hash);

/* Makes a hash with a fresh salt. method: "yescrypt" (NULL means this), "bcrypt", "sha512",
 * "sha256"; cost 0: libcrypt's default, but 10 for bcrypt, where that is too cheap. Returns 0, or
 * -1 with err. */
int password_hash(const struct secret *password, const char *method, unsigned cost,
                  char hash_r[PASSWORD_HASH_MAX], struct err *err);

/* Spends the time that verifying against this hash would take; for names that nobody knows. */
void password_pretend(const struct secret *password, const char *like_hash);

#endif
