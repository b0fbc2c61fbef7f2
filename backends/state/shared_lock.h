/*
 * shared_lock: a small file by which the processes that use one LMDB file get along.
 *
 * Three things, because LMDB's own locks wait without a deadline, and a process that was stopped
 * while it held one would stop all others:
 *   opening    one process at a time opens, checks, makes or replaces the LMDB file
 *   being here every process that uses it; who opens and is alone may check and mend it
 *   entering   one thread of all processes at a time may write; the holder's death frees it
 * The first two are locks on bytes of the file, which end with the descriptor; the third is a
 * process-shared mutex in it. Thread-safe but for open, begin, ready and close.
 */
#ifndef MAILREEVE_SHARED_LOCK_H
#define MAILREEVE_SHARED_LOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "deadline.h"
#include "err.h"

struct shared_lock;

/* Opens or makes the file and takes the right of opening, waiting until the deadline; then we are
 * here. *is_alone_r: nobody else is. What we had before (NULL: nothing) is abandoned, and *before
 * NULL, once nobody else can open. NULL with err. */
struct shared_lock *shared_lock_open(const char *path, struct shared_lock **before,
                                     bool *is_alone_r, struct deadline deadline, struct err *err);

/* Gives the right of opening back. */
void shared_lock_ready(struct shared_lock *lock);

void shared_lock_close(struct shared_lock *lock); /* NULL is allowed */

/* Whether it is there and nobody is here: whoever was has ended. False as well where that cannot be
 * told. */
bool shared_lock_is_left(const char *path);

/* The same where a thread of ours may have been broken off in it: its memory stays. */
void shared_lock_abandon(struct shared_lock *lock);

/* How long whoever made the LMDB file made it; written by who has the right of opening. */
size_t shared_lock_size(const struct shared_lock *lock);
void shared_lock_set_size(struct shared_lock *lock, size_t size_bytes);

/* Changes when the LMDB file is another from now on (next_epoch, by who has the right of opening),
 * or nobody may enter LMDB any more with the one that is there (forsake, by who has entered): a
 * thread that lives has LMDB's own lock and will never give it back. Whoever opens must replace a
 * forsaken file. */
uint64_t shared_lock_epoch(const struct shared_lock *lock);
void shared_lock_next_epoch(struct shared_lock *lock);
bool shared_lock_is_forsaken(const struct shared_lock *lock);
void shared_lock_forsake(struct shared_lock *lock);

/* Returns 0, or -1: another had it until the deadline. */
int shared_lock_enter(struct shared_lock *lock, struct deadline deadline);
void shared_lock_leave(struct shared_lock *lock);

#endif
