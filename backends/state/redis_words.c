/*
 * What goes to the script: its arguments. Bytes of keys and values are borrowed; what has to be
 * written as text goes into one block that is large enough from the start.
 */
#include "redis_batch.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"

enum {
    WORDS_MAX = 16,     /* of an operation, but for the lengths of bans */
    WORD_TEXT_MAX = 24, /* the longest number, terminated */
    OP_TEXT_MAX = WORDS_MAX * WORD_TEXT_MAX + STORE_KEY_MAX + 64,
    FIXED_WORDS = 5,
};

static void
words_init(struct redis_words *words, const struct store_op *ops, size_t count)
{
    size_t lengths = 0;
    for (size_t i = 0; i < count; i++)
        lengths += ops[i].lengths.count;
    words->words = xcalloc(FIXED_WORDS + count * WORDS_MAX + lengths, sizeof words->words[0]);
    words->texts = xmalloc((FIXED_WORDS + lengths) * WORD_TEXT_MAX + count * OP_TEXT_MAX);
    words->count = words->used = 0;
}

void
redis_words_fini(struct redis_words *words)
{
    free(words->words);
    free(words->texts);
    *words = (struct redis_words){0};
}

static void
add_bytes(struct redis_words *words, const void *start, size_t length)
{
    words->words[words->count++] = (struct bytes){length > 0 ? start : "", length};
}

static void
add_text(struct redis_words *words, const char *text)
{
    add_bytes(words, text, strlen(text));
}

/* INT64_MAX and what is not exact as a double is for ever. */
static void
add_number(struct redis_words *words, int64_t number)
{
    char *text = words->texts + words->used;
    const int64_t most = INT64_C(1) << 53;
    if (number < -most)
        number = -most;
    words->used += 1 + (size_t)(number > most ? snprintf(text, WORD_TEXT_MAX, "inf")
                                              : snprintf(text, WORD_TEXT_MAX, "%" PRId64, number));
    add_text(words, text);
}

/* A count or amount: never infinite. */
static void
add_amount(struct redis_words *words, int64_t amount)
{
    const int64_t most = INT64_C(1) << 52;
    add_number(words, amount > most ? most : amount < -most ? -most : amount);
}

static void
add_member(struct redis_words *words, uint64_t member)
{
    char *text = words->texts + words->used;
    words->used += 1 + (size_t)snprintf(text, WORD_TEXT_MAX, "%" PRIu64, member);
    add_text(words, text);
}

static const char *
space_of_records(const struct store_op *op)
{
    static const char *const names[STORE_SPACES] = {
        [STORE_WINDOWS] = "w:", [STORE_KNOWN] = "k:", [STORE_DRAINS] = "d:"};
    return names[op->space] != NULL ? names[op->space] : "r:";
}

static const char *
space_of_counters(const struct store_op *op)
{
    return op->space == STORE_LOGINS ? "l:" : "c:";
}

/* A key, with its space before it; NULL: the script adds that. */
static void
add_key(struct redis_words *words, const struct store_op *op, const char *space)
{
    assert(op->key.length <= STORE_KEY_MAX);
    char *text = words->texts + words->used;
    size_t length = 0;
    if (space != NULL) {
        length = strlen(space);
        memcpy(text, space, length);
    }
    memcpy(text + length, op->key.bytes, op->key.length);
    length += op->key.length;
    words->used += length;
    add_bytes(words, text, length);
}

static void
add_address(struct redis_words *words, const struct netaddr *address)
{
    const size_t size = netaddr_bits(address) / 8;
    char *text = words->texts + words->used;
    for (size_t i = 0; i < size; i++)
        snprintf(text + 2 * i, 3, "%02x", address->bytes[i]);
    words->used += 2 * size + 1;
    add_text(words, address->family == NETADDR_IPV6 ? "6" : "4");
    add_bytes(words, text, 2 * size);
}

/* Family, length and digits. */
static void
add_network(struct redis_words *words, const struct netprefix *network)
{
    add_address(words, &network->addr);
    struct bytes digits = words->words[--words->count];
    add_number(words, network->length);
    add_bytes(words, digits.start, digits.length);
}

static int64_t
memory_of(const struct store_op *op)
{
    return op->lengths.count > 0 ? op->lengths.ms[op->lengths.count - 1] : -1;
}

static const char *
add_remove(struct redis_words *words, const struct store_op *op)
{
    if (op->space == STORE_BANS) {
        add_network(words, &op->network);
        return "lift";
    }
    if (op->space == STORE_LOGINS) {
        add_key(words, op, space_of_counters(op));
        return "drop";
    }
    const bool is_record = op->space != STORE_COUNTERS;
    add_key(words, op, is_record ? space_of_records(op) : NULL);
    return is_record ? "remove" : "forget";
}

static void
add_counter(struct redis_words *words, const struct store_op *op, unsigned other)
{
    add_key(words, op, space_of_counters(op));
    add_amount(words, op->window_ms);
    add_amount(words, op->at_ms);
    add_amount(words, op->amount);
    add_amount(words, op->most);
    add_number(words, other);
}

static void
add_set(struct redis_words *words, const struct store_op *op)
{
    add_key(words, op, NULL);
    add_amount(words, op->window_ms);
    add_amount(words, op->amount);
    add_amount(words, op->most);
    add_member(words, op->member);
    add_number(words, op->hit_if_there);
}

static void
add_offence(struct redis_words *words, const struct store_op *op)
{
    assert(op->lengths.count > 0);
    add_network(words, &op->network);
    add_number(words, op->makers);
    add_number(words, op->ban.maker);
    add_text(words, op->ban.reason);
    for (size_t i = 0; i < op->lengths.count; i++)
        add_number(words, op->lengths.ms[i]);
}

static void
add_ban(struct redis_words *words, const struct store_op *op)
{
    add_network(words, &op->network);
    add_number(words, op->ban.since_ms);
    add_number(words, op->ban.until_ms);
    add_number(words, op->ban.offences);
    add_number(words, op->ban.maker);
    add_number(words, memory_of(op));
    add_text(words, op->ban.reason);
}

/* Adds the arguments of an operation. Returns what the script calls it. */
static const char *
add_arguments(struct redis_words *words, const struct store_op *op)
{
    switch (op->action) {
    case STORE_GET:
        add_key(words, op, space_of_records(op));
        return "get";
    case STORE_PUT:
        assert(op->value_length <= STORE_VALUE_MAX);
        add_key(words, op, space_of_records(op));
        add_bytes(words, op->value, op->value_length);
        add_number(words, op->lifetime_ms);
        return "put";
    case STORE_REMOVE:
        return add_remove(words, op);
    case STORE_COUNT:
        add_counter(words, op, op->take);
        return "count";
    case STORE_ADMIT:
        add_counter(words, op, op->plus);
        return "admit";
    case STORE_MARK:
        add_set(words, op);
        return "mark";
    case STORE_ADMIT_MEMBER:
        add_set(words, op);
        return "admit_member";
    case STORE_FIND_BAN:
        add_address(words, &op->network.addr);
        add_number(words, op->makers);
        return "find";
    case STORE_OFFEND:
        add_offence(words, op);
        return "offend";
    case STORE_SET_BAN:
        add_ban(words, op);
        return "set_ban";
    }
    return "";
}

static void
add_op(struct redis_words *words, const struct store_op *op)
{
    const size_t head = words->count;
    words->count += 2; /* name and number of arguments are known behind them */
    add_number(words, op->if_hit);
    add_number(words, op->unless_hit);
    add_number(words, op->ends);
    const size_t first = words->count;
    const char *name = add_arguments(words, op);
    const size_t end = words->count;
    words->count = head;
    add_text(words, name);
    add_number(words, (int64_t)(end - first));
    words->count = end;
}

static void
add_head(struct redis_words *words, const char *prefix, int64_t now_ms)
{
    words->count = 2; /* the caller's */
    add_text(words, "0");
    add_text(words, prefix);
    add_number(words, now_ms);
}

void
redis_words_of_batch(struct redis_words *words_r, const char *prefix, int64_t now_ms,
                     const struct store_op *ops, size_t count)
{
    words_init(words_r, ops, count);
    add_head(words_r, prefix, now_ms);
    for (size_t i = 0; i < count; i++) {
        assert(ops[i].if_hit <= i && ops[i].unless_hit <= i && ops[i].plus <= i &&
               ops[i].take <= i);
        add_op(words_r, &ops[i]);
    }
}

/* An operation that is none of store.h's; argument may be NULL. */
static void
words_of_other(struct redis_words *words_r, const char *prefix, int64_t now_ms, const char *name,
               const char *argument)
{
    static const struct store_op room = {0};
    words_init(words_r, &room, 1);
    add_head(words_r, prefix, now_ms);
    const char *const op[] = {name, argument != NULL ? "1" : "0", "0", "0", "0"};
    for (size_t i = 0; i < sizeof op / sizeof op[0]; i++)
        add_text(words_r, op[i]);
    if (argument != NULL)
        add_text(words_r, argument);
}

void
redis_words_of_page(struct redis_words *words_r, const char *prefix, int64_t now_ms,
                    enum store_space space, const char *cursor)
{
    static const char *const names[STORE_SPACES] = {[STORE_BANS] = "list_bans",
                                                    [STORE_WINDOWS] = "list_windows",
                                                    [STORE_DRAINS] = "list_drains"};
    words_of_other(words_r, prefix, now_ms, names[space], cursor);
}

void
redis_words_of_sweep(struct redis_words *words_r, const char *prefix, int64_t now_ms)
{
    words_of_other(words_r, prefix, now_ms, "sweep", NULL);
}
