#include "key.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
    PARTS_MAX = 8,
    DIGEST_BYTES = 32,
    IS_DIGEST = 0xff, /* no part of a whole key is that long, so no key is taken for another */
};

static struct key_length {
    unsigned char bytes[8];
} length_of(const struct bytes *part)
{
    struct key_length length;
    for (size_t i = 0; i < sizeof length.bytes; i++)
        length.bytes[i] = (unsigned char)((uint64_t)part->length >> (8 * i));
    return length;
}

static struct store_key
digest_key(char kind, const struct bytes *parts, size_t count)
{
    struct key_length lengths[PARTS_MAX];
    struct bytes pieces[2 * PARTS_MAX];
    unsigned char digest[DIGEST_MAX];
    for (size_t i = 0; i < count; i++) {
        lengths[i] = length_of(&parts[i]);
        pieces[2 * i] = (struct bytes){lengths[i].bytes, sizeof lengths[i].bytes};
        pieces[2 * i + 1] = parts[i];
    }
    if (digest_hash(DIGEST_SHA256, pieces, 2 * count, digest) != 0)
        abort(); /* OpenSSL always has it */
    struct store_key key = {.bytes = {IS_DIGEST}, .length = 2 + DIGEST_BYTES};
    memcpy(key.bytes + 1, digest, DIGEST_BYTES);
    key.bytes[1 + DIGEST_BYTES] = (unsigned char)kind;
    return key;
}

struct store_key
key_make(char kind, const struct bytes *parts, size_t count)
{
    assert(count <= PARTS_MAX);
    struct store_key key = {.length = 0};
    for (size_t i = 0; i < count; i++) {
        /* its own length comes before, the kind behind */
        if (parts[i].length + 2 > STORE_KEY_MAX - key.length)
            return digest_key(kind, parts, count);
        key.bytes[key.length++] = (unsigned char)parts[i].length;
        if (parts[i].length > 0)
            memcpy(key.bytes + key.length, parts[i].start, parts[i].length);
        key.length += parts[i].length;
    }
    key.bytes[key.length++] = (unsigned char)kind;
    return key;
}

struct bytes
key_network(const struct netprefix *network, unsigned char buffer_r[KEY_NETWORK_BYTES])
{
    buffer_r[0] = (unsigned char)network->addr.family;
    buffer_r[1] = network->length;
    memcpy(buffer_r + 2, network->addr.bytes, sizeof network->addr.bytes);
    return (struct bytes){buffer_r, KEY_NETWORK_BYTES};
}

struct bytes
key_text(const char *text)
{
    return (struct bytes){text, strlen(text)};
}
