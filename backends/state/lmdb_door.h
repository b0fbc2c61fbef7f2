/*
 * lmdb_door: LMDB as the store uses it: one file, a fixed set of tables, transactions.
 *
 * The file is written through the map and synced by whoever calls lmdb_sync: a killed process loses
 * nothing. All of the file must be on the disk (lmdb_file.c sees to it), or a full disk kills.
 *
 * Thread-safe: transactions belong to one thread, struct lmdb to all. LMDB's own locks wait without
 * a deadline; so lmdb_open, lmdb_begin_write until its end, lmdb_add_reader and lmdb_check_readers
 * are called by one thread of all processes at a time (shared_lock.h), and then never wait.
 *
 * An error within a transaction stays in it: what comes after does nothing, and lmdb_commit or
 * lmdb_end says what it was.
 */
#ifndef MAILREEVE_LMDB_DOOR_H
#define MAILREEVE_LMDB_DOOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "digest.h"
#include "err.h"

enum lmdb_table {
    LMDB_MAIN = 0, /* also has the names of the others */
    LMDB_BANS,
    LMDB_WINDOWS_A,
    LMDB_WINDOWS_B,
    LMDB_KNOWN_A,
    LMDB_KNOWN_B,
    LMDB_COUNTERS_A,
    LMDB_COUNTERS_B,
    LMDB_LOGINS_A,
    LMDB_LOGINS_B,
    LMDB_DRAINS,
    LMDB_TABLES
};

struct lmdb;

/* Makes an empty file, as small as can be, that lmdb_open opens. Returns 0 or -1. */
int lmdb_make(const char *path, struct err *err);

/* Opens a file of size_bytes and makes the tables that are not there. NULL with err. */
struct lmdb *lmdb_open(const char *path, size_t size_bytes, struct err *err);

/* Syncs. No transaction may be under way. NULL is allowed. */
void lmdb_close(struct lmdb *lmdb);

/* Never touches it again, but keeps it: what it holds is in the middle of something. */
void lmdb_abandon(struct lmdb *lmdb);

int lmdb_sync(struct lmdb *lmdb, struct err *err);

/* Gives back the places of readers that died. */
void lmdb_check_readers(struct lmdb *lmdb);

enum lmdb_result { LMDB_FAILED = 0, LMDB_DONE, LMDB_FULL };

struct lmdb_txn {
    struct lmdb *lmdb;
    void *handle;
    struct lmdb_reader *reader; /* NULL: it writes */
    bool was_used[LMDB_TABLES];
    void *cursors[LMDB_TABLES]; /* NULL: not used yet */
    int error;
};

int lmdb_begin_write(struct lmdb *lmdb, struct lmdb_txn *txn_r, struct err *err);

/* LMDB_FULL: the file is full, nothing was written. Ends the transaction whatever it says. */
enum lmdb_result lmdb_commit(struct lmdb_txn *txn, struct err *err);

/* A transaction that reads needs a reader of the pool: false: none is free; lmdb_add_reader makes
 * one unless there are too many, then one writes instead. */
bool lmdb_begin_read(struct lmdb *lmdb, struct lmdb_txn *txn_r);
void lmdb_add_reader(struct lmdb *lmdb);

/* Ends a transaction; what it wrote is undone. Returns 0, or -1 with err if it had failed; then
 * *is_full_r (may be NULL) says whether for want of room. */
int lmdb_end(struct lmdb_txn *txn, bool *is_full_r, struct err *err);

/* What is found is valid until the next write of the transaction. */
bool lmdb_get(struct lmdb_txn *txn, enum lmdb_table table, struct bytes key, struct bytes *value_r);
void lmdb_put(struct lmdb_txn *txn, enum lmdb_table table, struct bytes key, struct bytes value);
bool lmdb_remove(struct lmdb_txn *txn, enum lmdb_table table, struct bytes key); /* it was there */
void lmdb_empty(struct lmdb_txn *txn, enum lmdb_table table);

struct lmdb_size {
    size_t entries, bytes;
};
struct lmdb_size lmdb_table_size(struct lmdb_txn *txn, enum lmdb_table table);

/* The size of the whole file and how much of it has ever been used. */
struct lmdb_size lmdb_file_size(struct lmdb *lmdb);
int lmdb_fd(struct lmdb *lmdb);

/* A walk along the keys in their order. Where it stands is forgotten with any other use of the
 * table in the transaction. */
struct lmdb_walk {
    struct lmdb_txn *txn;
    void *cursor;
    struct bytes key, value; /* where it stands */
};
void lmdb_walk_begin(struct lmdb_txn *txn, enum lmdb_table table, struct lmdb_walk *walk_r);
bool lmdb_walk_seek(struct lmdb_walk *walk, struct bytes key); /* the first that is not before */
bool lmdb_walk_next(struct lmdb_walk *walk);
void lmdb_walk_remove(struct lmdb_walk *walk); /* where it stands; then comes lmdb_walk_next */

#endif
