/*
 * uses_file: when app passwords were last used, as text: one `USER APP TIME` a line.
 *
 * Not thread-safe; pure. Neither name can hold a space. Names compare without case. A line that
 * makes no sense is passed over: the file is ours, and nobody is let in or kept out by it.
 */
#ifndef MAILREEVE_USES_FILE_H
#define MAILREEVE_USES_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct uses_file;

struct uses_file *uses_file_create(void);    /* never NULL; empty */
void uses_file_free(struct uses_file *uses); /* NULL is allowed */

/* Takes from a text what it says of later uses. */
void uses_file_merge(struct uses_file *uses, const char *text, size_t length);

/* Notes a use, unless a later one is known. */
void uses_file_note(struct uses_file *uses, const char *user, const char *app, int64_t wall_s);

/* Returns when it was last used, or 0: not known. */
int64_t uses_file_last(const struct uses_file *uses, const char *user, const char *app);

/* The text of those uses that is_known knows. Free the result, which has a NUL behind it. */
char *uses_file_format(const struct uses_file *uses,
                       bool (*is_known)(const void *context, const char *user, const char *app),
                       const void *context, size_t *length_r);

#endif
