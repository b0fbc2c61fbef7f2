#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lru.h"

/* A run of steps on a map of ints whose keys are single letters: "+a" puts (the letter as the
 * value), "?a" gets, "-a" removes, "!a" sees that a is the oldest, "x " removes that. What is left
 * is asked for in the end, which changes nothing that matters any more. */
static void
test_who_stays(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        size_t capacity;
        const char *steps, *want; /* the keys that are left, in the order of the alphabet */
    } cases[] = {
        {"nothing is there", 2, "", ""},
        {"what fits stays", 3, "+a+b+c", "abc"},
        {"what was put longest ago goes", 2, "+a+b+c", "bc"},
        {"one goes for each that comes", 2, "+a+b+c+d", "cd"},
        {"getting is using", 2, "+a+b?a+c", "ac"},
        {"putting what is there is using", 2, "+a+b+a+c", "ac"},
        {"getting what is not there uses nothing", 2, "+a+b?z+c", "bc"},
        {"getting the newest changes nothing", 2, "+a+b?b+c", "bc"},
        {"getting from the middle", 3, "+a+b+c?b+d+e", "bde"},
        {"a capacity of one holds the last", 1, "+a+b+c", "c"},
        {"a capacity of one, put again", 1, "+a+a", "a"},
        {"removing makes room", 2, "+a+b-a+c", "bc"},
        {"removing the newest", 2, "+a+b-b+c", "ac"},
        {"removing from the middle", 3, "+a+b+c-b+d", "acd"},
        {"removing the only one", 1, "+a-a", ""},
        {"removing what is not there", 2, "+a-z", "a"},
        {"putting back what was removed", 2, "+a+b-a+a+c", "ac"},
        {"the oldest is what was put longest ago", 3, "+a+b+c!a", "abc"},
        {"the oldest is not what was got", 3, "+a+b+c?a!b", "abc"},
        {"looking at the oldest is not using it", 2, "+a+b!a+c", "bc"},
        {"removing the oldest", 3, "+a+b+cx !b", "bc"},
        {"removing the oldest until nothing is left", 3, "+a+bx x x ", ""},
        {"putting after that", 3, "+ax +b!b", "b"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        print_message("%s\n", cases[i].name);
        struct lru *lru = lru_create(sizeof(int), cases[i].capacity);
        for (const char *step = cases[i].steps; *step != '\0'; step += 2)
            if (*step == '+')
                *(int *)lru_put(lru, step + 1, 1) = step[1];
            else if (*step == '-')
                lru_remove(lru, step + 1, 1);
            else if (*step == 'x')
                lru_remove_oldest(lru);
            else if (*step == '!')
                assert_int_equal(*(const int *)lru_oldest(lru), step[1]);
            else
                (void)lru_get(lru, step + 1, 1);
        char left[27] = "";
        size_t count = 0;
        for (char key = 'a'; key <= 'z'; key++)
            if (lru_get(lru, &key, 1) != NULL)
                left[count++] = key;
        assert_string_equal(left, cases[i].want);
        assert_int_equal(lru_count(lru), count);
        lru_free(lru);
    }
}

static void
test_a_value_keeps_what_was_written_and_a_new_one_is_zero(void **state)
{
    (void)state;
    struct lru *lru = lru_create(sizeof(int), 1);
    int *value = lru_put(lru, "a", 1);
    assert_int_equal(*value, 0);
    *value = 7;
    assert_int_equal(*(int *)lru_get(lru, "a", 1), 7);
    assert_int_equal(*(int *)lru_put(lru, "a", 1), 7);
    assert_int_equal(*(int *)lru_put(lru, "b", 1), 0);
    assert_int_equal(*(int *)lru_put(lru, "a", 1), 0);
    lru_free(lru);
}

static void
test_keys_are_bytes(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t length;
    } keys[] = {
        {"", 0},
        {"\0", 1},
        {"\0\0", 2},
        {"a", 1},
        {"a\0", 2},
        {"a\0b", 3},
        {"a\0c", 3},
        {"\xff\xfe", 2},
        {"eight by", 8},
        {"eight byt", 9},
        {"eight b", 7},
        {"sixteen bytes..", 15},
        {"sixteen bytes...", 16},
    };
    enum { COUNT = sizeof keys / sizeof keys[0] };
    struct lru *lru = lru_create(sizeof(size_t), COUNT);
    for (size_t i = 0; i < COUNT; i++)
        *(size_t *)lru_put(lru, keys[i].bytes, keys[i].length) = i + 1;
    assert_int_equal(lru_count(lru), COUNT);
    for (size_t i = 0; i < COUNT; i++)
        assert_int_equal(*(size_t *)lru_get(lru, keys[i].bytes, keys[i].length), i + 1);
    for (size_t i = 0; i < COUNT; i += 2)
        lru_remove(lru, keys[i].bytes, keys[i].length);
    for (size_t i = 0; i < COUNT; i++)
        assert_int_equal(lru_get(lru, keys[i].bytes, keys[i].length) != NULL, i % 2 == 1);
    lru_free(lru);
    lru_free(NULL);
}

/* The same with the model that anybody can see through: an array, the newest behind. */
static void
test_many_random_steps_agree_with_a_model(void **state)
{
    (void)state;
    enum { CAPACITY = 200, KEYS = 600, STEPS = 100000 };
    unsigned model[CAPACITY + 1];
    size_t count = 0;
    uint64_t random = 88172645463325252U;
    struct lru *lru = lru_create(sizeof(unsigned), CAPACITY);
    for (int step = 0; step < STEPS; step++) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        const unsigned key = (unsigned)(random % KEYS), what = (unsigned)(random >> 32) % 4;
        size_t at = 0;
        while (at < count && model[at] != key)
            at++;
        const bool is_there = at < count;
        if (what > 1)
            *(unsigned *)lru_put(lru, &key, sizeof key) = key;
        else if (what == 1)
            assert_int_equal(lru_get(lru, &key, sizeof key) != NULL, is_there);
        else
            lru_remove(lru, &key, sizeof key);

        if (is_there) {
            memmove(model + at, model + at + 1, (--count - at) * sizeof *model);
            if (what > 0)
                model[count++] = key;
        } else if (what > 1) {
            model[count++] = key;
            if (count > CAPACITY)
                memmove(model, model + 1, --count * sizeof *model);
        }
        assert_int_equal(lru_count(lru), count);
    }
    for (size_t i = 0; i < count; i++)
        assert_int_equal(*(unsigned *)lru_get(lru, &model[i], sizeof *model), model[i]);
    lru_free(lru);
}

static void
test_a_map_that_grows_loses_nobody(void **state)
{
    (void)state;
    enum { CAPACITY = 65536 };
    struct lru *lru = lru_create(sizeof(uint32_t), CAPACITY);
    for (uint32_t key = 0; key < CAPACITY; key++)
        *(uint32_t *)lru_put(lru, &key, sizeof key) = key;
    assert_int_equal(lru_count(lru), CAPACITY);
    for (uint32_t key = 0; key < CAPACITY; key++)
        assert_int_equal(*(uint32_t *)lru_get(lru, &key, sizeof key), key);
    const uint32_t one_more = CAPACITY, oldest = 0, next = 1;
    (void)lru_put(lru, &one_more, sizeof one_more);
    assert_null(lru_get(lru, &oldest, sizeof oldest));
    assert_non_null(lru_get(lru, &next, sizeof next));
    lru_free(lru);
}

static size_t dropped;

static void
count_drop(void *value)
{
    assert_int_equal(*(int *)value, 7);
    dropped++;
}

static bool
is_key(const void *context, const void *key, size_t key_bytes, const void *value)
{
    assert_int_equal(*(const int *)value, 7);
    return key_bytes == 1 && *(const char *)key >= *(const char *)context;
}

static void
test_each_value_is_dropped_once(void **state)
{
    (void)state;
    struct lru *lru = lru_create(sizeof(int), 4);
    dropped = 0;
    *(int *)lru_put(lru, "z", 1) = 6; /* nobody minds, before somebody wants to know */
    lru_remove(lru, "z", 1);
    lru_drop_with(lru, count_drop);
    for (const char *key = "abcdef"; *key != '\0'; key++)
        *(int *)lru_put(lru, key, 1) = 7;
    assert_int_equal(dropped, 2);
    assert_int_equal(*(int *)lru_put(lru, "f", 1), 7);
    assert_int_equal(dropped, 2);
    lru_remove(lru, "f", 1);
    lru_remove_oldest(lru);
    assert_int_equal(dropped, 4);
    lru_free(lru);
    assert_int_equal(dropped, 6);
}

static void
test_those_that_are_meant_go(void **state)
{
    (void)state;
    static const struct {
        const char *name, *keys, *from, *want;
    } cases[] = {
        {"of none", "", "a", ""},           {"all", "abcd", "a", ""},
        {"none", "abcd", "x", "abcd"},      {"the newest", "abcd", "d", "abc"},
        {"the oldest", "dabc", "d", "abc"}, {"several", "badcfe", "c", "ab"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        print_message("%s\n", cases[i].name);
        struct lru *lru = lru_create(sizeof(int), 8);
        for (const char *key = cases[i].keys; *key != '\0'; key++)
            *(int *)lru_put(lru, key, 1) = 7;
        size_t want_gone = strlen(cases[i].keys) - strlen(cases[i].want);
        assert_int_equal(lru_remove_where(lru, is_key, cases[i].from), want_gone);
        assert_int_equal(lru_count(lru), strlen(cases[i].want));
        for (const char *key = cases[i].want; *key != '\0'; key++)
            assert_non_null(lru_get(lru, key, 1));
        lru_free(lru);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_stays),
        cmocka_unit_test(test_a_value_keeps_what_was_written_and_a_new_one_is_zero),
        cmocka_unit_test(test_keys_are_bytes),
        cmocka_unit_test(test_many_random_steps_agree_with_a_model),
        cmocka_unit_test(test_a_map_that_grows_loses_nobody),
        cmocka_unit_test(test_each_value_is_dropped_once),
        cmocka_unit_test(test_those_that_are_meant_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
