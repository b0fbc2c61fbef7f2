/*
 * The checksum is the number that the random characters are, base 32, modulo the prime 1021: that
 * tells any one wrong character and any two neighbours that changed places, and fits two
 * characters.
 */
#include "app_password.h"

#include <string.h>

#include "digest.h"

enum { RANDOM_CHARACTERS = APP_PASSWORD_CHARACTERS - 2, GROUP = 5, CHECKSUM_PRIME = 1021 };

static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";

/* What a character counts, or -1. */
static int
value_of(char character)
{
    if (character >= 'a' && character <= 'z')
        return character - 'a';
    return character >= '2' && character <= '7' ? character - '2' + 26 : -1;
}

static unsigned
checksum(const char *plain)
{
    unsigned sum = 0;
    for (size_t i = 0; i < RANDOM_CHARACTERS; i++)
        sum = (sum * 32 + (unsigned)value_of(plain[i])) % CHECKSUM_PRIME;
    return sum;
}

void
app_password_make(struct secret *password_r)
{
    unsigned char random[RANDOM_CHARACTERS];
    char plain[APP_PASSWORD_CHARACTERS];
    digest_random(random, sizeof random);
    for (size_t i = 0; i < RANDOM_CHARACTERS; i++)
        plain[i] = alphabet[random[i] % 32];
    unsigned sum = checksum(plain);
    plain[RANDOM_CHARACTERS] = alphabet[sum / 32];
    plain[RANDOM_CHARACTERS + 1] = alphabet[sum % 32];

    secret_init(password_r);
    char *text = secret_reserve(password_r, APP_PASSWORD_CHARACTERS * 2);
    size_t length = 0;
    for (size_t i = 0; i < APP_PASSWORD_CHARACTERS; i++) {
        if (i > 0 && i % GROUP == 0)
            text[length++] = '-';
        text[length++] = plain[i];
    }
    text[length] = '\0';
    password_r->length = length;
    explicit_bzero(random, sizeof random);
    explicit_bzero(plain, sizeof plain);
}

bool
app_password_normalise(const struct secret *typed, struct secret *plain_r)
{
    secret_init(plain_r);
    char plain[APP_PASSWORD_CHARACTERS];
    size_t length = 0;
    bool is_whole = true;
    for (size_t i = 0; i < typed->length && is_whole; i++) {
        char character = typed->bytes[i];
        if (character == '-' || character == ' ')
            continue;
        if (character >= 'A' && character <= 'Z')
            character = (char)(character - 'A' + 'a');
        is_whole = length < sizeof plain && value_of(character) >= 0;
        if (is_whole)
            plain[length++] = character;
    }
    bool has_form = is_whole && length == sizeof plain &&
                    checksum(plain) == (unsigned)value_of(plain[RANDOM_CHARACTERS]) * 32 +
                                           (unsigned)value_of(plain[RANDOM_CHARACTERS + 1]);
    if (has_form)
        secret_set(plain_r, plain, sizeof plain);
    explicit_bzero(plain, sizeof plain);
    return has_form;
}

bool
app_password_has_form(const struct secret *typed)
{
    struct secret plain;
    bool has_form = app_password_normalise(typed, &plain);
    secret_fini(&plain);
    return has_form;
}
