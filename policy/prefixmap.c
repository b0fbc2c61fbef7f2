#include "prefixmap.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>

#include "alloc.h"

enum { STRIDE = 32 };       /* beginnings per entry of the small table */
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

/* The ranges of one address family. */
struct table {
    struct span *spans; /* until frozen */
    size_t span_count, span_capacity;
    struct key *begins; /* ascending; the first is the lowest address that a prefix holds */
    uint32_t *numbers;  /* for the range that begins there */
    size_t begin_count;
    struct key *fences; /* every STRIDE-th of begins */
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
    free(table->begins);
    free(table->numbers);
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
put_begin(struct table *table, struct key begin, uint32_t number)
{
    size_t count = table->begin_count;
    if (count > 0 && compare(table->begins[count - 1], begin) == 0)
        count--;
    if (count > 0 && table->numbers[count - 1] == number) {
        table->begin_count = count;
        return;
    }
    table->begins[count] = begin;
    table->numbers[count] = number;
    table->begin_count = count + 1;
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
            put_begin(table, last,
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
        put_begin(table, span->first, span->number);
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
    table->begins = xrealloc(NULL, 2 * table->span_count, sizeof *table->begins);
    table->numbers = xrealloc(NULL, 2 * table->span_count, sizeof *table->numbers);
    sweep(table);
    free(table->spans);
    table->spans = NULL;
    table->begins = xrealloc(table->begins, table->begin_count, sizeof *table->begins);
    table->numbers = xrealloc(table->numbers, table->begin_count, sizeof *table->numbers);

    table->fence_count = (table->begin_count + STRIDE - 1) / STRIDE;
    table->fences = xrealloc(NULL, table->fence_count, sizeof *table->fences);
    for (size_t i = 0; i < table->fence_count; i++)
        table->fences[i] = table->begins[i * STRIDE];
}

void
prefixmap_freeze(struct prefixmap *map)
{
    table_freeze(&map->ipv4);
    table_freeze(&map->ipv6);
}

/* How many of the ascending keys are not behind the wanted one. */
static size_t
count_up_to(const struct key *keys, size_t count, struct key wanted)
{
    size_t from = 0;
    while (count > 0) {
        size_t half = count / 2;
        if (compare(keys[from + half], wanted) <= 0) {
            from += half + 1;
            count -= half + 1;
        } else {
            count = half;
        }
    }
    return from;
}

uint32_t
prefixmap_find(const struct prefixmap *map, const struct netaddr *addr)
{
    if (addr->family == NETADDR_NONE)
        return PREFIXMAP_NONE;
    const struct table *table = addr->family == NETADDR_IPV4 ? &map->ipv4 : &map->ipv6;
    struct key wanted = key_of(addr);
    size_t fence = count_up_to(table->fences, table->fence_count, wanted);
    if (fence == 0)
        return PREFIXMAP_NONE;
    size_t block = (fence - 1) * STRIDE;
    size_t left = table->begin_count - block;
    size_t inside = count_up_to(table->begins + block, left < STRIDE ? left : STRIDE, wanted);
    return table->numbers[block + inside - 1];
}
