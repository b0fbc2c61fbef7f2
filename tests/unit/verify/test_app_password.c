#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "app_password.h"

#define PLAIN "abcdefghijklmnopqrstuvw7f"

static void
set(struct secret *secret, const char *text)
{
    secret_init(secret);
    secret_set(secret, text, strlen(text));
}

static void
test_what_has_the_form(void **state)
{
    (void)state;
    static const struct {
        const char *name, *typed;
        const char *want; /* NULL: it has not */
    } cases[] = {
        {"as it is printed", "abcde-fghij-klmno-pqrst-uvw7f", PLAIN},
        {"without dashes", PLAIN, PLAIN},
        {"with spaces", "abcde fghij klmno pqrst uvw7f", PLAIN},
        {"with spaces around it and dashes at odd places", "  ab-cdefghijklmnopqrstuvw7f- ", PLAIN},
        {"as a telephone begins a sentence", "Abcde-fghij-klmno-pqrst-uvw7f", PLAIN},
        {"in capitals", "ABCDE-FGHIJ-KLMNO-PQRST-UVW7F", PLAIN},
        {"one wrong character", "abcde-fghij-klmno-pqrst-uvx7f", NULL},
        {"two that changed places", "bacde-fghij-klmno-pqrst-uvw7f", NULL},
        {"two of the checksum that changed places", "abcde-fghij-klmno-pqrst-uvwf7", NULL},
        {"one character too few", "abcde-fghij-klmno-pqrst-uvw7", NULL},
        {"one too many", "abcde-fghij-klmno-pqrst-uvw7ff", NULL},
        {"a digit that is none of them", "abcde-fghij-klmno-pqrst-uvw1f", NULL},
        {"other separators", "abcde_fghij_klmno_pqrst_uvw7f", NULL},
        {"a line break behind it", "abcde-fghij-klmno-pqrst-uvw7f\n", NULL},
        {"nothing", "", NULL},
        {"dashes alone", "-----", NULL},
        {"somebody's own password", "correct horse battery staple", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        print_message("%s\n", cases[i].name);
        struct secret typed, plain;
        set(&typed, cases[i].typed);
        assert_int_equal(app_password_has_form(&typed), cases[i].want != NULL);
        assert_int_equal(app_password_normalise(&typed, &plain), cases[i].want != NULL);
        if (cases[i].want != NULL)
            assert_string_equal(plain.bytes, cases[i].want);
        else
            assert_int_equal(plain.length, 0);
        secret_fini(&typed);
        secret_fini(&plain);
    }
}

static void
test_an_empty_secret_has_no_form(void **state)
{
    (void)state;
    struct secret none;
    secret_init(&none);
    assert_false(app_password_has_form(&none));
}

static void
test_what_is_made_has_the_form_and_is_new_each_time(void **state)
{
    (void)state;
    struct secret before;
    set(&before, "");
    for (int i = 0; i < 1000; i++) {
        struct secret made;
        app_password_make(&made);
        assert_int_equal(made.length, APP_PASSWORD_CHARACTERS + 4);
        assert_int_equal(strlen(made.bytes), made.length);
        for (size_t at = 5; at < made.length; at += 6)
            assert_int_equal(made.bytes[at], '-');
        assert_true(app_password_has_form(&made));
        assert_false(secret_equal(&made, &before));
        secret_fini(&before);
        before = made;
    }
    secret_fini(&before);
}

/* What the checksum is for. */
static void
test_one_mistyped_character_is_always_noticed(void **state)
{
    (void)state;
    static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";
    for (size_t at = 0; at < strlen(PLAIN); at++)
        for (const char *other = alphabet; *other != '\0'; other++) {
            struct secret typed;
            set(&typed, PLAIN);
            bool is_same = typed.bytes[at] == *other;
            typed.bytes[at] = *other;
            assert_int_equal(app_password_has_form(&typed), is_same);
            secret_fini(&typed);
        }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_has_the_form),
        cmocka_unit_test(test_an_empty_secret_has_no_form),
        cmocka_unit_test(test_what_is_made_has_the_form_and_is_new_each_time),
        cmocka_unit_test(test_one_mistyped_character_is_always_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
