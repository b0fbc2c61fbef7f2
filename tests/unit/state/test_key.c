#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "key.h"

enum { PARTS_MAX = 3 };

#define PART(text)               \
    {                            \
        (text), sizeof(text) - 1 \
    }

#define TEXT_62 "12345678901234567890123456789012345678901234567890123456789012"

static struct key {
    char kind;
    size_t count;
    struct bytes parts[PARTS_MAX];
} const keys[] = {
    {'a', 0, {{NULL, 0}}},
    {'b', 0, {{NULL, 0}}},
    {'a', 1, {PART("")}},
    {'a', 2, {PART(""), PART("")}},
    {'a', 1, {PART("x")}},
    {'b', 1, {PART("x")}},
    {'a', 2, {PART("x"), PART("")}},
    {'a', 2, {PART(""), PART("x")}},
    {'a', 2, {PART("xy"), PART("z")}},
    {'a', 2, {PART("x"), PART("yz")}},
    {'a', 1, {PART("x\1y")}},
    {'a', 2, {PART("x"), PART("y")}},
    {'a', 1, {PART("x\0")}},
    {'a', 1, {PART(TEXT_62)}},
    {'a', 2, {PART(TEXT_62), PART("")}},
    {'a', 2, {PART(""), PART(TEXT_62)}},
    {'b', 2, {PART(TEXT_62), PART("")}},
    {'a', 1, {PART(TEXT_62 "3")}},
    {'a', 1, {PART(TEXT_62 TEXT_62)}},
    {'a', 2, {PART(TEXT_62), PART(TEXT_62)}},
    {'a', 3, {PART(TEXT_62), PART(""), PART(TEXT_62)}},
    {'a', 1, {PART("\xff" TEXT_62)}},
    {'\1', 0, {{NULL, 0}}},
    {'a', 1, {PART("b")}},
    {'b', 1, {PART("a")}},
    {'\1', 1, {PART("\1")}},
};

static void
test_no_two_lists_of_parts_make_the_same_key(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        struct store_key key = key_make(keys[i].kind, keys[i].parts, keys[i].count);
        assert_in_range(key.length, 1, STORE_KEY_MAX);
        assert_int_equal(key.bytes[key.length - 1], keys[i].kind);
        for (size_t j = 0; j < sizeof keys / sizeof keys[0]; j++) {
            struct store_key other = key_make(keys[j].kind, keys[j].parts, keys[j].count);
            bool is_same =
                key.length == other.length && memcmp(key.bytes, other.bytes, key.length) == 0;
            if (is_same != (i == j))
                fail_msg("keys %zu and %zu are %s", i, j, is_same ? "the same" : "different");
        }
    }
}

static void
test_what_fits_is_there_as_it_is(void **unused)
{
    (void)unused;
    static const struct bytes parts[] = {PART("acme"), PART("anna")};
    struct store_key key = key_make('f', parts, 2);
    assert_int_equal(key.length, 11);
    assert_memory_equal(key.bytes, "\4acme\4annaf", 11);
}

static void
test_networks(void **unused)
{
    (void)unused;
    static const char *const texts[] = {"192.0.2.0/24",  "192.0.2.0/25",  "192.0.2.0/32",
                                        "c000:200::/24", "2001:db8::/64", "::/0",
                                        "0.0.0.0/0"};
    enum { COUNT = sizeof texts / sizeof texts[0] };
    unsigned char buffers[COUNT][KEY_NETWORK_BYTES];
    for (size_t i = 0; i < COUNT; i++) {
        struct netprefix network;
        assert_int_equal(netprefix_parse(texts[i], &network, NULL), 0);
        struct bytes part = key_network(&network, buffers[i]);
        assert_int_equal(part.length, KEY_NETWORK_BYTES);
        assert_ptr_equal(part.start, buffers[i]);
        for (size_t j = 0; j < i; j++)
            assert_memory_not_equal(buffers[i], buffers[j], KEY_NETWORK_BYTES);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_two_lists_of_parts_make_the_same_key),
        cmocka_unit_test(test_what_fits_is_there_as_it_is),
        cmocka_unit_test(test_networks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
