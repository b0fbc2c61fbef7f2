#include "background.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "alloc.h"
#include "condition.h"
#include "deadline.h"

enum { STACK_BYTES = 256 * 1024, NAME_MAX_BYTES = 15 };

struct background {
    /* set once */
    char name[NAME_MAX_BYTES + 1];
    int (*work)(void *context);
    void *context;
    pthread_t thread;

    pthread_mutex_t lock;
    pthread_cond_t changed;
    /* under lock */
    bool woken, stopping;
};

/* Returns whether there is more work to do. */
static bool
wait_for_next(struct background *background, int wait_ms)
{
    struct deadline deadline = deadline_after(wait_ms);
    pthread_mutex_lock(&background->lock);
    while (!background->woken && !background->stopping && !deadline_is_over(deadline))
        condition_wait(&background->changed, &background->lock, deadline);
    background->woken = false;
    bool more = !background->stopping;
    pthread_mutex_unlock(&background->lock);
    return more;
}

static void *
run(void *argument)
{
    struct background *background = argument;
    int wait_ms = 0;
    /* by itself, so that it has its name before it works */
    pthread_setname_np(pthread_self(), background->name);
    while (wait_for_next(background, wait_ms))
        wait_ms = background->work(background->context);
    return NULL;
}

/* The signals are the main thread's; a new thread inherits the mask of the one that makes it. */
static int
create_without_signals(struct background *background)
{
    pthread_attr_t attributes;
    sigset_t all, before;
    sigfillset(&all);
    if (pthread_attr_init(&attributes) != 0 ||
        pthread_attr_setstacksize(&attributes, STACK_BYTES) != 0)
        return -1;
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int result = pthread_create(&background->thread, &attributes, run, background);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return result;
}

static void
background_free(struct background *background)
{
    pthread_cond_destroy(&background->changed);
    pthread_mutex_destroy(&background->lock);
    free(background);
}

struct background *
background_try(const char *name, int (*work)(void *context), void *context)
{
    struct background *background = xcalloc(1, sizeof *background);
    snprintf(background->name, sizeof background->name, "%s", name);
    background->work = work;
    background->context = context;
    pthread_mutex_init(&background->lock, NULL);
    condition_init(&background->changed);
    if (create_without_signals(background) != 0) {
        background_free(background);
        return NULL;
    }
    return background;
}

struct background *
background_start(const char *name, int (*work)(void *context), void *context)
{
    struct background *background = background_try(name, work, context);
    if (background == NULL)
        abort();
    return background;
}

void
background_wake(struct background *background)
{
    pthread_mutex_lock(&background->lock);
    background->woken = true;
    pthread_cond_signal(&background->changed);
    pthread_mutex_unlock(&background->lock);
}

void
background_stop(struct background *background)
{
    if (background == NULL)
        return;
    pthread_mutex_lock(&background->lock);
    background->stopping = true;
    pthread_cond_signal(&background->changed);
    pthread_mutex_unlock(&background->lock);
    pthread_join(background->thread, NULL);
    background_free(background);
}
