/*
 * OpenSSL 3 finds an algorithm by its name each time that it is used in the old way; here each is
 * found once and kept for the process's life. HMAC is made of hashes by hand, for the same reason:
 * OpenSSL's own takes longer to set up than it runs for what is hashed here.
 */
#include "digest.h"

#include <errno.h>
#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum { BLOCK_MAX = 128, DIGESTS = DIGEST_SHA512 + 1 };

static const struct {
    const char *name;
    size_t length, block;
} kinds[DIGESTS] = {
    [DIGEST_MD5] = {"MD5", 16, 64},          [DIGEST_SHA1] = {"SHA1", 20, 64},
    [DIGEST_SHA256] = {"SHA2-256", 32, 64},  [DIGEST_SHA384] = {"SHA2-384", 48, 128},
    [DIGEST_SHA512] = {"SHA2-512", 64, 128},
};

static pthread_once_t found_once = PTHREAD_ONCE_INIT;
static EVP_MD *found[DIGESTS]; /* set once; NULL: this machine has none */

static void
find(void)
{
    for (size_t i = 0; i < DIGESTS; i++)
        found[i] = EVP_MD_fetch(NULL, kinds[i].name, NULL);
    ERR_clear_error();
}

static const EVP_MD *
algorithm(enum digest digest)
{
    pthread_once(&found_once, find);
    return found[digest];
}

size_t
digest_length(enum digest digest)
{
    return kinds[digest].length;
}

static int
hash_pieces(EVP_MD_CTX *context, const EVP_MD *md, struct bytes first, const struct bytes *pieces,
            size_t count, unsigned char *digest_r)
{
    bool done = EVP_DigestInit_ex2(context, md, NULL) == 1 &&
                (first.length == 0 || EVP_DigestUpdate(context, first.start, first.length) == 1);
    for (size_t i = 0; i < count; i++)
        done = done && (pieces[i].length == 0 ||
                        EVP_DigestUpdate(context, pieces[i].start, pieces[i].length) == 1);
    return done && EVP_DigestFinal_ex(context, digest_r, NULL) == 1 ? 0 : -1;
}

/* The hash of first and the pieces. */
static int
hash_all(enum digest digest, struct bytes first, const struct bytes *pieces, size_t count,
         unsigned char *digest_r)
{
    const EVP_MD *md = algorithm(digest);
    EVP_MD_CTX *context = md != NULL ? EVP_MD_CTX_new() : NULL;
    if (context == NULL)
        return -1;
    int result = hash_pieces(context, md, first, pieces, count, digest_r);
    EVP_MD_CTX_free(context);
    if (result != 0)
        ERR_clear_error();
    return result;
}

int
digest_hash(enum digest digest, const struct bytes *pieces, size_t count,
            unsigned char digest_r[DIGEST_MAX])
{
    return hash_all(digest, (struct bytes){0}, pieces, count, digest_r);
}

int
digest_hmac(enum digest digest, struct bytes key, const struct bytes *pieces, size_t count,
            unsigned char digest_r[DIGEST_MAX])
{
    enum { INNER = 0x36, OUTER = 0x5c };
    unsigned char pad[BLOCK_MAX] = {0}, inner[DIGEST_MAX];
    const size_t block = kinds[digest].block, length = kinds[digest].length;
    int result = 0;
    if (key.length > block)
        result = hash_all(digest, key, NULL, 0, pad);
    else if (key.length > 0)
        memcpy(pad, key.start, key.length);
    for (size_t i = 0; i < block; i++)
        pad[i] ^= INNER;
    if (result == 0)
        result = hash_all(digest, (struct bytes){pad, block}, pieces, count, inner);
    for (size_t i = 0; i < block; i++)
        pad[i] ^= INNER ^ OUTER;
    if (result == 0)
        result = hash_all(digest, (struct bytes){pad, block}, &(struct bytes){inner, length}, 1,
                          digest_r);
    explicit_bzero(pad, sizeof pad);
    explicit_bzero(inner, sizeof inner);
    return result;
}

int
digest_pbkdf2(enum digest digest, struct bytes password, struct bytes salt, unsigned rounds,
              unsigned char *key_r, size_t key_length)
{
    const EVP_MD *md = algorithm(digest);
    if (md == NULL || rounds == 0 || rounds > INT_MAX || password.length > INT_MAX ||
        salt.length > INT_MAX || key_length > INT_MAX)
        return -1;
    /* Without a place OpenSSL takes a length of 0 for "to the NUL". */
    const char *phrase = password.length > 0 ? password.start : "";
    int made = PKCS5_PBKDF2_HMAC(phrase, (int)password.length, salt.start, (int)salt.length,
                                 (int)rounds, md, (int)key_length, key_r);
    if (made != 1)
        ERR_clear_error();
    return made == 1 ? 0 : -1;
}

bool
digest_equal(const void *a, const void *b, size_t length)
{
    return CRYPTO_memcmp(a, b, length) == 0;
}

/* The system's own: OpenSSL's would leave a generator in each thread that ever asked, which is lost
 * memory where such a thread is still there at the end. */
void
digest_random(void *bytes_r, size_t length)
{
    unsigned char *bytes = bytes_r;
    while (length > 0) {
        ssize_t got = getrandom(bytes, length, 0);
        if (got < 0 && errno != EINTR)
            abort();
        if (got > 0) {
            bytes += got;
            length -= (size_t)got;
        }
    }
}
