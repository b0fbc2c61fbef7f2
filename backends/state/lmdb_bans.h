/*
 * lmdb_bans: bans in an LMDB file.
 *
 * Their keys are family, length and address. An address is looked for with each length that bans
 * have, the longest first; which those are the layout says (lmdb_spaces.h). A ban that is over
 * stays as long as its offences are remembered and there is room.
 *
 * Belongs to one transaction of one thread.
 */
#ifndef MAILREEVE_LMDB_BANS_H
#define MAILREEVE_LMDB_BANS_H

#include "lmdb_spaces.h"
#include "store.h"

/* The longest network with a ban that has not ended, is of one of the makers (0: of any) and has
 * the address. */
bool lmdb_bans_find(struct lmdb_spaces *spaces, const struct netaddr *addr, unsigned makers,
                    int64_t now_ms, struct store_ban *ban_r);

/* As STORE_OFFEND and STORE_SET_BAN: their hit, ban_r and was_there. *is_full_r: there was no room
 * for a ban more. */
void lmdb_bans_offend(struct lmdb_spaces *spaces, struct store_op *op, int64_t now_ms,
                      bool *is_full_r);
void lmdb_bans_set(struct lmdb_spaces *spaces, struct store_op *op, int64_t now_ms,
                   bool *is_full_r);

/* Whether there was one that had not ended. */
bool lmdb_bans_remove(struct lmdb_spaces *spaces, const struct netprefix *network, int64_t now_ms);

/* Reads what is in the table; false: it makes no sense. */
bool lmdb_bans_read(struct bytes key, struct bytes value, struct store_ban *ban_r,
                    int64_t *forget_ms_r);

/* Removes what is forgotten, or, where bans are crowded, all that is over, looking at no more than
 * `most` bans from where *from (a key, empty at first) left off. Returns how many went. */
size_t lmdb_bans_sweep(struct lmdb_spaces *spaces, struct store_key *from, size_t most,
                       int64_t now_ms);

#endif
