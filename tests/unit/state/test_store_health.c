#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "alarm.h"
#include "clock.h"
#include "store_health.h"

enum { WAIT_MS = 10000 };

static const struct err failure = {.text = "connect somewhere: refused"};

struct heard {
    size_t times;
    char subject[32], error[64];
};

static void
hear(void *context, enum alarm_kind kind, const char *subject, const struct log_field *fields,
     size_t count)
{
    struct heard *heard = context;
    assert_int_equal(kind, ALARM_STORE_DOWN);
    assert_int_equal(count, 1);
    heard->times++;
    strncpy(heard->subject, subject, sizeof heard->subject - 1);
    strncpy(heard->error, fields[0].string, sizeof heard->error - 1);
}

/* Instead of waiting. */
static void
let_time_pass(struct store_health *health)
{
    health->retry_at_ms = 0;
    assert_true(store_health_may_try(health, NULL));
    health->retry_at_ms += WAIT_MS; /* this machine may be slow */
}

static void
test_who_fails_is_down_until_a_trial_goes_well(void **unused)
{
    (void)unused;
    struct store_health health;
    struct store_status status = {.engine = "x"};
    struct err err = {.text = ""};
    store_health_init(&health, "lmdb", false);
    assert_true(store_health_is_up(&health, &err));
    assert_true(store_health_may_try(&health, &err));
    store_health_bad(&health, &failure);
    assert_false(store_health_is_up(&health, &err));
    assert_string_equal(err.text, failure.text);
    health.retry_at_ms += WAIT_MS;
    assert_false(store_health_may_try(&health, NULL));
    assert_int_equal(store_health_wait_ms(&health, 500), 500);
    store_health_status(&health, &status);
    assert_false(status.is_up);
    assert_string_equal(status.error, failure.text);
    assert_in_range(status.down_since_ms, 1, clock_wall_ms());

    let_time_pass(&health);
    assert_false(store_health_may_try(&health, NULL)); /* one at a time */
    assert_false(store_health_is_up(&health, NULL));
    store_health_good(&health);
    assert_true(store_health_is_up(&health, NULL));
    assert_int_equal(store_health_wait_ms(&health, 500), 500);
    memset(&status, 0, sizeof status);
    store_health_status(&health, &status);
    assert_true(status.is_up);
    assert_int_equal(status.down_since_ms, 0);
    assert_string_equal(status.error, "");
    store_health_fini(&health);
}

static int64_t
pause_after(struct store_health *health)
{
    store_health_bad(health, &failure);
    return health->pause_ms;
}

static void
test_the_pause_grows_with_each_trial_and_not_with_each_caller(void **unused)
{
    (void)unused;
    struct store_health health;
    store_health_init(&health, "lmdb", false);
    for (int i = 0; i < 64; i++)
        assert_int_equal(pause_after(&health), 250);
    let_time_pass(&health);
    assert_int_equal(pause_after(&health), 500);
    for (int i = 0; i < 64; i++)
        assert_int_equal(pause_after(&health), 500);
    /* an outage that comes again begins anew */
    store_health_good(&health);
    assert_int_equal(pause_after(&health), 250);
    store_health_fini(&health);
}

static void
test_an_outage_is_told_once_a_minute(void **unused)
{
    (void)unused;
    struct store_health health;
    struct heard heard = {.times = 0};
    alarm_listen(hear, &heard);
    store_health_init(&health, "lmdb", true);
    for (int i = 0; i < 3; i++) {
        store_health_bad(&health, &failure);
        store_health_bad(&health, &failure);
        assert_int_equal(heard.times, 1);
        store_health_good(&health);
    }
    assert_string_equal(heard.subject, "lmdb");
    assert_string_equal(heard.error, failure.text);
    health.told_at_ms -= 60 * 1000;
    store_health_bad(&health, &failure);
    assert_int_equal(heard.times, 2);
    store_health_fini(&health);

    store_health_init(&health, "lmdb", false);
    store_health_bad(&health, &failure);
    assert_int_equal(heard.times, 2);
    store_health_fini(&health);
    alarm_listen(NULL, NULL);
}

static void
test_who_is_full_is_up_and_says_why_until_there_is_room(void **unused)
{
    (void)unused;
    static const struct err full = {.text = "somewhere answered \"OOM\""};
    struct store_health health;
    struct store_status status = {.is_full = false};
    struct heard heard = {.times = 0};
    alarm_listen(hear, &heard);
    store_health_init(&health, "redis", true);
    store_health_full(&health, &full);
    const int64_t told_at_ms = health.full_told_at_ms;
    assert_true(told_at_ms > 0);
    store_health_good(&health); /* a batch that took no room */
    assert_true(store_health_is_up(&health, NULL));
    store_health_status(&health, &status);
    assert_true(status.is_up && status.is_full);
    assert_string_equal(status.error, full.text);

    store_health_bad(&health, &failure);
    store_health_status(&health, &status);
    assert_false(status.is_up || status.is_full);
    assert_string_equal(status.error, failure.text);
    store_health_good(&health);

    store_health_full(&health, NULL);
    memset(&status, 0, sizeof status);
    store_health_status(&health, &status);
    assert_true(status.is_up && !status.is_full);
    assert_string_equal(status.error, "");

    store_health_full(&health, &full);
    assert_int_equal(health.full_told_at_ms, told_at_ms); /* once a minute */
    health.full_told_at_ms -= 60 * 1000;
    store_health_full(&health, &full);
    assert_true(health.full_told_at_ms >= told_at_ms);
    assert_int_equal(heard.times, 1); /* of the outage */
    store_health_fini(&health);
    alarm_listen(NULL, NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_fails_is_down_until_a_trial_goes_well),
        cmocka_unit_test(test_the_pause_grows_with_each_trial_and_not_with_each_caller),
        cmocka_unit_test(test_an_outage_is_told_once_a_minute),
        cmocka_unit_test(test_who_is_full_is_up_and_says_why_until_there_is_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
