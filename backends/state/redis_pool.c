#include "redis_pool.h"

#include <pthread.h>
#include <stdlib.h>

#include "alloc.h"
#include "condition.h"
#include "file.h"
#include "redis_master.h"
#include "redis_url.h"

enum seat_state { SEAT_EMPTY = 0, SEAT_IDLE, SEAT_TAKEN };

struct seat {
    enum seat_state state;
    struct redis_link *link; /* NULL: empty, or being opened */
    bool is_outdated;        /* connected to what was the master */
};

struct redis_pool {
    /* set once */
    const struct store_settings *settings;
    struct redis_url url;
    struct redis_master *master;
    size_t count;

    pthread_mutex_t lock;
    pthread_cond_t changed; /* a seat is no longer taken */
    /* under lock */
    struct seat *seats;
};

const char *
redis_pool_url(const struct store_settings *settings)
{
    return settings->url != NULL ? settings->url : "redis://localhost";
}

struct redis_pool *
redis_pool_create(const struct store_settings *settings)
{
    struct redis_pool *pool = xcalloc(1, sizeof *pool);
    pool->settings = settings;
    if (redis_url_parse(redis_pool_url(settings), &pool->url, NULL) != 0)
        abort(); /* it was checked */
    pool->master = redis_master_create(settings, pool->url.address);
    pool->count = settings->connections > 0 ? (size_t)settings->connections : 1;
    pool->seats = xcalloc(pool->count, sizeof pool->seats[0]);
    pthread_mutex_init(&pool->lock, NULL);
    condition_init(&pool->changed);
    return pool;
}

/* Empties a seat. Returns the connection to close without the lock. */
static struct redis_link *
vacate(struct redis_pool *pool, struct seat *seat)
{
    struct redis_link *link = seat->link;
    *seat = (struct seat){.state = SEAT_EMPTY};
    pthread_cond_signal(&pool->changed);
    return link;
}

/* Closes what is idle. Those that are in use are closed when they come back, if they are outdated.
 */
static void
drain(struct redis_pool *pool, bool is_outdated)
{
    for (size_t i = 0; i < pool->count; i++) {
        struct redis_link *link = NULL;
        pthread_mutex_lock(&pool->lock);
        struct seat *seat = &pool->seats[i];
        if (seat->state == SEAT_IDLE)
            link = vacate(pool, seat);
        else if (seat->state == SEAT_TAKEN && is_outdated)
            seat->is_outdated = true;
        pthread_mutex_unlock(&pool->lock);
        redis_link_close(link);
    }
}

void
redis_pool_free(struct redis_pool *pool)
{
    drain(pool, true);
    redis_master_free(pool->master);
    redis_url_fini(&pool->url);
    pthread_cond_destroy(&pool->changed);
    pthread_mutex_destroy(&pool->lock);
    free(pool->seats);
    free(pool);
}

/* Takes an idle seat, else an empty one. NULL: all are taken. */
static struct seat *
take_seat(struct redis_pool *pool)
{
    struct seat *empty = NULL;
    for (size_t i = 0; i < pool->count; i++) {
        struct seat *seat = &pool->seats[i];
        if (seat->state == SEAT_IDLE) {
            seat->state = SEAT_TAKEN;
            return seat;
        }
        if (seat->state == SEAT_EMPTY && empty == NULL)
            empty = seat;
    }
    if (empty != NULL)
        empty->state = SEAT_TAKEN;
    return empty;
}

static struct seat *
wait_for_seat(struct redis_pool *pool, struct deadline deadline, struct err *err)
{
    pthread_mutex_lock(&pool->lock);
    struct seat *seat = take_seat(pool);
    while (seat == NULL && !deadline_is_over(deadline)) {
        condition_wait(&pool->changed, &pool->lock, deadline);
        seat = take_seat(pool);
    }
    pthread_mutex_unlock(&pool->lock);
    if (seat == NULL)
        err_set(err, "all %zu connections to the Redis server were in use (raise connections)",
                pool->count);
    return seat;
}

static int
log_in(const struct redis_pool *pool, struct redis_link *link, struct deadline deadline,
       struct err *err)
{
    /* read for each connection, so that a new password needs no restart */
    struct secret from_file;
    secret_init(&from_file);
    const char *file = pool->settings->password_file;
    struct redis_identity identity = {
        .user = pool->url.user,
        .password = file != NULL ? &from_file : &pool->url.password,
        .db = pool->url.db,
    };
    int result = -1;
    if (file == NULL || file_read_secret(file, &from_file, err) == 0)
        result = redis_link_log_in(link, &identity, deadline, err);
    secret_fini(&from_file);
    return result;
}

/* What TLS goes by; *tls_r is NULL without it. Read for each connection, so that a certificate that
 * is renewed needs no restart. Returns 0 or -1. */
static int
read_tls(const struct redis_pool *pool, struct tls_context **tls_r, struct err *err)
{
    *tls_r = pool->settings->has_tls ? tls_context_create(&pool->settings->tls, err) : NULL;
    return pool->settings->has_tls && *tls_r == NULL ? -1 : 0;
}

/* Returns NULL with err. */
static struct redis_link *
open_by(struct redis_pool *pool, const struct tls_context *tls, struct deadline deadline,
        struct err *err)
{
    bool has_moved;
    struct name *name = redis_master_find(pool->master, tls, deadline, &has_moved, err);
    if (has_moved) /* a look would find nothing new; this one goes as well, after its first batch */
        drain(pool, true);
    if (name == NULL)
        return NULL;
    struct redis_link *link = redis_link_open(name, tls, deadline, err);
    name_close(name);
    if (link != NULL && log_in(pool, link, deadline, err) != 0) {
        redis_link_close(link);
        link = NULL;
    }
    return link;
}

static struct redis_link *
open_link(struct redis_pool *pool, struct deadline deadline, struct err *err)
{
    struct tls_context *tls;
    if (read_tls(pool, &tls, err) != 0)
        return NULL;
    struct redis_link *link = open_by(pool, tls, deadline, err);
    tls_context_free(tls);
    return link;
}

/* Of a seat that is ours; others look at all of them. */
static void
set_link(struct redis_pool *pool, struct seat *seat, struct redis_link *link)
{
    pthread_mutex_lock(&pool->lock);
    seat->link = link;
    pthread_mutex_unlock(&pool->lock);
}

struct redis_link *
redis_pool_take(struct redis_pool *pool, struct deadline deadline, struct err *err)
{
    struct seat *seat = wait_for_seat(pool, deadline, err);
    if (seat == NULL)
        return NULL;
    /* The server may have closed it since, by a restart or a timeout of its own: that is no
     * failure, and a batch that was sent could not be sent again. */
    struct redis_link *link = seat->link;
    if (link != NULL && redis_link_is_quiet(link))
        return link;
    set_link(pool, seat, NULL);
    redis_link_close(link);
    link = open_link(pool, deadline, err);
    if (link != NULL) {
        set_link(pool, seat, link);
    } else {
        pthread_mutex_lock(&pool->lock);
        vacate(pool, seat);
        pthread_mutex_unlock(&pool->lock);
    }
    return link;
}

static struct seat *
seat_of(struct redis_pool *pool, const struct redis_link *link)
{
    struct seat *seat = pool->seats;
    while (seat->link != link)
        seat++;
    return seat;
}

void
redis_pool_give_back(struct redis_pool *pool, struct redis_link *link)
{
    struct redis_link *closing = NULL;
    pthread_mutex_lock(&pool->lock);
    struct seat *seat = seat_of(pool, link);
    if (seat->is_outdated) {
        closing = vacate(pool, seat);
    } else {
        seat->state = SEAT_IDLE;
        pthread_cond_signal(&pool->changed);
    }
    pthread_mutex_unlock(&pool->lock);
    redis_link_close(closing);
}

void
redis_pool_drop(struct redis_pool *pool, struct redis_link *link)
{
    pthread_mutex_lock(&pool->lock);
    vacate(pool, seat_of(pool, link));
    pthread_mutex_unlock(&pool->lock);
    redis_link_close(link);
    drain(pool, false);
}

void
redis_pool_look(struct redis_pool *pool, struct deadline deadline)
{
    struct tls_context *tls;
    if (pool->settings->sentinel_count == 0 || read_tls(pool, &tls, NULL) != 0)
        return;
    if (redis_master_has_moved(pool->master, tls, deadline))
        drain(pool, true);
    tls_context_free(tls);
}
