/* What slapd's pw-pbkdf2 writes, and passlib: ROUNDS$SALT$HASH, the last two in adapted base64. */
#include <string.h>

#include "stored_family.h"

struct parts {
    unsigned rounds;
    struct bytes salt, hash;
    unsigned char salt_bytes[STORED_VALUE_MAX], hash_bytes[STORED_VALUE_MAX];
};

static int
decode(struct bytes text, unsigned char bytes[STORED_VALUE_MAX], struct bytes *decoded_r)
{
    ssize_t length = stored_decode(text, STORED_BASE64_ADAPTED, bytes);
    *decoded_r = (struct bytes){bytes, length > 0 ? (size_t)length : 0};
    return length > 0 ? 0 : -1;
}

static int
split(const struct stored_scheme *scheme, struct bytes value, struct parts *parts_r)
{
    struct bytes salt;
    if (stored_take_number(&value, &parts_r->rounds) != 0 || parts_r->rounds == 0 ||
        stored_take_text(&value, "$") != 0 || stored_take_until(&value, '$', &salt) != 0 ||
        decode(salt, parts_r->salt_bytes, &parts_r->salt) != 0 ||
        decode(value, parts_r->hash_bytes, &parts_r->hash) != 0)
        return -1;
    return parts_r->hash.length == digest_length(scheme->digest) ? 0 : -1;
}

static int
check(const struct stored_scheme *scheme, struct bytes value, struct err *err)
{
    struct parts parts;
    if (split(scheme, value, &parts) != 0)
        return stored_damaged(err);
    if (parts.rounds <= STORED_PBKDF2_ROUNDS_MAX)
        return 0;
    err_set(err, "the stored password takes too long to verify (at most %d rounds of PBKDF2)",
            STORED_PBKDF2_ROUNDS_MAX);
    return -1;
}

static enum password_answer
verify(const struct stored_scheme *scheme, struct bytes value, const struct secret *password)
{
    struct parts parts;
    unsigned char made[DIGEST_MAX];
    const struct bytes phrase = {password->bytes, password->length};
    if (split(scheme, value, &parts) != 0 ||
        digest_pbkdf2(scheme->digest, phrase, parts.salt, parts.rounds, made, parts.hash.length) !=
            0)
        return PASSWORD_CANNOT_TELL;
    bool is_right = digest_equal(made, parts.hash.start, parts.hash.length);
    explicit_bzero(made, sizeof made);
    return is_right ? PASSWORD_RIGHT : PASSWORD_WRONG;
}

static size_t
cost_length(struct bytes value)
{
    struct bytes rest = value, rounds;
    return stored_take_until(&rest, '$', &rounds) == 0 ? value.length - rest.length : 0;
}

const struct stored_family stored_pbkdf2 = {
    .check = check, .verify = verify, .cost_length = cost_length};
