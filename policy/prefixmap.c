#include "prefixmap.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>

#include "alloc.h"

enum { STRIDE = 32 };       /* ranges per fence */
enum { MOST_NESTED = 129 }; /* lengths 0 to 128 */

/* An address as a number: IPv6 in 128 bits, IPv4 in the low 32. */
struct key {
    uint64_t high, low;
};

/* A prefix as it was added: its first and its last address. */
struct span {
    struct key first, last;
    uint32_t number;
    uint32_t order; /* of adding */
};

/* Addresses from begin up to the next range's have this longest prefix. */
struct range {
    struct key begin;
    uint32_t number; /* or PREFIXMAP_NONE */
};

/* All that is known about one address family. */
struct table {
    struct span *spans; /* until frozen */
    size_t span_count, span_capacity;
    struct range *ranges; /* ascending */
    size_t range_count;
    struct key *fences; /* where every STRIDE-th of ranges begins */
    size_t fence_count;
};

struct prefixmap {
    struct table ipv4, ipv6;
};

static int
compare(struct key a, struct key b)
{
    if (a.high != b.high)
        return a.high < b.high ? -1 : 1;
    return a.low < b.low ? -1 : a.low > b.low;
}

static struct key
key_of(const struct netaddr *addr)
{
    struct key key = {0};
    unsigned bytes = netaddr_bits(addr) / 8;
    for (unsigned i = 0; i < bytes; i++) {
        key.high = key.high << 8 | key.low >> 56;
        key.low = key.low << 8 | addr->bytes[i];
    }
    return key;
}

/* The last address of a prefix that leaves so many bits open. */
static struct key
last_of(struct key first, unsigned open_bits)
{
    if (open_bits >= 64) {
        first.low = UINT64_MAX;
        first.high |= open_bits == 128 ? UINT64_MAX : (UINT64_C(1) << (open_bits - 64)) - 1;
    } else {
        first.low |= (UINT64_C(1) << open_bits) - 1;
    }
    return first;
}

/* Sets key to the next address. Returns false if it was the very last of 128 bits. For IPv4 the
 * address behind 255.255.255.255 is one that nobody asks for, which does no harm. */
static bool
advance(struct key *key)
{
    if (++key->low == 0)
        return ++key->high != 0;
    return true;
}

struct prefixmap *
prefixmap_create(void)
{
    return xcalloc(1, sizeof(struct prefixmap));
}

static void
table_fini(struct table *table)
{
    free(table->spans);
    free(table->ranges);
    free(table->fences);
}

void
prefixmap_free(struct prefixmap *map)
{
    if (map == NULL)
        return;
    table_fini(&map->ipv4);
    table_fini(&map->ipv6);
    free(map);
}

void
prefixmap_add(struct prefixmap *map, const struct netprefix *prefix, uint32_t number)
{
    assert(prefix->addr.family != NETADDR_NONE && number != PREFIXMAP_NONE);
    struct table *table = prefix->addr.family == NETADDR_IPV4 ? &map->ipv4 : &map->ipv6;
    if (table->span_count == table->span_capacity) {
        table->span_capacity = table->span_capacity > 0 ? table->span_capacity * 2 : 8;
        table->spans = xrealloc(table->spans, table->span_capacity, sizeof *table->spans);
    }
    struct key first = key_of(&prefix->addr);
    table->spans[table->span_count] = (struct span){
        .first = first,
        .last = last_of(first, netaddr_bits(&prefix->addr) - prefix->length),
        .number = number,
        .order = (uint32_t)table->span_count,
    };
    table->span_count++;
}

/* By the first address; of those with the same, the wider one first; of equal ones, in the order of
 * adding. So every span comes behind those that hold it. */
static int
compare_spans(const void *left, const void *right)
{
    const struct span *a = left;
    const struct span *b = right;
    int by_first = compare(a->first, b->first);
    if (by_first != 0)
        return by_first;
    int by_last = compare(b->last, a->last);
    if (by_last != 0)
        return by_last;
    return a->order < b->order ? -1 : 1;
}

/* Begins a range; one that would begin at the same place is replaced. */
static void
put_range(struct table *table, struct key begin, uint32_t number)
{
    size_t count = table->range_count;
    if (count > 0 && compare(table->ranges[count - 1].begin, begin) == 0)
        count--;
    if (count == 0 || table->ranges[count - 1].number != number)
        table->ranges[count++] = (struct range){.begin = begin, .number = number};
    table->range_count = count;
}

/* The spans that are open at the place where the sweep is, the widest first. */
struct open_spans {
    const struct span *items[MOST_NESTED];
    size_t count;
};

/* Closes what ends before the place (NULL: everything); the range behind it belongs to what is
 * still open around it. */
static void
close_spans(struct table *table, struct open_spans *open, const struct key *before)
{
    while (open->count > 0) {
        struct key last = open->items[open->count - 1]->last;
        if (before != NULL && compare(last, *before) >= 0)
            return;
        open->count--;
        if (advance(&last))
            put_range(table, last,
                      open->count > 0 ? open->items[open->count - 1]->number : PREFIXMAP_NONE);
    }
}

static void
sweep(struct table *table)
{
    struct open_spans open = {.count = 0};
    for (size_t i = 0; i < table->span_count; i++) {
        const struct span *span = &table->spans[i];
        close_spans(table, &open, &span->first);
        bool repeated = open.count > 0 &&
                        compare(open.items[open.count - 1]->first, span->first) == 0 &&
                        compare(open.items[open.count - 1]->last, span->last) == 0;
        if (repeated)
            continue;
        put_range(table, span->first, span->number);
        open.items[open.count++] = span;
    }
    close_spans(table, &open, NULL);
}

static void
table_freeze(struct table *table)
{
    if (table->span_count == 0)
        return;
    qsort(table->spans, table->span_count, sizeof *table->spans, compare_spans);
    table->ranges = xrealloc(NULL, 2 * table->span_count, sizeof *table->ranges);
    sweep(table);
    free(table->spans);
    table->spans = NULL;
    table->ranges = xrealloc(table->ranges, table->range_count, sizeof *table->ranges);

    table->fence_count = (table->range_count + STRIDE - 1) / STRIDE;
    table->fences = xrealloc(NULL, table->fence_count, sizeof *table->fences);
    for (size_t i = 0; i < table->fence_count; i++)
        table->fences[i] = table->ranges[i * STRIDE].begin;
}

void
prefixmap_freeze(struct prefixmap *map)
{
    table_freeze(&map->ipv4);
    table_freeze(&map->ipv6);
}

/* The comparison of every look-up, without jumps that a processor could only guess. */
static bool
is_up_to(const struct key *key, struct key wanted)
{
    bool same_high = key->high == wanted.high;
    return (int)(key->high < wanted.high) | ((int)same_high & (int)(key->low <= wanted.low));
}

/* The last of the ascending fences that is not behind the wanted key. fences[0] is not. */
static size_t
find_fence(const struct table *table, struct key wanted)
{
    size_t from = 0;
    for (size_t count = table->fence_count; count > 1; count -= count / 2)
        from += is_up_to(&table->fences[from + count / 2], wanted) ? count / 2 : 0;
    return from;
}

/* Likewise among ranges, from a first one on that is not behind it. */
static const struct range *
find_range(const struct range *ranges, size_t count, struct key wanted)
{
    for (; count > 1; count -= count / 2)
        ranges += is_up_to(&ranges[count / 2].begin, wanted) ? count / 2 : 0;
    return ranges;
}

uint32_t
prefixmap_find(const struct prefixmap *map, const struct netaddr *addr)
{
    if (addr->family == NETADDR_NONE)
        return PREFIXMAP_NONE;
    const struct table *table = addr->family == NETADDR_IPV4 ? &map->ipv4 : &map->ipv6;
    struct key wanted = key_of(addr);
    if (table->fence_count == 0 || !is_up_to(&table->fences[0], wanted))
        return PREFIXMAP_NONE;
    size_t block = find_fence(table, wanted) * STRIDE;
    size_t left = table->range_count - block;
    const struct range *ranges = table->ranges + block;
    size_t count = left < STRIDE ? left : STRIDE;
    /* The search would wait for memory at each of its steps; this waits for all of them at once. */
    for (size_t i = 0; i < count; i += 2)
        __builtin_prefetch(&ranges[i]);
    return find_range(ranges, count, wanted)->number;
}
