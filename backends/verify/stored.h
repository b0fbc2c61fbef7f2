/*
 * stored: a password as directories and our own users file store it (RFC 2307 5.3): {SCHEME} and
 * what belongs to it, or a bare crypt(3) hash.
 *
 * Thread-safe; 128 KiB of stack are enough. Schemes, without case: {CRYPT} with all of libcrypt;
 * {SHA} {SSHA} {MD5} {SMD5} {SHA256} {SSHA256} {SHA384} {SSHA384} {SHA512} {SSHA512}; {PBKDF2}
 * {PBKDF2-SHA1} {PBKDF2-SHA256} {PBKDF2-SHA512} as slapd's pw-pbkdf2 writes them; {ARGON2} as
 * slapd's argon2 does; {APR1} {BSDMD5} as its pw-apr1 and {NS-MTA-MD5} as its pw-netscape do;
 * {PLAIN} {CLEAR} {CLEARTEXT} and {PLAIN.B64} (base64) for a password in clear. Compared in
 * constant time. What would cost more memory or time than a login may is refused.
 */
#ifndef MAILREEVE_STORED_H
#define MAILREEVE_STORED_H

#include <stdbool.h>
#include <stddef.h>

#include "err.h"
#include "password_answer.h"
#include "secret.h"

/* What a value without {SCHEME} is. */
enum stored_bare {
    STORED_BARE_CRYPT, /* a crypt(3) hash: users files */
    STORED_BARE_CLEAR, /* the password itself: directories (RFC 4519 2.41) */
};

/* Whether such a password can be verified: the scheme is known, the rest is whole, and costs what
 * may be spent. Returns 0, or -1 with err, which does not repeat the value. */
int stored_check(const char *value, size_t length, enum stored_bare bare, struct err *err);

/* PASSWORD_CANNOT_TELL where stored_check says no. */
enum password_answer stored_verify(const char *value, size_t length, enum stored_bare bare,
                                   const struct secret *password);

/* Takes the password out of a value that holds it in clear. Returns whether it does; clear_r is
 * initialised, the caller's to end, and empty if it does not. */
bool stored_clear(const char *value, size_t length, enum stored_bare bare, struct secret *clear_r);

/* How many leading bytes of a checked value tell how it was made and what it costs: values that
 * have them in common take the same time. */
size_t stored_kind(const char *value, size_t length, enum stored_bare bare);

/* Whether verifying takes megabytes of memory (yescrypt, scrypt and argon2 do), so that not
 * everybody should do it at once. */
bool stored_is_heavy(const char *value, size_t length, enum stored_bare bare);

/* Whether the scheme was made to be slow (crypt, PBKDF2 and argon2 were), so that a crowd that does
 * it at once would take the machine from everybody else. */
bool stored_is_slow(const char *value, size_t length, enum stored_bare bare);

/* Spends the time that stored_verify would take; for names that nobody knows. */
void stored_pretend(const char *value, size_t length, enum stored_bare bare,
                    const struct secret *password);

/* What stored_make can be told to make. */
#define STORED_METHODS "yescrypt, bcrypt, sha512, sha256, ssha256, pbkdf2-sha256, argon2 or plain"

/* Makes a value with a fresh salt. method: one of STORED_METHODS, NULL means yescrypt. crypt(3)
 * hashes are made bare, others with their {SCHEME}; "plain" is {PLAIN.B64} where the password has
 * more than letters, digits and what is as harmless in a file. cost 0: a good default; else
 * libcrypt's cost, PBKDF2's rounds or argon2's passes. value_r is initialised, and the caller's to
 * end. Returns 0, or -1 with err. */
int stored_make(const struct secret *password, const char *method, unsigned cost,
                struct secret *value_r, struct err *err);

#endif
