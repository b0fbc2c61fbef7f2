/*
 * outline_reader: one file of an outline under way; shared by outline.c (files) and statements.c
 * (what stands in them).
 */
#ifndef MAILREEVE_OUTLINE_READER_H
#define MAILREEVE_OUTLINE_READER_H

#include "lexer.h"
#include "outline.h"

struct outline_reader {
    struct outline *outline;
    struct problems *problems;
    struct lexer lexer;
    const char *file;                   /* its name */
    char *real_path;                    /* to notice an inclusion of itself; NULL: not known */
    const struct outline_reader *outer; /* who includes it, or NULL */
    unsigned depth;                     /* of inclusion */
    size_t section;                     /* that we are in */
    size_t floor;                       /* that the file began in */
};

/* Reads all statements of the file that the reader is in. */
void outline_read_statements(struct outline_reader *reader);

/* Reads a file that is included at from. outer is NULL for the first file of all. */
void outline_read_file(struct outline *outline, const char *path, struct origin from,
                       const struct outline_reader *outer, struct problems *problems);

#endif
