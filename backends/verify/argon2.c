/*
 * The door to libargon2, for $argon2id$v=19$m=19456,t=2,p=1$SALT$HASH as slapd's argon2 module
 * writes it. The text is read here, not by argon2_verify, because that would start a thread for
 * each of the lanes that a value asks for, and take the memory that it wants.
 */
#include <argon2.h>
#include <stdio.h>
#include <string.h>

#include "stored_family.h"

enum {
    MEMORY_KIB_MAX = 256 * 1024,
    FILLED_KIB_MAX = 2 * 1024 * 1024, /* in all passes together: some seconds */
    LANES_MAX = 255,
    SALT_MIN = 8,
    HASH_MIN = 16,
    /* What is made here. */
    MAKE_MEMORY_KIB = 19 * 1024,
    MAKE_PASSES = 2,
    MAKE_SALT = 16,
    MAKE_HASH = 32,
};

struct parts {
    argon2_type type;
    unsigned version, memory_kib, passes, lanes;
    size_t salt_length, hash_length;
    unsigned char salt[STORED_VALUE_MAX], hash[STORED_VALUE_MAX];
};

static int
take_type(struct bytes *from, argon2_type *type_r)
{
    static const struct {
        const char *text;
        argon2_type type;
    } types[] = {{"$argon2id$", Argon2_id}, {"$argon2i$", Argon2_i}, {"$argon2d$", Argon2_d}};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (stored_take_text(from, types[i].text) == 0) {
            *type_r = types[i].type;
            return 0;
        }
    return -1;
}

/* "v=19$m=4096,t=3,p=1$"; the first version, 1.0, was written without its number. */
static int
take_costs(struct bytes *from, struct parts *parts)
{
    parts->version = ARGON2_VERSION_10;
    if (stored_take_text(from, "v=") == 0 &&
        (stored_take_number(from, &parts->version) != 0 || stored_take_text(from, "$") != 0))
        return -1;
    if (stored_take_text(from, "m=") != 0 || stored_take_number(from, &parts->memory_kib) != 0 ||
        stored_take_text(from, ",t=") != 0 || stored_take_number(from, &parts->passes) != 0 ||
        stored_take_text(from, ",p=") != 0 || stored_take_number(from, &parts->lanes) != 0)
        return -1;
    return stored_take_text(from, "$");
}

static int
split(struct bytes value, struct parts *parts_r)
{
    struct bytes salt;
    if (take_type(&value, &parts_r->type) != 0 || take_costs(&value, parts_r) != 0 ||
        stored_take_until(&value, '$', &salt) != 0)
        return -1;
    ssize_t salt_length = stored_decode(salt, STORED_BASE64_BARE, parts_r->salt);
    ssize_t hash_length = stored_decode(value, STORED_BASE64_BARE, parts_r->hash);
    if (salt_length < SALT_MIN || hash_length < HASH_MIN)
        return -1;
    parts_r->salt_length = (size_t)salt_length;
    parts_r->hash_length = (size_t)hash_length;
    bool is_possible =
        (parts_r->version == ARGON2_VERSION_10 || parts_r->version == ARGON2_VERSION_13) &&
        parts_r->passes >= 1 && parts_r->lanes >= 1 && parts_r->lanes <= LANES_MAX &&
        parts_r->memory_kib >= 2 * ARGON2_SYNC_POINTS * parts_r->lanes;
    return is_possible ? 0 : -1;
}

static int
check(const struct stored_scheme *scheme, struct bytes value, struct err *err)
{
    (void)scheme;
    struct parts parts;
    if (split(value, &parts) != 0)
        return stored_damaged(err);
    if (parts.memory_kib <= MEMORY_KIB_MAX && parts.passes <= FILLED_KIB_MAX / parts.memory_kib)
        return 0;
    err_set(err,
            "the stored password costs too much to verify (argon2: m is at most %d, t times m "
            "at most %d)",
            MEMORY_KIB_MAX, FILLED_KIB_MAX);
    return -1;
}

struct made {
    unsigned char hash[STORED_VALUE_MAX];
};

/* Returns 0, or -1: there is not enough memory. */
static int
make_hash(const struct parts *parts, const struct secret *password, struct made *made_r)
{
    /* libargon2 does not change what it does not declare const. */
    union {
        const void *given;
        uint8_t *taken;
    } phrase = {.given = password->bytes}, salt = {.given = parts->salt};
    argon2_context context = {
        .out = made_r->hash,
        .outlen = (uint32_t)parts->hash_length,
        .pwd = phrase.taken,
        .pwdlen = (uint32_t)password->length,
        .salt = salt.taken,
        .saltlen = (uint32_t)parts->salt_length,
        .t_cost = parts->passes,
        .m_cost = parts->memory_kib,
        .lanes = parts->lanes,
        .threads = 1,
        .version = parts->version,
        .flags = ARGON2_DEFAULT_FLAGS,
    };
    return argon2_ctx(&context, parts->type) == ARGON2_OK ? 0 : -1;
}

static enum password_answer
verify(const struct stored_scheme *scheme, struct bytes value, const struct secret *password)
{
    (void)scheme;
    struct parts parts;
    struct made made = {{0}};
    if (split(value, &parts) != 0 || make_hash(&parts, password, &made) != 0)
        return PASSWORD_CANNOT_TELL;
    bool is_right = digest_equal(made.hash, parts.hash, parts.hash_length);
    explicit_bzero(&made, sizeof made);
    return is_right ? PASSWORD_RIGHT : PASSWORD_WRONG;
}

static size_t
cost_length(struct bytes value)
{
    struct bytes rest = value;
    struct parts parts = {.type = Argon2_id};
    return take_type(&rest, &parts.type) == 0 && take_costs(&rest, &parts) == 0
               ? value.length - rest.length
               : 0;
}

static bool
is_heavy(struct bytes value)
{
    (void)value;
    return true;
}

const struct stored_family stored_argon2 = {
    .check = check, .verify = verify, .cost_length = cost_length, .is_heavy = is_heavy};

int
argon2_make(const struct secret *password, unsigned passes, char value_r[STORED_VALUE_MAX],
            struct err *err)
{
    struct parts parts = {.type = Argon2_id,
                          .version = ARGON2_VERSION_13,
                          .memory_kib = MAKE_MEMORY_KIB,
                          .passes = passes != 0 ? passes : MAKE_PASSES,
                          .lanes = 1,
                          .salt_length = MAKE_SALT,
                          .hash_length = MAKE_HASH};
    if (parts.passes > FILLED_KIB_MAX / MAKE_MEMORY_KIB) {
        err_set(err, "argon2 takes %d passes at most", FILLED_KIB_MAX / MAKE_MEMORY_KIB);
        return -1;
    }
    digest_random(parts.salt, parts.salt_length);
    struct made made = {{0}};
    if (make_hash(&parts, password, &made) != 0) {
        err_set(err, "there is not enough memory for argon2");
        return -1;
    }
    char salt[STORED_VALUE_MAX], hash[STORED_VALUE_MAX];
    stored_encode((struct bytes){parts.salt, parts.salt_length}, STORED_BASE64_BARE, salt);
    stored_encode((struct bytes){made.hash, parts.hash_length}, STORED_BASE64_BARE, hash);
    int length = snprintf(value_r, STORED_VALUE_MAX, "$argon2id$v=%u$m=%u,t=%u,p=%u$%s$%s",
                          parts.version, parts.memory_kib, parts.passes, parts.lanes, salt, hash);
    return length > 0 && length < STORED_VALUE_MAX ? 0 : stored_damaged(err);
}
