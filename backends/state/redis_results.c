/*
 * What comes back from the script. It is network input: nothing is believed that has not the shape
 * that was asked for.
 */
#include "redis_batch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Reads a whole number, or "inf" as INT64_MAX. */
static bool
read_number(const struct redis_reply *reply, int64_t *number_r)
{
    if (reply->kind == REDIS_INTEGER) {
        *number_r = reply->integer;
        return true;
    }
    if (reply->kind != REDIS_TEXT || reply->length == 0 || reply->length > 20)
        return false;
    if (strcmp(reply->text, "inf") == 0) {
        *number_r = INT64_MAX;
        return true;
    }
    const char *digits = reply->text[0] == '-' ? reply->text + 1 : reply->text;
    if (digits[0] == '\0' || strspn(digits, "0123456789") != strlen(digits) ||
        strlen(reply->text) != reply->length)
        return false;
    errno = 0;
    *number_r = strtoll(reply->text, NULL, 10);
    return errno == 0;
}

static bool
read_number_within(const struct redis_reply *reply, int64_t most, int64_t *number_r)
{
    return read_number(reply, number_r) && *number_r >= 0 && *number_r <= most;
}

static bool
read_text(const struct redis_reply *reply, char *text_r, size_t size)
{
    if (reply->kind != REDIS_TEXT || reply->length >= size ||
        memchr(reply->text, '\0', reply->length) != NULL)
        return false;
    memcpy(text_r, reply->text, reply->length + 1);
    return true;
}

/* since, until, offences, maker, reason */
enum { BAN_PARTS = 5 };

static bool
read_ban(struct redis_reply *const *parts, struct store_ban *ban_r)
{
    int64_t offences, maker;
    if (!read_number(parts[0], &ban_r->since_ms) || !read_number(parts[1], &ban_r->until_ms) ||
        !read_number_within(parts[2], UINT32_MAX, &offences) ||
        !read_number_within(parts[3], BAN_BY_HAND, &maker) ||
        !read_text(parts[4], ban_r->reason, sizeof ban_r->reason))
        return false;
    ban_r->offences = (uint32_t)offences;
    ban_r->maker = (enum ban_maker)maker;
    return true;
}

/* {hit, length, ban}, or {0} if there is none */
static bool
read_ban_found(const struct redis_reply *reply, struct store_op *op)
{
    int64_t length;
    if (reply->count == 1)
        return !op->hit && op->action == STORE_FIND_BAN;
    if (reply->count != 2 + BAN_PARTS ||
        !read_number_within(reply->items[1], netaddr_bits(&op->network.addr), &length) ||
        !read_ban(reply->items + 2, &op->ban_r))
        return false;
    op->ban_r.network = netaddr_prefix(&op->network.addr, (unsigned)length);
    return true;
}

/* {0} or {1, value} */
static bool
read_value(const struct redis_reply *reply, struct store_op *op)
{
    if (!op->hit)
        return reply->count == 1;
    const struct redis_reply *value = reply->count == 2 ? reply->items[1] : NULL;
    if (value == NULL || value->kind != REDIS_TEXT || value->length > STORE_VALUE_MAX)
        return false;
    if (op->value_r == NULL)
        return true;
    memcpy(op->value_r->bytes, value->text, value->length);
    op->value_r->length = value->length;
    return true;
}

/* {hit, size, was_there} */
static bool
read_members(const struct redis_reply *reply, struct store_op *op)
{
    int64_t was_there;
    if (reply->count != 3 || !read_number_within(reply->items[1], STORE_MEMBERS_MAX, &op->count) ||
        !read_number_within(reply->items[2], 1, &was_there))
        return false;
    op->was_there = was_there != 0;
    return true;
}

static bool
read_found(const struct redis_reply *reply, struct store_op *op)
{
    switch (op->action) {
    case STORE_GET:
        return read_value(reply, op);
    case STORE_PUT:
    case STORE_REMOVE:
    case STORE_SET_BAN:
        return reply->count == 1;
    case STORE_COUNT:
    case STORE_ADMIT:
        return reply->count == 2 && read_number_within(reply->items[1], INT64_MAX, &op->count);
    case STORE_MARK:
    case STORE_ADMIT_MEMBER:
        return read_members(reply, op);
    case STORE_FIND_BAN:
    case STORE_OFFEND:
        return read_ban_found(reply, op);
    }
    return false;
}

static bool
read_op(const struct redis_reply *reply, struct store_op *op)
{
    int64_t hit;
    if (reply->kind != REDIS_ARRAY)
        return false;
    if (reply->count == 0)
        return true; /* it was not run */
    if (!read_number_within(reply->items[0], 1, &hit))
        return false;
    op->was_run = true;
    op->hit = hit != 0;
    return read_found(reply, op);
}

int
redis_batch_read(const struct redis_reply *reply, struct store_op *ops, size_t count,
                 struct err *err)
{
    bool is_right = reply->kind == REDIS_ARRAY && reply->count == count;
    for (size_t i = 0; i < count && is_right; i++)
        is_right = read_op(reply->items[i], &ops[i]);
    if (is_right)
        return 0;
    err_set(err, "the Redis server's answer is not what the script returns");
    return -1;
}

/* Reads a number of at most 128 and the slash behind it. */
static bool
take_number(const char **text, unsigned *number_r)
{
    char *end;
    if (**text < '0' || **text > '9')
        return false;
    const unsigned long number = strtoul(*text, &end, 10);
    if (*end != '/' || number > 128)
        return false;
    *number_r = (unsigned)number;
    *text = end + 1;
    return true;
}

/* Reads the leading bytes of an address, half ones as well. */
static bool
read_digits(const char *text, size_t count, struct netaddr *address)
{
    static const char hex[] = "0123456789abcdef";
    if (strlen(text) != count)
        return false;
    for (size_t i = 0; i < count; i++) {
        const char *digit = strchr(hex, text[i]);
        if (digit == NULL)
            return false;
        address->bytes[i / 2] |= (uint8_t)((digit - hex) << (i % 2 == 0 ? 4 : 0));
    }
    return true;
}

/* "4/24/c00002": the digits of a network are those that its length needs. */
static bool
read_network(const struct redis_reply *reply, struct netprefix *network_r)
{
    unsigned family, length;
    const char *text = reply->text;
    if (reply->kind != REDIS_TEXT || !take_number(&text, &family) || !take_number(&text, &length) ||
        (family != 4 && family != 6))
        return false;
    struct netaddr address = {.family = family == 4 ? NETADDR_IPV4 : NETADDR_IPV6};
    if (length > netaddr_bits(&address) || !read_digits(text, (length + 3) / 4, &address))
        return false;
    *network_r = netaddr_prefix(&address, length);
    return true;
}

/* {network, hit, length, ban} or {key, value} */
static bool
read_item(const struct redis_reply *reply, enum store_space space, struct store_item *item_r)
{
    *item_r = (struct store_item){0};
    if (reply->kind != REDIS_ARRAY)
        return false;
    if (space == STORE_BANS)
        return reply->count == 3 + BAN_PARTS &&
               read_network(reply->items[0], &item_r->ban.network) &&
               read_ban(reply->items + 3, &item_r->ban);
    if (reply->count != 2 || reply->items[0]->kind != REDIS_TEXT ||
        reply->items[1]->kind != REDIS_TEXT || reply->items[0]->length > STORE_KEY_MAX ||
        reply->items[1]->length > STORE_VALUE_MAX)
        return false;
    item_r->key.length = reply->items[0]->length;
    memcpy(item_r->key.bytes, reply->items[0]->text, item_r->key.length);
    item_r->value = reply->items[1]->text;
    item_r->value_length = reply->items[1]->length;
    return true;
}

/* The page in {{1, {cursor, item, item ...}}}, or NULL. */
static const struct redis_reply *
find_page(const struct redis_reply *reply)
{
    const struct redis_reply *op =
        reply->kind == REDIS_ARRAY && reply->count == 1 ? reply->items[0] : NULL;
    if (op == NULL || op->kind != REDIS_ARRAY || op->count != 2)
        return NULL;
    const struct redis_reply *page = op->items[1];
    return page->kind == REDIS_ARRAY && page->count > 0 ? page : NULL;
}

int
redis_page_read(const struct redis_reply *reply, enum store_space space, store_visit *visit,
                void *context, char cursor_r[REDIS_CURSOR_MAX], struct err *err)
{
    const struct redis_reply *page = find_page(reply);
    bool is_right = page != NULL && read_text(page->items[0], cursor_r, REDIS_CURSOR_MAX);
    for (size_t i = 1; is_right && i < page->count; i++) {
        struct store_item item;
        is_right = read_item(page->items[i], space, &item);
        if (is_right && !visit(context, &item))
            return 0;
    }
    if (is_right)
        return strcmp(cursor_r, "0") == 0 ? 0 : 1;
    err_set(err, "the Redis server's answer is not what the script returns");
    return -1;
}
