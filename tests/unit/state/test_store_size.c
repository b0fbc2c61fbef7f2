/* How much room the LMDB store has: less than before, and none but what is over. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scratch_lmdb.h"

enum { AT_ONCE = 100, HOUR_MS = 3600 * 1000, DAY_MS = 24 * HOUR_MS };

/* Both lengths: an hour now, and offences are remembered for a week. */
static const int64_t lengths[] = {HOUR_MS, INT64_C(7) * DAY_MS};

static struct store_op
offence_of(uint32_t number)
{
    return (struct store_op){.action = STORE_OFFEND,
                             .network = scratch_network(number),
                             .lengths = {lengths, sizeof lengths / sizeof lengths[0]},
                             .ban = {.reason = "auth.bad-credentials"}};
}

/* Bans until a ban is not kept, or up to most. Returns how many were. */
static uint32_t
ban_many(struct store *store, uint32_t first, uint32_t most, int64_t now_ms)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < most; i += AT_ONCE) {
        struct store_op ops[AT_ONCE];
        struct err err = {.text = ""};
        for (uint32_t j = 0; j < AT_ONCE; j++)
            ops[j] = offence_of(first + i + j);
        if (store_run(store, ops, AT_ONCE, now_ms, deadline_after(SCRATCH_WAIT_MS), &err) != 0)
            fail_msg("%s", err.text);
        for (uint32_t j = 0; j < AT_ONCE; j++)
            kept += ops[j].hit;
        if (kept < i + AT_ONCE)
            break;
    }
    return kept;
}

static void
test_a_smaller_size_keeps_what_is_there_and_takes_more(void **unused)
{
    (void)unused;
    enum { BANS = 30000, COUNTS = 3000, ROUNDS = 3 };
    static const int64_t sizes[] = {1 << 20, 2 << 20, 8 << 20};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct scratch scratch;
        struct stat status;
        off_t length = 0;
        scratch_make(&scratch);
        scratch.size_bytes = 16 << 20;
        int64_t now_ms = clock_wall_ms();
        struct store *store = scratch_open(&scratch, true);
        assert_int_equal(ban_many(store, 0, BANS, now_ms), BANS);
        store_close(store);
        scratch.size_bytes = sizes[i];
        for (uint32_t round = 0; round < ROUNDS; round++) {
            store = scratch_open(&scratch, true);
            for (uint32_t count = 0; count < COUNTS; count += AT_ONCE) {
                struct store_op ops[AT_ONCE];
                for (uint32_t j = 0; j < AT_ONCE; j++)
                    ops[j] = scratch_count(round * COUNTS + count + j, 1);
                scratch_run(store, ops, AT_ONCE);
            }
            for (uint32_t ban = 0; ban < BANS; ban += 997)
                assert_true(scratch_is_banned(store, ban));
            assert_int_equal(stat(scratch.file, &status), 0);
            assert_in_range(status.st_size, sizes[i], (16 << 20) - 1);
            assert_true(round == 0 || status.st_size == length); /* it does not creep */
            length = status.st_size;
            store_close(store);
        }
        scratch_remove(&scratch);
    }
}

/* What is full stays as large as it is, however often it is opened. */
static void
test_a_full_file_does_not_grow(void **unused)
{
    (void)unused;
    struct scratch scratch;
    struct stat status;
    scratch_make(&scratch);
    scratch.size_bytes = 1 << 20;
    for (uint32_t round = 0; round < 3; round++) {
        struct store *store = scratch_open(&scratch, true);
        ban_many(store, round * 10000, 10000, clock_wall_ms());
        for (uint32_t i = 0; i < 5000; i++) {
            struct store_op op = scratch_count(round * 5000 + i, 1);
            scratch_run(store, &op, 1);
        }
        store_close(store);
        assert_int_equal(stat(scratch.file, &status), 0);
        assert_int_equal(status.st_size, 1 << 20);
    }
    scratch_remove(&scratch);
}

/* Bans that are over stay for their offences, but never at the cost of one that is new. */
static void
test_a_new_ban_is_kept_unless_all_others_hold(void **unused)
{
    (void)unused;
    enum { MORE = 2000, ELSEWHERE = 1 << 23, MANY = 1000000 };
    static const struct {
        const char *name;
        int64_t later_ms;
        bool want_kept;
    } cases[] = {
        {"all others hold", HOUR_MS / 2, false},
        {"all others are over, and remembered", DAY_MS, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct scratch scratch;
        scratch_make(&scratch);
        scratch.size_bytes = 1 << 20;
        struct store *store = scratch_open(&scratch, true);
        int64_t now_ms = clock_wall_ms();
        uint32_t held = ban_many(store, 0, MANY, now_ms);
        assert_in_range(held, 1000, MANY - 1);
        now_ms += cases[i].later_ms;
        uint32_t kept = ban_many(store, ELSEWHERE, MORE, now_ms);
        if ((kept == MORE) != cases[i].want_kept)
            fail_msg("%s: %u of %d were kept", cases[i].name, kept, MORE);
        struct store_op find = scratch_find_ban(ELSEWHERE + MORE - 1);
        assert_int_equal(store_run(store, &find, 1, now_ms, deadline_after(SCRATCH_WAIT_MS), NULL),
                         0);
        assert_int_equal(find.hit, cases[i].want_kept);
        store_close(store);
        scratch_remove(&scratch);
    }
}

static int64_t
count(struct store *store, uint32_t number, int64_t amount, int64_t now_ms)
{
    struct store_op op = scratch_count(number, amount);
    op.window_ms = HOUR_MS;
    if (store_run(store, &op, 1, now_ms, deadline_after(SCRATCH_WAIT_MS), NULL) != 0)
        fail_msg("the store could not be asked");
    return op.count;
}

/* Each round writes the young table full by one more; whoever writes next turns the two over, and
 * what he writes is in the one that is old from then on. */
static void
test_what_is_counted_while_the_tables_change_places_is_counted_once(void **unused)
{
    (void)unused;
    enum { ROUNDS = 6000, IT = 1 << 24 };
    struct scratch scratch;
    struct store_status status;
    scratch_make(&scratch);
    scratch.size_bytes = 1 << 20;
    struct store *store = scratch_open(&scratch, true);
    int64_t now_ms = clock_wall_ms();
    for (uint32_t i = 0; i < ROUNDS; i++) {
        assert_int_equal(count(store, IT, 1, now_ms), 1);
        count(store, i, 1, now_ms);
        assert_int_equal(count(store, IT, 1, now_ms), 2);
        assert_int_equal(count(store, IT, -2, now_ms), 0);
        assert_int_equal(count(store, IT, 0, now_ms), 0);
    }
    store_status(store, &status);
    assert_in_range(status.held[STORE_COUNTERS], 1, ROUNDS / 2); /* they did, more than once */
    store_close(store);
    scratch_remove(&scratch);
}

static void
test_what_is_over_and_old_does_not_come_back(void **unused)
{
    (void)unused;
    enum { IT = 1 << 24 };
    struct scratch scratch;
    scratch_make(&scratch);
    scratch.size_bytes = 1 << 20;
    struct store *store = scratch_open(&scratch, true);
    int64_t now_ms = clock_wall_ms();
    /* with each number the tables have changed places or not, once or twice */
    for (uint32_t others = 0; others < 4000; others += 250) {
        assert_int_equal(count(store, IT, 5, now_ms), 5);
        for (uint32_t i = 0; i < others; i++)
            count(store, i, 1, now_ms + 2 * HOUR_MS);
        assert_int_equal(count(store, IT, 1, now_ms + 2 * HOUR_MS), 1);
        assert_int_equal(count(store, IT, -1, now_ms + 2 * HOUR_MS), 0);
        assert_int_equal(count(store, IT, 0, now_ms), 0);
    }
    store_close(store);
    scratch_remove(&scratch);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_smaller_size_keeps_what_is_there_and_takes_more),
        cmocka_unit_test(test_a_full_file_does_not_grow),
        cmocka_unit_test(test_a_new_ban_is_kept_unless_all_others_hold),
        cmocka_unit_test(test_what_is_counted_while_the_tables_change_places_is_counted_once),
        cmocka_unit_test(test_what_is_over_and_old_does_not_come_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
