/*
 * values: one setting's text as the value that its row describes, and back.
 *
 * Pure. Strings are borrowed: they live in the outline, which the conf keeps.
 */
#ifndef MAILREEVE_VALUES_H
#define MAILREEVE_VALUES_H

#include <stdio.h>

#include "conf.h"

/* Reads one value into the struct at values: the whole of a simple row; of ROW_CHOICES one more
 * choice; of ROW_STRINGS nothing, the text is only checked. Returns 0, or -1 with err, which says
 * what would be right. */
int value_parse(struct conf *conf, const struct row *row, const char *text, void *values,
                struct err *err);

/* Whether the row takes a brace list. */
bool value_is_list(const struct row *row);

/* Sets the values of all rows to their presets. */
void value_presets(struct conf *conf, const struct section_type *type, void *values);

/* Whether there is a value to print. */
bool value_is_present(const struct row *row, const void *values);

/* Writes the value as it would stand behind the equals sign. */
void value_print(const struct row *row, const void *values, FILE *to);

/* Writes the text in double quotes, escaped so that it reads back as it is. */
void value_print_quoted(const char *text, FILE *to);

#endif
