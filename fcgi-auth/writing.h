/*
 * writing: a text in memory that is written as a file.
 *
 * A value of the caller's.
 */
#ifndef MAILREEVE_WRITING_H
#define MAILREEVE_WRITING_H

#include <stdio.h>

struct writing {
    FILE *file;
    char *text;
    size_t length;
};

void writing_begin(struct writing *writing);

/* Returns the text: heap memory. */
char *writing_end(struct writing *writing);

/* Writes the text as a JSON string, quotes included, as the log escapes it; NULL as null. */
void write_json_text(FILE *file, const char *text);

#endif
