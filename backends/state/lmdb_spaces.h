/*
 * lmdb_spaces: the store's spaces within one LMDB file, each with its share of it.
 *
 * Bans are one table, and so are drains: nothing pushes them out. Of the others each is two, a
 * young one and an old one: what is written goes to the young one, what is looked for is looked for
 * in both. When the young one has half of the space's share, the old one is emptied and becomes the
 * young one. So the oldest go first, without an index of ages and without a walk: whatever was
 * written within the last half of the share is there. A sixth of the file is nobody's: transactions
 * need room for copies of pages.
 *
 * A record of the spaces begins with when it ends. Belongs to one transaction of one thread.
 */
#ifndef MAILREEVE_LMDB_SPACES_H
#define MAILREEVE_LMDB_SPACES_H

#include "lmdb_door.h"
#include "store.h"

enum {
    LMDB_RECORD_MAX = 8192,
    LMDB_BAN_LENGTHS = 128 + 1,
    LMDB_SPACES_WITH_YOUNG = STORE_LOGINS + 1, /* bans have none, but a place */
};

/* What the main table says of the whole file. */
struct lmdb_layout {
    uint32_t version;
    unsigned char young[LMDB_SPACES_WITH_YOUNG]; /* 0 or 1: which of the two tables */
    unsigned char salt[STORE_SALT_BYTES];
    /* of IPv4 and IPv6: 1 where there may be a ban of a network of that length, so that nobody
     * looks for one where there is none */
    unsigned char ban_lengths[2][LMDB_BAN_LENGTHS];
};

struct lmdb_spaces {
    struct lmdb_txn *txn;
    struct lmdb_layout layout;
    /* in this transaction the space was looked at for being full; and was, so that the old table is
     * what was the young one */
    bool was_looked_at[LMDB_SPACES_WITH_YOUNG], was_turned_over[LMDB_SPACES_WITH_YOUNG];
};

/* Reads the layout, in a transaction that has begun. Returns 0 or -1: there is none, or it is
 * another version's; err may be NULL. */
int lmdb_spaces_begin(struct lmdb_spaces *spaces_r, struct lmdb_txn *txn, struct err *err);

/* Writes a new one into a new file. */
void lmdb_spaces_create(struct lmdb_spaces *spaces_r, struct lmdb_txn *txn);

/* A record of any space but BANS that has not ended: what comes behind the end. In a transaction
 * that writes it becomes young by being read. */
bool lmdb_spaces_get(struct lmdb_spaces *spaces, enum store_space space,
                     const struct store_key *key, int64_t now_ms, struct bytes *value_r);
void lmdb_spaces_put(struct lmdb_spaces *spaces, enum store_space space,
                     const struct store_key *key, int64_t ends_ms, struct bytes value);

/* The same, and removing, of a key that lmdb_spaces_get has looked for in this transaction: what it
 * found is young, so that the old table need not be searched again. */
void lmdb_spaces_put_back(struct lmdb_spaces *spaces, enum store_space space,
                          const struct store_key *key, int64_t ends_ms, struct bytes value);
void lmdb_spaces_take_out(struct lmdb_spaces *spaces, enum store_space space,
                          const struct store_key *key);

/* Whether it was there and had not ended. */
bool lmdb_spaces_remove(struct lmdb_spaces *spaces, enum store_space space,
                        const struct store_key *key, int64_t now_ms);

/* Empties the old tables of all, for want of room. */
void lmdb_spaces_make_room(struct lmdb_spaces *spaces);

bool lmdb_spaces_have_room_for_ban(struct lmdb_spaces *spaces);

/* Forgets drains that are over if need be. */
bool lmdb_spaces_have_room_for_drain(struct lmdb_spaces *spaces, int64_t now_ms);

/* Whether most of the bans' share is taken. */
bool lmdb_spaces_are_bans_crowded(struct lmdb_spaces *spaces);

/* By length, see struct lmdb_layout; and noting that there is a ban of a network from now on. */
const unsigned char *lmdb_spaces_ban_lengths(const struct lmdb_spaces *spaces,
                                             enum netaddr_family family);
void lmdb_spaces_note_ban(struct lmdb_spaces *spaces, const struct netprefix *network);

int64_t lmdb_spaces_held(struct lmdb_spaces *spaces, enum store_space space);

/* The tables of a space: which 0 is the young one; false: it has no such one. */
bool lmdb_spaces_table(const struct lmdb_spaces *spaces, enum store_space space, unsigned which,
                       enum lmdb_table *table_r);

/* When a record ends, and what is behind that. */
bool lmdb_record_read(struct bytes record, int64_t *ends_ms_r, struct bytes *value_r);

#endif
