/*
 * lmdb_visit: being in the open LMDB file.
 *
 * The file may be opened again while the service runs: it was removed, cut short, or LMDB gave up.
 * Nobody may be in it then, so whoever uses it does so in a visit, and only the thread that looks
 * after the file changes what is open. A visit that touches what is not there any more (SIGBUS) is
 * broken off; the file is then abandoned. That is meant for state.mdb: who cuts one of the lock
 * files short under a service does not end it, but its store may be down until it is started again.
 */
#ifndef MAILREEVE_LMDB_VISIT_H
#define MAILREEVE_LMDB_VISIT_H

#include <pthread.h>
#include <stdbool.h>

#include "lmdb_file.h"
#include "lmdb_spaces.h"
#include "store.h"

struct lmdb_store {
    /* set once */
    const struct store_settings *settings;
    bool is_service;

    /* the ticking thread's own */
    struct store_key sweep_from;
    uint64_t forsaken_device, forsaken_number; /* see lmdb_file.h */
    struct shared_lock *forsaken_lock;         /* of that, until we open again; NULL: none */

    pthread_mutex_t lock;
    /* under lock; file is read without by those who entered */
    struct lmdb_file file; /* lmdb NULL: not open */
    unsigned users;
    bool is_broken;    /* to be opened again when nobody is in it */
    bool is_cut;       /* broken by SIGBUS: there is no way back into LMDB */
    struct err broken; /* why it is not open or broken */
    int64_t full_told_ms;
};

/* What happens between enter and leave, guarded against SIGBUS. */
struct lmdb_visit {
    struct lmdb_store *store;
    struct lmdb *lmdb;
    struct deadline deadline;
    struct err *err;
    int result;
    bool has_lock;
    void (*work)(struct lmdb_visit *visit);
    void *context;
};

/* Calls work(visit), which says what came of it in visit->result (-1 at first) and visit->err.
 * Returns that, or -1 with err: the file is not open, or the visit was broken off. */
int lmdb_visit(struct lmdb_store *store, void (*work)(struct lmdb_visit *), void *context,
               struct deadline deadline, struct err *err);

/* Within a visit: the right to write, until the deadline. */
bool lmdb_visit_take_turn(struct lmdb_visit *visit);
void lmdb_visit_end_turn(struct lmdb_visit *visit);

/* Within a turn: a transaction that writes. */
bool lmdb_visit_begin_write(struct lmdb_visit *visit, struct lmdb_txn *txn_r,
                            struct lmdb_spaces *spaces_r);

/* One that reads: a reader's, or, if more read at this moment than there are readers, a writer's,
 * for which it takes a turn. False, with err: the deadline. What lmdb_visit_end_read ends; that
 * sets visit->result. */
bool lmdb_visit_begin_read(struct lmdb_visit *visit, struct lmdb_txn *txn_r,
                           struct lmdb_spaces *spaces_r);
void lmdb_visit_end_read(struct lmdb_visit *visit, struct lmdb_txn *txn);

#endif
