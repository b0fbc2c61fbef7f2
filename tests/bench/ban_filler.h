/*
 * ban_filler: a store with so many bans that no client of the benches is held by one of them.
 *
 * One thread. Ends the program if the store cannot be asked.
 */
#ifndef MAILREEVE_BAN_FILLER_H
#define MAILREEVE_BAN_FILLER_H

#include <stddef.h>
#include <stdint.h>

#include "netaddr.h"
#include "store.h"

/* Opens a store as the service does: one in a folder, or at an url that begins with "unix:" or
 * "redis:". */
struct store *open_bench_store(const char *where, int64_t size_bytes);

/* Bans that many networks for a day: addresses, and of every sixteenth the network of 256. */
void fill_bans(struct store *store, size_t count);

/* The address of a client, one of 2^31, in none of these networks. */
struct netaddr unbanned_client(uint32_t number);

#endif
