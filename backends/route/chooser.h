/*
 * chooser: which member of an upstream is next.
 *
 * Not thread-safe; knows no clock and asks nobody. Members are servers. Only those of the lowest
 * level with a usable member are chosen among (backups and the later priorities of SRV records have
 * higher levels). A choice costs the same, within a logarithm, for ten members as for a thousand.
 *
 * round-robin: each in turn by weight, spread as evenly as can be: over as many turns as the sum of
 * the weights each is chosen exactly as often as its weight says, and one that comes back gets no
 * pile of turns. least-recent: the one that was chosen longest ago; weights do not matter. hash: by
 * weighted rendezvous of the key and the members' names (Thaler and Ravishankar 1998), so that a
 * member that goes or comes moves its own share only, and all nodes that have the same members
 * choose alike. first: the first usable one in the order of the configuration.
 *
 * Slow start: a member that came back at warms_from_ms has a share that grows from a tenth to all
 * of its weight over slow_start_ms; with hash each user moves to it at most once; with first it
 * does not matter, nor where no other member is usable.
 */
#ifndef MAILREEVE_CHOOSER_H
#define MAILREEVE_CHOOSER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum balance { BALANCE_ROUND_ROBIN = 0, BALANCE_LEAST_RECENT, BALANCE_HASH, BALANCE_FIRST };

struct chooser_member {
    uint64_t key;    /* chooser_key of its name */
    uint32_t weight; /* 1 or more, relative to the others' */
    uint32_t level;
    bool is_usable;
    int64_t warms_from_ms; /* 0: it is warm */
};

struct chooser;

/* Never NULL. slow_start_ms 0: none. */
struct chooser *chooser_create(enum balance balance, int64_t slow_start_ms);
void chooser_free(struct chooser *chooser); /* NULL is allowed */

/* The members from now on; copied. What has been chosen so far is kept by key. Costs a pass over
 * the members and their sorting. */
void chooser_set(struct chooser *chooser, const struct chooser_member *members, size_t count);

/* The index of the chosen member, or -1: none is usable. user is chooser_key of the user, for hash.
 */
int chooser_next(struct chooser *chooser, uint64_t user, int64_t now_ms);

/* Tells the chooser that a session went to a member by other means (the account's mail host). */
void chooser_note(struct chooser *chooser, int index);

/* How much of its share a member gets at now_ms, in percent. */
unsigned chooser_warmth(const struct chooser *chooser, int index, int64_t now_ms);

/* A digest of a name, the same on all machines; names that differ in case only have the same. */
uint64_t chooser_key(const char *name);

#endif
