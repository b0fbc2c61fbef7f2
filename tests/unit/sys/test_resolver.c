/* Names that nobody answers for, and one that somebody does: its turn comes all the same. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "alloc.h"
#include "condition.h"
#include "resolver.h"

/* More than all threads have time for: each is asked for again 5 s after it failed. */
enum { DEAD = 100, STUCK = 16, WAIT_MS = 20000 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed;
/* under lock */
static int failed, stuck, answers;
static bool is_over;

static const char *
text_of(const struct resolved *resolved)
{
    (void)resolved;
    return "host.test";
}

static void
put_down(struct resolved *resolved)
{
    (void)resolved;
}

/* Known to be dead after the first question; the next ones have no end. */
static int
ask_dead(struct resolved *resolved, const struct dns_servers *servers, struct deadline deadline,
         int64_t *ttl_ms_r, struct err *err)
{
    (void)resolved;
    (void)servers;
    (void)deadline;
    (void)ttl_ms_r;
    err_set(err, "no DNS server answered");
    pthread_mutex_lock(&lock);
    if (failed < DEAD) {
        failed++;
    } else {
        stuck++;
        pthread_cond_broadcast(&changed);
        while (!is_over)
            pthread_cond_wait(&changed, &lock);
    }
    pthread_mutex_unlock(&lock);
    return -1;
}

static int
ask_alive(struct resolved *resolved, const struct dns_servers *servers, struct deadline deadline,
          int64_t *ttl_ms_r, struct err *err)
{
    (void)resolved;
    (void)servers;
    (void)deadline;
    (void)err;
    *ttl_ms_r = 0;
    pthread_mutex_lock(&lock);
    answers++;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
    return 0;
}

static const struct resolved_kind dead = {.text = text_of, .ask = ask_dead, .put_down = put_down};
static const struct resolved_kind alive = {.text = text_of, .ask = ask_alive, .put_down = put_down};

static struct resolved *
begin(const struct resolved_kind *kind)
{
    struct resolved *resolved = xcalloc(1, sizeof *resolved);
    resolver_lock();
    resolver_add(resolved, kind);
    resolved->references++;
    resolver_start(resolved);
    resolver_unlock();
    return resolved;
}

/* Under lock. Returns whether the number came to be in time. */
static bool
wait_for(const int *number, int wanted)
{
    struct deadline deadline = deadline_after(WAIT_MS);
    while (*number < wanted && !deadline_is_over(deadline))
        condition_wait(&changed, &lock, deadline);
    return *number >= wanted;
}

static void
test_dead_names_hold_up_no_other(void **state)
{
    struct resolved *all[DEAD + 1];
    (void)state;
    condition_init(&changed);
    for (size_t i = 0; i < DEAD; i++)
        all[i] = begin(&dead);
    all[DEAD] = begin(&alive);

    pthread_mutex_lock(&lock);
    const bool are_stuck = wait_for(&stuck, STUCK);
    const bool is_answered = wait_for(&answers, answers + 3);
    is_over = true;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
    assert_true(are_stuck);
    assert_true(is_answered);

    resolver_lock();
    for (size_t i = 0; i <= DEAD; i++)
        resolver_drop(all[i]);
    resolver_unlock();
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_dead_names_hold_up_no_other)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
