#include "lmdb_visit.h"

#include "bus_guard.h"

static bool
enter(struct lmdb_store *store, struct err *err)
{
    pthread_mutex_lock(&store->lock);
    bool is_open = !store->is_broken && store->file.lmdb != NULL;
    if (is_open)
        store->users++;
    else
        err_set(err, "%s", store->broken.text);
    pthread_mutex_unlock(&store->lock);
    return is_open;
}

static void
leave(struct lmdb_store *store)
{
    pthread_mutex_lock(&store->lock);
    store->users--;
    pthread_mutex_unlock(&store->lock);
}

static void
mark_broken(struct lmdb_store *store, bool is_cut, const struct err *err)
{
    pthread_mutex_lock(&store->lock);
    if (!store->is_broken || (is_cut && !store->is_cut))
        store->broken = *err;
    store->is_broken = true;
    store->is_cut |= is_cut;
    pthread_mutex_unlock(&store->lock);
}

static void
work_guarded(void *context)
{
    struct lmdb_visit *visit = context;
    visit->work(visit);
}

/* Guarded as well: who cut the one file may have cut the other. */
static void
give_up_turn(void *context)
{
    struct shared_lock *lock = context;
    shared_lock_forsake(lock);
    shared_lock_leave(lock);
}

int
lmdb_visit(struct lmdb_store *store, void (*work)(struct lmdb_visit *), void *context,
           struct deadline deadline, struct err *err)
{
    struct lmdb_visit visit = {.store = store,
                               .deadline = deadline,
                               .err = err,
                               .result = -1,
                               .work = work,
                               .context = context};
    if (!enter(store, err))
        return -1;
    visit.lmdb = store->file.lmdb;
    if (!bus_guard(work_guarded, &visit)) {
        visit.result = -1;
        err_set(err, "%s/state.mdb was cut short while in use, or its disk fails",
                store->settings->path);
        mark_broken(store, true, err);
        if (visit.has_lock)
            bus_guard(give_up_turn, store->file.lock);
    }
    leave(store);
    return visit.result;
}

bool
lmdb_visit_take_turn(struct lmdb_visit *visit)
{
    struct lmdb_file *file = &visit->store->file;
    const char *path = visit->store->settings->path;
    if (shared_lock_enter(file->lock, visit->deadline) != 0) {
        err_set(visit->err, "write %s/state.mdb: another process has been writing all the time",
                path);
        return false;
    }
    visit->has_lock = true;
    if (shared_lock_epoch(file->lock) == file->epoch)
        return true;
    /* LMDB's own lock may never be free again */
    lmdb_visit_end_turn(visit);
    err_set(visit->err, "%s/state.mdb has been replaced", path);
    mark_broken(visit->store, false, visit->err);
    return false;
}

void
lmdb_visit_end_turn(struct lmdb_visit *visit)
{
    visit->has_lock = false;
    shared_lock_leave(visit->store->file.lock);
}

/* Within a turn. LMDB begins no transaction only if something has gone wrong for good. */
bool
lmdb_visit_begin_write(struct lmdb_visit *visit, struct lmdb_txn *txn_r,
                       struct lmdb_spaces *spaces_r)
{
    if (lmdb_begin_write(visit->lmdb, txn_r, visit->err) != 0) {
        mark_broken(visit->store, false, visit->err);
        return false;
    }
    if (lmdb_spaces_begin(spaces_r, txn_r, visit->err) == 0)
        return true;
    lmdb_end(txn_r, NULL, visit->err);
    return false;
}

/* One of the pool, or a new one, for which one needs a turn (and then still has it). */
static bool
find_reader(struct lmdb_visit *visit, struct lmdb_txn *txn_r, bool *has_turn_r)
{
    *has_turn_r = false;
    if (lmdb_begin_read(visit->lmdb, txn_r))
        return true;
    if (!lmdb_visit_take_turn(visit))
        return false;
    *has_turn_r = true;
    lmdb_add_reader(visit->lmdb);
    return lmdb_begin_read(visit->lmdb, txn_r);
}

bool
lmdb_visit_begin_read(struct lmdb_visit *visit, struct lmdb_txn *txn_r,
                      struct lmdb_spaces *spaces_r)
{
    bool has_turn;
    if (find_reader(visit, txn_r, &has_turn)) {
        if (has_turn)
            lmdb_visit_end_turn(visit);
        if (lmdb_spaces_begin(spaces_r, txn_r, visit->err) == 0)
            return true;
        lmdb_end(txn_r, NULL, visit->err);
        return false;
    }
    if (!has_turn)
        return false;
    if (lmdb_visit_begin_write(visit, txn_r, spaces_r))
        return true;
    lmdb_visit_end_turn(visit);
    return false;
}

void
lmdb_visit_end_read(struct lmdb_visit *visit, struct lmdb_txn *txn)
{
    visit->result = lmdb_end(txn, NULL, visit->err);
    if (visit->has_lock)
        lmdb_visit_end_turn(visit);
}
