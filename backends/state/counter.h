/*
 * counter: sums over a window of time, and sets of what was seen in it, as bytes of a record.
 *
 * Pure. A sum is kept in slots of an eighth of the window, so that nine of them (and some in the
 * future, of hosts whose clocks are ahead) hold it however often is counted: what was added is
 * forgotten with its slot, an eighth of the window late at the most. A set keeps when each member
 * was put in last. Bytes that are neither are an empty one.
 */
#ifndef MAILREEVE_COUNTER_H
#define MAILREEVE_COUNTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "digest.h"
#include "store.h"

enum { COUNTER_SLOTS = 12 };

struct counter {
    int64_t slot_ms, oldest_ms; /* slots that begin before that do not count any more */
    size_t count;
    struct {
        uint64_t mark;
        struct counter_slot {
            int64_t begins_ms, amount;
        } slots[COUNTER_SLOTS]; /* the oldest first */
    } record;
};

void counter_read(struct counter *counter_r, struct bytes bytes, int64_t window_ms, int64_t now_ms);
int64_t counter_sum(const struct counter *counter);

/* at_ms 0 is now. A negative amount is taken from what was added at that time; with 0 from what was
 * added last, then from what was before it; never more than is there. */
void counter_add(struct counter *counter, int64_t amount, int64_t at_ms, int64_t now_ms);

/* Takes what another counter of the same window holds off, each amount at its time. Returns whether
 * there was anything to take. */
bool counter_take(struct counter *counter, const struct counter *other);

/* The bytes to write; when they say nothing any more. */
struct bytes counter_bytes(const struct counter *counter);
int64_t counter_ends_ms(const struct counter *counter, int64_t window_ms);

struct member_set {
    size_t count;
    struct {
        uint64_t mark;
        struct member {
            uint64_t member;
            int64_t at_ms;
        } members[STORE_MEMBERS_MAX]; /* who was put in longest ago first */
    } record;
};

/* Members of the last window_ms. */
void member_set_read(struct member_set *set_r, struct bytes bytes, int64_t window_ms,
                     int64_t now_ms);
bool member_set_has(const struct member_set *set, uint64_t member);
void member_set_put(struct member_set *set, uint64_t member, int64_t now_ms);
void member_set_remove(struct member_set *set, uint64_t member);
struct bytes member_set_bytes(const struct member_set *set);

#endif
