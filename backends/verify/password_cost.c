/*
 * Rounds and powers of two stand in decimal behind the prefix; those of scrypt and yescrypt in the
 * 64 digits of crypt, yescrypt's in as many of them as a number needs (its reference, "encrypt.c").
 */
#include "password_cost.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
    MEMORY_LOG2_MAX = 28, /* 256 MiB */
    FILLED_LOG2_MAX = 31, /* in all passes and lanes together */
    BCRYPT_LOG2_MAX = 16,
    SHA_ROUNDS_MAX = 10000000,
    DES_ROUNDS_MAX = 1 << 22,
};

/* Kinds whose cost is a decimal number behind the prefix. */
static const struct {
    const char *prefix;
    unsigned long max;
} decimals[] = {
    {"$2a$", BCRYPT_LOG2_MAX},  {"$2b$", BCRYPT_LOG2_MAX},        {"$2x$", BCRYPT_LOG2_MAX},
    {"$2y$", BCRYPT_LOG2_MAX},  {"$5$rounds=", SHA_ROUNDS_MAX},   {"$6$rounds=", SHA_ROUNDS_MAX},
    {"$sha1$", SHA_ROUNDS_MAX}, {"$md5,rounds=", SHA_ROUNDS_MAX}, {"$md5$rounds=", SHA_ROUNDS_MAX},
};

/* The value of one of crypt's 64 digits, or -1. */
static int
digit(char character)
{
    static const char digits[] = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    const char *found = character != '\0' ? strchr(digits, character) : NULL;
    return found != NULL ? (int)(found - digits) : -1;
}

/* So many digits, the lowest first. Returns 0 or -1. */
static int
take_fixed(const char **from, size_t count, uint32_t *number_r)
{
    *number_r = 0;
    for (size_t i = 0; i < count; i++) {
        int value = digit(**from);
        if (value < 0)
            return -1;
        *number_r |= (uint32_t)value << (6 * i);
        (*from)++;
    }
    return 0;
}

/* yescrypt's: the first digit says how many follow, and numbers of more digits begin where those of
 * fewer end. Returns 0 or -1. */
static int
take_variable(const char **from, uint32_t least, uint32_t *number_r)
{
    uint32_t start = 0, end = 47, bits = 0;
    int first = digit(**from);
    if (first < 0)
        return -1;
    (*from)++;
    *number_r = least;
    while ((uint32_t)first > end) {
        *number_r += (end + 1 - start) << bits;
        start = end + 1;
        end = start + (62 - end) / 2;
        bits += 6;
    }
    *number_r += ((uint32_t)first - start) << bits;
    while (bits > 0) {
        int value = digit(**from);
        if (value < 0)
            return -1;
        (*from)++;
        bits -= 6;
        *number_r += (uint32_t)value << bits;
    }
    return 0;
}

/* What scrypt and yescrypt fill: 128 * r * 2^n bytes, p times, in t more passes. */
struct filling {
    uint32_t n_log2, r, p, t;
};

static bool
is_affordable(const struct filling *filling)
{
    /* Each factor is held down before it is used, so that nothing wraps around. */
    const uint64_t most = (uint64_t)1 << FILLED_LOG2_MAX, room = (uint64_t)1 << MEMORY_LOG2_MAX;
    const uint64_t block = (uint64_t)128 * filling->r;
    if (filling->n_log2 > MEMORY_LOG2_MAX || block > room || block << filling->n_log2 > room)
        return false;
    const uint64_t memory = block << filling->n_log2;
    const uint64_t filled = memory * filling->p;
    return filled <= most && filled * ((uint64_t)filling->t + 1) <= most;
}

/* "$7$" N r p, of one, five and five digits. */
static int
read_scrypt(const char *from, struct filling *filling_r)
{
    return take_fixed(&from, 1, &filling_r->n_log2) == 0 &&
                   take_fixed(&from, 5, &filling_r->r) == 0 &&
                   take_fixed(&from, 5, &filling_r->p) == 0
               ? 0
               : -1;
}

/* "$y$" flavor N r, and if more stands before the '$', which of p and t follow. */
static int
read_yescrypt(const char *from, struct filling *filling_r)
{
    enum { HAS_P = 1, HAS_T = 2 };
    uint32_t flavor, has = 0;
    filling_r->p = 1;
    if (take_variable(&from, 0, &flavor) != 0 || take_variable(&from, 1, &filling_r->n_log2) != 0 ||
        take_variable(&from, 1, &filling_r->r) != 0)
        return -1;
    if (*from == '$')
        return 0;
    if (take_variable(&from, 1, &has) != 0 ||
        ((has & HAS_P) != 0 && take_variable(&from, 2, &filling_r->p) != 0) ||
        ((has & HAS_T) != 0 && take_variable(&from, 1, &filling_r->t) != 0))
        return -1;
    return 0;
}

static const char *
behind(const char *hash, const char *prefix)
{
    size_t length = strlen(prefix);
    return strncmp(hash, prefix, length) == 0 ? hash + length : NULL;
}

/* Whether what the hash says can be read and paid. */
static bool
can_be_paid(const char *hash)
{
    struct filling filling = {0};
    const char *rest;
    if ((rest = behind(hash, "$7$")) != NULL)
        return read_scrypt(rest, &filling) == 0 && is_affordable(&filling);
    if ((rest = behind(hash, "$y$")) != NULL || (rest = behind(hash, "$gy$")) != NULL)
        return read_yescrypt(rest, &filling) == 0 && is_affordable(&filling);
    if ((rest = behind(hash, "_")) != NULL) {
        uint32_t rounds;
        return take_fixed(&rest, 4, &rounds) == 0 && rounds <= DES_ROUNDS_MAX;
    }
    for (size_t i = 0; i < sizeof decimals / sizeof decimals[0]; i++)
        if ((rest = behind(hash, decimals[i].prefix)) != NULL)
            return strtoul(rest, NULL, 10) <= decimals[i].max;
    return true;
}

int
password_cost_check(const char *hash, struct err *err)
{
    if (can_be_paid(hash))
        return 0;
    err_set(err, "the hash costs too much to verify (at most 256 MiB and some seconds)");
    return -1;
}
