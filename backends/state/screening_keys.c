#include "screening_keys.h"

#include "key.h"
#include "siphash.h"

const enum network_key network_counts[] = {NETWORK_FAILURES, NETWORK_UNKNOWN_NAMES,
                                           NETWORK_BAD_RECIPIENTS, NETWORK_PASSWORDS,
                                           NETWORK_WOULD_BAN};
const size_t network_count_count = sizeof network_counts / sizeof network_counts[0];

/* Before the parts of all places, which each session takes and gives back: they are together on a
 * page that is always at hand. What is kept for longer is with its network or account. */
static const struct bytes nothing = {"", 0};

enum store_space
network_space(enum network_key kind)
{
    return kind == NETWORK_LOGINS ? STORE_LOGINS : STORE_COUNTERS;
}

enum store_space
account_space(enum account_key kind)
{
    return kind == ACCOUNT_LOGINS ? STORE_LOGINS : STORE_COUNTERS;
}

struct store_key
network_key(enum network_key kind, const struct netprefix *network)
{
    unsigned char buffer[KEY_NETWORK_BYTES];
    const struct bytes parts[] = {nothing, key_network(network, buffer)};
    return kind == NETWORK_PLACES ? key_make((char)kind, parts, 2)
                                  : key_make((char)kind, parts + 1, 1);
}

struct store_key
account_key(enum account_key kind, const char *organization, const char *name)
{
    const struct bytes parts[] = {nothing, key_text(organization != NULL ? organization : ""),
                                  key_text(name)};
    return kind == ACCOUNT_PLACES ? key_make((char)kind, parts, 3)
                                  : key_make((char)kind, parts + 1, 2);
}

struct store_key
pair_key(enum pair_key kind, const char *organization, const char *name,
         const struct netprefix *network)
{
    unsigned char buffer[KEY_NETWORK_BYTES];
    const struct bytes where = key_network(network, buffer),
                       whose = key_text(organization != NULL ? organization : "");
    /* first comes beside whose other counts it is looked for */
    if (kind == PAIR_NETWORK_FAILURES)
        return key_make((char)kind, (const struct bytes[]){where, whose, key_text(name)}, 3);
    return key_make((char)kind, (const struct bytes[]){whose, key_text(name), where}, 3);
}

uint64_t
network_member(const struct netprefix *network)
{
    static const uint64_t fixed[2] = {0}; /* nobody can choose among enough networks to collide */
    unsigned char buffer[KEY_NETWORK_BYTES];
    const struct bytes part = key_network(network, buffer);
    return siphash(fixed, part.start, part.length);
}
