/*
 * lmdb_aside: moving a corrupt file out of the way.
 */
#ifndef MAILREEVE_LMDB_ASIDE_H
#define MAILREEVE_LMDB_ASIDE_H

#include "err.h"

/* Renames path to path.corrupt-TIME, removes earlier ones of that kind (each is as large as the
 * store), and logs the reason. Returns 0 or -1. */
int lmdb_move_aside(const char *path, const char *reason, struct err *err);

#endif
