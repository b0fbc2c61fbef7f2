/*
 * Poul-Henning Kamp's MD5-crypt as slapd's pw-apr1 stores it: base64 of the hash and the salt
 * behind it. libcrypt has it with FreeBSD's magic and a salt of eight letters at most; Apache's
 * magic and salts of any bytes it has not.
 */
#include <string.h>

#include "stored_family.h"

enum { LENGTH = 16, ROUNDS = 1000 };

static int
split(struct bytes value, unsigned char bytes_r[STORED_VALUE_MAX], struct bytes *salt_r)
{
    ssize_t count = stored_decode(value, STORED_BASE64, bytes_r);
    if (count <= LENGTH)
        return -1;
    *salt_r = (struct bytes){bytes_r + LENGTH, (size_t)count - LENGTH};
    return 0;
}

static int
check(const struct stored_scheme *scheme, struct bytes value, struct err *err)
{
    (void)scheme;
    unsigned char bytes[STORED_VALUE_MAX];
    struct bytes salt;
    return split(value, bytes, &salt) == 0 ? 0 : stored_damaged(err);
}

static char *
put(char *to, struct bytes bytes)
{
    if (bytes.length > 0)
        memcpy(to, bytes.start, bytes.length);
    return to + bytes.length;
}

/* Hashes password, magic, salt, as many bytes of inner as the password has, and a byte for each bit
 * of its length. */
static int
begin(struct bytes password, struct bytes magic, struct bytes salt,
      const unsigned char inner[DIGEST_MAX], unsigned char hash_r[DIGEST_MAX])
{
    struct secret mixed;
    secret_init(&mixed);
    char *to = secret_reserve(&mixed, 2 * password.length + magic.length + salt.length + 64);
    to = put(put(put(to, password), magic), salt);
    for (size_t left = password.length; left > 0; left -= left < LENGTH ? left : LENGTH)
        to = put(to, (struct bytes){inner, left < LENGTH ? left : LENGTH});
    for (size_t bits = password.length; bits > 0; bits >>= 1)
        *to++ = (char)((bits & 1) != 0 ? '\0' : *(const char *)password.start);
    const struct bytes whole = {mixed.bytes, (size_t)(to - mixed.bytes)};
    int result = digest_hash(DIGEST_MD5, &whole, 1, hash_r);
    secret_fini(&mixed);
    return result;
}

static int
next_round(unsigned round, struct bytes password, struct bytes salt, unsigned char hash[DIGEST_MAX])
{
    const struct bytes last = {hash, LENGTH};
    const struct bytes pieces[] = {
        round % 2 != 0 ? password : last,
        round % 3 != 0 ? salt : (struct bytes){0},
        round % 7 != 0 ? password : (struct bytes){0},
        round % 2 != 0 ? last : password,
    };
    unsigned char made[DIGEST_MAX];
    int result = digest_hash(DIGEST_MD5, pieces, sizeof pieces / sizeof pieces[0], made);
    memcpy(hash, made, LENGTH);
    return result;
}

static enum password_answer
verify(const struct stored_scheme *scheme, struct bytes value, const struct secret *given)
{
    unsigned char bytes[STORED_VALUE_MAX], inner[DIGEST_MAX], hash[DIGEST_MAX];
    const struct bytes password = {given->bytes, given->length};
    struct bytes salt;
    if (split(value, bytes, &salt) != 0)
        return PASSWORD_CANNOT_TELL;
    const struct bytes pieces[] = {password, salt, password};
    int result = digest_hash(DIGEST_MD5, pieces, sizeof pieces / sizeof pieces[0], inner);
    if (result == 0)
        result = begin(password, (struct bytes){scheme->magic, strlen(scheme->magic)}, salt, inner,
                       hash);
    for (unsigned round = 0; result == 0 && round < ROUNDS; round++)
        result = next_round(round, password, salt, hash);
    bool is_right = result == 0 && digest_equal(hash, bytes, LENGTH);
    explicit_bzero(inner, sizeof inner);
    explicit_bzero(hash, sizeof hash);
    if (result != 0)
        return PASSWORD_CANNOT_TELL;
    return is_right ? PASSWORD_RIGHT : PASSWORD_WRONG;
}

const struct stored_family stored_md5crypt = {.check = check, .verify = verify};
