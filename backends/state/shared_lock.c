#include "shared_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alloc.h"
#include "clock.h"

enum {
    OPENING_BYTE = 0,
    HERE_BYTE = 1,
    POLL_MS = 5,
    /* How often the lock is tried again before one sleeps for it, and how long between. */
    TRIES = 40,
    PAUSES = 8,
};

/* What the file holds. Whoever is alone writes it anew: a mutex of before a restart of the machine
 * names threads that are others now. */
struct shared {
    uint64_t layout;
    uint64_t size_bytes;
    atomic_uint_least64_t epoch;
    atomic_bool is_forsaken;
    pthread_mutex_t mutex;
};

/* Changes with struct shared, and with what the C library makes of a mutex. */
static const uint64_t LAYOUT = UINT64_C(0x6d61696c72310000) + sizeof(struct shared);

struct shared_lock {
    int fd;
    struct shared *shared;
    struct shared_lock *next_abandoned;
};

static struct shared_lock *_Atomic abandoned;

/* Of the open file, not the process (F_OFD_*): so that closing another descriptor of the same file
 * anywhere in the process does not end it. */
static int
lock_byte(int fd, short type, off_t byte)
{
    struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1};
    return fcntl(fd, F_OFD_SETLK, &lock);
}

static int
take_opening(int fd, const char *path, struct deadline deadline, struct err *err)
{
    while (lock_byte(fd, F_WRLCK, OPENING_BYTE) != 0) {
        if (errno != EAGAIN && errno != EACCES) {
            err_set(err, "lock %s: %s", path, strerror(errno));
            return -1;
        }
        if (deadline_is_over(deadline)) {
            err_set(err, "lock %s: another process has been opening the store all the time", path);
            return -1;
        }
        poll(NULL, 0, POLL_MS);
    }
    return 0;
}

static int
map(struct shared_lock *lock, const char *path, bool is_alone, struct err *err)
{
    int failure = is_alone && ftruncate(lock->fd, sizeof(struct shared)) != 0 ? errno : 0;
    if (failure == 0)
        failure = posix_fallocate(lock->fd, 0, sizeof(struct shared));
    if (failure != 0) {
        err_set(err, "make %s: %s", path, strerror(failure));
        return -1;
    }
    void *start =
        mmap(NULL, sizeof(struct shared), PROT_READ | PROT_WRITE, MAP_SHARED, lock->fd, 0);
    if (start == MAP_FAILED) {
        err_set(err, "map %s: %s", path, strerror(errno));
        return -1;
    }
    lock->shared = start;
    return 0;
}

static void
init_shared(struct shared *shared)
{
    pthread_mutexattr_t attributes;
    memset(shared, 0, sizeof *shared);
    if (pthread_mutexattr_init(&attributes) != 0 ||
        pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED) != 0 ||
        pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST) != 0 ||
        pthread_mutex_init(&shared->mutex, &attributes) != 0)
        abort();
    pthread_mutexattr_destroy(&attributes);
    shared->layout = LAYOUT;
}

static int
arrive(struct shared_lock *lock, const char *path, bool *is_alone_r, struct err *err)
{
    *is_alone_r = lock_byte(lock->fd, F_WRLCK, HERE_BYTE) == 0;
    if (!*is_alone_r && lock_byte(lock->fd, F_RDLCK, HERE_BYTE) != 0) {
        err_set(err, "lock %s: %s", path, strerror(errno));
        return -1;
    }
    if (map(lock, path, *is_alone_r, err) != 0)
        return -1;
    if (*is_alone_r)
        init_shared(lock->shared);
    if (lock->shared->layout == LAYOUT)
        return 0;
    err_set(err, "%s is in use by another version of mailreeve (end that first)", path);
    return -1;
}

struct shared_lock *
shared_lock_open(const char *path, struct shared_lock **before, bool *is_alone_r,
                 struct deadline deadline, struct err *err)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        err_set(err, "open %s: %s", path, strerror(errno));
        return NULL;
    }
    struct shared_lock *lock = xcalloc(1, sizeof *lock);
    lock->fd = fd;
    if (take_opening(fd, path, deadline, err) == 0) {
        if (before != NULL) {
            shared_lock_abandon(*before);
            *before = NULL;
        }
        if (arrive(lock, path, is_alone_r, err) == 0)
            return lock;
    }
    shared_lock_close(lock);
    return NULL;
}

void
shared_lock_ready(struct shared_lock *lock)
{
    lock_byte(lock->fd, F_RDLCK, HERE_BYTE);
    lock_byte(lock->fd, F_UNLCK, OPENING_BYTE);
}

/* A thread that was broken off may have left the mutex in its list of robust ones, in the map. The
 * map keeps the open file, so that closing it does not end its locks. */
void
shared_lock_abandon(struct shared_lock *lock)
{
    if (lock == NULL)
        return;
    lock_byte(lock->fd, F_UNLCK, OPENING_BYTE);
    lock_byte(lock->fd, F_UNLCK, HERE_BYTE);
    close(lock->fd);
    lock->fd = -1;
    lock->next_abandoned = atomic_load(&abandoned);
    while (!atomic_compare_exchange_weak(&abandoned, &lock->next_abandoned, lock))
        continue;
}

void
shared_lock_close(struct shared_lock *lock)
{
    if (lock == NULL)
        return;
    if (lock->shared != NULL)
        munmap(lock->shared, sizeof *lock->shared);
    close(lock->fd);
    free(lock);
}

bool
shared_lock_is_left(const char *path)
{
    int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return false;
    /* an empty one is being made: whoever does has it open, but no lock of it yet */
    struct stat status;
    bool is_left = fstat(fd, &status) == 0 && status.st_size > 0 &&
                   lock_byte(fd, F_WRLCK, OPENING_BYTE) == 0 &&
                   lock_byte(fd, F_WRLCK, HERE_BYTE) == 0;
    close(fd);
    return is_left;
}

size_t
shared_lock_size(const struct shared_lock *lock)
{
    return lock->shared->size_bytes;
}

void
shared_lock_set_size(struct shared_lock *lock, size_t size_bytes)
{
    lock->shared->size_bytes = size_bytes;
}

uint64_t
shared_lock_epoch(const struct shared_lock *lock)
{
    return atomic_load(&lock->shared->epoch);
}

void
shared_lock_next_epoch(struct shared_lock *lock)
{
    atomic_store(&lock->shared->is_forsaken, false);
    atomic_fetch_add(&lock->shared->epoch, 1);
}

bool
shared_lock_is_forsaken(const struct shared_lock *lock)
{
    return atomic_load(&lock->shared->is_forsaken);
}

void
shared_lock_forsake(struct shared_lock *lock)
{
    atomic_store(&lock->shared->is_forsaken, true);
    atomic_fetch_add(&lock->shared->epoch, 1);
}

static struct timespec
timespec_of(int64_t ms)
{
    return (struct timespec){.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000};
}

/* GCC 12's ThreadSanitizer does not know the first, and would take the lock for free. */
static int
wait_for(pthread_mutex_t *mutex, struct deadline deadline)
{
#ifndef __SANITIZE_THREAD__
    const struct timespec until = timespec_of(deadline.at_ms);
    return pthread_mutex_clocklock(mutex, CLOCK_MONOTONIC, &until);
#else
    const struct timespec until = timespec_of(clock_wall_ms() + deadline_left_ms(deadline));
    return pthread_mutex_timedlock(mutex, &until);
#endif
}

static void
pause_briefly(void)
{
    for (int i = 0; i < PAUSES; i++) {
#if defined(__x86_64__) || defined(__i386__)
        __builtin_ia32_pause();
#elif defined(__aarch64__)
        __asm__ volatile("yield");
#endif
    }
}

/* Who has the lock needs it for a few microseconds, less than it takes to sleep and be woken. */
static int
try_for_a_moment(pthread_mutex_t *mutex)
{
    int result = pthread_mutex_trylock(mutex);
    for (int i = 0; i < TRIES && result == EBUSY; i++) {
        pause_briefly();
        result = pthread_mutex_trylock(mutex);
    }
    return result;
}

int
shared_lock_enter(struct shared_lock *lock, struct deadline deadline)
{
    pthread_mutex_t *mutex = &lock->shared->mutex;
    int result = try_for_a_moment(mutex);
    if (result == EBUSY)
        result = wait_for(mutex, deadline);
    /* whoever had it is dead: LMDB, which the lock is about, keeps the last whole transaction */
    if (result == EOWNERDEAD)
        result = pthread_mutex_consistent(mutex);
    return result == 0 ? 0 : -1;
}

void
shared_lock_leave(struct shared_lock *lock)
{
    pthread_mutex_unlock(&lock->shared->mutex);
}
