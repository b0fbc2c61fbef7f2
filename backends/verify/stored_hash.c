/*
 * Hashes of one step: {SHA} and its like are base64 of the password's hash, {SSHA} and its like of
 * the hash of password and salt, with the salt behind it (slapd, pw-sha2). Netscape's mail server
 * kept 32 hex digits and 32 bytes of salt (pw-netscape).
 */
#include <string.h>

#include "stored_family.h"

/* The hash in the value, with its salt. Returns 0 or -1. */
static int
split(const struct stored_scheme *scheme, struct bytes value,
      unsigned char bytes_r[STORED_VALUE_MAX], struct bytes *salt_r)
{
    size_t length = digest_length(scheme->digest);
    ssize_t count = stored_decode(value, STORED_BASE64, bytes_r);
    if (count < (ssize_t)length || ((size_t)count > length) != scheme->is_salted)
        return -1;
    *salt_r = (struct bytes){bytes_r + length, (size_t)count - length};
    return 0;
}

static int
check_hash(const struct stored_scheme *scheme, struct bytes value, struct err *err)
{
    unsigned char bytes[STORED_VALUE_MAX];
    struct bytes salt;
    return split(scheme, value, bytes, &salt) == 0 ? 0 : stored_damaged(err);
}

static enum password_answer
verify_hash(const struct stored_scheme *scheme, struct bytes value, const struct secret *password)
{
    unsigned char bytes[STORED_VALUE_MAX], made[DIGEST_MAX];
    struct bytes pieces[2] = {{password->bytes, password->length}};
    if (split(scheme, value, bytes, &pieces[1]) != 0 ||
        digest_hash(scheme->digest, pieces, 2, made) != 0)
        return PASSWORD_CANNOT_TELL;
    bool is_right = digest_equal(made, bytes, digest_length(scheme->digest));
    explicit_bzero(made, sizeof made);
    return is_right ? PASSWORD_RIGHT : PASSWORD_WRONG;
}

const struct stored_family stored_hash = {.check = check_hash, .verify = verify_hash};

enum { NETSCAPE_HEX = 32, NETSCAPE_SALT = 32 };

static int
check_netscape(const struct stored_scheme *scheme, struct bytes value, struct err *err)
{
    (void)scheme;
    const char *text = value.start;
    if (value.length != NETSCAPE_HEX + NETSCAPE_SALT)
        return stored_damaged(err);
    for (size_t i = 0; i < NETSCAPE_HEX; i++)
        if (text[i] == '\0' || strchr("0123456789abcdef", text[i]) == NULL)
            return stored_damaged(err);
    return 0;
}

static enum password_answer
verify_netscape(const struct stored_scheme *scheme, struct bytes value,
                const struct secret *password)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char made[DIGEST_MAX];
    char hex[NETSCAPE_HEX];
    const struct bytes salt = {(const char *)value.start + NETSCAPE_HEX, NETSCAPE_SALT};
    const struct bytes pieces[] = {
        salt, {"\x59", 1}, {password->bytes, password->length}, {"\xf7", 1}, salt};
    if (digest_hash(scheme->digest, pieces, sizeof pieces / sizeof pieces[0], made) != 0)
        return PASSWORD_CANNOT_TELL;
    for (size_t i = 0; i < NETSCAPE_HEX; i++)
        hex[i] = digits[(i % 2 == 0 ? made[i / 2] >> 4 : made[i / 2]) & 0xf];
    bool is_right = digest_equal(hex, value.start, NETSCAPE_HEX);
    explicit_bzero(made, sizeof made);
    explicit_bzero(hex, sizeof hex);
    return is_right ? PASSWORD_RIGHT : PASSWORD_WRONG;
}

const struct stored_family stored_netscape = {.check = check_netscape, .verify = verify_netscape};
