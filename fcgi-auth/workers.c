/*
 * How many threads: a peer that comes into the queue wakes an idle thread or makes a new one, up to
 * max_sessions and some more, so that there is somebody left to say "later" when all sessions are
 * taken. When all of those are at work, the ones that only linger on a kept connection are hurried:
 * hurry_fd is readable until the queue is empty, and they park their connections and come.
 */
#include "workers.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "alloc.h"
#include "condition.h"
#include "fcgi.h"
#include "log.h"
#include "peers.h"

enum {
    IDLE_MS = 10000,    /* a thread without work leaves after this time */
    LINGER_MS = 100,    /* how long a thread stays with a connection that is kept open */
    PEER_IO_MS = 10000, /* one request, or one answer, may take that long on its connection */
    FRESH_MS = 1000,    /* at the end of the service: for the first byte of a new connection */
    DRAIN_TICK_MS = 250,
    SPARE_THREADS = 16,
};

/* The sanitizers' frames are several times as large. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { STACK_BYTES = 1024 * 1024 };
#else
enum { STACK_BYTES = 128 * 1024 };
#endif

/* A thread that has left and is about to end: the next one that leaves joins it, and the last one
 * is joined by whoever drains. So no thread is left that still frees what libraries keep for it
 * while the process ends. */
struct leaver {
    bool is_there;
    pthread_t thread;
};

struct workers {
    /* set once */
    workers_serve *serve;
    void *context;
    int hurry_fd;
    /* any thread's */
    atomic_uint max_sessions;
    atomic_uint sessions; /* being answered now */

    pthread_mutex_t lock;
    pthread_cond_t work; /* a peer was queued, or the end has come */
    pthread_cond_t left; /* a thread has left */
    /* under lock */
    struct peers peers;
    unsigned threads;
    unsigned idle; /* of them: those without a peer, also just before and after waiting for one */
    struct leaver leaver;
    /* written under lock */
    atomic_bool hurried, stopping;
};

struct workers *
workers_create(unsigned max_sessions, workers_serve *serve, void *context)
{
    struct workers *workers = xcalloc(1, sizeof *workers);
    workers->serve = serve;
    workers->context = context;
    workers->hurry_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (workers->hurry_fd < 0)
        abort();
    atomic_init(&workers->max_sessions, max_sessions);
    atomic_init(&workers->sessions, 0);
    pthread_mutex_init(&workers->lock, NULL);
    condition_init(&workers->work);
    condition_init(&workers->left);
    peers_init(&workers->peers);
    return workers;
}

void
workers_free(struct workers *workers)
{
    peers_fini(&workers->peers);
    pthread_cond_destroy(&workers->left);
    pthread_cond_destroy(&workers->work);
    pthread_mutex_destroy(&workers->lock);
    close(workers->hurry_fd);
    free(workers);
}

void
workers_set_max_sessions(struct workers *workers, unsigned max_sessions)
{
    atomic_store(&workers->max_sessions, max_sessions);
}

int
workers_parked_fd(const struct workers *workers)
{
    return workers->peers.epoll_fd;
}

/* Under lock. */
static void
set_hurry(struct workers *workers, bool hurry)
{
    if (atomic_load(&workers->hurried) == hurry)
        return;
    eventfd_t count;
    if (hurry)
        eventfd_write(workers->hurry_fd, 1);
    else
        eventfd_read(workers->hurry_fd, &count);
    atomic_store(&workers->hurried, hurry);
}

/* One request of a peer. Returns whether the connection is kept. */
static bool
serve_request(struct workers *workers, struct peer *peer, struct fcgi_request *request)
{
    peer_io_begin(peer, PEER_IO_MS);
    struct call call;
    int result = fcgi_read(request, peer->fd, &call);
    peer_io_end(peer);
    if (result != 0)
        return false;

    unsigned running = atomic_fetch_add(&workers->sessions, 1);
    call.crowded = running >= atomic_load(&workers->max_sessions);
    struct answer answer;
    workers->serve(workers->context, &call, &answer);
    atomic_fetch_sub(&workers->sessions, 1);

    peer_io_begin(peer, PEER_IO_MS);
    bool kept = fcgi_reply(request, &answer);
    peer_io_end(peer);
    answer_fini(&answer);
    peer->served = true;
    return kept;
}

/* Whether there is a request to read now; if not, the peer may be parked. A web server that has
 * just connected is about to ask, and would fail the login if we closed the connection. */
static bool
wait_for_request(struct workers *workers, const struct peer *peer)
{
    if (peer_speaks(peer, workers->hurry_fd, LINGER_MS))
        return true;
    return !peer->served && atomic_load(&workers->stopping) && peer_speaks(peer, -1, FRESH_MS);
}

/* Parking a busy connection while others wait in the queue gives each its turn. */
static bool
has_to_park(struct workers *workers)
{
    return atomic_load(&workers->hurried) && !atomic_load(&workers->stopping);
}

static void
serve_peer(struct workers *workers, struct peer *peer, struct fcgi_request *request)
{
    bool kept = true;
    while (kept && wait_for_request(workers, peer)) {
        kept = serve_request(workers, peer, request);
        if (has_to_park(workers))
            break;
    }

    pthread_mutex_lock(&workers->lock);
    if (kept && !atomic_load(&workers->stopping))
        peers_park(&workers->peers, peer);
    else
        peers_close(&workers->peers, peer);
    workers->idle++;
    pthread_mutex_unlock(&workers->lock);
}

/* Under lock. Returns who left before. */
static struct leaver
leave(struct workers *workers)
{
    struct leaver before = workers->leaver;
    workers->leaver = (struct leaver){.is_there = true, .thread = pthread_self()};
    workers->threads--;
    pthread_cond_signal(&workers->left);
    return before;
}

static void
join(const struct leaver *leaver)
{
    if (leaver->is_there)
        pthread_join(leaver->thread, NULL);
}

/* Waits for a peer in the queue. NULL: the thread is not needed any more, and no longer counted;
 * before_r is who left before it. */
static struct peer *
next_peer(struct workers *workers, struct leaver *before_r)
{
    struct deadline deadline = deadline_after(IDLE_MS);
    pthread_mutex_lock(&workers->lock);
    struct peer *peer;
    while ((peer = peers_pop(&workers->peers)) == NULL && !atomic_load(&workers->stopping) &&
           !deadline_is_over(deadline))
        condition_wait(&workers->work, &workers->lock, deadline);
    workers->idle--;
    if (peer == NULL)
        *before_r = leave(workers);
    if (workers->peers.queued == 0 && !atomic_load(&workers->stopping))
        set_hurry(workers, false);
    pthread_mutex_unlock(&workers->lock);
    return peer;
}

static void *
work(void *argument)
{
    struct workers *workers = argument;
    struct fcgi_request *request = fcgi_request_create();
    struct leaver before = {0};
    struct peer *peer;
    while ((peer = next_peer(workers, &before)) != NULL)
        serve_peer(workers, peer, request);
    fcgi_request_free(request);
    join(&before);
    return NULL;
}

/* Signals are the main thread's: whoever calls this has blocked those that it waits for. */
static int
create_thread(struct workers *workers)
{
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    pthread_t thread;
    int error = pthread_create(&thread, &attributes, work, workers);
    pthread_attr_destroy(&attributes);
    return error;
}

/* Under lock: sees to it that somebody takes what is in the queue. */
static void
wake(struct workers *workers)
{
    for (size_t i = 0; i < workers->peers.queued && i < workers->idle; i++)
        pthread_cond_signal(&workers->work);

    unsigned most = atomic_load(&workers->max_sessions) + SPARE_THREADS;
    while (workers->peers.queued > workers->idle && workers->threads < most) {
        int error = create_thread(workers);
        if (error != 0) {
            log_event(LOG_WARN, "workers.no-thread", LOG_STR("error", strerror(error)),
                      LOG_INT("threads", workers->threads));
            break;
        }
        workers->threads++;
        workers->idle++;
    }
    if (workers->peers.queued > workers->idle)
        set_hurry(workers, true);
}

void
workers_take(struct workers *workers, int fd)
{
    pthread_mutex_lock(&workers->lock);
    peers_add(&workers->peers, fd);
    wake(workers);
    pthread_mutex_unlock(&workers->lock);
}

void
workers_unpark(struct workers *workers)
{
    pthread_mutex_lock(&workers->lock);
    peers_unpark(&workers->peers);
    wake(workers);
    pthread_mutex_unlock(&workers->lock);
}

void
workers_close_one_idle(struct workers *workers)
{
    pthread_mutex_lock(&workers->lock);
    peers_close_one_parked(&workers->peers);
    pthread_mutex_unlock(&workers->lock);
}

void
workers_tick(struct workers *workers)
{
    pthread_mutex_lock(&workers->lock);
    peers_end_stalled(&workers->peers);
    wake(workers);
    pthread_mutex_unlock(&workers->lock);
}

unsigned
workers_drain(struct workers *workers, struct deadline deadline)
{
    pthread_mutex_lock(&workers->lock);
    atomic_store(&workers->stopping, true);
    set_hurry(workers, true);
    peers_end_parking(&workers->peers);
    pthread_cond_broadcast(&workers->work);
    wake(workers);
    while ((workers->threads > 0 || workers->peers.queued > 0) && !deadline_is_over(deadline)) {
        condition_wait(&workers->left, &workers->lock, deadline_sooner(deadline, DRAIN_TICK_MS));
        peers_end_stalled(&workers->peers);
    }
    unsigned at_work = workers->threads + (unsigned)workers->peers.queued;
    struct leaver last = workers->leaver;
    workers->leaver = (struct leaver){.is_there = false};
    pthread_mutex_unlock(&workers->lock);
    join(&last);
    return at_work;
}
