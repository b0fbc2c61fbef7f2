/* Passwords in clear, and crypt(3) hashes, which password.h knows all about. */
#include <string.h>

#include "password.h"
#include "stored_family.h"

static int
check_plain(const struct stored_scheme *scheme, struct bytes value, struct err *err)
{
    (void)scheme;
    if (value.length > 0)
        return 0;
    err_set(err, "the stored password is empty");
    return -1;
}

static void
take_plain(struct bytes value, struct secret *clear_r)
{
    secret_set(clear_r, value.start, value.length);
}

static enum password_answer
verify_plain(const struct stored_scheme *scheme, struct bytes value, const struct secret *password)
{
    (void)scheme;
    return password->length == value.length &&
                   digest_equal(password->bytes, value.start, value.length)
               ? PASSWORD_RIGHT
               : PASSWORD_WRONG;
}

const struct stored_family stored_plain = {
    .check = check_plain, .verify = verify_plain, .take_clear = take_plain};

static void
take_base64(struct bytes value, struct secret *clear_r)
{
    unsigned char *bytes = (unsigned char *)secret_reserve(clear_r, STORED_VALUE_MAX);
    ssize_t length = stored_decode(value, STORED_BASE64, bytes);
    if (length <= 0) {
        secret_fini(clear_r);
        return;
    }
    clear_r->length = (size_t)length;
    bytes[length] = '\0';
}

static int
check_base64(const struct stored_scheme *scheme, struct bytes value, struct err *err)
{
    if (check_plain(scheme, value, err) != 0)
        return -1;
    struct secret clear;
    secret_init(&clear);
    take_base64(value, &clear);
    bool is_whole = clear.length > 0;
    secret_fini(&clear);
    return is_whole ? 0 : stored_damaged(err);
}

static enum password_answer
verify_base64(const struct stored_scheme *scheme, struct bytes value, const struct secret *password)
{
    struct secret clear;
    secret_init(&clear);
    take_base64(value, &clear);
    enum password_answer answer =
        verify_plain(scheme, (struct bytes){clear.bytes, clear.length}, password);
    secret_fini(&clear);
    return answer;
}

const struct stored_family stored_plain_base64 = {
    .check = check_base64, .verify = verify_base64, .take_clear = take_base64};

/* With a NUL behind it. Returns 0, or -1: it is too long or holds a NUL. */
static int
copy_hash(struct bytes value, char hash_r[PASSWORD_HASH_MAX])
{
    if (value.length >= PASSWORD_HASH_MAX || memchr(value.start, '\0', value.length) != NULL)
        return -1;
    memcpy(hash_r, value.start, value.length);
    hash_r[value.length] = '\0';
    return 0;
}

static int
check_crypt(const struct stored_scheme *scheme, struct bytes value, struct err *err)
{
    (void)scheme;
    char hash[PASSWORD_HASH_MAX];
    return copy_hash(value, hash) == 0 ? password_hash_check(hash, err) : stored_damaged(err);
}

static enum password_answer
verify_crypt(const struct stored_scheme *scheme, struct bytes value, const struct secret *password)
{
    (void)scheme;
    char hash[PASSWORD_HASH_MAX];
    return copy_hash(value, hash) == 0 ? password_verify(password, hash) : PASSWORD_CANNOT_TELL;
}

static size_t
crypt_cost_length(struct bytes value)
{
    char hash[PASSWORD_HASH_MAX];
    size_t length = copy_hash(value, hash) == 0 ? password_hash_kind(hash) : 0;
    return length <= value.length ? length : 0; /* it may be cut */
}

static bool
crypt_is_heavy(struct bytes value)
{
    char hash[PASSWORD_HASH_MAX];
    return copy_hash(value, hash) == 0 && password_hash_is_heavy(hash);
}

const struct stored_family stored_crypt = {.check = check_crypt,
                                           .verify = verify_crypt,
                                           .cost_length = crypt_cost_length,
                                           .is_heavy = crypt_is_heavy};
