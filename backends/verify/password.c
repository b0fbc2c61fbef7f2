#include "password.h"

#include <assert.h>
#include <crypt.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "password_cost.h"

static_assert(PASSWORD_HASH_MAX == CRYPT_OUTPUT_SIZE, "hashes must fit");

#define BASE64_CHARACTERS "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

/* The kinds of hash that end with '$' and a digest of a fixed length (crypt(5)). */
static const struct {
    const char *prefix;
    size_t digest_length;
    const char *digest_characters;
    size_t cost_length;     /* bytes of cost behind the prefix, where their number is fixed */
    const char *cost_start; /* the cost goes to the next '$' if it begins so; NULL: it has none */
} kinds[] = {
    {"$y$", 43, BASE64_CHARACTERS, 0, ""},          {"$gy$", 43, BASE64_CHARACTERS, 0, ""},
    {"$7$", 43, BASE64_CHARACTERS, 11, NULL},       {"$2a$", 53, BASE64_CHARACTERS, 0, ""},
    {"$2b$", 53, BASE64_CHARACTERS, 0, ""},         {"$2x$", 53, BASE64_CHARACTERS, 0, ""},
    {"$2y$", 53, BASE64_CHARACTERS, 0, ""},         {"$6$", 86, BASE64_CHARACTERS, 0, "rounds="},
    {"$5$", 43, BASE64_CHARACTERS, 0, "rounds="},   {"$sha1$", 28, BASE64_CHARACTERS, 0, ""},
    {"$md5,", 22, BASE64_CHARACTERS, 0, "rounds="}, {"$md5$", 22, BASE64_CHARACTERS, 0, NULL},
    {"$1$", 22, BASE64_CHARACTERS, 0, NULL},        {"$3$$", 32, "0123456789abcdef", 0, NULL},
};

/* DES without a prefix: two of salt and eleven a block of eight; BSDi's has a count before. */
enum { DES_SALT = 2, DES_BLOCK = 11, DES_BLOCKS_MAX = 16, BSDI_COST = 5, BSDI_LENGTH = 20 };

/* What password_hash can be told to make. */
static const struct {
    const char *name;
    const char *prefix;
    unsigned default_cost;
} methods[] = {
    {"yescrypt", "$y$", 0},
    {"bcrypt", "$2b$", 10},
    {"sha512", "$6$", 0},
    {"sha256", "$5$", 0},
};

static const size_t kinds_count = sizeof kinds / sizeof kinds[0];

/* The index of the hash's kind, or kinds_count: DES. */
static size_t
find_kind(const char *hash)
{
    size_t kind = 0;
    while (kind < kinds_count && strncmp(hash, kinds[kind].prefix, strlen(kinds[kind].prefix)) != 0)
        kind++;
    return kind;
}

static bool
is_whole_des(const char *hash)
{
    bool is_bsdi = hash[0] == '_';
    const char *body = is_bsdi ? hash + 1 : hash;
    size_t length = strlen(hash);
    if (strspn(body, BASE64_CHARACTERS) != strlen(body))
        return false;
    if (is_bsdi)
        return length == BSDI_LENGTH;
    return length >= DES_SALT + DES_BLOCK && (length - DES_SALT) % DES_BLOCK == 0 &&
           (length - DES_SALT) / DES_BLOCK <= DES_BLOCKS_MAX;
}

static bool
is_whole(const char *hash)
{
    size_t kind = find_kind(hash);
    if (kind == kinds_count)
        return is_whole_des(hash);
    const char *digest = strrchr(hash, '$') + 1;
    return digest >= hash + strlen(kinds[kind].prefix) &&
           strlen(digest) == kinds[kind].digest_length &&
           strspn(digest, kinds[kind].digest_characters) == kinds[kind].digest_length;
}

int
password_hash_check(const char *hash, struct err *err)
{
    int salt = crypt_checksalt(hash);
    if (strlen(hash) >= PASSWORD_HASH_MAX ||
        (salt != CRYPT_SALT_OK && salt != CRYPT_SALT_METHOD_LEGACY)) {
        err_set(err, "not a hash that crypt(3) can verify (make one with mailreeve user passwd; "
                     "to shut an account out, use the option disabled)");
        return -1;
    }
    if (!is_whole(hash)) {
        err_set(err, "the hash is cut or damaged (its length or its characters are not those of "
                     "its kind)");
        return -1;
    }
    return password_cost_check(hash, err);
}

size_t
password_hash_kind(const char *hash)
{
    size_t kind = find_kind(hash);
    if (kind == kinds_count)
        return hash[0] == '_' ? BSDI_COST : 0;
    size_t length = strlen(kinds[kind].prefix);
    const char *cost = hash + length;
    const char *start = kinds[kind].cost_start;
    if (start != NULL && strncmp(cost, start, strlen(start)) == 0)
        return length + strcspn(cost, "$") + 1;
    return length + kinds[kind].cost_length;
}

bool
password_hash_is_heavy(const char *hash)
{
    static const char *const heavy[] = {"$y$", "$gy$", "$7$"};
    for (size_t i = 0; i < sizeof heavy / sizeof heavy[0]; i++)
        if (strncmp(hash, heavy[i], strlen(heavy[i])) == 0)
            return true;
    return false;
}

/* Writes the hash of the password, or of its first bytes if it is over-long. Returns 0 or -1. */
static int
hash_with(const struct secret *password, const char *setting, char hash_r[PASSWORD_HASH_MAX])
{
    const char *phrase = password->bytes == NULL ? "" : password->bytes;
    char cut[CRYPT_MAX_PASSPHRASE_SIZE];
    bool is_cut = password->length >= sizeof cut;
    if (is_cut) {
        memcpy(cut, phrase, sizeof cut - 1);
        cut[sizeof cut - 1] = '\0';
        phrase = cut;
    }

    struct crypt_data *data = xcalloc(1, sizeof *data);
    const char *hash = crypt_rn(phrase, setting, data, sizeof *data);
    bool made = hash != NULL;
    if (made)
        memcpy(hash_r, hash, strlen(hash) + 1);
    explicit_bzero(data, sizeof *data);
    free(data);
    if (is_cut)
        explicit_bzero(cut, sizeof cut);
    return made ? 0 : -1;
}

static bool
hash_equal(const char *a, const char *b)
{
    size_t length = strlen(a);
    if (length != strlen(b))
        return false;
    volatile unsigned char difference = 0;
    for (size_t i = 0; i < length; i++)
        difference |= (unsigned char)((unsigned char)a[i] ^ (unsigned char)b[i]);
    return difference == 0;
}

enum password_answer
password_verify(const struct secret *password, const char *hash)
{
    char made[PASSWORD_HASH_MAX];
    if (hash_with(password, hash, made) != 0)
        return PASSWORD_CANNOT_TELL;
    bool is_right = hash_equal(made, hash) && password->length < CRYPT_MAX_PASSPHRASE_SIZE;
    explicit_bzero(made, sizeof made);
    return is_right ? PASSWORD_RIGHT : PASSWORD_WRONG;
}

int
password_hash(const struct secret *password, const char *method, unsigned cost,
              char hash_r[PASSWORD_HASH_MAX], struct err *err)
{
    size_t i = 0;
    const size_t count = sizeof methods / sizeof methods[0];
    while (method != NULL && i < count && strcmp(method, methods[i].name) != 0)
        i++;
    if (i == count) {
        err_set(err, "no kind of hash is called \"%s\" (use yescrypt, bcrypt, sha512 or sha256)",
                method);
        return -1;
    }
    if (password->length >= CRYPT_MAX_PASSPHRASE_SIZE) {
        err_set(err, "the password is too long (at most %d bytes)", CRYPT_MAX_PASSPHRASE_SIZE - 1);
        return -1;
    }
    char setting[CRYPT_GENSALT_OUTPUT_SIZE];
    if (crypt_gensalt_rn(methods[i].prefix, cost != 0 ? cost : methods[i].default_cost, NULL, 0,
                         setting, sizeof setting) == NULL) {
        err_set(err, "%s does not know the cost %u", methods[i].name, cost);
        return -1;
    }
    if (password_cost_check(setting, err) != 0)
        return -1;
    if (hash_with(password, setting, hash_r) != 0) {
        err_set(err, "libcrypt cannot make a %s hash", methods[i].name);
        return -1;
    }
    return 0;
}

void
password_pretend(const struct secret *password, const char *like_hash)
{
    char made[PASSWORD_HASH_MAX];
    if (hash_with(password, like_hash, made) == 0)
        explicit_bzero(made, sizeof made);
}
