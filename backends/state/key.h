/*
 * key: keys of the store, of a kind and parts that may be anybody's bytes.
 *
 * Pure. The kind is one letter; each part has its length before it, so no two lists of parts make
 * the same key. What would be too long becomes the kind and a SHA-256 of the rest.
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
