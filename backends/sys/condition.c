#include "condition.h"

#include <stdlib.h>
#include <time.h>

void
condition_init(pthread_cond_t *condition)
{
    pthread_condattr_t attributes;
    if (pthread_condattr_init(&attributes) != 0 ||
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) != 0 ||
        pthread_cond_init(condition, &attributes) != 0)
        abort();
    pthread_condattr_destroy(&attributes);
}

void
condition_wait(pthread_cond_t *condition, pthread_mutex_t *lock, struct deadline deadline)
{
    struct timespec until = {.tv_sec = (time_t)(deadline.at_ms / 1000),
                             .tv_nsec = (long)(deadline.at_ms % 1000) * 1000000L};
    pthread_cond_timedwait(condition, lock, &until);
}
