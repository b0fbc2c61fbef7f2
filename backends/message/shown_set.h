/*
 * shown_set: the addresses that one message shows, each once, in the order they were found.
 *
 * Pure; addresses are copied. Bounded, so that a message cannot make it large: what is found beyond
 * SHOWN_SET_MAX (or SHOWN_SET_CONVERTED_MAX) in the headers of one name is not kept. One is found
 * in the same time among thousands as among ten.
 */
#ifndef MAILREEVE_SHOWN_SET_H
#define MAILREEVE_SHOWN_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shown_address.h"

enum {
    SHOWN_SET_MAX = 1000,
    SHOWN_SET_CHAINS = 1024,
    /* Bytes of domains with letters outside of ASCII, each as often as its address is added under
     * one name: to find what DNS has for them costs more than everything else together. */
    SHOWN_SET_CONVERTED_MAX = 40000,
};

/* Zeros: empty. */
struct shown_set {
    struct shown_address *addresses;
    size_t count;
    uint32_t *next;                    /* of the address in its chain: index + 1; 0: none */
    uint32_t chains[SHOWN_SET_CHAINS]; /* the first of each, by hash */
    uint64_t key[2];                   /* of the hash */
};

/* The headers of one name. */
struct shown_header {
    const char *name;    /* not copied */
    size_t count;        /* its addresses in the set */
    size_t converted;    /* bytes */
    bool overflowed;     /* there were more */
    bool misses_authors; /* there were an author's among them */
};

void shown_set_fini(struct shown_set *set);

/* Adds the address, its domain as it is written in lower case. One that is there may become an
 * author's. */
void shown_set_add(struct shown_set *set, const struct mailbox *mailbox,
                   struct shown_header *header, bool is_author);

#endif
