/* The test's own pthread_create can be told that there are as many threads as there may be. */
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "background.h"
#include "condition.h"

static bool is_exhausted;

int
pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
               void *argument)
{
    static int (*create)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
    if (is_exhausted)
        return EAGAIN;
    if (create == NULL)
        *(void **)&create = dlsym(RTLD_NEXT, "pthread_create");
    return create(thread, attributes, run, argument);
}

/* Counts its calls, and what it asks for is the test's to say. */
struct worker {
    int next_ms; /* set once */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    /* under lock */
    int calls;
    bool signals_are_blocked;
    char thread_name[16];
};

static int
work(void *context)
{
    struct worker *worker = context;
    sigset_t blocked;
    pthread_sigmask(SIG_SETMASK, NULL, &blocked);
    pthread_mutex_lock(&worker->lock);
    worker->calls++;
    worker->signals_are_blocked = sigismember(&blocked, SIGTERM) && sigismember(&blocked, SIGHUP);
    pthread_getname_np(pthread_self(), worker->thread_name, sizeof worker->thread_name);
    pthread_cond_broadcast(&worker->changed);
    pthread_mutex_unlock(&worker->lock);
    return worker->next_ms;
}

static void
worker_init(struct worker *worker, int next_ms)
{
    memset(worker, 0, sizeof *worker);
    worker->next_ms = next_ms;
    pthread_mutex_init(&worker->lock, NULL);
    condition_init(&worker->changed);
}

/* Waits until the work was called that often. */
static void
wait_for_calls(struct worker *worker, int calls)
{
    struct deadline deadline = deadline_after(20000);
    pthread_mutex_lock(&worker->lock);
    while (worker->calls < calls && !deadline_is_over(deadline))
        condition_wait(&worker->changed, &worker->lock, deadline);
    assert_true(worker->calls >= calls);
    pthread_mutex_unlock(&worker->lock);
}

static void
test_works_again_and_again(void **state)
{
    (void)state;
    struct worker worker;
    worker_init(&worker, 1);
    struct background *background = background_start("counting", work, &worker);
    wait_for_calls(&worker, 3);
    background_stop(background);
    int calls = worker.calls; /* nobody else's any more: the thread sanitizer would tell */
    assert_true(calls >= 3);
    assert_true(worker.signals_are_blocked);
    assert_string_equal(worker.thread_name, "counting");
}

static void
test_wake(void **state)
{
    (void)state;
    struct worker worker;
    worker_init(&worker, 3600000);
    struct background *background = background_start("sleeping", work, &worker);
    for (int calls = 1; calls < 5; calls++) {
        wait_for_calls(&worker, calls);
        background_wake(background);
    }
    wait_for_calls(&worker, 5);
    background_stop(background); /* at once, not in an hour */
}

static void
test_stop_of_nothing(void **state)
{
    (void)state;
    background_stop(NULL);
}

static void
test_mask_of_the_caller_stays(void **state)
{
    (void)state;
    struct worker worker;
    worker_init(&worker, 3600000);
    sigset_t before, after;
    pthread_sigmask(SIG_SETMASK, NULL, &before);
    background_stop(background_start("masked", work, &worker));
    pthread_sigmask(SIG_SETMASK, NULL, &after);
    assert_int_equal(sigismember(&before, SIGTERM), sigismember(&after, SIGTERM));
}

static void
test_a_thread_that_cannot_be_made_is_made_later(void **state)
{
    (void)state;
    struct worker worker;
    worker_init(&worker, 3600000);
    is_exhausted = true;
    assert_null(background_try("none", work, &worker));
    is_exhausted = false;
    struct background *background = background_try("later", work, &worker);
    assert_non_null(background);
    wait_for_calls(&worker, 1);
    background_stop(background);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_works_again_and_again),
        cmocka_unit_test(test_wake),
        cmocka_unit_test(test_stop_of_nothing),
        cmocka_unit_test(test_a_thread_that_cannot_be_made_is_made_later),
        cmocka_unit_test(test_mask_of_the_caller_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
