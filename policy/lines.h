/*
 * lines: the entries of a file, one a line.
 *
 * Pure. '#' begins a comment at the start of a line or behind white space; white space at both ends
 * and a byte order mark at the beginning are skipped, and so are empty lines.
 */
#ifndef MAILREEVE_LINES_H
#define MAILREEVE_LINES_H

#include <stddef.h>

#include "err.h"
#include "origin.h"

struct lines {
    const char *text; /* borrowed, like file */
    size_t length;
    const char *file;
    int (*add)(void *list, const char *entry, struct origin origin, struct err *err);
    void *list;
    void (*problem)(void *context, struct origin origin, const struct err *err);
    void *context;
};

/* Calls add for each entry, and problem for each that add refuses (-1), has a NUL byte or is longer
 * than LIST_ENTRY_MAX. Returns how many those are. */
size_t lines_add(const struct lines *lines);

#endif
