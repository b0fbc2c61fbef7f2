#include "lmdb_door.h"

#include <lmdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "alloc.h"

enum {
    FLAGS = MDB_NOSUBDIR | MDB_WRITEMAP | MDB_NOSYNC | MDB_NOTLS,
    MODE = 0600,
    READERS_OF_ALL = 1024,   /* the places of all processes */
    READERS_OF_PROCESS = 64, /* sessions that read at the very same moment */
};

#ifdef __SANITIZE_THREAD__
/* It does not see how LMDB hands pages from who writes to who reads and back. */
const char *__tsan_default_suppressions(void);
const char *
__tsan_default_suppressions(void)
{
    return "called_from_lib:liblmdb.so\n";
}
#endif

static const char *const table_names[LMDB_TABLES] = {
    NULL,         "bans",       "windows.a", "windows.b", "known.a", "known.b",
    "counters.a", "counters.b", "logins.a",  "logins.b",  "drains"};

/* A transaction that reads and is used again and again: its place is LMDB's own memory of who may
 * still need an old page. */
struct lmdb_reader {
    struct lmdb_reader *next, *next_of_all;
    MDB_txn *txn;
    MDB_cursor *cursors[LMDB_TABLES]; /* NULL: not used yet */
};

struct lmdb {
    /* set once */
    MDB_env *env;
    MDB_dbi tables[LMDB_TABLES];
    size_t size_bytes, page_bytes;

    atomic_bool is_unsynced;

    struct lmdb *next_abandoned;

    pthread_mutex_t lock;
    /* under lock */
    struct lmdb_reader *idle, *all;
    size_t reader_count;
};

static int
create_env(size_t size_bytes, const char *path, MDB_env **env_r, struct err *err)
{
    int result = mdb_env_create(env_r);
    if (result == 0)
        result = mdb_env_set_maxdbs(*env_r, LMDB_TABLES);
    if (result == 0)
        result = mdb_env_set_maxreaders(*env_r, READERS_OF_ALL);
    if (result == 0)
        result = mdb_env_set_mapsize(*env_r, size_bytes);
    if (result == 0)
        result = mdb_env_open(*env_r, path, FLAGS, MODE);
    if (result != 0) {
        err_set(err, "open %s: %s", path, mdb_strerror(result));
        mdb_env_close(*env_r);
        return -1;
    }
    return 0;
}

int
lmdb_make(const char *path, struct err *err)
{
    enum { SMALLEST = 64 * 1024 };
    MDB_env *env = NULL;
    if (create_env(SMALLEST, path, &env, err) != 0)
        return -1;
    mdb_env_close(env);
    return 0;
}

static int
open_tables(struct lmdb *lmdb)
{
    MDB_txn *txn = NULL;
    int result = mdb_txn_begin(lmdb->env, NULL, 0, &txn);
    if (result != 0)
        return result;
    for (size_t i = 0; i < LMDB_TABLES && result == 0; i++)
        result =
            mdb_dbi_open(txn, table_names[i], i == LMDB_MAIN ? 0 : MDB_CREATE, &lmdb->tables[i]);
    if (result == 0)
        return mdb_txn_commit(txn);
    mdb_txn_abort(txn);
    return result;
}

struct lmdb *
lmdb_open(const char *path, size_t size_bytes, struct err *err)
{
    MDB_env *env = NULL;
    if (create_env(size_bytes, path, &env, err) != 0)
        return NULL;
    struct lmdb *lmdb = xcalloc(1, sizeof *lmdb);
    lmdb->env = env;
    pthread_mutex_init(&lmdb->lock, NULL);
    atomic_init(&lmdb->is_unsynced, false);
    MDB_envinfo info;
    MDB_stat stat;
    int result = open_tables(lmdb);
    if (result == 0)
        result = mdb_env_info(env, &info);
    if (result == 0)
        result = mdb_env_stat(env, &stat);
    if (result != 0) {
        err_set(err, "open %s: %s", path, mdb_strerror(result));
        lmdb_close(lmdb);
        return NULL;
    }
    lmdb->size_bytes = info.me_mapsize;
    lmdb->page_bytes = stat.ms_psize;
    return lmdb;
}

void
lmdb_close(struct lmdb *lmdb)
{
    if (lmdb == NULL)
        return;
    while (lmdb->all != NULL) {
        struct lmdb_reader *reader = lmdb->all;
        lmdb->all = reader->next_of_all;
        for (size_t i = 0; i < LMDB_TABLES; i++)
            if (reader->cursors[i] != NULL)
                mdb_cursor_close(reader->cursors[i]);
        mdb_txn_abort(reader->txn);
        free(reader);
    }
    lmdb_sync(lmdb, NULL);
    mdb_env_close(lmdb->env);
    pthread_mutex_destroy(&lmdb->lock);
    free(lmdb);
}

void
lmdb_abandon(struct lmdb *lmdb)
{
    static struct lmdb *_Atomic abandoned;
    lmdb->next_abandoned = atomic_load(&abandoned);
    while (!atomic_compare_exchange_weak(&abandoned, &lmdb->next_abandoned, lmdb))
        continue;
}

int
lmdb_sync(struct lmdb *lmdb, struct err *err)
{
    if (!atomic_exchange(&lmdb->is_unsynced, false))
        return 0;
    int result = mdb_env_sync(lmdb->env, 1);
    if (result == 0)
        return 0;
    atomic_store(&lmdb->is_unsynced, true);
    err_set(err, "sync: %s", mdb_strerror(result));
    return -1;
}

void
lmdb_check_readers(struct lmdb *lmdb)
{
    int dead;
    mdb_reader_check(lmdb->env, &dead);
}

int
lmdb_begin_write(struct lmdb *lmdb, struct lmdb_txn *txn_r, struct err *err)
{
    MDB_txn *txn = NULL;
    int result = mdb_txn_begin(lmdb->env, NULL, 0, &txn);
    if (result != 0) {
        err_set(err, "begin: %s", mdb_strerror(result));
        return -1;
    }
    *txn_r = (struct lmdb_txn){.lmdb = lmdb, .handle = txn};
    return 0;
}

enum lmdb_result
lmdb_commit(struct lmdb_txn *txn, struct err *err)
{
    bool is_full = false;
    if (txn->error != 0)
        return lmdb_end(txn, &is_full, err) != 0 && is_full ? LMDB_FULL : LMDB_FAILED;
    atomic_store(&txn->lmdb->is_unsynced, true);
    int result = mdb_txn_commit(txn->handle);
    if (result == 0)
        return LMDB_DONE;
    err_set(err, "commit: %s", mdb_strerror(result));
    return result == MDB_MAP_FULL || result == MDB_TXN_FULL ? LMDB_FULL : LMDB_FAILED;
}

static void
give_back(struct lmdb *lmdb, struct lmdb_reader *reader)
{
    pthread_mutex_lock(&lmdb->lock);
    reader->next = lmdb->idle;
    lmdb->idle = reader;
    pthread_mutex_unlock(&lmdb->lock);
}

bool
lmdb_begin_read(struct lmdb *lmdb, struct lmdb_txn *txn_r)
{
    pthread_mutex_lock(&lmdb->lock);
    struct lmdb_reader *reader = lmdb->idle;
    if (reader != NULL)
        lmdb->idle = reader->next;
    pthread_mutex_unlock(&lmdb->lock);
    if (reader == NULL)
        return false;
    if (mdb_txn_renew(reader->txn) != 0) {
        give_back(lmdb, reader);
        return false;
    }
    *txn_r = (struct lmdb_txn){.lmdb = lmdb, .handle = reader->txn, .reader = reader};
    return true;
}

void
lmdb_add_reader(struct lmdb *lmdb)
{
    MDB_txn *txn = NULL;
    pthread_mutex_lock(&lmdb->lock);
    bool may = lmdb->reader_count < READERS_OF_PROCESS;
    if (may)
        lmdb->reader_count++;
    pthread_mutex_unlock(&lmdb->lock);
    if (!may)
        return;
    if (mdb_txn_begin(lmdb->env, NULL, MDB_RDONLY, &txn) != 0) {
        pthread_mutex_lock(&lmdb->lock);
        lmdb->reader_count--;
        pthread_mutex_unlock(&lmdb->lock);
        return;
    }
    mdb_txn_reset(txn);
    struct lmdb_reader *reader = xcalloc(1, sizeof *reader);
    reader->txn = txn;
    pthread_mutex_lock(&lmdb->lock);
    reader->next_of_all = lmdb->all;
    lmdb->all = reader;
    pthread_mutex_unlock(&lmdb->lock);
    give_back(lmdb, reader);
}

int
lmdb_end(struct lmdb_txn *txn, bool *is_full_r, struct err *err)
{
    if (txn->reader == NULL) {
        mdb_txn_abort(txn->handle);
    } else {
        mdb_txn_reset(txn->handle);
        give_back(txn->lmdb, txn->reader);
    }
    if (is_full_r != NULL)
        *is_full_r = txn->error == MDB_MAP_FULL || txn->error == MDB_TXN_FULL;
    if (txn->error == 0)
        return 0;
    err_set(err, "%s: %s", txn->reader != NULL ? "read" : "write", mdb_strerror(txn->error));
    return -1;
}

/* LMDB takes what it only reads as void *. */
static MDB_val
value_of(struct bytes bytes)
{
    union {
        const void *ours;
        void *theirs;
    } start = {.ours = bytes.start};
    return (MDB_val){.mv_size = bytes.length, .mv_data = start.theirs};
}

static struct bytes
bytes_of(const MDB_val *value)
{
    return (struct bytes){value->mv_data, value->mv_size};
}

/* Whether it was found; all but "not found" stays in the transaction. */
static bool
note(struct lmdb_txn *txn, int result)
{
    if (result != 0 && result != MDB_NOTFOUND)
        txn->error = result;
    return result == 0;
}

/* One for each table that the transaction uses: it finds what is near what it found before without
 * beginning at the root. Those of who writes LMDB frees itself at the end. NULL: it failed. */
static MDB_cursor *
cursor_of(struct lmdb_txn *txn, enum lmdb_table table)
{
    if (txn->error != 0 || txn->cursors[table] != NULL)
        return txn->error == 0 ? txn->cursors[table] : NULL;
    MDB_cursor *cursor = txn->reader != NULL ? txn->reader->cursors[table] : NULL;
    if (!note(txn, cursor != NULL
                       ? mdb_cursor_renew(txn->handle, cursor)
                       : mdb_cursor_open(txn->handle, txn->lmdb->tables[table], &cursor)))
        return NULL;
    if (txn->reader != NULL)
        txn->reader->cursors[table] = cursor;
    txn->cursors[table] = cursor;
    return cursor;
}

/* A cursor costs more than it spares where only one thing is looked for. */
static bool
get_first(struct lmdb_txn *txn, enum lmdb_table table, MDB_val *key, MDB_val *value_r)
{
    txn->was_used[table] = true;
    return txn->error == 0 &&
           note(txn, mdb_get(txn->handle, txn->lmdb->tables[table], key, value_r));
}

static bool
get_next(struct lmdb_txn *txn, enum lmdb_table table, MDB_val *key, MDB_val *value_r)
{
    MDB_cursor *cursor = cursor_of(txn, table);
    return cursor != NULL && note(txn, mdb_cursor_get(cursor, key, value_r, MDB_SET));
}

bool
lmdb_get(struct lmdb_txn *txn, enum lmdb_table table, struct bytes key, struct bytes *value_r)
{
    MDB_val wanted = value_of(key), found = {0, NULL};
    bool was_found = txn->was_used[table] ? get_next(txn, table, &wanted, &found)
                                          : get_first(txn, table, &wanted, &found);
    *value_r = bytes_of(&found);
    return was_found;
}

void
lmdb_put(struct lmdb_txn *txn, enum lmdb_table table, struct bytes key, struct bytes value)
{
    MDB_val where = value_of(key), what = value_of(value);
    MDB_cursor *cursor = cursor_of(txn, table);
    if (cursor != NULL)
        note(txn, mdb_cursor_put(cursor, &where, &what, 0));
}

bool
lmdb_remove(struct lmdb_txn *txn, enum lmdb_table table, struct bytes key)
{
    MDB_val where = value_of(key), found;
    return get_next(txn, table, &where, &found) &&
           note(txn, mdb_cursor_del(txn->cursors[table], 0));
}

void
lmdb_empty(struct lmdb_txn *txn, enum lmdb_table table)
{
    if (txn->error == 0)
        note(txn, mdb_drop(txn->handle, txn->lmdb->tables[table], 0));
}

struct lmdb_size
lmdb_table_size(struct lmdb_txn *txn, enum lmdb_table table)
{
    MDB_stat stat;
    if (txn->error != 0 || !note(txn, mdb_stat(txn->handle, txn->lmdb->tables[table], &stat)))
        return (struct lmdb_size){0, 0};
    size_t pages = stat.ms_branch_pages + stat.ms_leaf_pages + stat.ms_overflow_pages;
    return (struct lmdb_size){stat.ms_entries, pages * stat.ms_psize};
}

struct lmdb_size
lmdb_file_size(struct lmdb *lmdb)
{
    MDB_envinfo info;
    if (mdb_env_info(lmdb->env, &info) != 0)
        return (struct lmdb_size){0, lmdb->size_bytes};
    return (struct lmdb_size){(info.me_last_pgno + 1) * lmdb->page_bytes, lmdb->size_bytes};
}

int
lmdb_fd(struct lmdb *lmdb)
{
    int fd = -1;
    mdb_env_get_fd(lmdb->env, &fd);
    return fd;
}

void
lmdb_walk_begin(struct lmdb_txn *txn, enum lmdb_table table, struct lmdb_walk *walk_r)
{
    *walk_r = (struct lmdb_walk){.txn = txn, .cursor = cursor_of(txn, table)};
}

static bool
step(struct lmdb_walk *walk, MDB_val key, MDB_cursor_op how)
{
    MDB_val value = {0, NULL};
    if (walk->cursor == NULL || walk->txn->error != 0 ||
        !note(walk->txn, mdb_cursor_get(walk->cursor, &key, &value, how)))
        return false;
    walk->key = bytes_of(&key);
    walk->value = bytes_of(&value);
    return true;
}

bool
lmdb_walk_seek(struct lmdb_walk *walk, struct bytes key)
{
    /* an empty key is none to LMDB */
    return step(walk, value_of(key), key.length > 0 ? MDB_SET_RANGE : MDB_FIRST);
}

bool
lmdb_walk_next(struct lmdb_walk *walk)
{
    return step(walk, (MDB_val){0, NULL}, MDB_NEXT);
}

void
lmdb_walk_remove(struct lmdb_walk *walk)
{
    if (walk->cursor != NULL && walk->txn->error == 0)
        note(walk->txn, mdb_cursor_del(walk->cursor, 0));
}
