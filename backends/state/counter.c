#include "counter.h"

#include <string.h>

/* How a record begins, so that neither is taken for the other. */
static const uint64_t COUNTER_MARK = 0x746e756f63, SET_MARK = 0x746573;

enum { SLOTS_OF_WINDOW = 8 };

/* No counter of ours gets there; and neither all slots of one nor what is added get further. */
static const int64_t MOST = INT64_C(1) << 52;

/* Takes off the mark; whether it is that one, and what follows are whole pieces. */
static bool
strip(struct bytes *bytes, uint64_t mark, size_t piece, size_t most)
{
    uint64_t found;
    if (bytes->length < sizeof found)
        return false;
    memcpy(&found, bytes->start, sizeof found);
    bytes->start = (const unsigned char *)bytes->start + sizeof found;
    bytes->length -= sizeof found;
    return found == mark && bytes->length % piece == 0 && bytes->length / piece <= most;
}

/* When the slot begins that the time is in; rounded down before 1970 as well. */
static int64_t
slot_of(int64_t time_ms, int64_t slot_ms)
{
    int64_t behind_ms = time_ms % slot_ms;
    return time_ms - behind_ms - (behind_ms < 0 ? slot_ms : 0);
}

void
counter_read(struct counter *counter_r, struct bytes bytes, int64_t window_ms, int64_t now_ms)
{
    int64_t slot_ms = (window_ms + SLOTS_OF_WINDOW - 1) / SLOTS_OF_WINDOW;
    counter_r->slot_ms = slot_ms > 0 ? slot_ms : 1;
    counter_r->oldest_ms = slot_of(now_ms - window_ms, counter_r->slot_ms);
    counter_r->count = 0;
    counter_r->record.mark = COUNTER_MARK;
    if (!strip(&bytes, COUNTER_MARK, sizeof(struct counter_slot), COUNTER_SLOTS))
        return;
    const unsigned char *at = bytes.start;
    for (size_t left = bytes.length; left > 0; left -= sizeof(struct counter_slot)) {
        struct counter_slot slot;
        memcpy(&slot, at, sizeof slot);
        at += sizeof slot;
        if (slot.begins_ms >= counter_r->oldest_ms && slot.begins_ms <= now_ms + window_ms &&
            slot.amount > 0 && slot.amount <= MOST)
            counter_r->record.slots[counter_r->count++] = slot;
    }
}

int64_t
counter_sum(const struct counter *counter)
{
    int64_t sum = 0;
    for (size_t i = 0; i < counter->count; i++)
        sum += counter->record.slots[i].amount;
    return sum;
}

static void
remove_slot(struct counter *counter, size_t i)
{
    struct counter_slot *slots = counter->record.slots;
    memmove(&slots[i], &slots[i + 1], (counter->count - i - 1) * sizeof *slots);
    counter->count--;
}

static void
put_in(struct counter *counter, int64_t amount, int64_t begins_ms)
{
    struct counter_slot *slots = counter->record.slots;
    /* only where the window has changed: what is oldest counts a little longer than it should */
    if (counter->count == COUNTER_SLOTS) {
        slots[1].amount += slots[0].amount;
        remove_slot(counter, 0);
    }
    size_t i = counter->count;
    while (i > 0 && slots[i - 1].begins_ms > begins_ms)
        i--;
    memmove(&slots[i + 1], &slots[i], (counter->count - i) * sizeof *slots);
    slots[i] = (struct counter_slot){.begins_ms = begins_ms, .amount = amount};
    counter->count++;
}

/* Returns what is left of the amount. */
static int64_t
take_from(struct counter *counter, size_t i, int64_t amount)
{
    struct counter_slot *slot = &counter->record.slots[i];
    int64_t part = slot->amount < amount ? slot->amount : amount;
    slot->amount -= part;
    if (slot->amount == 0)
        remove_slot(counter, i);
    return amount - part;
}

void
counter_add(struct counter *counter, int64_t amount, int64_t at_ms, int64_t now_ms)
{
    int64_t begins_ms = slot_of(at_ms != 0 ? at_ms : now_ms, counter->slot_ms);
    if (amount < 0 && at_ms == 0) {
        int64_t left = -amount;
        for (size_t i = counter->count; i > 0 && left > 0; i--)
            left = take_from(counter, i - 1, left);
        return;
    }
    for (size_t i = 0; i < counter->count; i++) {
        if (counter->record.slots[i].begins_ms != begins_ms)
            continue;
        if (amount > 0)
            counter->record.slots[i].amount += amount;
        else
            take_from(counter, i, -amount);
        return;
    }
    if (amount > 0 && begins_ms >= counter->oldest_ms)
        put_in(counter, amount, begins_ms);
}

bool
counter_take(struct counter *counter, const struct counter *other)
{
    bool has_taken = false;
    for (size_t i = 0; i < other->count; i++)
        for (size_t j = 0; j < counter->count; j++)
            if (counter->record.slots[j].begins_ms == other->record.slots[i].begins_ms) {
                take_from(counter, j, other->record.slots[i].amount);
                has_taken = true;
                break;
            }
    return has_taken;
}

struct bytes
counter_bytes(const struct counter *counter)
{
    return (struct bytes){&counter->record, sizeof counter->record.mark +
                                                counter->count * sizeof(struct counter_slot)};
}

int64_t
counter_ends_ms(const struct counter *counter, int64_t window_ms)
{
    if (counter->count == 0)
        return 0;
    return counter->record.slots[counter->count - 1].begins_ms + window_ms + 2 * counter->slot_ms;
}

void
member_set_read(struct member_set *set_r, struct bytes bytes, int64_t window_ms, int64_t now_ms)
{
    set_r->count = 0;
    set_r->record.mark = SET_MARK;
    if (!strip(&bytes, SET_MARK, sizeof(struct member), STORE_MEMBERS_MAX))
        return;
    const unsigned char *at = bytes.start;
    for (size_t left = bytes.length; left > 0; left -= sizeof(struct member)) {
        struct member member;
        memcpy(&member, at, sizeof member);
        at += sizeof member;
        if (member.at_ms > now_ms - window_ms)
            set_r->record.members[set_r->count++] = member;
    }
}

static size_t
find(const struct member_set *set, uint64_t member)
{
    size_t i = 0;
    while (i < set->count && set->record.members[i].member != member)
        i++;
    return i;
}

bool
member_set_has(const struct member_set *set, uint64_t member)
{
    return find(set, member) < set->count;
}

static void
remove_member(struct member_set *set, size_t i)
{
    struct member *members = set->record.members;
    memmove(&members[i], &members[i + 1], (set->count - i - 1) * sizeof *members);
    set->count--;
}

void
member_set_put(struct member_set *set, uint64_t member, int64_t now_ms)
{
    member_set_remove(set, member);
    if (set->count == STORE_MEMBERS_MAX)
        remove_member(set, 0);
    set->record.members[set->count++] = (struct member){.member = member, .at_ms = now_ms};
}

void
member_set_remove(struct member_set *set, uint64_t member)
{
    size_t i = find(set, member);
    if (i < set->count)
        remove_member(set, i);
}

struct bytes
member_set_bytes(const struct member_set *set)
{
    return (struct bytes){&set->record,
                          sizeof set->record.mark + set->count * sizeof(struct member)};
}
