/*
 * lmdb_file: the LMDB file of a folder, found, made, checked, mended and opened.
 *
 * In the folder: state.mdb, state.mdb-lock (LMDB's own), state.lock (shared_lock.h). All of
 * state.mdb is taken from the disk when it is made, so that a full disk later hurts nobody; where
 * there is less than wanted it is halved until it fits. Whoever opens it and finds nobody else
 * there checks all of it (lmdb_check.h). A corrupt one is moved aside by a service, as
 * state.mdb.corrupt-TIME (the last one is kept), and an empty one takes its place.
 *
 * A command of root's makes files as the folder's owner would, and can touch nothing that he
 * cannot.
 */
#ifndef MAILREEVE_LMDB_FILE_H
#define MAILREEVE_LMDB_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "deadline.h"
#include "err.h"
#include "lmdb_door.h"
#include "shared_lock.h"
#include "store.h"

struct lmdb_file_wish {
    const char *folder;
    int64_t size_bytes;
    bool mends; /* moves a corrupt one aside, makes it as large as is wanted */
    struct shared_lock **forsaken_lock;        /* see lmdb_file_abandon; NULL: none */
    uint64_t forsaken_device, forsaken_number; /* of a file that failed while in use: it is moved
                                                  aside, if it is still there; 0: none */
};

struct lmdb_file {
    struct shared_lock *lock;
    struct lmdb *lmdb;
    size_t size_bytes;
    uint64_t epoch;          /* of the lock when it was opened */
    uint64_t device, number; /* of the file */
    unsigned char salt[STORE_SALT_BYTES];
};

/* Returns 0, or -1 with err. */
int lmdb_file_open(const struct lmdb_file_wish *wish, struct deadline deadline,
                   struct lmdb_file *file_r, struct err *err);

/* Nobody may use it any more. */
void lmdb_file_close(struct lmdb_file *file);

/* The same after SIGBUS in the midst of LMDB: it is left as it is and never touched again. Returns
 * its lock, to be handed in when a file is opened again, or abandoned: until then nobody else is
 * alone, who would not know that the file is forsaken. */
struct shared_lock *lmdb_file_abandon(struct lmdb_file *file);

/* Whether there is a file of a service that has ended in the folder, and nobody uses it. */
bool lmdb_file_is_left(const char *folder);

/* Whether the path still leads to this file, and it is as long as it was made. */
bool lmdb_file_is_there(const struct lmdb_file *file, const char *folder, struct err *err);

#endif
