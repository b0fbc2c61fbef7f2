/*
 * shown_set: the addresses that one message shows, each once, in the order they were found.
 *
 * Pure; addresses are copied. Bounded, so that a message cannot make it large: what is found beyond
 * SHOWN_SET_MAX in the headers of one name is not kept.
 */
#ifndef MAILREEVE_SHOWN_SET_H
#define MAILREEVE_SHOWN_SET_H

#include <stdbool.h>
#include <stddef.h>

#include "shown_address.h"

enum { SHOWN_SET_MAX = 1000 };

struct shown_set {
    struct shown_address *addresses;
    size_t count;
    bool overflowed;
};

void shown_set_fini(struct shown_set *set);

/* Adds the address, its domain as it is written in lower case. One that is there may become an
 * author's. */
void shown_set_add(struct shown_set *set, const struct mailbox *mailbox, const char *header,
                   bool is_author);

#endif
