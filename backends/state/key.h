/*
 * key: keys of the store, of a kind and parts that may be anybody's bytes.
 *
 * Pure. Each part has its length before it, and the kind, one letter, comes last; so no two lists
 * of parts make the same key, and all that is kept of the same network or account lies side by
 * side: a session touches few pages of the store. Parts that would be too long become their
 * SHA-256.
 */
#ifndef MAILREEVE_KEY_H
#define MAILREEVE_KEY_H

#include "digest.h"
#include "netaddr.h"
#include "store.h"

struct store_key key_make(char kind, const struct bytes *parts, size_t count);

/* Family, length and bytes of a network, as a part; buffer_r is what the part borrows. */
enum { KEY_NETWORK_BYTES = 18 };
struct bytes key_network(const struct netprefix *network,
                         unsigned char buffer_r[KEY_NETWORK_BYTES]);

/* A text as a part. */
struct bytes key_text(const char *text);

#endif
