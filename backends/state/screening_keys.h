/*
 * screening_keys: under which keys of the store screening counts what.
 *
 * Pure. What belongs to an account has its organization in the key: two tenants may have the same
 * bare name.
 */
#ifndef MAILREEVE_SCREENING_KEYS_H
#define MAILREEVE_SCREENING_KEYS_H

#include "netaddr.h"
#include "store.h"

/* Of a network. */
enum network_key {
    NETWORK_FAILURES = 'f',
    NETWORK_PLACES = 'g',
    NETWORK_UNKNOWN_NAMES = 'u',
    NETWORK_BAD_RECIPIENTS = 'b',
    NETWORK_PASSWORDS = 'p',
    NETWORK_WOULD_BAN = 'n', /* monitor mode has told of it */
    NETWORK_LOGINS = 'l',
};

/* Of an account. */
enum account_key {
    ACCOUNT_FAILURES = 'F',
    ACCOUNT_PLACES = 'G',
    ACCOUNT_PASSWORDS = 'P',
    ACCOUNT_LOGINS = 'L',
    ACCOUNT_ADDRESSES = 'A',
    ACCOUNT_MESSAGES = 'M',
    ACCOUNT_RECIPIENTS = 'R',
};

/* Of an account and a network. */
enum pair_key {
    PAIR_NETWORK_FAILURES = 'q', /* what the pair has added to the network's failures */
    PAIR_ACCOUNT_FAILURES = 'Q', /* ... and to the account's */
    PAIR_KNOWN = 'k',
};

/* What bans_remove forgets of a network beside the ban. */
extern const enum network_key network_counts[];
extern const size_t network_count_count;

/* Where what is counted under such a key is kept: a flood of logins pushes out logins only. */
enum store_space network_space(enum network_key kind);
enum store_space account_space(enum account_key kind);

struct store_key network_key(enum network_key kind, const struct netprefix *network);

/* organization NULL: of none. */
struct store_key account_key(enum account_key kind, const char *organization, const char *name);
struct store_key pair_key(enum pair_key kind, const char *organization, const char *name,
                          const struct netprefix *network);

/* A network as a member of a set. */
uint64_t network_member(const struct netprefix *network);

#endif
