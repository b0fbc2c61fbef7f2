#include "stored.h"

#include <string.h>
#include <strings.h>

#include "stored_family.h"

static const struct stored_scheme schemes[] = {
    {"{CRYPT}", &stored_crypt, 0, false, NULL},
    {"{SSHA}", &stored_hash, DIGEST_SHA1, true, NULL},
    {"{SHA}", &stored_hash, DIGEST_SHA1, false, NULL},
    {"{SMD5}", &stored_hash, DIGEST_MD5, true, NULL},
    {"{MD5}", &stored_hash, DIGEST_MD5, false, NULL},
    {"{SHA256}", &stored_hash, DIGEST_SHA256, false, NULL},
    {"{SSHA256}", &stored_hash, DIGEST_SHA256, true, NULL},
    {"{SHA384}", &stored_hash, DIGEST_SHA384, false, NULL},
    {"{SSHA384}", &stored_hash, DIGEST_SHA384, true, NULL},
    {"{SHA512}", &stored_hash, DIGEST_SHA512, false, NULL},
    {"{SSHA512}", &stored_hash, DIGEST_SHA512, true, NULL},
    {"{PBKDF2}", &stored_pbkdf2, DIGEST_SHA1, true, NULL},
    {"{PBKDF2-SHA1}", &stored_pbkdf2, DIGEST_SHA1, true, NULL},
    {"{PBKDF2-SHA256}", &stored_pbkdf2, DIGEST_SHA256, true, NULL},
    {"{PBKDF2-SHA512}", &stored_pbkdf2, DIGEST_SHA512, true, NULL},
    {"{ARGON2}", &stored_argon2, 0, true, NULL},
    {"{APR1}", &stored_md5crypt, DIGEST_MD5, true, "$apr1$"},
    {"{BSDMD5}", &stored_md5crypt, DIGEST_MD5, true, "$1$"},
    {"{NS-MTA-MD5}", &stored_netscape, DIGEST_MD5, true, NULL},
    {"{PLAIN}", &stored_plain, 0, false, NULL},
    {"{CLEAR}", &stored_plain, 0, false, NULL},
    {"{CLEARTEXT}", &stored_plain, 0, false, NULL},
    {"{PLAIN.B64}", &stored_plain_base64, 0, false, NULL},
};

static const struct stored_scheme bare_crypt = {.name = "", .family = &stored_crypt};
static const struct stored_scheme bare_clear = {.name = "", .family = &stored_plain};

/* How long a leading "{SCHEME}" is; 0: there is none. */
static size_t
scheme_length(const char *value, size_t length)
{
    const char *end = length > 0 && value[0] == '{' ? memchr(value, '}', length) : NULL;
    return end != NULL && end > value + 1 ? (size_t)(end - value) + 1 : 0;
}

/* Splits a value in its scheme, NULL if nobody knows that, and what stands behind it. */
static const struct stored_scheme *
find(const char *value, size_t length, enum stored_bare bare, struct bytes *rest_r)
{
    size_t name_length = scheme_length(value, length);
    *rest_r = (struct bytes){value + name_length, length - name_length};
    if (length > STORED_VALUE_MAX)
        return NULL;
    if (name_length == 0)
        return bare == STORED_BARE_CRYPT ? &bare_crypt : &bare_clear;
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++)
        if (strlen(schemes[i].name) == name_length &&
            strncasecmp(schemes[i].name, value, name_length) == 0)
            return &schemes[i];
    return NULL;
}

/* Finds and checks. Returns NULL with err. */
static const struct stored_scheme *
find_checked(const char *value, size_t length, enum stored_bare bare, struct bytes *rest_r,
             struct err *err)
{
    const struct stored_scheme *scheme = find(value, length, bare, rest_r);
    if (scheme == NULL) {
        err_set(err,
                length > STORED_VALUE_MAX
                    ? "the stored password is longer than any can be"
                    : "the {SCHEME} of the stored password is not one of those that are known");
        return NULL;
    }
    return scheme->family->check(scheme, *rest_r, err) == 0 ? scheme : NULL;
}

int
stored_check(const char *value, size_t length, enum stored_bare bare, struct err *err)
{
    struct bytes rest;
    return find_checked(value, length, bare, &rest, err) != NULL ? 0 : -1;
}

enum password_answer
stored_verify(const char *value, size_t length, enum stored_bare bare,
              const struct secret *password)
{
    struct bytes rest;
    const struct stored_scheme *scheme = find_checked(value, length, bare, &rest, NULL);
    return scheme != NULL ? scheme->family->verify(scheme, rest, password) : PASSWORD_CANNOT_TELL;
}

void
stored_pretend(const char *value, size_t length, enum stored_bare bare,
               const struct secret *password)
{
    (void)stored_verify(value, length, bare, password);
}

bool
stored_clear(const char *value, size_t length, enum stored_bare bare, struct secret *clear_r)
{
    struct bytes rest;
    secret_init(clear_r);
    const struct stored_scheme *scheme = find_checked(value, length, bare, &rest, NULL);
    if (scheme == NULL || scheme->family->take_clear == NULL)
        return false;
    scheme->family->take_clear(rest, clear_r);
    return true;
}

size_t
stored_kind(const char *value, size_t length, enum stored_bare bare)
{
    struct bytes rest;
    const struct stored_scheme *scheme = find(value, length, bare, &rest);
    if (scheme == NULL)
        return 0;
    size_t cost = scheme->family->cost_length != NULL ? scheme->family->cost_length(rest) : 0;
    return strlen(scheme->name) + cost;
}

bool
stored_is_heavy(const char *value, size_t length, enum stored_bare bare)
{
    struct bytes rest;
    const struct stored_scheme *scheme = find(value, length, bare, &rest);
    return scheme != NULL && scheme->family->is_heavy != NULL && scheme->family->is_heavy(rest);
}

bool
stored_is_slow(const char *value, size_t length, enum stored_bare bare)
{
    struct bytes rest;
    const struct stored_scheme *scheme = find(value, length, bare, &rest);
    return scheme != NULL && scheme->family->cost_length != NULL;
}
