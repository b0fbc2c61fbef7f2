#include "lmdb_list.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "lmdb_bans.h"

enum { LIST_AT_ONCE = 128 };

/* One piece of a list: copies, because whoever is shown them may take his time. */
struct piece {
    enum store_space space;
    int64_t now_ms;
    unsigned which;        /* the table of the space */
    struct store_key from; /* where the next piece begins; empty: at the beginning */
    bool is_last;
    size_t count;
    struct store_item items[LIST_AT_ONCE];
    unsigned char values[LIST_AT_ONCE][STORE_VALUE_MAX];
};

static bool
take_ban(const struct lmdb_walk *walk, struct piece *piece, struct store_item *item_r)
{
    int64_t forget_ms;
    return lmdb_bans_read(walk->key, walk->value, &item_r->ban, &forget_ms) &&
           item_r->ban.until_ms > piece->now_ms;
}

static bool
take_record(const struct lmdb_walk *walk, struct piece *piece, struct store_item *item_r)
{
    int64_t ends_ms;
    struct bytes value;
    if (!lmdb_record_read(walk->value, &ends_ms, &value) || ends_ms <= piece->now_ms ||
        value.length > STORE_VALUE_MAX)
        return false;
    memcpy(item_r->key.bytes, walk->key.start, walk->key.length);
    item_r->key.length = walk->key.length;
    memcpy(piece->values[piece->count], value.start, value.length);
    item_r->value = piece->values[piece->count];
    item_r->value_length = value.length;
    return true;
}

static void
fill_piece(struct lmdb_txn *txn, enum lmdb_table table, struct piece *piece)
{
    struct lmdb_walk walk;
    piece->count = 0;
    lmdb_walk_begin(txn, table, &walk);
    bool is_there = lmdb_walk_seek(&walk, (struct bytes){piece->from.bytes, piece->from.length});
    /* the next piece cannot begin with a key that is too long to be one of ours */
    for (; is_there && (piece->count < LIST_AT_ONCE || walk.key.length > STORE_KEY_MAX);
         is_there = lmdb_walk_next(&walk)) {
        if (walk.key.length > STORE_KEY_MAX)
            continue;
        struct store_item *item = &piece->items[piece->count];
        *item = (struct store_item){.value = NULL};
        piece->count += piece->space == STORE_BANS ? take_ban(&walk, piece, item)
                                                   : take_record(&walk, piece, item);
    }
    piece->is_last = !is_there;
    piece->from.length = is_there ? walk.key.length : 0;
    if (is_there)
        memcpy(piece->from.bytes, walk.key.start, walk.key.length);
}

static void
read_piece(struct lmdb_visit *visit)
{
    struct piece *piece = visit->context;
    struct lmdb_txn txn;
    struct lmdb_spaces spaces;
    enum lmdb_table table;
    if (!lmdb_visit_begin_read(visit, &txn, &spaces))
        return;
    if (lmdb_spaces_table(&spaces, piece->space, piece->which, &table))
        fill_piece(&txn, table, piece);
    lmdb_visit_end_read(visit, &txn);
}

/* Returns 1 to go on, 0 if it is done, -1. */
static int
show_piece(const struct piece *piece, store_visit *visit, void *context)
{
    for (size_t i = 0; i < piece->count; i++)
        if (!visit(context, &piece->items[i]))
            return 0;
    return 1;
}

int
lmdb_list(struct lmdb_store *store, enum store_space space, int64_t now_ms,
          struct deadline deadline, store_visit *visit, void *context, struct err *err)
{
    int result = 1;
    struct piece *piece = xcalloc(1, sizeof *piece);
    unsigned tables = space == STORE_BANS || space == STORE_DRAINS ? 1 : 2;
    *piece = (struct piece){.space = space, .now_ms = now_ms};
    for (; piece->which < tables && result == 1; piece->which++) {
        piece->from.length = 0;
        do {
            result = lmdb_visit(store, read_piece, piece, deadline, err);
            if (result == 0)
                result = show_piece(piece, visit, context);
            if (result == 1 && !piece->is_last && deadline_is_over(deadline)) {
                err_set(err, "list: it took too long");
                result = -1;
            }
        } while (result == 1 && !piece->is_last);
    }
    free(piece);
    return result < 0 ? -1 : 0;
}
