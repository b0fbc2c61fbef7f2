#include "lmdb_bans.h"

#include <stdio.h>
#include <string.h>

enum {
    KEY_HEAD_BYTES = 2,
    IPV4_BYTES = 4,
    IPV6_BYTES = 16,
    LOOKED_AT_FOR_ROOM = 256, /* bans, while everybody who writes waits */
};

/* How long offences are remembered where nobody says. */
static const int64_t MEMORY_MS = INT64_C(7) * 24 * 3600 * 1000;

/* Followed by the reason, without its NUL. */
struct record {
    int64_t since_ms, until_ms, memory_ms;
    uint32_t offences, maker;
};

struct ban_key {
    unsigned char bytes[KEY_HEAD_BYTES + IPV6_BYTES];
    size_t length;
};

static struct ban_key
key_of(const struct netprefix *network)
{
    size_t length = network->addr.family == NETADDR_IPV4 ? IPV4_BYTES : IPV6_BYTES;
    struct ban_key key = {.bytes = {(unsigned char)network->addr.family,
                                    (unsigned char)(UINT8_MAX - network->length)},
                          .length = KEY_HEAD_BYTES + length};
    memcpy(key.bytes + KEY_HEAD_BYTES, network->addr.bytes, length);
    return key;
}

static struct bytes
bytes_of(const struct ban_key *key)
{
    return (struct bytes){key->bytes, key->length};
}

static bool
read_network(struct bytes key, struct netprefix *network_r)
{
    const unsigned char *bytes = key.start;
    *network_r = (struct netprefix){.addr = {.family = NETADDR_NONE}};
    if (key.length == KEY_HEAD_BYTES + IPV4_BYTES && bytes[0] == NETADDR_IPV4)
        network_r->addr.family = NETADDR_IPV4;
    else if (key.length == KEY_HEAD_BYTES + IPV6_BYTES && bytes[0] == NETADDR_IPV6)
        network_r->addr.family = NETADDR_IPV6;
    else
        return false;
    network_r->length = (uint8_t)(UINT8_MAX - bytes[1]);
    memcpy(network_r->addr.bytes, bytes + KEY_HEAD_BYTES, key.length - KEY_HEAD_BYTES);
    return network_r->length <= netaddr_bits(&network_r->addr);
}

static int64_t
later(int64_t time_ms, int64_t by_ms)
{
    return by_ms > INT64_MAX - time_ms ? INT64_MAX : time_ms + by_ms;
}

static bool
read_record(struct bytes value, struct record *record_r, char reason_r[BAN_REASON_MAX])
{
    if (value.length < sizeof *record_r)
        return false;
    memcpy(record_r, value.start, sizeof *record_r);
    size_t length = value.length - sizeof *record_r;
    if (length >= BAN_REASON_MAX || record_r->since_ms < 0 || record_r->until_ms < 0 ||
        record_r->memory_ms < 0)
        return false;
    memcpy(reason_r, (const char *)value.start + sizeof *record_r, length);
    reason_r[length] = '\0';
    return true;
}

bool
lmdb_bans_read(struct bytes key, struct bytes value, struct store_ban *ban_r, int64_t *forget_ms_r)
{
    struct record record;
    *ban_r = (struct store_ban){.since_ms = 0};
    if (!read_network(key, &ban_r->network) || !read_record(value, &record, ban_r->reason))
        return false;
    ban_r->since_ms = record.since_ms;
    ban_r->until_ms = record.until_ms;
    ban_r->offences = record.offences;
    ban_r->maker = record.maker <= BAN_BY_HAND ? (enum ban_maker)record.maker : BAN_BY_COUNT;
    *forget_ms_r = later(record.until_ms, record.memory_ms);
    return true;
}

static bool
get(struct lmdb_spaces *spaces, const struct netprefix *network, struct store_ban *ban_r,
    int64_t *forget_ms_r)
{
    struct bytes value;
    struct ban_key key = key_of(network);
    return lmdb_get(spaces->txn, LMDB_BANS, bytes_of(&key), &value) &&
           lmdb_bans_read(bytes_of(&key), value, ban_r, forget_ms_r);
}

static bool
is_of(const struct store_ban *ban, unsigned makers)
{
    return makers == 0 || (makers & 1u << ban->maker) != 0;
}

bool
lmdb_bans_find(struct lmdb_spaces *spaces, const struct netaddr *addr, unsigned makers,
               int64_t now_ms, struct store_ban *ban_r)
{
    const unsigned char *lengths = lmdb_spaces_ban_lengths(spaces, addr->family), *longest;
    size_t left = addr->family != NETADDR_NONE ? netaddr_bits(addr) + 1 : 0;
    while ((longest = memrchr(lengths, 1, left)) != NULL) {
        int64_t forget_ms;
        left = (size_t)(longest - lengths);
        const struct netprefix network = netaddr_prefix(addr, (unsigned)left);
        if (get(spaces, &network, ban_r, &forget_ms) && ban_r->until_ms > now_ms &&
            is_of(ban_r, makers))
            return true;
    }
    *ban_r = (struct store_ban){.since_ms = 0};
    return false;
}

/* Whether a ban that came to the walk may go: it is forgotten, or at least over. */
static bool
may_go(const struct lmdb_walk *walk, bool even_remembered, int64_t now_ms)
{
    int64_t forget_ms;
    struct store_ban ban;
    if (!lmdb_bans_read(walk->key, walk->value, &ban, &forget_ms))
        return true;
    return (even_remembered ? ban.until_ms : forget_ms) <= now_ms;
}

/* Offences that are remembered are worth less than a ban: some that are over go, looked for from
 * the new ban's place on, which is another each time. Returns whether any did. */
static bool
drop_some(struct lmdb_spaces *spaces, const struct ban_key *near, int64_t now_ms)
{
    bool has_begun_anew = false;
    size_t gone = 0;
    struct lmdb_walk walk;
    lmdb_walk_begin(spaces->txn, LMDB_BANS, &walk);
    bool is_there = lmdb_walk_seek(&walk, bytes_of(near));
    for (size_t looked = 0; looked < LOOKED_AT_FOR_ROOM; looked++) {
        if (!is_there && !has_begun_anew) {
            has_begun_anew = true;
            is_there = lmdb_walk_seek(&walk, (struct bytes){NULL, 0});
        }
        if (!is_there)
            break;
        if (may_go(&walk, true, now_ms)) {
            lmdb_walk_remove(&walk);
            gone++;
        }
        is_there = lmdb_walk_next(&walk);
    }
    return gone > 0;
}

/* Returns whether there was room. */
static bool
put(struct lmdb_spaces *spaces, const struct store_ban *ban, int64_t memory_ms, bool is_new,
    int64_t now_ms)
{
    unsigned char bytes[sizeof(struct record) + BAN_REASON_MAX];
    struct record record = {.since_ms = ban->since_ms,
                            .until_ms = ban->until_ms,
                            .memory_ms = memory_ms,
                            .offences = ban->offences,
                            .maker = (uint32_t)ban->maker};
    size_t length = strnlen(ban->reason, BAN_REASON_MAX - 1);
    struct ban_key key = key_of(&ban->network);
    if (is_new && !lmdb_spaces_have_room_for_ban(spaces) && !drop_some(spaces, &key, now_ms))
        return false;
    lmdb_spaces_note_ban(spaces, &ban->network);
    memcpy(bytes, &record, sizeof record);
    memcpy(bytes + sizeof record, ban->reason, length);
    lmdb_put(spaces->txn, LMDB_BANS, bytes_of(&key), (struct bytes){bytes, sizeof record + length});
    return true;
}

static int64_t
memory_of(const struct ban_lengths *lengths)
{
    return lengths->count > 0 ? lengths->ms[lengths->count - 1] : MEMORY_MS;
}

void
lmdb_bans_offend(struct lmdb_spaces *spaces, struct store_op *op, int64_t now_ms, bool *is_full_r)
{
    int64_t forget_ms = 0;
    struct store_ban before;
    bool was_there = get(spaces, &op->network, &before, &forget_ms);
    if (was_there && before.until_ms > now_ms && is_of(&before, op->makers)) {
        op->ban_r = before;
        return;
    }
    int64_t memory_ms = memory_of(&op->lengths);
    bool is_remembered = was_there && now_ms < later(before.until_ms, memory_ms);
    uint32_t offences = is_remembered ? before.offences : 0;
    struct store_ban ban = {.network = op->network,
                            .since_ms = now_ms,
                            .offences = offences < UINT32_MAX ? offences + 1 : offences,
                            .maker = op->ban.maker};
    size_t which = ban.offences <= op->lengths.count ? ban.offences : op->lengths.count;
    ban.until_ms = later(now_ms, op->lengths.ms[which - 1]);
    snprintf(ban.reason, sizeof ban.reason, "%s", op->ban.reason);
    op->hit = put(spaces, &ban, memory_ms, !was_there, now_ms);
    if (op->hit)
        op->ban_r = ban;
    else
        *is_full_r = true;
}

void
lmdb_bans_set(struct lmdb_spaces *spaces, struct store_op *op, int64_t now_ms, bool *is_full_r)
{
    int64_t forget_ms = 0, memory_ms = memory_of(&op->lengths);
    struct store_ban before;
    bool was_there = get(spaces, &op->ban.network, &before, &forget_ms);
    if (op->lengths.count == 0 && was_there && before.until_ms < INT64_MAX)
        memory_ms = forget_ms - before.until_ms;
    op->was_there = was_there && before.until_ms > now_ms;
    struct store_ban ban = op->ban;
    if (ban.offences == 0 && was_there && forget_ms > now_ms)
        ban.offences = before.offences;
    op->hit = put(spaces, &ban, memory_ms, !was_there, now_ms);
    *is_full_r |= !op->hit;
}

bool
lmdb_bans_remove(struct lmdb_spaces *spaces, const struct netprefix *network, int64_t now_ms)
{
    int64_t forget_ms;
    struct store_ban ban;
    struct ban_key key = key_of(network);
    bool was_there = get(spaces, network, &ban, &forget_ms) && ban.until_ms > now_ms;
    lmdb_remove(spaces->txn, LMDB_BANS, bytes_of(&key));
    return was_there;
}

size_t
lmdb_bans_sweep(struct lmdb_spaces *spaces, struct store_key *from, size_t most, int64_t now_ms)
{
    size_t looked = 0, gone = 0;
    bool even_remembered = lmdb_spaces_are_bans_crowded(spaces);
    struct lmdb_walk walk;
    lmdb_walk_begin(spaces->txn, LMDB_BANS, &walk);
    bool is_there = lmdb_walk_seek(&walk, (struct bytes){from->bytes, from->length});
    for (; is_there && looked < most; looked++, is_there = lmdb_walk_next(&walk)) {
        if (!may_go(&walk, even_remembered, now_ms))
            continue;
        lmdb_walk_remove(&walk);
        gone++;
    }
    from->length = is_there && walk.key.length <= sizeof from->bytes ? walk.key.length : 0;
    if (from->length > 0)
        memcpy(from->bytes, walk.key.start, from->length);
    return gone;
}
