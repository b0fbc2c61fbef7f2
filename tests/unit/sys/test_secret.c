#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "secret.h"

static void
test_keeps_all_bytes(void **state)
{
    (void)state;
    struct secret secret;
    secret_init(&secret);
    secret_set(&secret, "a\0b", 3);
    assert_int_equal(secret.length, 3);
    assert_memory_equal(secret.bytes, "a\0b\0", 4);
    secret_set(&secret, "", 0);
    assert_int_equal(secret.length, 0);
    assert_string_equal(secret.bytes, "");
    secret_set(&secret, NULL, 0);
    assert_int_equal(secret.length, 0);
    secret_fini(&secret);
    assert_null(secret.bytes);
    secret_fini(&secret);
}

static void
test_set_from_itself(void **state)
{
    (void)state;
    struct secret secret = {0};
    secret_set(&secret, "user:hunter2", 12);
    secret_set(&secret, secret.bytes + 5, 7);
    assert_string_equal(secret.bytes, "hunter2");
    secret_fini(&secret);
}

static void
test_larger_than_a_page(void **state)
{
    (void)state;
    static char long_bytes[20000];
    memset(long_bytes, 'x', sizeof long_bytes);
    struct secret secret = {0};
    secret_set(&secret, long_bytes, sizeof long_bytes);
    assert_int_equal(secret.length, sizeof long_bytes);
    assert_memory_equal(secret.bytes, long_bytes, sizeof long_bytes);
    assert_int_equal(secret.bytes[sizeof long_bytes], 0);
    secret_fini(&secret);
}

/* The page of a finished secret stays mapped for the next one, so this looks at valid memory. */
static void
test_is_wiped(void **state)
{
    (void)state;
    struct secret secret = {0};
    secret_set(&secret, "correct horse battery staple", 28);
    const volatile char *page = secret.bytes;
    size_t room = secret.room;
    secret_fini(&secret);
    for (size_t i = sizeof(void *); i < room; i++)
        assert_int_equal(page[i], 0);

    char *again = secret_reserve(&secret, 100);
    for (size_t i = 0; i < secret.room; i++)
        assert_int_equal(again[i], 0);
    secret_fini(&secret);
}

/* Returns whether the mapping that holds the address is marked "dd", do not dump. */
static bool
is_kept_out_of_dumps(const void *address)
{
    FILE *maps = fopen("/proc/self/smaps", "r");
    assert_non_null(maps);
    char line[512];
    bool inside = false, marked = false;
    while (fgets(line, sizeof line, maps) != NULL) {
        char *rest;
        unsigned long from = strtoul(line, &rest, 16);
        if (*rest == '-' && rest > line) {
            unsigned long to = strtoul(rest + 1, NULL, 16);
            inside = from <= (uintptr_t)address && (uintptr_t)address < to;
        } else if (inside && strncmp(line, "VmFlags:", 8) == 0) {
            marked = strstr(line, " dd") != NULL;
        }
    }
    fclose(maps);
    return marked;
}

static void
test_is_kept_out_of_core_dumps(void **state)
{
    (void)state;
    struct secret secrets[300] = {{0}}; /* more than are kept for reuse */
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < 300; i++)
            secret_set(&secrets[i], "hunter2", 7);
        assert_true(is_kept_out_of_dumps(secrets[0].bytes));
        assert_true(is_kept_out_of_dumps(secrets[299].bytes));
        for (size_t i = 0; i < 300; i++)
            secret_fini(&secrets[i]);
    }
}

static void
test_equal(void **state)
{
    static const struct {
        const char *name, *a, *b;
        size_t a_length, b_length;
        bool want;
    } cases[] = {
        {"the same bytes are equal", "hunter2", "hunter2", 7, 7, true},
        {"two empty ones are equal", "", "", 0, 0, true},
        {"a prefix is not equal", "hunter2", "hunter", 7, 6, false},
        {"the last byte counts", "hunter2", "hunter3", 7, 7, false},
        {"bytes behind a NUL count", "a\0b", "a\0c", 3, 3, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        print_message("%s\n", cases[i].name);
        struct secret a = {0}, b = {0};
        secret_set(&a, cases[i].a, cases[i].a_length);
        secret_set(&b, cases[i].b, cases[i].b_length);
        assert_int_equal(secret_equal(&a, &b), cases[i].want);
        secret_fini(&a);
        secret_fini(&b);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keeps_all_bytes),           cmocka_unit_test(test_set_from_itself),
        cmocka_unit_test(test_larger_than_a_page),        cmocka_unit_test(test_is_wiped),
        cmocka_unit_test(test_is_kept_out_of_core_dumps), cmocka_unit_test(test_equal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
