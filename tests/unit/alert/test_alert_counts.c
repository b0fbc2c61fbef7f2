#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "alert_counts.h"

enum { S = 1000, MIN = 60 * S, STEPS_MAX = 40 };

/* One alarm, or `times` of them at once. */
struct step {
    int64_t at_ms;
    const char *subject;
    int times;          /* 0: one */
    int64_t want_count; /* 0: the last of them is not told */
    int64_t want_first_ms;
};

struct counts_case {
    const char *sentence;
    enum alarm_kind kind;
    int64_t threshold, within_ms, at_most_every_ms;
    struct step steps[STEPS_MAX];
};

static const struct counts_case cases[] = {
    {"the threshold is told, not one less",
     ALARM_ACCOUNT_FAILURES,
     3,
     10 * MIN,
     15 * MIN,
     {{0, "a", 0, 0, 0}, {1, "a", 0, 0, 0}, {2, "a", 0, 3, 0}}},
    {"accounts are counted each",
     ALARM_ACCOUNT_FAILURES,
     2,
     10 * MIN,
     15 * MIN,
     {{0, "a", 0, 0, 0}, {1, "b", 0, 0, 0}, {2, "a", 0, 2, 0}, {3, "b", 0, 2, 1}}},
    {"bans are counted together",
     ALARM_BAN,
     2,
     10 * MIN,
     15 * MIN,
     {{0, "192.0.2.1/32", 0, 0, 0}, {5, "192.0.2.2/32", 0, 2, 0}}},
    {"a source that is down is told at once, whatever the threshold",
     ALARM_SOURCE_DOWN,
     10,
     10 * MIN,
     15 * MIN,
     {{0, "a", 0, 1, 0}, {1, "b", 0, 1, 1}}},
    {"so is an upstream", ALARM_UPSTREAM_DOWN, 10, 10 * MIN, 15 * MIN, {{0, "a", 0, 1, 0}}},
    {"so is the store", ALARM_STORE_DOWN, 10, 10 * MIN, 15 * MIN, {{0, "lmdb", 0, 1, 0}}},
    {"so is a hijack", ALARM_HIJACK, 10, 10 * MIN, 15 * MIN, {{0, "anna", 0, 1, 0}}},
    {"what comes too slowly is not told",
     ALARM_ACCOUNT_FAILURES,
     2,
     10 * MIN,
     15 * MIN,
     {{0, "a", 0, 0, 0}, {11 * MIN, "a", 0, 0, 0}, {22 * MIN, "a", 0, 0, 0}}},
    {"what comes just within the time is told, wherever the time began",
     ALARM_ACCOUNT_FAILURES,
     4,
     10 * MIN,
     15 * MIN,
     {{7 * MIN, "a", 0, 0, 0},
      {9 * MIN, "a", 0, 0, 0},
      {12 * MIN, "a", 0, 0, 0},
      {17 * MIN - 1, "a", 0, 4, 7 * MIN}}},
    {"what is forgotten for the threshold is said all the same",
     ALARM_ACCOUNT_FAILURES,
     2,
     10 * MIN,
     15 * MIN,
     {{0, "a", 0, 0, 0}, {60 * MIN, "a", 0, 0, 0}, {60 * MIN + 1, "a", 0, 3, 0}}},
    {"in at_most_every there is one message, and the next says what came meanwhile",
     ALARM_ACCOUNT_FAILURES,
     10,
     10 * MIN,
     15 * MIN,
     {{0, "a", 10, 10, 0},
      {1 * MIN, "a", 100, 0, 0},
      {14 * MIN, "a", 9, 0, 0},
      {15 * MIN, "a", 0, 110, 1 * MIN},
      {15 * MIN + 1, "a", 0, 0, 0}}},
    {"after at_most_every the threshold must be reached again",
     ALARM_ACCOUNT_FAILURES,
     3,
     10 * MIN,
     15 * MIN,
     {{0, "a", 3, 3, 0}, {20 * MIN, "a", 0, 0, 0}, {21 * MIN, "a", 2, 3, 20 * MIN}}},
    {"a flapping source is told once in at_most_every",
     ALARM_SOURCE_DOWN,
     10,
     10 * MIN,
     15 * MIN,
     {{0, "a", 0, 1, 0},
      {5 * MIN, "a", 0, 0, 0},
      {14 * MIN, "a", 0, 0, 0},
      {16 * MIN, "a", 0, 3, 5 * MIN}}},
    {"with at_most_every 0 and threshold 1 every ban is told",
     ALARM_BAN,
     1,
     10 * MIN,
     0,
     {{0, "a", 0, 1, 0}, {0, "b", 0, 1, 0}, {1, "c", 0, 1, 1}}},
    {"a clock that stands still is no trouble",
     ALARM_BAN,
     3,
     1 * S,
     0,
     {{9, "a", 2, 0, 0}, {9, "a", 0, 3, 9}}},
};

static void
run_case(const struct counts_case *c)
{
    const struct alert_settings settings = {.events = ~0U,
                                            .threshold = c->threshold,
                                            .within_ms = c->within_ms,
                                            .at_most_every_ms = c->at_most_every_ms};
    struct alert_counts *counts = alert_counts_create();
    print_message("%s\n", c->sentence);
    for (const struct step *step = c->steps; step->subject != NULL; step++) {
        struct alert_tally tally = {.count = 0};
        bool is_told = false;
        for (int i = 0; i < (step->times == 0 ? 1 : step->times); i++) {
            assert_false(is_told);
            is_told =
                alert_counts_note(counts, &settings, c->kind, step->subject, step->at_ms, &tally);
        }
        assert_int_equal(is_told, step->want_count > 0);
        assert_int_equal(tally.count, step->want_count);
        assert_int_equal(tally.first_ms, step->want_first_ms);
    }
    alert_counts_free(counts);
}

static void
test_alarms_are_counted(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        run_case(&cases[i]);
}

static bool
note(struct alert_counts *counts, int64_t within_ms, const char *subject, int64_t now_ms)
{
    const struct alert_settings settings = {
        .threshold = 2, .within_ms = within_ms, .at_most_every_ms = 0};
    struct alert_tally tally;
    return alert_counts_note(counts, &settings, ALARM_ACCOUNT_FAILURES, subject, now_ms, &tally);
}

static void
test_a_flood_of_names_leaves_the_latest(void **state)
{
    (void)state;
    struct alert_counts *counts = alert_counts_create();
    char name[32];
    note(counts, 10 * MIN, "first", 0);
    for (int i = 0; i < ALERT_SUBJECTS_MAX; i++) {
        snprintf(name, sizeof name, "name%d", i);
        assert_false(note(counts, 10 * MIN, name, 1));
    }
    assert_true(note(counts, 10 * MIN, name, 2));
    assert_false(note(counts, 10 * MIN, "first", 2)); /* forgotten, so this is its first */
    alert_counts_free(counts);
}

/* An attack on many accounts is twenty commands, not as many as there are accounts. */
static void
test_many_accounts_are_few_messages(void **state)
{
    (void)state;
    enum { ACCOUNTS = 300, EVERY = 15 * MIN };
    static const struct {
        enum alarm_kind kind;
        int64_t at_most_every_ms;
        int want_told;
        int64_t want_held_back; /* in the next message */
    } rows[] = {
        {ALARM_ACCOUNT_FAILURES, EVERY, 20, ACCOUNTS - 20},
        {ALARM_HIJACK, EVERY, 20, ACCOUNTS - 20},
        {ALARM_ACCOUNT_FAILURES, 0, ACCOUNTS, 0},
        {ALARM_UPSTREAM_DOWN, EVERY, ACCOUNTS, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct alert_settings settings = {
            .threshold = 1, .within_ms = 10 * MIN, .at_most_every_ms = rows[i].at_most_every_ms};
        struct alert_counts *counts = alert_counts_create();
        struct alert_tally tally;
        char name[32];
        int told = 0;
        for (int j = 0; j < ACCOUNTS; j++) {
            snprintf(name, sizeof name, "name%d", j);
            told += alert_counts_note(counts, &settings, rows[i].kind, name, j, &tally);
        }
        assert_int_equal(told, rows[i].want_told);
        assert_true(alert_counts_note(counts, &settings, rows[i].kind, "next", EVERY, &tally));
        assert_int_equal(tally.held_back, rows[i].want_held_back);
        assert_true(alert_counts_note(counts, &settings, rows[i].kind, "other", EVERY, &tally));
        assert_int_equal(tally.held_back, 0);
        alert_counts_free(counts);
    }
}

static void
test_another_within_counts_anew(void **state)
{
    (void)state;
    struct alert_counts *counts = alert_counts_create();
    assert_false(note(counts, 10 * MIN, "a", 0));
    assert_false(note(counts, 20 * MIN, "a", 1));
    assert_true(note(counts, 20 * MIN, "a", 2));
    alert_counts_free(counts);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alarms_are_counted),
        cmocka_unit_test(test_a_flood_of_names_leaves_the_latest),
        cmocka_unit_test(test_many_accounts_are_few_messages),
        cmocka_unit_test(test_another_within_counts_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
