/*
 * The engine "lmdb": a file for all processes of a host.
 *
 * What costs and what holds. A batch that reads takes no lock; one that writes waits for the others
 * that write, of all processes, until its deadline. Nothing is lost with a process, whatever ends
 * it: what was committed is in the page cache. The store's own thread syncs twice a second. A
 * machine that loses power may lose the last half second, and, because the disk may have written
 * pages in any order, all of the file: it is checked at the next start (lmdb_file.h). Bans and
 * counters are worth a quick store more than a safe one.
 */
#include "store.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "bus_guard.h"
#include "clock.h"
#include "lmdb_bans.h"
#include "lmdb_list.h"
#include "lmdb_ops.h"
#include "lmdb_visit.h"
#include "log.h"

enum {
    SWEEP_AT_ONCE = 256, /* bans looked at in one transaction */
    SWEEP_TURNS = 64,    /* transactions of one tick */
    FULL_EVERY_MS = 60 * 1000,
    PATIENCE_MS = 100, /* with who reads, while the file is full */
};

static void
tell_full(struct lmdb_store *store, int64_t now_ms, const char *what)
{
    pthread_mutex_lock(&store->lock);
    bool is_time = store->full_told_ms == 0 || now_ms - store->full_told_ms >= FULL_EVERY_MS;
    if (is_time)
        store->full_told_ms = now_ms;
    pthread_mutex_unlock(&store->lock);
    if (is_time && store->is_service)
        log_event(LOG_WARN, "store.full", LOG_STR("engine", "lmdb"), LOG_STR("what", what),
                  LOG_STR("fix", "a larger size in the section state"));
}

struct run {
    struct store_op *ops;
    size_t count;
    int64_t now_ms;
};

/* Returns LMDB_FULL if there is no room, and all is as it was. */
static enum lmdb_result
try_writing(struct lmdb_visit *visit, const struct run *run)
{
    bool is_full = false;
    struct lmdb_txn txn;
    struct lmdb_spaces spaces;
    if (!lmdb_visit_begin_write(visit, &txn, &spaces))
        return LMDB_FAILED;
    lmdb_ops_run(&spaces, run->ops, run->count, run->now_ms, &is_full);
    enum lmdb_result result = lmdb_commit(&txn, visit->err);
    if (result == LMDB_DONE && is_full)
        tell_full(visit->store, clock_now_ms(),
                  "no room for another ban or drain, it was not kept");
    return result;
}

/* Within a turn. */
static void
make_room(struct lmdb_visit *visit)
{
    struct lmdb_txn txn;
    struct lmdb_spaces spaces;
    tell_full(visit->store, clock_now_ms(), "the oldest counters, windows and known networks go");
    if (!lmdb_visit_begin_write(visit, &txn, &spaces))
        return;
    lmdb_spaces_make_room(&spaces);
    lmdb_commit(&txn, visit->err);
}

/* The spaces' shares leave room enough, unless somebody has been reading for long (he had no
 * processor, or was stopped): until he is done no page is free that he may need. So he is given
 * time first; then what is old goes. */
static void
run_writing(struct lmdb_visit *visit)
{
    const struct run *run = visit->context;
    struct deadline patience = visit->deadline; /* sooner from when it is full */
    enum lmdb_result result = LMDB_DONE;
    bool has_made_room = false;
    for (;;) {
        if (!lmdb_visit_take_turn(visit))
            return;
        if (result == LMDB_FULL && !has_made_room && deadline_is_over(patience)) {
            make_room(visit);
            has_made_room = true;
        }
        bool was_full = result == LMDB_FULL;
        result = try_writing(visit, run);
        if (result == LMDB_FULL)
            lmdb_check_readers(visit->lmdb);
        if (result == LMDB_FULL && !was_full)
            patience = deadline_sooner(visit->deadline, PATIENCE_MS);
        lmdb_visit_end_turn(visit);
        if (result != LMDB_FULL || deadline_is_over(visit->deadline))
            break;
        poll(NULL, 0, 1);
    }
    visit->result = result == LMDB_DONE ? 0 : -1;
}

static void
run_reading(struct lmdb_visit *visit)
{
    bool is_full;
    const struct run *run = visit->context;
    struct lmdb_txn txn;
    struct lmdb_spaces spaces;
    if (!lmdb_visit_begin_read(visit, &txn, &spaces))
        return;
    lmdb_ops_run(&spaces, run->ops, run->count, run->now_ms, &is_full);
    lmdb_visit_end_read(visit, &txn);
}

static int
lmdb_store_run(void *self, struct store_op *ops, size_t count, int64_t now_ms,
               struct deadline deadline, struct err *err)
{
    struct run run = {.ops = ops, .count = count, .now_ms = now_ms};
    return lmdb_visit(self, lmdb_ops_only_read(ops, count) ? run_reading : run_writing, &run,
                      deadline, err);
}

static void
read_salt(struct lmdb_visit *visit)
{
    memcpy(visit->context, visit->store->file.salt, STORE_SALT_BYTES);
    visit->result = 0;
}

static int
lmdb_store_salt(void *self, unsigned char salt_r[STORE_SALT_BYTES], struct deadline deadline,
                struct err *err)
{
    return lmdb_visit(self, read_salt, salt_r, deadline, err);
}

static int
lmdb_store_list(void *self, enum store_space space, int64_t now_ms, struct deadline deadline,
                store_visit *visit, void *context, struct err *err)
{
    return lmdb_list(self, space, now_ms, deadline, visit, context, err);
}

struct upkeep {
    int64_t now_ms;
    size_t gone;
};

/* One transaction of forgetting bans; and the proof that one can write. */
static void
sweep(struct lmdb_visit *visit)
{
    struct upkeep *upkeep = visit->context;
    struct lmdb_txn txn;
    struct lmdb_spaces spaces;
    if (!lmdb_visit_take_turn(visit))
        return;
    lmdb_check_readers(visit->lmdb);
    if (lmdb_visit_begin_write(visit, &txn, &spaces)) {
        upkeep->gone =
            lmdb_bans_sweep(&spaces, &visit->store->sweep_from, SWEEP_AT_ONCE, upkeep->now_ms);
        visit->result = lmdb_commit(&txn, visit->err) == LMDB_DONE ? 0 : -1;
    }
    lmdb_visit_end_turn(visit);
}

static void
sync_file(struct lmdb_visit *visit)
{
    visit->result = lmdb_sync(visit->lmdb, visit->err);
}

/* Opens the file again if it must be and can be. */
static int
look_after(struct lmdb_store *store, struct deadline deadline, struct err *err)
{
    pthread_mutex_lock(&store->lock);
    bool is_open = store->file.lmdb != NULL;
    if (is_open && !store->is_broken &&
        !lmdb_file_is_there(&store->file, store->settings->path, &store->broken))
        store->is_broken = true;
    bool is_busy = store->is_broken && store->users > 0;
    bool is_due = !is_open || store->is_broken;
    err_set(err, "%s", store->broken.text);
    pthread_mutex_unlock(&store->lock);
    if (!is_due || is_busy)
        return is_busy ? -1 : 0;
    /* nobody enters a file that is broken or not open: it is this thread's alone */
    if (is_open && store->is_cut) {
        store->forsaken_device = store->file.device;
        store->forsaken_number = store->file.number;
        shared_lock_abandon(store->forsaken_lock);
        store->forsaken_lock = lmdb_file_abandon(&store->file);
    } else if (is_open) {
        lmdb_file_close(&store->file);
    }
    const struct lmdb_file_wish wish = {.folder = store->settings->path,
                                        .size_bytes = store->settings->size_bytes,
                                        .mends = store->is_service,
                                        .forsaken_lock = &store->forsaken_lock,
                                        .forsaken_device = store->forsaken_device,
                                        .forsaken_number = store->forsaken_number};
    struct lmdb_file file = {.lmdb = NULL};
    int result = lmdb_file_open(&wish, deadline, &file, err);
    pthread_mutex_lock(&store->lock);
    store->file = file;
    store->is_broken = store->is_cut = false;
    if (result != 0)
        store->broken = *err;
    pthread_mutex_unlock(&store->lock);
    return result;
}

static int
lmdb_store_tick(void *self, int64_t now_ms, struct deadline deadline, struct err *err)
{
    struct lmdb_store *store = self;
    struct upkeep upkeep = {.now_ms = now_ms};
    if (look_after(store, deadline, err) != 0)
        return -1;
    int turns = store->is_service ? SWEEP_TURNS : 1;
    do {
        if (lmdb_visit(store, sweep, &upkeep, deadline, err) != 0)
            return -1;
    } while (--turns > 0 && upkeep.gone > SWEEP_AT_ONCE / 4 && !deadline_is_over(deadline));
    return store->is_service ? lmdb_visit(store, sync_file, NULL, deadline, err) : 0;
}

static void
read_status(struct lmdb_visit *visit)
{
    struct store_status *status = visit->context;
    struct lmdb_txn txn;
    struct lmdb_spaces spaces;
    if (!lmdb_visit_begin_read(visit, &txn, &spaces))
        return;
    for (int i = 0; i < STORE_SPACES; i++)
        status->held[i] = lmdb_spaces_held(&spaces, (enum store_space)i);
    lmdb_visit_end_read(visit, &txn);
    struct lmdb_size size = lmdb_file_size(visit->lmdb);
    status->used_bytes = (int64_t)size.entries;
    status->size_bytes = (int64_t)size.bytes;
}

static void
lmdb_store_status(void *self, struct store_status *status_r)
{
    struct lmdb_store *store = self;
    struct err err;
    lmdb_visit(store, read_status, status_r, deadline_after(store->settings->timeout_ms), &err);
}

static int
lmdb_store_check(const struct store_settings *settings, struct err *err)
{
    if (settings->path != NULL && settings->path[0] != '\0')
        return 0;
    err_set(err, "no path (write the name of a folder of the service's own)");
    return -1;
}

static void *
lmdb_store_create(const struct store_settings *settings, bool is_service)
{
    struct lmdb_store *store = xcalloc(1, sizeof *store);
    store->settings = settings;
    store->is_service = is_service;
    err_set(&store->broken, "%s is not open yet", settings->path);
    pthread_mutex_init(&store->lock, NULL);
    bus_guard_install();
    return store;
}

static void
lmdb_store_free(void *self)
{
    struct lmdb_store *store = self;
    if (store->file.lmdb != NULL && store->is_cut)
        shared_lock_abandon(lmdb_file_abandon(&store->file));
    else if (store->file.lmdb != NULL)
        lmdb_file_close(&store->file);
    shared_lock_abandon(store->forsaken_lock);
    pthread_mutex_destroy(&store->lock);
    free(store);
}

const struct store_engine store_lmdb = {
    .name = "lmdb",
    .check = lmdb_store_check,
    .create = lmdb_store_create,
    .run = lmdb_store_run,
    .list = lmdb_store_list,
    .salt = lmdb_store_salt,
    .tick = lmdb_store_tick,
    .status = lmdb_store_status,
    .free = lmdb_store_free,
};
