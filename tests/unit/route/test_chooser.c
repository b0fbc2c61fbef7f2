/*
 * The order in which members are chosen, who is left out, and what a choice leaves behind.
 * test_chooser_shares.c counts how often each is chosen.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "chooser.h"

enum { MEMBERS_MAX = 8 };

/* Members are letters: 'a' is the first, and called so. '-' is nobody. */
static char
letter(int index)
{
    return index < 0 ? '-' : (char)('a' + index);
}

/* What a test says of a member. */
struct said {
    uint32_t weight, level;
    bool is_down;
};

static size_t
set_members(struct chooser *chooser, const struct said said[MEMBERS_MAX])
{
    struct chooser_member members[MEMBERS_MAX] = {{0}};
    size_t count = 0;
    for (; count < MEMBERS_MAX && said[count].weight > 0; count++) {
        const char name[] = {letter((int)count), '\0'};
        members[count] = (struct chooser_member){.key = chooser_key(name),
                                                 .weight = said[count].weight,
                                                 .level = said[count].level,
                                                 .is_usable = !said[count].is_down};
    }
    chooser_set(chooser, members, count);
    return count;
}

static void
check_order(struct chooser *chooser, const char *want)
{
    char got[64] = "";
    for (size_t turn = 0; turn < strlen(want); turn++)
        got[turn] = letter(chooser_next(chooser, 0, 0));
    assert_string_equal(got, want);
}

static void
test_order(void **state)
{
    static const struct {
        const char *name;
        struct said members[MEMBERS_MAX];
        const char *want_round_robin, *want_least_recent, *want_first;
    } cases[] = {
        {"no members", {{0}}, "--", "--", "--"},
        {"one member", {{1, 0, false}}, "aaa", "aaa", "aaa"},
        {"one member that is down", {{1, 0, true}}, "--", "--", "--"},
        {"equal ones take turns", {{1, 0, false}, {1, 0, false}}, "ababab", "ababab", "aaa"},
        {"three equal ones, too, in their order",
         {{7, 0, false}, {7, 0, false}, {7, 0, false}},
         "abcabcabc",
         "abcabcabc",
         "aaa"},
        {"so do many",
         {{1, 0, false},
          {1, 0, false},
          {1, 0, false},
          {1, 0, false},
          {1, 0, false},
          {1, 0, false},
          {1, 0, false},
          {1, 0, false}},
         "abcdefghabcdefgh",
         "abcdefghabcdefgh",
         "aaa"},
        {"the turns of a heavy one are spread, the light ones lie between",
         {{5, 0, false}, {1, 0, false}, {1, 0, false}},
         "abaaacaabaaaca",
         "abcabc",
         "aaa"},
        {"by weight, and by weight only where it is round-robin",
         {{1, 0, false}, {2, 0, false}},
         "babbab",
         "ababab",
         "aaa"},
        {"three weights",
         {{3, 0, false}, {2, 0, false}, {1, 0, false}},
         "abacbaabacba",
         "abcabc",
         "aaa"},
        {"one that is down is left out",
         {{1, 0, false}, {1, 0, true}, {1, 0, false}},
         "acacac",
         "acacac",
         "aaa"},
        {"the first that is up", {{1, 0, true}, {1, 0, false}}, "bbb", "bbb", "bbb"},
        {"a backup rests while another is up",
         {{1, 1, false}, {1, 0, false}, {1, 0, true}},
         "bbb",
         "bbb",
         "bbb"},
        {"backups share once all others are down",
         {{1, 0, true}, {2, 1, false}, {1, 1, false}},
         "bcbbcb",
         "bcbcbc",
         "bbb"},
        {"a backup that is down is no help", {{1, 0, true}, {1, 1, true}}, "--", "--", "--"},
        {"nothing but backups", {{1, 5, false}, {1, 5, false}}, "abab", "abab", "aaa"},
        {"of many levels the lowest that has somebody, wherever it stands",
         {{1, 9, false}, {1, 2, true}, {1, 7, false}, {1, 4, false}, {1, 4, false}, {1, 9, false}},
         "dedede",
         "dedede",
         "ddd"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        print_message("%s\n", cases[i].name);
        const char *wants[] = {
            [BALANCE_ROUND_ROBIN] = cases[i].want_round_robin,
            [BALANCE_LEAST_RECENT] = cases[i].want_least_recent,
            [BALANCE_FIRST] = cases[i].want_first,
        };
        for (size_t balance = 0; balance < sizeof wants / sizeof wants[0]; balance++) {
            struct chooser *chooser = chooser_create((enum balance)balance, 0);
            set_members(chooser, cases[i].members);
            if (wants[balance] != NULL)
                check_order(chooser, wants[balance]);
            chooser_free(chooser);
        }
    }
}

/* Members before and after a change; what is chosen before it is known. */
static void
test_order_after_a_change(void **state)
{
    static const struct {
        const char *name;
        enum balance balance;
        struct said before[MEMBERS_MAX];
        const char *want_before;
        struct said after[MEMBERS_MAX];
        const char *want_after;
    } cases[] = {
        {"the same members again change nothing, even in the middle of a round",
         BALANCE_ROUND_ROBIN,
         {{3, 0, false}, {2, 0, false}, {1, 0, false}},
         "aba",
         {{3, 0, false}, {2, 0, false}, {1, 0, false}},
         "cbaabacba"},
        {"one that goes leaves the others' order",
         BALANCE_ROUND_ROBIN,
         {{1, 0, false}, {1, 0, false}, {1, 0, false}},
         "a",
         {{1, 0, false}, {1, 0, true}, {1, 0, false}},
         "cacaca"},
        {"one that was away for long has no pile of turns",
         BALANCE_ROUND_ROBIN,
         {{1, 0, false}, {1, 0, true}},
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
         {{1, 0, false}, {1, 0, false}},
         "bababa"},
        {"nor has a backup whose turn comes again",
         BALANCE_ROUND_ROBIN,
         {{1, 0, false}, {1, 1, false}, {1, 1, false}},
         "aaaaaaaa",
         {{1, 0, true}, {1, 1, false}, {1, 1, false}},
         "bcbcbc"},
        {"a new weight counts from now on",
         BALANCE_ROUND_ROBIN,
         {{1, 0, false}, {1, 0, false}},
         "abab",
         {{3, 0, false}, {1, 0, false}},
         "aaabaaabaaa"},
        {"who was chosen longest ago is first, also after a change",
         BALANCE_LEAST_RECENT,
         {{1, 0, false}, {1, 0, false}, {1, 0, false}},
         "abca",
         {{1, 0, false}, {1, 0, false}, {1, 0, false}},
         "bcabca"},
        {"one that comes back was not chosen for long",
         BALANCE_LEAST_RECENT,
         {{1, 0, false}, {1, 0, true}, {1, 0, false}},
         "acac",
         {{1, 0, false}, {1, 0, false}, {1, 0, false}},
         "bacbac"},
        {"the first one has its place back",
         BALANCE_FIRST,
         {{1, 0, true}, {1, 0, false}},
         "bb",
         {{1, 0, false}, {1, 0, false}},
         "aa"},
        {"all are gone", BALANCE_LEAST_RECENT, {{1, 0, false}, {1, 0, false}}, "ab", {{0}}, "--"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        print_message("%s\n", cases[i].name);
        struct chooser *chooser = chooser_create(cases[i].balance, 0);
        set_members(chooser, cases[i].before);
        check_order(chooser, cases[i].want_before);
        set_members(chooser, cases[i].after);
        check_order(chooser, cases[i].want_after);
        chooser_free(chooser);
    }
}

/* The account's mail host is 'a' for the sessions that "noted" counts. */
static void
test_noted_sessions(void **state)
{
    static const struct {
        const char *name;
        enum balance balance;
        struct said members[MEMBERS_MAX];
        unsigned noted;
        const char *want;
    } cases[] = {
        {"it was chosen most recently",
         BALANCE_LEAST_RECENT,
         {{1, 0, false}, {1, 0, false}, {1, 0, false}},
         1,
         "bcabca"},
        {"many such sessions count as one",
         BALANCE_LEAST_RECENT,
         {{1, 0, false}, {1, 0, false}, {1, 0, false}},
         50,
         "bcabca"},
        {"it is remembered of one that is a backup now",
         BALANCE_LEAST_RECENT,
         {{1, 1, false}, {1, 0, false}},
         1,
         "bb"},
        {"its next turn is used up",
         BALANCE_ROUND_ROBIN,
         {{1, 0, false}, {1, 0, false}, {1, 0, false}},
         1,
         "bcabca"},
        {"many such sessions cost it one turn, not all to come",
         BALANCE_ROUND_ROBIN,
         {{1, 0, false}, {1, 0, false}, {1, 0, false}},
         50,
         "bcabcabcab"},
        {"the first stays the first", BALANCE_FIRST, {{1, 0, false}, {1, 0, false}}, 1, "aa"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        print_message("%s\n", cases[i].name);
        struct chooser *chooser = chooser_create(cases[i].balance, 0);
        set_members(chooser, cases[i].members);
        for (unsigned n = 0; n < cases[i].noted; n++)
            chooser_note(chooser, 0);
        check_order(chooser, cases[i].want);
        chooser_free(chooser);
    }
}

/* Members are known by their names, not by their places. */
static void
test_another_order_of_the_members(void **state)
{
    (void)state;
    const struct chooser_member a = {.key = chooser_key("a"), .weight = 1, .is_usable = true};
    const struct chooser_member b = {.key = chooser_key("b"), .weight = 1, .is_usable = true};
    struct chooser *chooser = chooser_create(BALANCE_LEAST_RECENT, 0);
    chooser_set(chooser, (const struct chooser_member[]){a, b}, 2);
    assert_int_equal(chooser_next(chooser, 0, 0), 0);
    chooser_set(chooser, (const struct chooser_member[]){b, a}, 2);
    assert_int_equal(chooser_next(chooser, 0, 0), 0); /* b */
    assert_int_equal(chooser_next(chooser, 0, 0), 1);
    chooser_free(chooser);
}

static void
test_keys(void **state)
{
    static const struct {
        const char *name, *left, *right;
        bool want_same;
    } cases[] = {
        {"case does not matter", "Boss@Example.COM", "boss@example.com", true},
        {"other names have other keys", "mta1", "mta2", false},
        {"signs beside the letters are not letters", "a@b", "a`b", false},
        {"bytes beyond ASCII are themselves", "\xc3\xa4", "\xc3\x84", false},
        {"the empty name has a key, too", "", "a", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        print_message("%s\n", cases[i].name);
        assert_int_equal(chooser_key(cases[i].left) == chooser_key(cases[i].right),
                         cases[i].want_same);
    }
    /* All nodes of a cluster must agree, those of another make or version included. */
    assert_true(chooser_key("mta1.example.com") == UINT64_C(0xd4180611e0e9cf5c));
}

static void
test_warmth(void **state)
{
    static const struct {
        const char *name;
        int64_t slow_start_ms, warms_from_ms, now_ms;
        unsigned want;
    } cases[] = {
        {"there is no slow start", 0, 1000, 1000, 100},
        {"it never was away", 60000, 0, 1000, 100},
        {"it begins with a tenth", 60000, 1000, 1000, 10},
        {"the clock of the checks may be ahead", 60000, 1000, 900, 10},
        {"half of the time is half of the way", 60000, 1000, 31000, 55},
        {"nearly there", 60000, 1000, 60999, 99},
        {"it is warm", 60000, 1000, 61000, 100},
        {"and stays warm", 60000, 1000, INT64_MAX, 100},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        print_message("%s\n", cases[i].name);
        struct chooser *chooser = chooser_create(BALANCE_ROUND_ROBIN, cases[i].slow_start_ms);
        const struct chooser_member member = {
            .key = 1, .weight = 1, .is_usable = true, .warms_from_ms = cases[i].warms_from_ms};
        chooser_set(chooser, &member, 1);
        assert_int_equal(chooser_warmth(chooser, 0, cases[i].now_ms), cases[i].want);
        assert_int_equal(chooser_next(chooser, 0, cases[i].now_ms), 0); /* nobody else is there */
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

/* Members go and come between any two sessions. */
static void
test_never_one_that_is_down_or_of_a_higher_level(void **state)
{
    enum { MANY = 40, TURNS = 20000 };
    (void)state;
    for (int balance = BALANCE_ROUND_ROBIN; balance <= BALANCE_FIRST; balance++) {
        unsigned seed = 2;
        struct chooser *chooser = chooser_create((enum balance)balance, 1000);
        struct chooser_member members[MANY];
        for (unsigned i = 0; i < MANY; i++)
            members[i] = (struct chooser_member){
                .key = i + 1, .weight = 1 + next_random(&seed, 9), .level = i / 10};
        for (unsigned turn = 0; turn < TURNS; turn++) {
            struct chooser_member *member = &members[next_random(&seed, MANY)];
            member->is_usable = next_random(&seed, 8) == 0;
            member->warms_from_ms = turn;
            chooser_set(chooser, members, MANY);
            uint32_t level = UINT32_MAX;
            for (size_t i = 0; i < MANY; i++)
                if (members[i].is_usable && members[i].level < level)
                    level = members[i].level;
            const int chosen = chooser_next(chooser, (uint64_t)seed << 40, turn);
            assert_int_equal(chosen >= 0, level != UINT32_MAX);
            if (chosen >= 0)
                assert_true(members[chosen].is_usable && members[chosen].level == level);
        }
        chooser_free(chooser);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_order_after_a_change),
        cmocka_unit_test(test_noted_sessions),
        cmocka_unit_test(test_another_order_of_the_members),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_warmth),
        cmocka_unit_test(test_never_one_that_is_down_or_of_a_higher_level),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
