#include "windows.h"

#include <string.h>

#include "key.h"

/*
 * A record is a version, flags, family and bytes of the address, when it was opened (little-endian:
 * hosts of a cluster may differ), and the two names, each with a NUL. The address is in it because
 * a list gives keys that nobody reads back.
 */
enum { VERSION = 1, MATCHING_SENDER = 1, ADDRESS_BYTES = 16, TIME_BYTES = 8 };

/* So far clocks of a cluster may be apart. */
enum { AHEAD_MS = 60 * 1000 };

static struct store_key
key_of(const struct netaddr *client)
{
    unsigned char buffer[KEY_NETWORK_BYTES];
    const struct netprefix address = netaddr_prefix(client, netaddr_bits(client));
    const struct bytes part = key_network(&address, buffer);
    return key_make('w', &part, 1);
}

static void
put(struct window_record *record, const void *bytes, size_t length)
{
    memcpy(record->bytes + record->length, bytes, length);
    record->length += length;
}

static void
write_record(const struct window *window, struct window_record *record_r)
{
    const unsigned char head[] = {VERSION, window->matching_sender ? MATCHING_SENDER : 0,
                                  (unsigned char)window->client.family};
    unsigned char opened[TIME_BYTES];
    for (unsigned i = 0; i < TIME_BYTES; i++)
        opened[i] = (unsigned char)((uint64_t)window->opened_ms >> 8 * i);
    record_r->length = 0;
    put(record_r, head, sizeof head);
    put(record_r, window->client.bytes, ADDRESS_BYTES);
    put(record_r, opened, sizeof opened);
    put(record_r, window->name, strlen(window->name) + 1);
    put(record_r, window->login, strlen(window->login) + 1);
}

/* What has not been read yet of a record that may make no sense. */
struct reader {
    const unsigned char *bytes;
    size_t left;
    bool is_bad;
};

static void
take(struct reader *reader, void *bytes_r, size_t length)
{
    if (reader->left < length) {
        reader->is_bad = true;
        return;
    }
    memcpy(bytes_r, reader->bytes, length);
    reader->bytes += length;
    reader->left -= length;
}

static void
take_name(struct reader *reader, char name_r[USERNAME_MAX + 1])
{
    const size_t length = strnlen((const char *)reader->bytes, reader->left);
    reader->is_bad |= length == 0 || length == reader->left || length > USERNAME_MAX;
    if (!reader->is_bad)
        take(reader, name_r, length + 1);
}

static bool
read_record(const void *value, size_t length, struct window *window_r)
{
    struct reader reader = {value, length, false};
    unsigned char head[3] = {0}, opened[TIME_BYTES] = {0};
    *window_r = (struct window){0};
    take(&reader, head, sizeof head);
    take(&reader, window_r->client.bytes, ADDRESS_BYTES);
    take(&reader, opened, sizeof opened);
    if (reader.is_bad || head[0] != VERSION || (head[2] != NETADDR_IPV4 && head[2] != NETADDR_IPV6))
        return false;
    window_r->matching_sender = (head[1] & MATCHING_SENDER) != 0;
    window_r->client.family = (enum netaddr_family)head[2];
    uint64_t opened_ms = 0;
    for (unsigned i = TIME_BYTES; i-- > 0;)
        opened_ms = opened_ms << 8 | opened[i];
    window_r->opened_ms = (int64_t)opened_ms;
    take_name(&reader, window_r->name);
    take_name(&reader, window_r->login);
    return !reader.is_bad && reader.left == 0;
}

bool
window_op_put(const struct window *window, int64_t lifetime_ms, struct window_record *record_r,
              struct store_op *op_r)
{
    if (window->client.family == NETADDR_NONE || window->name[0] == '\0' ||
        window->login[0] == '\0')
        return false;
    write_record(window, record_r);
    *op_r = (struct store_op){
        .action = STORE_PUT,
        .space = STORE_WINDOWS,
        .key = key_of(&window->client),
        .value = record_r->bytes,
        .value_length = record_r->length,
        .lifetime_ms = lifetime_ms,
    };
    return true;
}

bool
window_op_get(const struct netaddr *client, struct store_value *value_r, struct store_op *op_r)
{
    if (client->family == NETADDR_NONE)
        return false;
    *op_r = (struct store_op){
        .action = STORE_GET, .space = STORE_WINDOWS, .key = key_of(client), .value_r = value_r};
    return true;
}

bool
window_read(const struct store_op *op, const struct netaddr *client, int64_t age_ms, int64_t now_ms,
            struct window *window_r)
{
    return op->was_run && op->hit &&
           read_record(op->value_r->bytes, op->value_r->length, window_r) &&
           netaddr_equal(&window_r->client, client) && window_r->opened_ms - now_ms <= AHEAD_MS &&
           now_ms - window_r->opened_ms < age_ms;
}

int
windows_open(struct store *store, const struct window *window, int64_t lifetime_ms, int64_t now_ms,
             struct deadline deadline, struct err *err)
{
    struct window_record record;
    struct store_op op;
    if (!window_op_put(window, lifetime_ms, &record, &op)) {
        err_set(err, "a relay window needs an address and a user");
        return -1;
    }
    return store_run(store, &op, 1, now_ms, deadline, err);
}

struct listing {
    windows_visit *visit;
    void *context;
};

static bool
visit_item(void *context, const struct store_item *item)
{
    const struct listing *listing = context;
    struct window window;
    if (!read_record(item->value, item->value_length, &window))
        return true;
    return listing->visit(listing->context, &window);
}

int
windows_list(struct store *store, int64_t now_ms, struct deadline deadline, windows_visit *visit,
             void *context, struct err *err)
{
    struct listing listing = {visit, context};
    return store_list(store, STORE_WINDOWS, now_ms, deadline, visit_item, &listing, err);
}
