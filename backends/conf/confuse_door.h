/*
 * confuse_door: libConfuse turns the statements of an outline into values. Its door is confuse.c
 * (this header has a name of its own because confuse.h is the library's).
 *
 * libConfuse gets the statements that the section types know, without comments and includes, as one
 * text that it has no reason to complain about; what it hands back is what is used. Its lexer is
 * global state, so reads wait for each other.
 */
#ifndef MAILREEVE_CONFUSE_DOOR_H
#define MAILREEVE_CONFUSE_DOOR_H

#include "outline.h"

/* Sets the text of all values that are not dropped or malformed. top describes the file; nodes
 * whose setting or section it does not have are dropped already. */
void confuse_read(struct outline *outline, const struct section_type *top,
                  struct problems *problems);

#endif
