#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "chooser.h"

enum { SERVERS_MAX = 8, TURNS_MAX = 16 };

/* Servers are letters: 'a' is the first. '-' is nobody. */
static char
letter(int index)
{
    return index < 0 ? '-' : (char)('a' + index);
}

static void
test_order(void **state)
{
    static const struct {
        const char *name;
        struct chooser_server servers[4];
        size_t count;
        const char *want_round_robin, *want_first;
    } cases[] = {
        {"no servers", {{0}}, 0, "--", "--"},
        {"one server", {{1, false, true, 0}}, 1, "aaa", "aaa"},
        {"one server that is down", {{1, false, false, 0}}, 1, "--", "--"},
        {"equal ones take turns", {{1, false, true, 0}, {1, false, true, 0}}, 2, "ababab", "aaa"},
        {"the smoothest order, as nginx's",
         {{5, false, true, 0}, {1, false, true, 0}, {1, false, true, 0}},
         3,
         "aabacaaaabacaa",
         "aaa"},
        {"weights do not matter to first",
         {{1, false, true, 0}, {9, false, true, 0}},
         2,
         "bbbbabbbbb",
         "aaa"},
        {"one that is down is left out",
         {{1, false, true, 0}, {1, false, false, 0}, {1, false, true, 0}},
         3,
         "acacac",
         "aaa"},
        {"the first that is up", {{1, false, false, 0}, {1, false, true, 0}}, 2, "bbb", "bbb"},
        {"a backup rests while another is up",
         {{1, true, true, 0}, {1, false, true, 0}, {1, false, false, 0}},
         3,
         "bbb",
         "bbb"},
        {"backups share by weight once all others are down",
         {{1, false, false, 0}, {2, true, true, 0}, {1, true, true, 0}},
         3,
         "bcbbcb",
         "bbb"},
        {"a backup that is down is no help",
         {{1, false, false, 0}, {1, true, false, 0}},
         2,
         "--",
         "--"},
        {"nothing but backups", {{1, true, true, 0}, {1, true, true, 0}}, 2, "abab", "aaa"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        print_message("%s\n", cases[i].name);
        struct chooser_server servers[4];
        memcpy(servers, cases[i].servers, sizeof servers);
        for (size_t n = 0; n < strlen(cases[i].want_first); n++)
            assert_int_equal(letter(chooser_first(servers, cases[i].count)),
                             cases[i].want_first[n]);
        for (size_t n = 0; n < strlen(cases[i].want_round_robin); n++)
            assert_int_equal(letter(chooser_round_robin(servers, cases[i].count)),
                             cases[i].want_round_robin[n]);
    }
}

/* A small generator of its own, so that every run sees the same servers. */
static unsigned
next_random(unsigned *seed, unsigned below)
{
    *seed = *seed * 1103515245 + 12345;
    return *seed / 65536 % below;
}

/* Over one cycle each server is chosen as often as its weight says, and never more than one turn
 * away from its even share on the way. */
static void
test_weights_are_exact(void **state)
{
    (void)state;
    unsigned seed = 1;
    for (int round = 0; round < 2000; round++) {
        struct chooser_server servers[SERVERS_MAX] = {{0}};
        unsigned counts[SERVERS_MAX] = {0}, total = 0;
        size_t count = 1 + next_random(&seed, SERVERS_MAX);
        for (size_t i = 0; i < count; i++) {
            unsigned weight = 1 + next_random(&seed, round % 10 == 0 ? 1000 : 12);
            servers[i] = (struct chooser_server){.weight = weight, .up = true};
            total += weight;
        }
        for (unsigned turn = 1; turn <= total; turn++) {
            counts[chooser_round_robin(servers, count)]++;
            for (size_t i = 0; i < count; i++) {
                long ahead = (long)counts[i] * total - (long)turn * servers[i].weight;
                assert_true(ahead < (long)total * (long)count &&
                            -ahead < (long)total * (long)count);
            }
        }
        for (size_t i = 0; i < count; i++) {
            assert_int_equal(counts[i], servers[i].weight);
            assert_int_equal(servers[i].current, 0);
        }
    }
}

static void
test_never_one_that_is_down(void **state)
{
    (void)state;
    unsigned seed = 2;
    struct chooser_server servers[SERVERS_MAX] = {{0}};
    for (size_t i = 0; i < SERVERS_MAX; i++)
        servers[i] = (struct chooser_server){.weight = 1 + next_random(&seed, 9),
                                             .backup = i >= SERVERS_MAX / 2};
    for (int turn = 0; turn < 100000; turn++) {
        servers[next_random(&seed, SERVERS_MAX)].up = next_random(&seed, 2) == 0;
        bool any = false, any_regular = false;
        for (size_t i = 0; i < SERVERS_MAX; i++) {
            any = any || servers[i].up;
            any_regular = any_regular || (servers[i].up && !servers[i].backup);
        }
        int chosen[] = {chooser_round_robin(servers, SERVERS_MAX),
                        chooser_first(servers, SERVERS_MAX)};
        for (size_t n = 0; n < 2; n++) {
            assert_int_equal(chosen[n] >= 0, any);
            if (any) {
                assert_true(servers[chosen[n]].up);
                assert_int_equal(servers[chosen[n]].backup, !any_regular);
            }
        }
    }
}

/* One that was down for long gets its share, not all the turns that it missed. */
static void
test_coming_back(void **state)
{
    (void)state;
    struct chooser_server servers[] = {{1, false, true, 0}, {1, false, false, 0}};
    for (int turn = 0; turn < 1000; turn++)
        assert_int_equal(chooser_round_robin(servers, 2), 0);
    servers[1].up = true;
    int counts[2] = {0};
    for (int turn = 0; turn < 10; turn++)
        counts[chooser_round_robin(servers, 2)]++;
    assert_int_equal(counts[0], 5);
    assert_int_equal(counts[1], 5);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_weights_are_exact),
        cmocka_unit_test(test_never_one_that_is_down),
        cmocka_unit_test(test_coming_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
