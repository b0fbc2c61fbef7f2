/*
 * What took longer than most answers about nobody becomes what takes longer than most about
 * somebody: the one of the same rank. So not only the middle of both is alike but all of them are,
 * and where a directory's hashes cost next to nothing nobody waits. (Waiting for any of the known
 * ones would: the later of two is later than one.)
 *
 * A directory that was slow an hour ago need not be so now: what is old counts only while there is
 * nothing younger at all. To forget it then as well would show again, wherever little happens,
 * which names there are.
 */
#include "ldap_pace.h"

#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <time.h>

#include "alloc.h"
#include "clock.h"

enum { KEPT = 64, FEW = 16, SLACK_US = 80, FRESH_US = 600000000 };

struct ring {
    int64_t took_us[KEPT], at_us[KEPT];
    size_t count; /* ever noted */
};

struct ldap_pace {
    /* set once */
    pthread_mutex_t lock;
    /* under lock */
    struct ring wrong, right, nobody; /* passwords */
    struct ring found, empty, work;   /* searches */
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

static void
note(struct ring *ring, int64_t took_us, int64_t now_us)
{
    ring->at_us[ring->count % KEPT] = now_us;
    ring->took_us[ring->count++ % KEPT] = took_us;
}

/* Copies what was noted no earlier than from_us. Returns how many that are. */
static size_t
take(const struct ring *ring, int64_t from_us, int64_t took_us_r[KEPT])
{
    size_t count = 0;
    for (size_t i = 0; i < KEPT && i < ring->count; i++)
        if (ring->at_us[i] >= from_us)
            took_us_r[count++] = ring->took_us[i];
    return count;
}

/* What counts of a ring. Returns how many that are. */
static size_t
take_counting(const struct ring *ring, int64_t now_us, int64_t took_us_r[KEPT])
{
    size_t count = take(ring, now_us - FRESH_US, took_us_r);
    return count > 0 ? count : take(ring, INT64_MIN, took_us_r);
}

static int
compare(const void *a, const void *b)
{
    const int64_t *first = a, *second = b;
    return (*first > *second) - (*first < *second);
}

/* The mean of the middle half: unlike a median it stays where it is if there are two heaps. */
static int64_t
middle(const struct ring *ring, int64_t now_us)
{
    int64_t sorted[KEPT], sum_us = 0;
    size_t count = take_counting(ring, now_us, sorted), skip = count / 4;
    qsort(sorted, count, sizeof sorted[0], compare);
    for (size_t i = skip; i < count - skip; i++)
        sum_us += sorted[i];
    return count > 0 ? sum_us / (int64_t)(count - 2 * skip) : 0;
}

void
ldap_pace_note_search(struct ldap_pace *pace, bool has_found, int64_t took_us, int64_t now_us)
{
    pthread_mutex_lock(&pace->lock);
    note(has_found ? &pace->found : &pace->empty, took_us, now_us);
    pthread_mutex_unlock(&pace->lock);
}

void
ldap_pace_note_work(struct ldap_pace *pace, int64_t took_us, int64_t now_us)
{
    pthread_mutex_lock(&pace->lock);
    note(&pace->work, took_us, now_us);
    pthread_mutex_unlock(&pace->lock);
}

int64_t
ldap_pace_search_us(struct ldap_pace *pace, int64_t now_us)
{
    pthread_mutex_lock(&pace->lock);
    int64_t more_us =
        middle(&pace->found, now_us) - middle(&pace->empty, now_us) - middle(&pace->work, now_us);
    pthread_mutex_unlock(&pace->lock);
    return more_us > 0 ? more_us : 0;
}

void
ldap_pace_note_known(struct ldap_pace *pace, bool was_right, int64_t took_us, int64_t now_us)
{
    pthread_mutex_lock(&pace->lock);
    note(was_right ? &pace->right : &pace->wrong, took_us, now_us);
    pthread_mutex_unlock(&pace->lock);
}

/* What answers about somebody took, in order: of young wrong passwords, or else of young right
 * ones, or else of old ones. Returns how many that are. */
static size_t
take_known(const struct ldap_pace *pace, int64_t now_us, int64_t sorted_r[KEPT])
{
    const int64_t from_us = now_us - FRESH_US;
    size_t count = take(&pace->wrong, from_us, sorted_r);
    if (count == 0)
        count = take(&pace->right, from_us, sorted_r);
    if (count == 0)
        count = take(&pace->wrong, INT64_MIN, sorted_r);
    if (count == 0)
        count = take(&pace->right, INT64_MIN, sorted_r);
    qsort(sorted_r, count, sizeof sorted_r[0], compare);
    return count;
}

int64_t
ldap_pace_note_nobody(struct ldap_pace *pace, int64_t took_us, int64_t now_us)
{
    int64_t nobody[KEPT], sorted[KEPT];
    size_t rank = 0;
    pthread_mutex_lock(&pace->lock);
    note(&pace->nobody, took_us, now_us);
    size_t of = take(&pace->nobody, now_us - FRESH_US, nobody);
    size_t count = take_known(pace, now_us, sorted);
    pthread_mutex_unlock(&pace->lock);
    for (size_t i = 0; i < of; i++)
        rank += nobody[i] < took_us ? 1 : 0;

    /* Of few there is no telling which of them is the slow one. */
    int64_t duration_us = took_us;
    if (count > 0)
        duration_us = sorted[of < FEW ? count / 2 : rank * count / of];
    return duration_us > took_us ? duration_us : took_us;
}

bool
ldap_pace_note_refusal(struct ldap_pace *pace, int64_t took_us, int64_t now_us)
{
    pthread_mutex_lock(&pace->lock);
    int64_t right[KEPT], least_us = INT64_MAX;
    size_t count = take_counting(&pace->right, now_us, right);
    for (size_t i = 0; i < count; i++)
        if (right[i] < least_us)
            least_us = right[i];
    bool is_too_soon = count > 0 && took_us < least_us / 2;
    if (count > 0 && !is_too_soon)
        note(&pace->wrong, took_us, now_us);
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
