#include "cases.h"

#include <stdio.h>

#include "strmap.h"

static void
test_keys(void **state)
{
    (void)state;
    struct strmap map;
    strmap_init(&map);
    assert_null(strmap_get(&map, "a"));
    int one = 1, two = 2;
    assert_true(strmap_add(&map, "a", &one));
    assert_true(strmap_add(&map, "ab", &two));
    assert_false(strmap_add(&map, "a", &two));
    assert_int_equal(map.count, 2);
    assert_ptr_equal(strmap_get(&map, "a"), &one);
    assert_ptr_equal(strmap_get(&map, "ab"), &two);
    assert_null(strmap_get(&map, "A"));
    assert_null(strmap_get(&map, ""));
    assert_ptr_equal(strmap_get_bytes(&map, "abc", 2), &two);
    assert_ptr_equal(strmap_get_bytes(&map, "abc", 1), &one);
    assert_null(strmap_get_bytes(&map, "abc", 3));
    assert_null(strmap_get_bytes(&map, "a\0b", 3));
    strmap_fini(&map);
    assert_null(strmap_get(&map, "a"));
    strmap_fini(&map);
}

static void
test_many_keys(void **state)
{
    (void)state;
    enum { MANY = 20000 };
    static char keys[MANY][16];
    static int values[MANY];
    struct strmap map;
    strmap_init(&map);
    for (int i = 0; i < MANY; i++) {
        snprintf(keys[i], sizeof keys[i], "key%d", i);
        values[i] = i;
        assert_true(strmap_add(&map, keys[i], &values[i]));
    }
    assert_int_equal(map.count, MANY);
    for (int i = 0; i < MANY; i++) {
        char key[16];
        snprintf(key, sizeof key, "key%d", i);
        assert_ptr_equal(strmap_get(&map, key), &values[i]);
        snprintf(key, sizeof key, "no%d", i);
        assert_null(strmap_get(&map, key));
    }
    strmap_fini(&map);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_many_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
