/*
 * network_lists: the lists of networks that the lines of a users file name, each made once.
 *
 * Not thread-safe while lists are made; the lists are immutable. A million users of one office have
 * one list between them. Entries have no line of their own: the line is the user's.
 */
#ifndef MAILREEVE_NETWORK_LISTS_H
#define MAILREEVE_NETWORK_LISTS_H

#include "err.h"
#include "list.h"

struct network_lists;

struct network_lists *network_lists_create(void);     /* never NULL */
void network_lists_free(struct network_lists *lists); /* ends all lists; NULL is allowed */

/* The list of the addresses and prefixes in a text, which spaces separate; the text outlives the
 * lists. Returns NULL with err. */
const struct list *network_lists_take(struct network_lists *lists, const char *text,
                                      struct err *err);

#endif
