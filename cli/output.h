/*
 * output: texts of others on the operator's terminal and in JSON.
 *
 * Names, details and problems may hold bytes that a client or a server chose. A control character
 * would speak to the terminal, so none is printed.
 */
#ifndef MAILREEVE_OUTPUT_H
#define MAILREEVE_OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

/* Prints the text with control characters and what is not UTF-8 as \xHH. */
void print_safe(FILE *to, const char *text);

/* Prints the text as a JSON string, quotes included (RFC 8259), as the log escapes it.
 * NULL prints null. */
void print_json(FILE *to, const char *text);

/* Prints `"key": "text"` with a comma before it unless first, which is then cleared. */
void print_json_field(FILE *to, bool *first, const char *key, const char *text);

/* Prints {key, text} each: as the members of a JSON object, or the texts alone as a line with tabs
 * between them. Only JSON has texts that are NULL. */
void print_record(FILE *to, bool json, const char *const (*fields)[2], size_t count);

#endif
