/*
 * file: whole files, read and replaced safely.
 *
 * Thread-safe. Texts are heap copies of the caller's, with a NUL behind the last byte.
 */
#ifndef MAILREEVE_FILE_H
#define MAILREEVE_FILE_H

#include <stddef.h>
#include <sys/types.h>

#include "err.h"
#include "secret.h"

/* Reads a regular file of at most max_bytes. Returns the text (free it) and its length, or NULL
 * with err. */
char *file_read(const char *path, size_t max_bytes, size_t *length_r, struct err *err);

/* The same for a file whose name somebody may have given to another's file: a symbolic link in the
 * last place of the path is refused. */
char *file_read_no_link(const char *path, size_t max_bytes, size_t *length_r, struct err *err);

/* Reads a secret from the first line of a file. A file that others than its owner and group may
 * read or anyone but its owner may write is refused, with the chmod that mends it. Returns 0, or -1
 * with err. */
int file_read_secret(const char *path, struct secret *secret_r, struct err *err);

/* The same for a secret that is a whole file of at most max_bytes, as a key is. */
int file_read_whole_secret(const char *path, size_t max_bytes, struct secret *secret_r,
                           struct err *err);

/* Replaces a file by one with these bytes: written beside it, synced, renamed over it, with the old
 * one's mode and owner (or mode_if_new). Readers see the old or the new one, never half of it.
 * Returns 0, or -1 with err. */
int file_replace(const char *path, const char *bytes, size_t length, mode_t mode_if_new,
                 struct err *err);

/* Takes an exclusive advisory lock for editing path (on "path.lock", created beside it), waiting at
 * most wait_ms. Returns a descriptor to close, or -1 with err. */
int file_lock(const char *path, int wait_ms, struct err *err);

/* Joins a name to the directory of the file base, unless the name is absolute. Free the result. */
char *file_beside(const char *base, const char *name);

#endif
