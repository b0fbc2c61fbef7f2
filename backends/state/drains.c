#include "drains.h"

#include <string.h>

#include "ascii.h"
#include "key.h"

/*
 * A record is a version, since and until (little-endian: hosts of a cluster may differ), and
 * upstream, server and reason, each with a NUL. The names are in it because a list gives keys that
 * nobody reads back.
 */
enum { VERSION = 1, TIME_BYTES = 8, RECORD_MAX = 1 + 2 * TIME_BYTES + sizeof(struct drain) };

struct record {
    unsigned char bytes[RECORD_MAX];
    size_t length;
};

/* Returns 0, or -1 with err: it is no name of a drain's. */
static int
check_name(const char *what, const char *name, struct err *err)
{
    const size_t length = strnlen(name, DRAIN_NAME_MAX + 1);
    if (length > 0 && length <= DRAIN_NAME_MAX)
        return 0;
    if (length == 0)
        err_set(err, "the name of the %s is empty", what);
    else
        err_set(err, "the name of the %s has more than %d bytes", what, DRAIN_NAME_MAX);
    return -1;
}

static int
check_names(const char *upstream, const char *server, struct err *err)
{
    if (check_name("upstream", upstream, err) != 0)
        return -1;
    return check_name("server", server, err);
}

/* Of names that were checked. */
static struct store_key
key_of(const char *upstream, const char *server)
{
    char names[2][DRAIN_NAME_MAX + 1];
    ascii_lower_copy(names[0], upstream, strlen(upstream));
    ascii_lower_copy(names[1], server, strlen(server));
    const struct bytes parts[] = {key_text(names[0]), key_text(names[1])};
    return key_make('d', parts, 2);
}

static void
put_time(struct record *record, int64_t time_ms)
{
    for (unsigned i = 0; i < TIME_BYTES; i++)
        record->bytes[record->length++] = (unsigned char)((uint64_t)time_ms >> 8 * i);
}

static void
put_text(struct record *record, const char *text, size_t length)
{
    memcpy(record->bytes + record->length, text, length);
    record->length += length;
    record->bytes[record->length++] = '\0';
}

static void
put_name(struct record *record, const char *name)
{
    char lower[DRAIN_NAME_MAX + 1];
    const size_t length = strlen(name);
    ascii_lower_copy(lower, name, length);
    put_text(record, lower, length);
}

static void
write_record(const struct drain *drain, struct record *record_r)
{
    record_r->bytes[0] = VERSION;
    record_r->length = 1;
    put_time(record_r, drain->since_ms);
    put_time(record_r, drain->until_ms);
    put_name(record_r, drain->upstream);
    put_name(record_r, drain->server);
    put_text(record_r, drain->reason, strnlen(drain->reason, sizeof drain->reason - 1));
}

/* What has not been read yet of a record that may make no sense. */
struct reader {
    const unsigned char *bytes;
    size_t left;
    bool is_bad;
};

static int64_t
take_time(struct reader *reader)
{
    uint64_t time_ms = 0;
    if (reader->left < TIME_BYTES) {
        reader->is_bad = true;
        return 0;
    }
    for (unsigned i = TIME_BYTES; i-- > 0;)
        time_ms = time_ms << 8 | reader->bytes[i];
    reader->bytes += TIME_BYTES;
    reader->left -= TIME_BYTES;
    return (int64_t)time_ms;
}

static void
take_text(struct reader *reader, size_t least, char *text_r, size_t size)
{
    const size_t length = strnlen((const char *)reader->bytes, reader->left);
    reader->is_bad |= length == reader->left || length < least || length >= size;
    if (reader->is_bad)
        return;
    memcpy(text_r, reader->bytes, length + 1);
    reader->bytes += length + 1;
    reader->left -= length + 1;
}

static bool
read_record(const void *value, size_t length, struct drain *drain_r)
{
    struct reader reader = {.bytes = value, .left = length};
    if (length == 0 || reader.bytes[0] != VERSION)
        return false;
    reader.bytes++;
    reader.left--;
    drain_r->since_ms = take_time(&reader);
    drain_r->until_ms = take_time(&reader);
    take_text(&reader, 1, drain_r->upstream, sizeof drain_r->upstream);
    take_text(&reader, 1, drain_r->server, sizeof drain_r->server);
    take_text(&reader, 0, drain_r->reason, sizeof drain_r->reason);
    return !reader.is_bad && reader.left == 0;
}

/* How long the store keeps it; what is over already is removed. */
static int64_t
lifetime_of(const struct drain *drain, int64_t now_ms)
{
    if (drain->until_ms == INT64_MAX)
        return INT64_MAX;
    return drain->until_ms > now_ms ? drain->until_ms - now_ms : 0;
}

int
drains_set(struct store *store, const struct drain *drain, int64_t now_ms, struct deadline deadline,
           struct err *err)
{
    struct record record;
    if (check_names(drain->upstream, drain->server, err) != 0)
        return -1;
    write_record(drain, &record);
    struct store_op op = {
        .action = STORE_PUT,
        .space = STORE_DRAINS,
        .key = key_of(drain->upstream, drain->server),
        .value = record.bytes,
        .value_length = record.length,
        .lifetime_ms = lifetime_of(drain, now_ms),
    };
    if (store_run(store, &op, 1, now_ms, deadline, err) != 0)
        return -1;
    if (op.hit)
        return 0;
    err_set(err, "the store has no room for another drain (a larger size in the section state)");
    return -1;
}

int
drains_clear(struct store *store, const char *upstream, const char *server, int64_t now_ms,
             struct deadline deadline, bool *was_there_r, struct err *err)
{
    *was_there_r = false;
    if (check_names(upstream, server, err) != 0)
        return -1;
    struct store_op op = {
        .action = STORE_REMOVE, .space = STORE_DRAINS, .key = key_of(upstream, server)};
    int result = store_run(store, &op, 1, now_ms, deadline, err);
    *was_there_r = result == 0 && op.hit;
    return result;
}

struct listing {
    drains_visit *visit;
    void *context;
    int64_t now_ms;
};

static bool
visit_item(void *context, const struct store_item *item)
{
    const struct listing *listing = context;
    struct drain drain;
    if (!read_record(item->value, item->value_length, &drain) || drain.until_ms <= listing->now_ms)
        return true;
    return listing->visit(listing->context, &drain);
}

int
drains_list(struct store *store, int64_t now_ms, struct deadline deadline, drains_visit *visit,
            void *context, struct err *err)
{
    struct listing listing = {visit, context, now_ms};
    return store_list(store, STORE_DRAINS, now_ms, deadline, visit_item, &listing, err);
}
