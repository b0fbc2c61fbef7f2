/*
 * condition: waiting for another thread, until a deadline.
 *
 * Condition variables that count in the time of clock_now_ms(), which a step of the wall clock does
 * not touch.
 */
#ifndef MAILREEVE_CONDITION_H
#define MAILREEVE_CONDITION_H

#include <pthread.h>

#include "deadline.h"

void condition_init(pthread_cond_t *condition);

/* Waits with the lock held until somebody signals or the time is up; either may come without
 * reason, so the caller asks again whether what it waits for has happened. */
void condition_wait(pthread_cond_t *condition, pthread_mutex_t *lock, struct deadline deadline);

#endif
