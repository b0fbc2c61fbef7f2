/*
 * outline_file: the texts behind an outline: each file is read once, whole, and refused if it is
 * no text.
 */
#ifndef MAILREEVE_OUTLINE_FILE_H
#define MAILREEVE_OUTLINE_FILE_H

#include "outline.h"

struct outline_file {
    char *name;
    char *text;
    size_t length;
};

/* Reads a file and keeps it with the outline. from is where it is included, or nowhere. Returns its
 * index, or -1 if it cannot be used; problems tells. */
int outline_file_open(struct outline *outline, const char *path, struct origin from,
                      struct problems *problems);

/* The same with bytes that have been read already; they are copied. */
int outline_file_add(struct outline *outline, const char *path, const char *text, size_t length,
                     struct problems *problems);

#endif
