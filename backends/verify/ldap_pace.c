/*
 * What took longer than most answers about nobody becomes what takes longer than most about
 * somebody: the one of the same rank. So not only the middle of both is alike but all of them are,
 * and where a directory's hashes cost next to nothing nobody waits. (Waiting for any of the known
 * ones would: the later of two is later than one.)
 */
#include "ldap_pace.h"

#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "alloc.h"
#include "clock.h"

enum { KEPT = 64, SLACK_US = 80 };

struct ring {
    int64_t took_us[KEPT];
    size_t count; /* ever noted */
};

struct ldap_pace {
    /* set once */
    pthread_mutex_t lock;
    /* under lock */
    struct ring wrong, right, nobody;
};

struct ldap_pace *
ldap_pace_create(void)
{
    struct ldap_pace *pace = xcalloc(1, sizeof *pace);
    pthread_mutex_init(&pace->lock, NULL);
    return pace;
}

void
ldap_pace_free(struct ldap_pace *pace)
{
    if (pace == NULL)
        return;
    pthread_mutex_destroy(&pace->lock);
    free(pace);
}

static size_t
kept(const struct ring *ring)
{
    return ring->count < KEPT ? ring->count : KEPT;
}

static void
note(struct ring *ring, int64_t took_us)
{
    ring->took_us[ring->count++ % KEPT] = took_us;
}

void
ldap_pace_note_known(struct ldap_pace *pace, bool was_right, int64_t took_us)
{
    pthread_mutex_lock(&pace->lock);
    note(was_right ? &pace->right : &pace->wrong, took_us);
    pthread_mutex_unlock(&pace->lock);
}

static int
compare(const void *a, const void *b)
{
    const int64_t *first = a, *second = b;
    return (*first > *second) - (*first < *second);
}

/* What stands where in the one order rank stands among of. */
static int64_t
at_rank(const struct ring *ring, size_t rank, size_t of)
{
    int64_t sorted[KEPT];
    size_t count = kept(ring);
    memcpy(sorted, ring->took_us, count * sizeof sorted[0]);
    qsort(sorted, count, sizeof sorted[0], compare);
    return sorted[rank * count / of];
}

int64_t
ldap_pace_note_nobody(struct ldap_pace *pace, int64_t took_us)
{
    int64_t duration_us = took_us;
    pthread_mutex_lock(&pace->lock);
    note(&pace->nobody, took_us);
    const struct ring *known = pace->wrong.count > 0 ? &pace->wrong : &pace->right;
    size_t of = kept(&pace->nobody), rank = 0;
    for (size_t i = 0; i < of; i++)
        rank += pace->nobody.took_us[i] < took_us ? 1 : 0;
    /* Of few there is no telling which of them is the slow one. */
    if (of < KEPT / 4) {
        rank = 1;
        of = 2;
    }
    if (known->count > 0)
        duration_us = at_rank(known, rank, of);
    pthread_mutex_unlock(&pace->lock);
    return duration_us > took_us ? duration_us : took_us;
}

bool
ldap_pace_note_refusal(struct ldap_pace *pace, int64_t took_us)
{
    pthread_mutex_lock(&pace->lock);
    size_t count = kept(&pace->right);
    int64_t least_us = INT64_MAX;
    for (size_t i = 0; i < count; i++)
        if (pace->right.took_us[i] < least_us)
            least_us = pace->right.took_us[i];
    bool is_too_soon = count > 0 && took_us < least_us / 2;
    if (count > 0 && !is_too_soon)
        note(&pace->wrong, took_us);
    pthread_mutex_unlock(&pace->lock);
    return is_too_soon;
}

void
ldap_pace_wait(int64_t since_us, int64_t duration_us, struct deadline deadline)
{
    int64_t until_us = since_us + duration_us;
    int64_t last_us = clock_now_us() + (int64_t)deadline_left_ms(deadline) * 1000;
    if (until_us > last_us)
        until_us = last_us;
    /* Whoever sleeps is woken late; what is left is too short for that. */
    int64_t rest_us = until_us - clock_now_us() - SLACK_US;
    if (rest_us > 0) {
        const struct timespec rest = {.tv_sec = rest_us / 1000000,
                                      .tv_nsec = rest_us % 1000000 * 1000};
        nanosleep(&rest, NULL);
    }
    while (clock_now_us() < until_us)
        continue;
}
