/* How long answers about nobody are made to take. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ldap_pace.h"

enum { NOW_US = 1000000000, LATER_US = 600000001 };

static void
nobody_waits_while_nothing_is_known(void **state)
{
    (void)state;
    struct ldap_pace *pace = ldap_pace_create();
    assert_int_equal(ldap_pace_note_nobody(pace, 300, NOW_US), 300);
    assert_int_equal(ldap_pace_search_us(pace, NOW_US), 0);
    ldap_pace_free(pace);
}

static void
nobody_takes_the_time_of_the_known_one_of_the_same_rank(void **state)
{
    (void)state;
    struct ldap_pace *pace = ldap_pace_create();
    for (int64_t i = 0; i < 64; i++) {
        ldap_pace_note_known(pace, false, 10000 + 100 * i, NOW_US);
        ldap_pace_note_nobody(pace, 200 + i, NOW_US);
    }
    /* The slowest of nobodies, then the quickest. */
    assert_int_equal(ldap_pace_note_nobody(pace, 999, NOW_US), 10000 + 100 * 63);
    assert_int_equal(ldap_pace_note_nobody(pace, 1, NOW_US), 10000);
    ldap_pace_free(pace);
}

static void
nobody_waits_where_the_known_are_no_slower(void **state)
{
    (void)state;
    struct ldap_pace *pace = ldap_pace_create();
    for (int64_t i = 0; i < 64; i++) {
        ldap_pace_note_known(pace, false, 200 + i, NOW_US);
        ldap_pace_note_nobody(pace, 200 + i, NOW_US);
    }
    assert_in_range(ldap_pace_note_nobody(pace, 230, NOW_US), 230, 233);
    assert_int_equal(ldap_pace_note_nobody(pace, 5000, NOW_US), 5000);
    ldap_pace_free(pace);
}

static void
of_few_the_middle_one_counts(void **state)
{
    (void)state;
    struct ldap_pace *pace = ldap_pace_create();
    for (int64_t i = 1; i <= 5; i++)
        ldap_pace_note_known(pace, false, i * 1000, NOW_US);
    assert_int_equal(ldap_pace_note_nobody(pace, 10, NOW_US), 3000);
    ldap_pace_free(pace);
}

static void
right_passwords_serve_until_one_was_wrong(void **state)
{
    (void)state;
    struct ldap_pace *pace = ldap_pace_create();
    ldap_pace_note_known(pace, true, 7000, NOW_US);
    assert_int_equal(ldap_pace_note_nobody(pace, 10, NOW_US), 7000);
    ldap_pace_note_known(pace, false, 9000, NOW_US);
    assert_int_equal(ldap_pace_note_nobody(pace, 10, NOW_US), 9000);
    ldap_pace_free(pace);
}

static void
old_answers_are_forgotten(void **state)
{
    (void)state;
    struct ldap_pace *pace = ldap_pace_create();
    for (int i = 0; i < 64; i++)
        ldap_pace_note_known(pace, false, 90000, NOW_US);
    for (int i = 0; i < 64; i++)
        ldap_pace_note_known(pace, false, 1000, NOW_US);
    assert_int_equal(ldap_pace_note_nobody(pace, 10, NOW_US), 1000);
    ldap_pace_free(pace);
}

static void
slow_answers_of_an_hour_ago_count_no_more(void **state)
{
    (void)state;
    const int64_t later_us = (int64_t)NOW_US + LATER_US;
    struct ldap_pace *pace = ldap_pace_create();
    for (int i = 0; i < 64; i++) {
        ldap_pace_note_known(pace, false, 4000000, NOW_US);
        ldap_pace_note_known(pace, true, 4000000, NOW_US);
        ldap_pace_note_search(pace, true, 4000000, NOW_US);
    }
    ldap_pace_note_search(pace, false, 100, later_us);
    ldap_pace_note_search(pace, true, 150, later_us);
    assert_int_equal(ldap_pace_search_us(pace, later_us), 50);
    /* While there is nothing younger they are better than nothing. */
    assert_int_equal(ldap_pace_note_nobody(pace, 10, later_us), 4000000);
    assert_true(ldap_pace_note_refusal(pace, 1000, later_us));
    ldap_pace_note_known(pace, true, 1500, later_us);
    assert_int_equal(ldap_pace_note_nobody(pace, 10, later_us), 1500);
    assert_false(ldap_pace_note_refusal(pace, 1000, later_us));
    ldap_pace_note_known(pace, false, 1000, later_us);
    assert_int_equal(ldap_pace_note_nobody(pace, 10, later_us), 1000);
    ldap_pace_free(pace);
}

static void
a_refusal_is_too_soon_if_it_took_less_than_half_of_any_right_one(void **state)
{
    (void)state;
    struct ldap_pace *pace = ldap_pace_create();
    assert_false(ldap_pace_note_refusal(pace, 1, NOW_US)); /* nothing is known */
    assert_int_equal(ldap_pace_note_nobody(pace, 10, NOW_US), 10);
    ldap_pace_note_known(pace, true, 4000, NOW_US);
    ldap_pace_note_known(pace, true, 6000, NOW_US);
    assert_false(ldap_pace_note_refusal(pace, 2000, NOW_US));
    assert_true(ldap_pace_note_refusal(pace, 1999, NOW_US));
    /* The one that was not counts from then on. */
    assert_int_equal(ldap_pace_note_nobody(pace, 10, NOW_US), 2000);
    ldap_pace_free(pace);
}

static void
a_search_that_finds_takes_longer_by_the_difference_of_the_middles(void **state)
{
    (void)state;
    struct ldap_pace *pace = ldap_pace_create();
    for (int64_t i = 0; i < 64; i++) {
        ldap_pace_note_search(pace, true, i % 2 == 0 ? 400 : 200, NOW_US); /* two heaps */
        ldap_pace_note_search(pace, false, i == 7 ? 90000 : 250, NOW_US); /* one that was held up */
    }
    assert_int_equal(ldap_pace_search_us(pace, NOW_US), 50);
    ldap_pace_note_work(pace, 30, NOW_US);
    assert_int_equal(ldap_pace_search_us(pace, NOW_US), 20);
    for (int i = 0; i < 64; i++)
        ldap_pace_note_work(pace, 100, NOW_US);
    assert_int_equal(ldap_pace_search_us(pace, NOW_US), 0);
    ldap_pace_free(pace);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_waits_while_nothing_is_known),
        cmocka_unit_test(nobody_takes_the_time_of_the_known_one_of_the_same_rank),
        cmocka_unit_test(nobody_waits_where_the_known_are_no_slower),
        cmocka_unit_test(of_few_the_middle_one_counts),
        cmocka_unit_test(right_passwords_serve_until_one_was_wrong),
        cmocka_unit_test(old_answers_are_forgotten),
        cmocka_unit_test(slow_answers_of_an_hour_ago_count_no_more),
        cmocka_unit_test(a_refusal_is_too_soon_if_it_took_less_than_half_of_any_right_one),
        cmocka_unit_test(a_search_that_finds_takes_longer_by_the_difference_of_the_middles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
