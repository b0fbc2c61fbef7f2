#include "ldap_pace.h"

#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <time.h>

#include "alloc.h"
#include "clock.h"

enum { KEPT = 64 };

struct ring {
    int64_t took_us[KEPT];
    size_t count; /* ever noted */
};

struct ldap_pace {
    /* set once */
    pthread_mutex_t lock;
    /* under lock */
    struct ring wrong, right;
    size_t picked;
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

void
ldap_pace_note(struct ldap_pace *pace, bool was_right, int64_t took_us)
{
    pthread_mutex_lock(&pace->lock);
    struct ring *ring = was_right ? &pace->right : &pace->wrong;
    ring->took_us[ring->count++ % KEPT] = took_us;
    pthread_mutex_unlock(&pace->lock);
}

int64_t
ldap_pace_next_us(struct ldap_pace *pace)
{
    pthread_mutex_lock(&pace->lock);
    const struct ring *ring = pace->wrong.count > 0 ? &pace->wrong : &pace->right;
    size_t count = kept(ring);
    int64_t next_us = count > 0 ? ring->took_us[pace->picked++ % count] : 0;
    pthread_mutex_unlock(&pace->lock);
    return next_us;
}

bool
ldap_pace_is_too_soon(struct ldap_pace *pace, int64_t took_us)
{
    pthread_mutex_lock(&pace->lock);
    size_t count = kept(&pace->right);
    int64_t least_us = count > 0 ? INT64_MAX : 0;
    for (size_t i = 0; i < count; i++)
        if (pace->right.took_us[i] < least_us)
            least_us = pace->right.took_us[i];
    pthread_mutex_unlock(&pace->lock);
    return took_us < least_us / 2;
}

void
ldap_pace_wait(int64_t since_us, int64_t duration_us, struct deadline deadline)
{
    int64_t rest_us = since_us + duration_us - clock_now_us();
    int64_t left_us = (int64_t)deadline_left_ms(deadline) * 1000;
    if (rest_us > left_us)
        rest_us = left_us;
    if (rest_us <= 0)
        return;
    const struct timespec rest = {.tv_sec = rest_us / 1000000, .tv_nsec = rest_us % 1000000 * 1000};
    nanosleep(&rest, NULL);
}
