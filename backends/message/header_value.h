/*
 * header_value: a header's value as it stands in the message, made one line of text.
 *
 * Pure. RFC 5322 2.2.3: a line end before white space is folding and goes. What no header may hold
 * (NUL, bare CR or LF, control characters, bytes that are not UTF-8) is a fault; it is then left
 * out or replaced, as readers' programs do.
 */
#ifndef MAILREEVE_HEADER_VALUE_H
#define MAILREEVE_HEADER_VALUE_H

#include <stddef.h>

/* The unfolded text, valid UTF-8 without control characters but TAB; the caller frees it. *fault_r
 * is a constant text, or NULL. */
char *header_value_unfold(const char *value, size_t length, const char **fault_r);

#endif
