/*
 * lmdb_check: whether a file is one that LMDB can be trusted with.
 *
 * LMDB believes what it reads: a file that lost power in the middle of a sync, or that somebody
 * wrote into, makes it crash or, worse, write over what is in use. So the whole file is walked here
 * before it is opened: every page of every tree and of the list of free ones must be what its
 * parent says, inside the file, and there once. Reads only, never goes round in circles, trusts no
 * number of the file.
 *
 * The format is that of LMDB 0.9 (data version 1) as its mdb.c describes it. Nobody may write
 * meanwhile.
 */
#ifndef MAILREEVE_LMDB_CHECK_H
#define MAILREEVE_LMDB_CHECK_H

#include <stddef.h>

#include "err.h"

enum lmdb_trust { LMDB_CANNOT_TELL = 0, LMDB_WHOLE, LMDB_CORRUPT };

/* LMDB_WHOLE comes with how many bytes from its beginning are in use, the others with err. */
enum lmdb_trust lmdb_check(const char *path, size_t *used_bytes_r, struct err *err);

#endif
