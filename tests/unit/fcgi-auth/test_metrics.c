#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "metrics.h"

static void
test_decisions(void **state)
{
    (void)state;
    struct metrics *metrics = metrics_create();
    struct metrics_counts counts;
    metrics_session_began(metrics);
    metrics_session_began(metrics);
    metrics_session_ended(metrics);
    const struct verdict refused = verdict_make(REASON_AUTH_BAD_CREDENTIALS);
    metrics_decided(metrics, PROTOCOL_IMAP, &refused, 1000);
    metrics_decided(metrics, PROTOCOL_IMAP, &refused, 1001);
    metrics_decided(metrics, PROTOCOL_HTTP, &refused, INT64_C(3600000000));
    metrics_waits(metrics);

    metrics_read(metrics, &counts);
    assert_int_equal(counts.sessions, 1);
    assert_int_equal(counts.waits, 1);
    assert_int_equal(counts.decisions[PROTOCOL_IMAP][REASON_AUTH_BAD_CREDENTIALS][VERDICT_REFUSE],
                     2);
    assert_int_equal(counts.decisions[PROTOCOL_HTTP][REASON_AUTH_BAD_CREDENTIALS][VERDICT_REFUSE],
                     1);
    assert_int_equal(counts.decisions[PROTOCOL_SMTP][REASON_AUTH_OK][VERDICT_ACCEPT], 0);
    assert_int_equal(counts.took_us, 3600000000 + 2001);
    assert_int_equal(metrics_bounds_us[1], 1000);
    assert_int_equal(counts.times[1], 1); /* as long as the bound is within it */
    assert_int_equal(counts.times[2], 1);
    assert_int_equal(counts.times[METRICS_TIMES - 1], 1);
    metrics_free(metrics);
}

static void
test_ends(void **state)
{
    (void)state;
    struct metrics *metrics = metrics_create();
    struct metrics_counts counts;
    metrics_ended(metrics, &(struct attempt_end){.is_new_ban = true});
    metrics_ended(metrics, &(struct attempt_end){.would_ban = true});
    metrics_ended(metrics, &(struct attempt_end){.is_new_ban = true});
    metrics_ended(metrics, &(struct attempt_end){.has_window = true});
    metrics_read(metrics, &counts);
    assert_int_equal(counts.bans, 2);
    assert_int_equal(counts.would_bans, 1);
    metrics_free(metrics);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_decisions),
                                       cmocka_unit_test(test_ends)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
