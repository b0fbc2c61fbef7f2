/* A stored password of any bytes: all functions agree whether it can be verified, a clear one is
 * right for itself alone, and what is damaged is never right. Values that take long to verify are
 * checked only. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "stored.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whether it is made by one hash or none: others cost what the value asks for. */
static bool
is_quick(const char *value, size_t length, enum stored_bare bare)
{
    static const char *const slow[] = {"{crypt}", "{argon2}", "{pbkdf2"};
    if (bare == STORED_BARE_CRYPT && (length == 0 || value[0] != '{'))
        return false;
    for (size_t i = 0; i < sizeof slow / sizeof slow[0]; i++)
        if (length >= strlen(slow[i]) && strncasecmp(value, slow[i], strlen(slow[i])) == 0)
            return false;
    return true;
}

static void
check_answers(const char *value, size_t length, enum stored_bare bare, bool is_whole)
{
    struct secret clear, other;
    secret_init(&other);
    secret_set(&other, "another password", 16);
    enum password_answer answer = stored_verify(value, length, bare, &other);
    if ((answer == PASSWORD_CANNOT_TELL) == is_whole)
        abort();
    bool is_clear = stored_clear(value, length, bare, &clear);
    if (is_clear != (clear.length > 0) || (is_clear && !is_whole) ||
        (is_clear && stored_verify(value, length, bare, &clear) != PASSWORD_RIGHT) ||
        (answer == PASSWORD_RIGHT && !(is_clear && secret_equal(&clear, &other))))
        abort();
    secret_fini(&clear);
    secret_fini(&other);
}

static void
check(const char *value, size_t length, enum stored_bare bare)
{
    struct err err = {""};
    bool is_whole = stored_check(value, length, bare, &err) == 0;
    if (is_whole == (err.text[0] != '\0') || stored_kind(value, length, bare) > length)
        abort();
    (void)stored_is_heavy(value, length, bare);
    if (is_quick(value, length, bare))
        check_answers(value, length, bare, is_whole);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *value = (const char *)data;
    check(value, size, STORED_BARE_CRYPT);
    check(value, size, STORED_BARE_CLEAR);
    return 0;
}
