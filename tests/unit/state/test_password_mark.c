#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "password_mark.h"

static const unsigned char salt[STORE_SALT_BYTES] = {1}, other_salt[STORE_SALT_BYTES] = {2};

static uint64_t
mark_of(const unsigned char *with, const char *organization, const char *name, const char *text)
{
    struct secret password;
    uint64_t mark = UINT64_MAX;
    secret_init(&password);
    secret_set(&password, text, strlen(text));
    assert_true(password_mark(with, organization, name, &password, &mark));
    secret_fini(&password);
    return mark;
}

static void
test_a_password_is_told_by_all_that_it_was_tried_for(void **unused)
{
    (void)unused;
    const uint64_t mark = mark_of(salt, "acme", "bob", "secret");
    assert_int_equal(mark, mark_of(salt, "acme", "bob", "secret"));
    assert_int_not_equal(mark, mark_of(other_salt, "acme", "bob", "secret"));
    assert_int_not_equal(mark, mark_of(salt, "other", "bob", "secret"));
    assert_int_not_equal(mark, mark_of(salt, "acme", "anna", "secret"));
    assert_int_not_equal(mark, mark_of(salt, "acme", "bob", "Secret"));
    /* no two lists of pieces are the same bytes */
    assert_int_not_equal(mark, mark_of(salt, "acmeb", "ob", "secret"));
    assert_int_not_equal(mark, mark_of(salt, "acme", "bobs", "ecret"));
    assert_int_equal(mark_of(salt, NULL, "bob", "x"), mark_of(salt, "", "bob", "x"));
}

/* More would let who has the store try passwords against it. */
static void
test_no_more_than_16_bits_of_a_password_are_kept(void **unused)
{
    (void)unused;
    uint64_t seen = 0;
    for (unsigned i = 0; i < 1000; i++) {
        char text[16];
        snprintf(text, sizeof text, "p%u", i);
        seen |= mark_of(salt, "acme", "bob", text);
    }
    assert_int_equal(seen, 0xffff);
}

static void
test_a_name_is_told_by_64_bits(void **unused)
{
    (void)unused;
    uint64_t one, two, seen = 0;
    assert_true(name_mark(salt, "acme", "bob", &one) && name_mark(salt, "acme", "bob", &two));
    assert_int_equal(one, two);
    assert_true(name_mark(salt, "other", "bob", &two));
    assert_int_not_equal(one, two);
    for (unsigned i = 0; i < 1000; i++) {
        char text[16];
        snprintf(text, sizeof text, "n%u", i);
        assert_true(name_mark(salt, "acme", text, &one));
        seen |= one;
    }
    assert_true(seen == UINT64_MAX);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_password_is_told_by_all_that_it_was_tried_for),
        cmocka_unit_test(test_no_more_than_16_bits_of_a_password_are_kept),
        cmocka_unit_test(test_a_name_is_told_by_64_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
