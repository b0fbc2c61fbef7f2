#include "lmdb_spaces.h"

#include <assert.h>
#include <string.h>

enum { VERSION = 2 };

static const char layout_name[] = "mailreeve";
static const struct bytes layout_key = {layout_name, sizeof layout_name - 1};

/* Of the file, in parts of SHARES; what is missing is nobody's. */
enum { SHARES = 32 };
static const struct {
    enum lmdb_table first;
    size_t share;
} spaces_of_file[STORE_SPACES] = {
    [STORE_BANS] = {LMDB_BANS, 12},      [STORE_WINDOWS] = {LMDB_WINDOWS_A, 3},
    [STORE_KNOWN] = {LMDB_KNOWN_A, 3},   [STORE_COUNTERS] = {LMDB_COUNTERS_A, 6},
    [STORE_LOGINS] = {LMDB_LOGINS_A, 2}, [STORE_DRAINS] = {LMDB_DRAINS, 1},
};

/* Files of before there were drains get their table when they are opened; all else in them is where
 * it was. */
static_assert(sizeof(struct lmdb_layout) == 300 && offsetof(struct lmdb_layout, salt) == 9,
              "another layout is another VERSION");

static struct bytes
bytes_of_key(const struct store_key *key)
{
    return (struct bytes){key->bytes, key->length};
}

static size_t
share_of(const struct lmdb_spaces *spaces, enum store_space space)
{
    return lmdb_file_size(spaces->txn->lmdb).bytes / SHARES * spaces_of_file[space].share;
}

int
lmdb_spaces_begin(struct lmdb_spaces *spaces_r, struct lmdb_txn *txn, struct err *err)
{
    struct bytes found;
    *spaces_r = (struct lmdb_spaces){.txn = txn};
    if (!lmdb_get(txn, LMDB_MAIN, layout_key, &found)) {
        err_set(err, "it is no file of mailreeve's");
        return -1;
    }
    if (found.length == sizeof spaces_r->layout) {
        memcpy(&spaces_r->layout, found.start, sizeof spaces_r->layout);
        if (spaces_r->layout.version == VERSION)
            return 0;
    }
    err_set(err, "it is of another version of mailreeve");
    return -1;
}

static void
write_layout(struct lmdb_txn *txn, const struct lmdb_layout *layout)
{
    lmdb_put(txn, LMDB_MAIN, layout_key, (struct bytes){layout, sizeof *layout});
}

void
lmdb_spaces_create(struct lmdb_spaces *spaces_r, struct lmdb_txn *txn)
{
    memset(spaces_r, 0, sizeof *spaces_r);
    spaces_r->txn = txn;
    spaces_r->layout.version = VERSION;
    digest_random(spaces_r->layout.salt, sizeof spaces_r->layout.salt);
    write_layout(txn, &spaces_r->layout);
}

static bool
is_in_two(enum store_space space)
{
    return space != STORE_BANS && space != STORE_DRAINS;
}

bool
lmdb_spaces_table(const struct lmdb_spaces *spaces, enum store_space space, unsigned which,
                  enum lmdb_table *table_r)
{
    if (which > (is_in_two(space) ? 1u : 0u))
        return false;
    *table_r = spaces_of_file[space].first;
    if (is_in_two(space))
        *table_r += which ^ spaces->layout.young[space];
    return true;
}

static enum lmdb_table
table_of(const struct lmdb_spaces *spaces, enum store_space space, unsigned which)
{
    enum lmdb_table table = LMDB_MAIN;
    bool is_one = lmdb_spaces_table(spaces, space, which, &table);
    assert(is_one);
    (void)is_one;
    return table;
}

bool
lmdb_record_read(struct bytes record, int64_t *ends_ms_r, struct bytes *value_r)
{
    if (record.length < sizeof *ends_ms_r)
        return false;
    memcpy(ends_ms_r, record.start, sizeof *ends_ms_r);
    value_r->start = (const unsigned char *)record.start + sizeof *ends_ms_r;
    value_r->length = record.length - sizeof *ends_ms_r;
    return true;
}

/* Empties the old table if the young one has its part, and lets them change places. A transaction
 * writes few records, so that looking once in each is enough. */
static void
turn_over(struct lmdb_spaces *spaces, enum store_space space)
{
    if (spaces->was_looked_at[space])
        return;
    spaces->was_looked_at[space] = true;
    struct lmdb_size size = lmdb_table_size(spaces->txn, table_of(spaces, space, 0));
    if (size.bytes < share_of(spaces, space) / 2)
        return;
    lmdb_empty(spaces->txn, table_of(spaces, space, 1));
    spaces->layout.young[space] ^= 1;
    spaces->was_turned_over[space] = true;
    write_layout(spaces->txn, &spaces->layout);
}

/* Each key is in one of the two only. */
static void
put_young(struct lmdb_spaces *spaces, enum store_space space, const struct store_key *key,
          bool may_be_old, struct bytes record)
{
    if (is_in_two(space)) {
        turn_over(spaces, space);
        if (may_be_old || spaces->was_turned_over[space])
            lmdb_remove(spaces->txn, table_of(spaces, space, 1), bytes_of_key(key));
    }
    lmdb_put(spaces->txn, table_of(spaces, space, 0), bytes_of_key(key), record);
}

static void
put(struct lmdb_spaces *spaces, enum store_space space, const struct store_key *key,
    bool may_be_old, int64_t ends_ms, struct bytes value)
{
    unsigned char record[LMDB_RECORD_MAX];
    assert(value.length <= sizeof record - sizeof ends_ms);
    memcpy(record, &ends_ms, sizeof ends_ms);
    if (value.length > 0)
        memcpy(record + sizeof ends_ms, value.start, value.length);
    put_young(spaces, space, key, may_be_old,
              (struct bytes){record, sizeof ends_ms + value.length});
}

void
lmdb_spaces_put(struct lmdb_spaces *spaces, enum store_space space, const struct store_key *key,
                int64_t ends_ms, struct bytes value)
{
    put(spaces, space, key, true, ends_ms, value);
}

void
lmdb_spaces_put_back(struct lmdb_spaces *spaces, enum store_space space,
                     const struct store_key *key, int64_t ends_ms, struct bytes value)
{
    put(spaces, space, key, false, ends_ms, value);
}

void
lmdb_spaces_take_out(struct lmdb_spaces *spaces, enum store_space space,
                     const struct store_key *key)
{
    lmdb_remove(spaces->txn, table_of(spaces, space, 0), bytes_of_key(key));
    if (is_in_two(space) && spaces->was_turned_over[space])
        lmdb_remove(spaces->txn, table_of(spaces, space, 1), bytes_of_key(key));
}

/* What was just found in the old table goes to the young one. */
static void
make_young(struct lmdb_spaces *spaces, enum store_space space, const struct store_key *key,
           struct bytes *found)
{
    unsigned char record[LMDB_RECORD_MAX];
    memcpy(record, found->start, found->length);
    put_young(spaces, space, key, true, (struct bytes){record, found->length});
    lmdb_get(spaces->txn, table_of(spaces, space, 0), bytes_of_key(key), found);
}

bool
lmdb_spaces_get(struct lmdb_spaces *spaces, enum store_space space, const struct store_key *key,
                int64_t now_ms, struct bytes *value_r)
{
    int64_t ends_ms;
    struct bytes found;
    bool is_young = lmdb_get(spaces->txn, table_of(spaces, space, 0), bytes_of_key(key), &found);
    if (!is_young && (!is_in_two(space) || !lmdb_get(spaces->txn, table_of(spaces, space, 1),
                                                     bytes_of_key(key), &found)))
        return false;
    const bool stays = is_young || spaces->txn->reader != NULL;
    if (!lmdb_record_read(found, &ends_ms, value_r) || ends_ms <= now_ms ||
        found.length > LMDB_RECORD_MAX) {
        if (!stays && is_in_two(space))
            lmdb_remove(spaces->txn, table_of(spaces, space, 1), bytes_of_key(key));
        return false;
    }
    if (stays)
        return true;
    make_young(spaces, space, key, &found);
    return spaces->txn->error == 0 && lmdb_record_read(found, &ends_ms, value_r);
}

bool
lmdb_spaces_remove(struct lmdb_spaces *spaces, enum store_space space, const struct store_key *key,
                   int64_t now_ms)
{
    int64_t ends_ms;
    struct bytes found, value;
    bool was_there = false;
    enum lmdb_table table;
    for (unsigned which = 0; lmdb_spaces_table(spaces, space, which, &table); which++) {
        if (!lmdb_get(spaces->txn, table, bytes_of_key(key), &found))
            continue;
        was_there |= lmdb_record_read(found, &ends_ms, &value) && ends_ms > now_ms;
        lmdb_remove(spaces->txn, table, bytes_of_key(key));
    }
    return was_there;
}

void
lmdb_spaces_make_room(struct lmdb_spaces *spaces)
{
    lmdb_empty(spaces->txn, table_of(spaces, STORE_WINDOWS, 1));
    lmdb_empty(spaces->txn, table_of(spaces, STORE_KNOWN, 1));
    lmdb_empty(spaces->txn, table_of(spaces, STORE_COUNTERS, 1));
    lmdb_empty(spaces->txn, table_of(spaces, STORE_LOGINS, 1));
}

bool
lmdb_spaces_have_room_for_ban(struct lmdb_spaces *spaces)
{
    return lmdb_table_size(spaces->txn, LMDB_BANS).bytes < share_of(spaces, STORE_BANS);
}

bool
lmdb_spaces_are_bans_crowded(struct lmdb_spaces *spaces)
{
    return lmdb_table_size(spaces->txn, LMDB_BANS).bytes > share_of(spaces, STORE_BANS) / 8 * 7;
}

static void
forget_drains(struct lmdb_spaces *spaces, int64_t now_ms)
{
    int64_t ends_ms;
    struct bytes value;
    struct lmdb_walk walk;
    lmdb_walk_begin(spaces->txn, LMDB_DRAINS, &walk);
    for (bool is_there = lmdb_walk_seek(&walk, (struct bytes){"", 0}); is_there;
         is_there = lmdb_walk_next(&walk))
        if (!lmdb_record_read(walk.value, &ends_ms, &value) || ends_ms <= now_ms)
            lmdb_walk_remove(&walk);
}

static bool
is_there_room_for_drain(struct lmdb_spaces *spaces)
{
    return lmdb_table_size(spaces->txn, LMDB_DRAINS).bytes < share_of(spaces, STORE_DRAINS);
}

bool
lmdb_spaces_have_room_for_drain(struct lmdb_spaces *spaces, int64_t now_ms)
{
    if (is_there_room_for_drain(spaces))
        return true;
    forget_drains(spaces, now_ms);
    return is_there_room_for_drain(spaces);
}

const unsigned char *
lmdb_spaces_ban_lengths(const struct lmdb_spaces *spaces, enum netaddr_family family)
{
    return spaces->layout.ban_lengths[family == NETADDR_IPV6 ? 1 : 0];
}

/* Lengths that are in use no longer are forgotten when there are no bans at all. */
void
lmdb_spaces_note_ban(struct lmdb_spaces *spaces, const struct netprefix *network)
{
    struct lmdb_layout *layout = &spaces->layout;
    const size_t version = network->addr.family == NETADDR_IPV6 ? 1 : 0;
    const bool is_first = lmdb_table_size(spaces->txn, LMDB_BANS).entries == 0;
    if (layout->ban_lengths[version][network->length] != 0 && !is_first)
        return;
    if (is_first)
        memset(layout->ban_lengths, 0, sizeof layout->ban_lengths);
    layout->ban_lengths[version][network->length] = 1;
    write_layout(spaces->txn, layout);
}

int64_t
lmdb_spaces_held(struct lmdb_spaces *spaces, enum store_space space)
{
    enum lmdb_table table;
    int64_t held = 0;
    for (unsigned which = 0; lmdb_spaces_table(spaces, space, which, &table); which++)
        held += (int64_t)lmdb_table_size(spaces->txn, table).entries;
    return held;
}
