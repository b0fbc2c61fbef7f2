#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "siphash.h"

/* The authors' vectors: the key is 00 01 ... 0f, the message 00 01 ... of so many bytes. */
static void
test_the_authors_vectors(void **state)
{
    (void)state;
    static const uint64_t key[2] = {0x0706050403020100, 0x0f0e0d0c0b0a0908};
    static const struct {
        size_t length;
        uint64_t want;
    } cases[] = {
        {0, 0x726fdb47dd0e0e31},  {1, 0x74f839c593dc67fd},  {7, 0xab0200f58b01d137},
        {8, 0x93f5f5799a932462},  {15, 0xa129ca6149be45e5}, {16, 0x3f2acc7f57c29bdb},
        {63, 0x958a324ceb064572},
    };
    unsigned char message[63];
    for (size_t i = 0; i < sizeof message; i++)
        message[i] = (unsigned char)i;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_true(siphash(key, message, cases[i].length) == cases[i].want);
}

static void
test_another_key_is_another_hash(void **state)
{
    (void)state;
    static const uint64_t one[2] = {1, 2}, other[2] = {1, 3};
    assert_false(siphash(one, "boss", 4) == siphash(other, "boss", 4));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_authors_vectors),
        cmocka_unit_test(test_another_key_is_another_hash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
