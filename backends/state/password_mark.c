#include "password_mark.h"

#include <string.h>

#include "digest.h"

enum { MARKED_MAX = 3, PASSWORD_BITS = 16, NAME_BITS = 64 };

/* Each piece has its length before it, so that no two lists of pieces are the same bytes. */
static bool
mark(const unsigned char salt[STORE_SALT_BYTES], const struct bytes *marked, size_t count,
     unsigned bits, uint64_t *mark_r)
{
    struct bytes pieces[2 * MARKED_MAX];
    unsigned char digest[DIGEST_MAX];
    for (size_t i = 0; i < count; i++) {
        pieces[2 * i] = (struct bytes){&marked[i].length, sizeof marked[i].length};
        pieces[2 * i + 1] = marked[i];
    }
    const struct bytes key = {salt, STORE_SALT_BYTES};
    if (digest_hmac(DIGEST_SHA256, key, pieces, 2 * count, digest) != 0)
        return false;
    *mark_r = 0;
    for (unsigned i = 0; i < bits / 8; i++)
        *mark_r = *mark_r << 8 | digest[i];
    explicit_bzero(digest, sizeof digest); /* all of it would tell a password from others */
    return true;
}

static struct bytes
bytes_of(const char *text)
{
    return text != NULL ? (struct bytes){text, strlen(text)} : (struct bytes){"", 0};
}

bool
password_mark(const unsigned char salt[STORE_SALT_BYTES], const char *organization,
              const char *name, const struct secret *password, uint64_t *mark_r)
{
    const struct bytes secret =
        password->bytes != NULL ? (struct bytes){password->bytes, password->length} : bytes_of("");
    const struct bytes marked[] = {bytes_of(organization), bytes_of(name), secret};
    return mark(salt, marked, 3, PASSWORD_BITS, mark_r);
}

bool
name_mark(const unsigned char salt[STORE_SALT_BYTES], const char *organization, const char *name,
          uint64_t *mark_r)
{
    const struct bytes marked[] = {bytes_of(organization), bytes_of(name)};
    return mark(salt, marked, 2, NAME_BITS, mark_r);
}
