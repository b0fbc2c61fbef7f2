/*
 * stored_family: the ways in which passwords are stored, each in a file of its own, and what they
 * share; for stored.c, which finds them by {SCHEME}.
 *
 * Pure but for what libcrypt and libargon2 do. Nothing here repeats a value in an error.
 */
#ifndef MAILREEVE_STORED_FAMILY_H
#define MAILREEVE_STORED_FAMILY_H

#include <sys/types.h>

#include "digest.h"
#include "stored.h"

/* No stored value that makes sense is longer, and none has more bytes in it. */
enum { STORED_VALUE_MAX = 2048 };

/* Some seconds. */
enum { STORED_PBKDF2_ROUNDS_MAX = 10000000 };

struct stored_family;

/* A row of stored.c's table. */
struct stored_scheme {
    const char *name; /* with its braces */
    const struct stored_family *family;
    enum digest digest;
    bool is_salted;
    const char *magic; /* what MD5-crypt mixes in */
};

/* Values are what stands behind {SCHEME}; of STORED_VALUE_MAX bytes at most. */
struct stored_family {
    int (*check)(const struct stored_scheme *scheme, struct bytes value, struct err *err);

    /* The value has been checked. */
    enum password_answer (*verify)(const struct stored_scheme *scheme, struct bytes value,
                                   const struct secret *password);

    /* How many leading bytes tell the cost; NULL: none do. */
    size_t (*cost_length)(struct bytes value);

    /* NULL: it never is. */
    bool (*is_heavy)(struct bytes value);

    /* Takes out the password of a checked value; NULL: it is not in it. */
    void (*take_clear)(struct bytes value, struct secret *clear_r);
};

extern const struct stored_family stored_crypt;    /* crypt(3): password.h */
extern const struct stored_family stored_hash;     /* {SHA} and its like, {SSHA} and its like */
extern const struct stored_family stored_netscape; /* {NS-MTA-MD5} */
extern const struct stored_family stored_md5crypt; /* {APR1}, {BSDMD5} */
extern const struct stored_family stored_pbkdf2;
extern const struct stored_family stored_argon2;
extern const struct stored_family stored_plain;
extern const struct stored_family stored_plain_base64;

/* Always -1, with err. */
int stored_damaged(struct err *err);

/* Takes what stands before the next end, and that. Returns 0, or -1: there is none. */
int stored_take_until(struct bytes *from, char end, struct bytes *part_r);

/* Takes a leading text. Returns 0, or -1: it is not there. */
int stored_take_text(struct bytes *from, const char *text);

/* Takes a decimal number without leading zeros. Returns 0 or -1. */
int stored_take_number(struct bytes *from, unsigned *number_r);

/* The kinds of base64 there are: with padding; without; without and with '.' for '+', as passlib
 * and slapd's pw-pbkdf2 write it. */
enum stored_base64 { STORED_BASE64, STORED_BASE64_BARE, STORED_BASE64_ADAPTED };

/* Returns how many bytes the text is, or -1. */
ssize_t stored_decode(struct bytes text, enum stored_base64 kind,
                      unsigned char bytes_r[STORED_VALUE_MAX]);

/* Writes bytes, STORED_VALUE_MAX / 2 at most, and a NUL; returns the place of that. */
char *stored_encode(struct bytes bytes, enum stored_base64 kind, char *text_r);

/* Makes what stands behind {ARGON2}. passes 0: a good default. Returns 0, or -1 with err. */
int argon2_make(const struct secret *password, unsigned passes, char value_r[STORED_VALUE_MAX],
                struct err *err);

#endif
