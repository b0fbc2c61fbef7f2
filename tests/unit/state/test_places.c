#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <poll.h>
#include <pthread.h>

#include "clock.h"
#include "places.h"

enum { LONG_MS = 20000, PROMPT_MS = 10000 };

static const struct store_key key = {.bytes = "some key", .length = 8};

static void
test_what_ended_before_the_wait_is_not_missed(void **unused)
{
    (void)unused;
    const int64_t began_ms = clock_now_ms();
    const uint64_t ended = places_ended(&key);
    places_wake(&key);
    assert_true(places_wait(&key, ended, deadline_after(LONG_MS)));
    assert_true(clock_now_ms() - began_ms < PROMPT_MS);
}

static void
test_the_time_is_up_at_its_time(void **unused)
{
    (void)unused;
    const int64_t began_ms = clock_now_ms();
    assert_true(places_wait(&key, places_ended(&key), deadline_after(30)));
    assert_true(clock_now_ms() - began_ms >= 30);
}

struct waiter {
    uint64_t ended;
    bool has_waited;
    pthread_t thread;
};

static void *
run(void *context)
{
    struct waiter *waiter = context;
    waiter->has_waited = places_wait(&key, waiter->ended, deadline_after(LONG_MS));
    return NULL;
}

/* Nobody is let in any more, so all of them wait. */
static void
wait_until_full(void)
{
    const struct deadline deadline = deadline_after(LONG_MS / 2);
    while (places_wait(&key, places_ended(&key), deadline_after(0)) && !deadline_is_over(deadline))
        poll(NULL, 0, 1);
}

static void
test_so_many_wait_and_each_is_woken_once(void **unused)
{
    (void)unused;
    struct waiter waiters[PLACES_WAITERS_MAX];
    const uint64_t ended = places_ended(&key);
    const int64_t began_ms = clock_now_ms();
    for (size_t i = 0; i < PLACES_WAITERS_MAX; i++) {
        waiters[i] = (struct waiter){.ended = ended};
        assert_int_equal(pthread_create(&waiters[i].thread, NULL, run, &waiters[i]), 0);
    }
    wait_until_full();
    assert_false(places_wait(&key, ended, deadline_after(LONG_MS)));
    for (size_t i = 0; i < PLACES_WAITERS_MAX; i++)
        places_wake(&key);
    for (size_t i = 0; i < PLACES_WAITERS_MAX; i++) {
        pthread_join(waiters[i].thread, NULL);
        assert_true(waiters[i].has_waited);
    }
    assert_true(clock_now_ms() - began_ms < PROMPT_MS);
    /* there is room again */
    assert_true(places_wait(&key, places_ended(&key), deadline_after(0)));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_ended_before_the_wait_is_not_missed),
        cmocka_unit_test(test_the_time_is_up_at_its_time),
        cmocka_unit_test(test_so_many_wait_and_each_is_woken_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
