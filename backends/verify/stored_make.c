#include <stdio.h>
#include <string.h>

#include "base64.h"
#include "password.h"
#include "stored_family.h"

enum { SALT_LENGTH = 16, PBKDF2_ROUNDS = 100000 };

static void
set_text(struct secret *value_r, const char *text)
{
    secret_set(value_r, text, strlen(text));
}

/* {SSHA256}: the hash with its salt behind it. */
static int
make_ssha256(const struct secret *password, unsigned cost, struct secret *value_r, struct err *err)
{
    if (cost != 0) {
        err_set(err, "ssha256 has no cost");
        return -1;
    }
    unsigned char bytes[DIGEST_MAX + SALT_LENGTH];
    const size_t length = digest_length(DIGEST_SHA256);
    unsigned char *salt = bytes + length;
    digest_random(salt, SALT_LENGTH);
    const struct bytes pieces[] = {{password->bytes, password->length}, {salt, SALT_LENGTH}};
    if (digest_hash(DIGEST_SHA256, pieces, 2, bytes) != 0) {
        err_set(err, "this machine has no SHA-256");
        return -1;
    }
    char text[STORED_VALUE_MAX] = "{SSHA256}";
    stored_encode((struct bytes){bytes, length + SALT_LENGTH}, STORED_BASE64, text + strlen(text));
    set_text(value_r, text);
    return 0;
}

static int
make_pbkdf2(const struct secret *password, unsigned cost, struct secret *value_r, struct err *err)
{
    unsigned char salt[SALT_LENGTH], hash[DIGEST_MAX];
    const size_t length = digest_length(DIGEST_SHA256);
    const unsigned rounds = cost != 0 ? cost : PBKDF2_ROUNDS;
    const struct bytes phrase = {password->bytes, password->length};
    digest_random(salt, sizeof salt);
    char text[STORED_VALUE_MAX];
    snprintf(text, sizeof text, "{PBKDF2-SHA256}%u$", rounds);
    char *end = stored_encode((struct bytes){salt, sizeof salt}, STORED_BASE64_ADAPTED,
                              text + strlen(text));
    *end++ = '$';
    if (rounds > STORED_PBKDF2_ROUNDS_MAX ||
        digest_pbkdf2(DIGEST_SHA256, phrase, (struct bytes){salt, sizeof salt}, rounds, hash,
                      length) != 0) {
        err_set(err, "PBKDF2 cannot be made with %u rounds (at most %d)", rounds,
                STORED_PBKDF2_ROUNDS_MAX);
        return -1;
    }
    stored_encode((struct bytes){hash, length}, STORED_BASE64_ADAPTED, end);
    set_text(value_r, text);
    return 0;
}

static int
make_argon2(const struct secret *password, unsigned cost, struct secret *value_r, struct err *err)
{
    char text[STORED_VALUE_MAX + sizeof "{ARGON2}"] = "{ARGON2}";
    if (argon2_make(password, cost, text + strlen(text), err) != 0)
        return -1;
    set_text(value_r, text);
    return 0;
}

/* Whether the password can stand in a line of a users file as it is. */
static bool
is_harmless(const struct secret *password)
{
    for (size_t i = 0; i < password->length; i++) {
        char byte = password->bytes[i];
        bool is_plain = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                        (byte >= '0' && byte <= '9') ||
                        (byte != '\0' && strchr("-_.,;+*/=@%^!?~", byte) != NULL);
        if (!is_plain)
            return false;
    }
    return true;
}

static int
make_plain(const struct secret *password, unsigned cost, struct secret *value_r, struct err *err)
{
    static const char plain[] = "{PLAIN}", encoded[] = "{PLAIN.B64}";
    if (cost != 0 || password->length == 0 ||
        BASE64_LENGTH(password->length) + sizeof encoded > STORED_VALUE_MAX) {
        err_set(err, cost != 0 ? "plain has no cost" : "the password is empty or too long");
        return -1;
    }
    bool harmless = is_harmless(password);
    char *text = secret_reserve(value_r, STORED_VALUE_MAX);
    char *end = stpcpy(text, harmless ? plain : encoded);
    if (harmless)
        end = mempcpy(end, password->bytes, password->length);
    else
        end = base64_encode(password->bytes, password->length, end);
    *end = '\0';
    value_r->length = (size_t)(end - text);
    return 0;
}

static const struct {
    const char *name;
    int (*make)(const struct secret *password, unsigned cost, struct secret *value_r,
                struct err *err); /* NULL: password.h makes it */
} methods[] = {
    {"yescrypt", NULL},      {"bcrypt", NULL},          {"sha512", NULL},
    {"sha256", NULL},        {"ssha256", make_ssha256}, {"pbkdf2-sha256", make_pbkdf2},
    {"argon2", make_argon2}, {"plain", make_plain},
};

int
stored_make(const struct secret *password, const char *method, unsigned cost,
            struct secret *value_r, struct err *err)
{
    const size_t count = sizeof methods / sizeof methods[0];
    size_t i = 0;
    while (method != NULL && i < count && strcmp(method, methods[i].name) != 0)
        i++;
    secret_init(value_r);
    if (i == count) {
        err_set(err, "no kind of stored password is called \"%s\" (use " STORED_METHODS ")",
                method);
        return -1;
    }
    if (methods[i].make != NULL)
        return methods[i].make(password, cost, value_r, err);
    char hash[PASSWORD_HASH_MAX];
    if (password_hash(password, method, cost, hash, err) != 0)
        return -1;
    set_text(value_r, hash);
    return 0;
}
