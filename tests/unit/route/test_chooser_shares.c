/*
 * How often each member is chosen: by weight, after one is lost, comes, is drained, or warms up.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "chooser.h"

enum { MEMBERS_MAX = 1000, SESSIONS = 100000, SLOW_START_MS = 60000 };

/* As many members as wanted; the weights repeat. */
struct group {
    struct chooser_member members[MEMBERS_MAX];
    size_t count;
};

static uint64_t
name_key(const char *kind, size_t number)
{
    char name[32];
    snprintf(name, sizeof name, "%s%zu.example.com", kind, number);
    return chooser_key(name);
}

static struct group
make_group(size_t count, const uint32_t weights[4])
{
    size_t period = 0;
    while (period < 4 && weights[period] > 0)
        period++;
    struct group group = {.count = count};
    for (size_t i = 0; i < count; i++)
        group.members[i] = (struct chooser_member){
            .key = name_key("mta", i), .weight = weights[i % period], .is_usable = true};
    return group;
}

static struct chooser *
make_chooser(enum balance balance, const struct group *group)
{
    struct chooser *chooser = chooser_create(balance, SLOW_START_MS);
    chooser_set(chooser, group->members, group->count);
    return chooser;
}

/* counts_r: how many of the sessions of so many users went to each. */
static void
count_sessions(struct chooser *chooser, int64_t now_ms, unsigned counts_r[MEMBERS_MAX])
{
    for (size_t i = 0; i < MEMBERS_MAX; i++)
        counts_r[i] = 0;
    for (size_t i = 0; i < SESSIONS; i++) {
        const int chosen = chooser_next(chooser, name_key("user", i), now_ms);
        assert_in_range(chosen, 0, MEMBERS_MAX - 1);
        counts_r[chosen]++;
    }
}

/* Which member each of so many users belongs to. */
static void
find_members(struct chooser *chooser, size_t users, int64_t now_ms, int found_r[])
{
    for (size_t i = 0; i < users; i++)
        found_r[i] = chooser_next(chooser, name_key("user", i), now_ms);
}

static double
total_weight(const struct group *group)
{
    double total = 0;
    for (size_t i = 0; i < group->count; i++)
        total += group->members[i].is_usable ? group->members[i].weight : 0;
    return total;
}

static void
test_weights(void **state)
{
    static const struct {
        const char *name;
        enum balance balance;
        size_t count;
        uint32_t weights[4];
        double want_within; /* of the member's share */
    } cases[] = {
        {"two of one weight", BALANCE_ROUND_ROBIN, 2, {1}, 0},
        {"four weights", BALANCE_ROUND_ROBIN, 4, {1, 2, 3, 4}, 0},
        {"a thousand of one weight", BALANCE_ROUND_ROBIN, 1000, {1}, 0},
        {"a thousand of four weights", BALANCE_ROUND_ROBIN, 1000, {1, 2, 3, 4}, 0},
        {"a hundredth of the other", BALANCE_ROUND_ROBIN, 2, {1, 99}, 0},
        {"a thousand, and a hundred thousand", BALANCE_ROUND_ROBIN, 2, {1000, 99000}, 0},
        {"weights of SRV records", BALANCE_ROUND_ROBIN, 3, {6553500, 1, 3276700}, 0.02},
        {"the largest weight", BALANCE_ROUND_ROBIN, 2, {UINT32_MAX, UINT32_MAX}, 0},
        {"what strides leave over adds up", BALANCE_ROUND_ROBIN, 2, {3900000000, 1000000000}, 1e-4},
        {"weights do not matter to the least recent", BALANCE_LEAST_RECENT, 2, {1, 9}, 0},
        {"a thousand least recent ones", BALANCE_LEAST_RECENT, 1000, {1, 9}, 0},
        {"users of two members", BALANCE_HASH, 2, {1}, 0.02},
        {"users of four weights", BALANCE_HASH, 4, {1, 2, 3, 4}, 0.02},
        {"users of very different weights", BALANCE_HASH, 2, {1, 9}, 0.02},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        print_message("%s\n", cases[i].name);
        const struct group group = make_group(cases[i].count, cases[i].weights);
        struct chooser *chooser = make_chooser(cases[i].balance, &group);
        unsigned counts[MEMBERS_MAX];
        count_sessions(chooser, 0, counts);
        for (size_t n = 0; n < group.count; n++) {
            const double share = cases[i].balance == BALANCE_LEAST_RECENT
                                     ? 1.0 / (double)group.count
                                     : group.members[n].weight / total_weight(&group);
            const double want = SESSIONS * share;
            assert_float_equal(counts[n], want, want * cases[i].want_within + 0.5);
        }
        chooser_free(chooser);
    }
}

/* With a thousand members chance alone moves a member by more than 2 % of its small share, so the
 * sum of what is misplaced is looked at. */
static void
test_users_of_a_thousand_members(void **state)
{
    (void)state;
    const struct group group = make_group(1000, (const uint32_t[4]){1, 2, 3, 4});
    struct chooser *chooser = make_chooser(BALANCE_HASH, &group);
    unsigned counts[MEMBERS_MAX], of_weight[5] = {0};
    count_sessions(chooser, 0, counts);
    for (size_t i = 0; i < group.count; i++) {
        assert_true(counts[i] > 0);
        of_weight[group.members[i].weight] += counts[i];
    }
    for (unsigned weight = 1; weight <= 4; weight++)
        assert_float_equal(of_weight[weight], SESSIONS * weight / 10.0,
                           SESSIONS * weight / 10.0 * 0.02);
    chooser_free(chooser);
}

/* Digests are made for eight slots at once; none of the eight is to be treated worse. */
static void
test_slots_are_shared_by_chance(void **state)
{
    enum { SLOT_BITS = 18, SLOTS = 1 << SLOT_BITS, PLACES = 8, OF_PLACE = SLOTS / PLACES };
    (void)state;
    for (size_t count = 2; count <= 40; count += 38) {
        const struct group group = make_group(count, (const uint32_t[4]){1, 2});
        struct chooser *chooser = make_chooser(BALANCE_HASH, &group);
        static unsigned counts[PLACES][MEMBERS_MAX];
        memset(counts, 0, sizeof counts);
        for (uint64_t slot = 0; slot < SLOTS; slot++)
            counts[slot % PLACES][chooser_next(chooser, slot << (64 - SLOT_BITS), 0)]++;
        for (size_t place = 0; place < PLACES; place++)
            for (size_t i = 0; i < count; i++) {
                const double want = OF_PLACE * group.members[i].weight / total_weight(&group);
                assert_float_equal(counts[place][i], want, 5 * sqrt(want));
            }
        chooser_free(chooser);
    }
}

/* A small generator of its own, so that every run sees the same members. */
static unsigned
next_random(unsigned *seed, unsigned below)
{
    *seed = *seed * 1103515245 + 12345;
    return *seed / 65536 % below;
}

/* In each round of as many turns as the sum of the weights, each member is chosen as often as its
 * weight says; on the way it is never further from its even share than some turns. */
static void
test_round_robin_is_exact_and_even(void **state)
{
    enum { FEW = 8, ROUNDS = 3 };
    (void)state;
    unsigned seed = 1;
    for (int group_number = 0; group_number < 500; group_number++) {
        struct group group = {.count = 1 + next_random(&seed, FEW)};
        long total = 0;
        for (size_t i = 0; i < group.count; i++) {
            const unsigned weight = 1 + next_random(&seed, group_number % 10 == 0 ? 1000 : 12);
            group.members[i] =
                (struct chooser_member){.key = i + 1, .weight = weight, .is_usable = true};
            total += weight;
        }
        struct chooser *chooser = make_chooser(BALANCE_ROUND_ROBIN, &group);
        long counts[FEW] = {0};
        for (long turn = 1; turn <= ROUNDS * total; turn++) {
            counts[chooser_next(chooser, 0, 0)]++;
            for (size_t i = 0; i < group.count; i++) {
                const long ahead = counts[i] * total - turn * (long)group.members[i].weight;
                assert_true(labs(ahead) < 2 * total);
                assert_true(turn % total != 0 || ahead == 0);
            }
        }
        chooser_free(chooser);
    }
}

static void
test_drained_ones_are_empty(void **state)
{
    (void)state;
    for (int balance = BALANCE_ROUND_ROBIN; balance <= BALANCE_FIRST; balance++)
        for (size_t count = 3; count <= 333; count += 330) {
            struct group group = make_group(count, (const uint32_t[4]){1, 2, 3});
            struct chooser *chooser = make_chooser((enum balance)balance, &group);
            unsigned counts[MEMBERS_MAX];
            count_sessions(chooser, 0, counts);
            assert_true(counts[0] > 0);
            group.members[0].is_usable = false;
            chooser_set(chooser, group.members, group.count);
            count_sessions(chooser, 0, counts);
            assert_int_equal(counts[0], 0);
            assert_true(counts[1] > 0);
            group.members[0].is_usable = true;
            chooser_set(chooser, group.members, group.count);
            count_sessions(chooser, 0, counts);
            assert_true(counts[0] > 0);
            chooser_free(chooser);
        }
}

enum { USERS = 16000 }; /* 2 % of them is five times what chance moves */

static const struct {
    const char *name;
    size_t count;
    uint32_t weights[4];
} groups[] = {
    {"two members", 2, {1}},
    {"three weights", 3, {1, 2, 3}},
    {"ten members", 10, {1}},
    {"as many as are scored one by one", 32, {1, 2, 3, 4}},
    {"more than are scored one by one", 33, {1, 2, 3, 4}},
    {"a hundred", 100, {1}},
    {"a thousand", 1000, {1, 2}},
};

static void
test_a_lost_one_moves_its_share_only(void **state)
{
    (void)state;
    for (size_t n = 0; n < sizeof groups / sizeof groups[0]; n++)
        for (size_t lost = 0; lost < groups[n].count; lost += 1 + groups[n].count / 3) {
            print_message("%s, number %zu\n", groups[n].name, lost);
            struct group group = make_group(groups[n].count, groups[n].weights);
            struct chooser *chooser = make_chooser(BALANCE_HASH, &group);
            static int before[USERS], without[USERS], again[USERS];
            find_members(chooser, USERS, 0, before);

            group.members[lost].is_usable = false;
            chooser_set(chooser, group.members, group.count);
            find_members(chooser, USERS, 0, without);
            unsigned moved = 0;
            for (size_t i = 0; i < USERS; i++) {
                assert_int_not_equal(without[i], lost);
                assert_true(without[i] == before[i] || before[i] == (int)lost);
                moved += without[i] != before[i];
            }
            const double share =
                group.members[lost].weight / (total_weight(&group) + group.members[lost].weight);
            assert_true(moved <= USERS * (share + 0.02));

            group.members[lost].is_usable = true;
            chooser_set(chooser, group.members, group.count);
            find_members(chooser, USERS, 0, again);
            assert_memory_equal(again, before, sizeof before);
            chooser_free(chooser);
        }
}

/* Configured anew, not only up again. */
static void
test_a_new_one_moves_its_share_only(void **state)
{
    (void)state;
    for (size_t n = 0; n < sizeof groups / sizeof groups[0]; n++) {
        print_message("%s\n", groups[n].name);
        struct group group = make_group(groups[n].count, groups[n].weights);
        const size_t added = group.count - 1;
        struct chooser *chooser = chooser_create(BALANCE_HASH, 0);
        static int before[USERS], after[USERS];
        chooser_set(chooser, group.members, added);
        find_members(chooser, USERS, 0, before);
        chooser_set(chooser, group.members, group.count);
        find_members(chooser, USERS, 0, after);
        unsigned moved = 0;
        for (size_t i = 0; i < USERS; i++) {
            assert_true(after[i] == before[i] || after[i] == (int)added);
            moved += after[i] != before[i];
        }
        assert_true(moved > 0);
        assert_true(moved <= USERS * (group.members[added].weight / total_weight(&group) + 0.02));
        chooser_free(chooser);
    }
}

/* What a lost one had goes to the others by their weights. */
static void
test_the_lost_share_goes_to_all_others(void **state)
{
    (void)state;
    struct group group = make_group(4, (const uint32_t[4]){4, 1, 2, 3});
    struct chooser *chooser = make_chooser(BALANCE_HASH, &group);
    group.members[0].is_usable = false;
    chooser_set(chooser, group.members, group.count);
    unsigned counts[MEMBERS_MAX];
    count_sessions(chooser, 0, counts);
    for (size_t i = 1; i < 4; i++)
        assert_float_equal(counts[i], SESSIONS * (double)i / 6, SESSIONS * (double)i / 6 * 0.02);
    chooser_free(chooser);
}

/* However many are down, and whatever was found while they were up. */
static void
test_nodes_agree(void **state)
{
    (void)state;
    for (size_t step = 2; step < 200; step *= 3) {
        struct group all = make_group(1000, (const uint32_t[4]){1, 2, 3}), some = {.count = 0};
        struct chooser *ours = make_chooser(BALANCE_HASH, &all);
        static int found[USERS], theirs[USERS];
        find_members(ours, USERS, 0, found);
        for (size_t i = all.count; i-- > 0;)
            if (i % step == 1)
                some.members[some.count++] = all.members[i];
            else
                all.members[i].is_usable = false;
        chooser_set(ours, all.members, all.count);
        find_members(ours, USERS, 0, found);
        struct chooser *other = make_chooser(BALANCE_HASH, &some);
        find_members(other, USERS, 0, theirs);
        for (size_t i = 0; i < USERS; i++)
            assert_true(all.members[found[i]].key == some.members[theirs[i]].key);
        chooser_free(other);
        chooser_free(ours);
    }
}

static void
test_users_of_backups(void **state)
{
    (void)state;
    struct group group = make_group(40, (const uint32_t[4]){1});
    for (size_t i = 0; i < group.count; i += 2)
        group.members[i].level = 1;
    struct chooser *chooser = make_chooser(BALANCE_HASH, &group);
    static int before[USERS], backup[USERS], again[USERS];
    find_members(chooser, USERS, 0, before);
    for (size_t i = 1; i < group.count; i += 2)
        group.members[i].is_usable = false;
    chooser_set(chooser, group.members, group.count);
    find_members(chooser, USERS, 0, backup);
    for (size_t i = 1; i < group.count; i += 2)
        group.members[i].is_usable = true;
    chooser_set(chooser, group.members, group.count);
    find_members(chooser, USERS, 0, again);
    for (size_t i = 0; i < USERS; i++) {
        assert_int_equal(before[i] % 2, 1);
        assert_int_equal(backup[i] % 2, 0);
    }
    assert_memory_equal(again, before, sizeof before);
    chooser_free(chooser);
}

/* One of four is back: what it and each other should have of all sessions. */
static void
test_slow_start(void **state)
{
    static const struct {
        const char *name;
        int64_t since_ms;
        double want_share; /* of its whole one */
    } cases[] = {
        {"at first a tenth", 0, 0.1},
        {"half-way", SLOW_START_MS / 2, 0.55},
        {"at the end all", SLOW_START_MS, 1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (int balance = BALANCE_ROUND_ROBIN; balance <= BALANCE_HASH; balance++) {
            print_message("%s, balance %d\n", cases[i].name, balance);
            struct group group = make_group(4, (const uint32_t[4]){1});
            group.members[2].warms_from_ms = 1000;
            struct chooser *chooser = make_chooser((enum balance)balance, &group);
            unsigned counts[MEMBERS_MAX];
            count_sessions(chooser, 1000 + cases[i].since_ms, counts);
            const double warm = balance == BALANCE_HASH
                                    ? SESSIONS * cases[i].want_share / 4
                                    : SESSIONS * cases[i].want_share / (3 + cases[i].want_share);
            const double other = (SESSIONS - warm) / 3;
            for (size_t n = 0; n < 4; n++)
                assert_float_equal(counts[n], n == 2 ? warm : other, SESSIONS * 0.01);
            chooser_free(chooser);
        }
}

/* It is the first at once: who has failed over is to come back. */
static void
test_first_does_not_warm_up(void **state)
{
    (void)state;
    struct group group = make_group(2, (const uint32_t[4]){1});
    group.members[0].warms_from_ms = 1000;
    struct chooser *chooser = make_chooser(BALANCE_FIRST, &group);
    unsigned counts[MEMBERS_MAX];
    count_sessions(chooser, 1000, counts);
    assert_int_equal(counts[0], SESSIONS);
    chooser_free(chooser);
}

/* All came back at once: they share as if they were warm. */
static void
test_all_warm_up(void **state)
{
    (void)state;
    for (int balance = BALANCE_ROUND_ROBIN; balance <= BALANCE_HASH; balance++) {
        struct group group = make_group(4, (const uint32_t[4]){1});
        for (size_t i = 0; i < group.count; i++)
            group.members[i].warms_from_ms = 1000;
        struct chooser *chooser = make_chooser((enum balance)balance, &group);
        unsigned counts[MEMBERS_MAX];
        count_sessions(chooser, 1000, counts);
        for (size_t i = 0; i < group.count; i++)
            assert_float_equal(counts[i], SESSIONS / 4.0, SESSIONS * 0.01);
        chooser_free(chooser);
    }
}

/* A user whose server is back moves to it once, and nobody else moves. */
static void
test_users_move_once(void **state)
{
    enum { STEPS = 50 };
    (void)state;
    for (size_t count = 3; count <= 100; count += 97) {
        struct group group = make_group(count, (const uint32_t[4]){1, 2});
        const int back = 1;
        struct chooser *chooser = make_chooser(BALANCE_HASH, &group);
        static int whole[USERS], before[USERS], now[USERS];
        find_members(chooser, USERS, 0, whole);
        group.members[back].is_usable = false;
        chooser_set(chooser, group.members, group.count);
        find_members(chooser, USERS, 0, before);
        group.members[back].is_usable = true;
        group.members[back].warms_from_ms = 1000;
        chooser_set(chooser, group.members, group.count);
        for (int64_t step = 0; step <= STEPS; step++) {
            find_members(chooser, USERS, 1000 + SLOW_START_MS * step / STEPS, now);
            for (size_t i = 0; i < USERS; i++) {
                assert_true(now[i] == before[i] || (now[i] == back && whole[i] == back));
                before[i] = now[i];
            }
        }
        assert_memory_equal(now, whole, sizeof whole);
        chooser_free(chooser);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_weights),
        cmocka_unit_test(test_users_of_a_thousand_members),
        cmocka_unit_test(test_slots_are_shared_by_chance),
        cmocka_unit_test(test_round_robin_is_exact_and_even),
        cmocka_unit_test(test_drained_ones_are_empty),
        cmocka_unit_test(test_a_lost_one_moves_its_share_only),
        cmocka_unit_test(test_a_new_one_moves_its_share_only),
        cmocka_unit_test(test_the_lost_share_goes_to_all_others),
        cmocka_unit_test(test_nodes_agree),
        cmocka_unit_test(test_users_of_backups),
        cmocka_unit_test(test_slow_start),
        cmocka_unit_test(test_first_does_not_warm_up),
        cmocka_unit_test(test_all_warm_up),
        cmocka_unit_test(test_users_move_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
