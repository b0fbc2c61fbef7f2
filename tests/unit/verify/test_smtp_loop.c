#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "smtp_loop.h"
#include "verify.h"

#define US   "front.example"
#define BOSS "boss@acme.example"

static void
test_what_is_our_own_question(void **state)
{
    (void)state;
    static const struct {
        const char *name, *helo, *subject;
        bool want;
    } cases[] = {
        {"our name and what we ask", US, BOSS, true},
        {"in another case", "FRONT.Example", "Boss@ACME.example", true},
        {"the other one that we ask about", US, "aide@acme.example", true},
        {"another name in the greeting", "back.example", BOSS, false},
        {"the name under which another source asks", "[127.0.0.1]", BOSS, false},
        {"what we do not ask about", US, "clerk@acme.example", false},
        {"the beginning of what we ask about", US, "boss@acme.exampl", false},
        {"more than what we ask about", US, "boss@acme.example.net", false},
        {"nothing", US, "", false},
        {"no greeting was told", NULL, BOSS, false},
        {"nothing was asked", US, NULL, false},
    };
    struct smtp_asking boss, aide, by_address;
    smtp_loop_enter(&boss, US, BOSS);
    smtp_loop_enter(&aide, US, "aide@acme.example");
    smtp_loop_enter(&by_address, "[127.0.0.1]", "aide@acme.example");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        print_message("%s\n", cases[i].name);
        assert_int_equal(verify_is_own_question(cases[i].helo, cases[i].subject), cases[i].want);
    }
    smtp_loop_leave(&boss);
    smtp_loop_leave(&by_address);
    smtp_loop_leave(&aide);
    assert_false(verify_is_own_question(US, BOSS));
    assert_false(verify_is_own_question(US, "aide@acme.example"));
}

static void
test_a_question_that_is_asked_twice_ends_with_the_second(void **state)
{
    (void)state;
    struct smtp_asking first, second, third;
    smtp_loop_enter(&first, US, BOSS);
    smtp_loop_enter(&second, US, BOSS);
    smtp_loop_enter(&third, US, BOSS);
    smtp_loop_leave(&second);
    assert_true(verify_is_own_question(US, BOSS));
    smtp_loop_leave(&third);
    assert_true(verify_is_own_question(US, BOSS));
    smtp_loop_leave(&first);
    assert_false(verify_is_own_question(US, BOSS));
}

static void
test_many_questions_at_once(void **state)
{
    (void)state;
    enum { MANY = 5000 };
    static struct smtp_asking askings[MANY];
    static char names[MANY][24];
    for (size_t i = 0; i < MANY; i++) {
        snprintf(names[i], sizeof names[i], "user%zu@acme.example", i);
        smtp_loop_enter(&askings[i], US, names[i]);
    }
    for (size_t i = 0; i < MANY; i++)
        assert_true(verify_is_own_question(US, names[i]));
    for (size_t i = 0; i < MANY; i += 2)
        smtp_loop_leave(&askings[i]);
    for (size_t i = 0; i < MANY; i++)
        assert_int_equal(verify_is_own_question(US, names[i]), i % 2 == 1);
    for (size_t i = 1; i < MANY; i += 2)
        smtp_loop_leave(&askings[i]);
    assert_false(verify_is_own_question(US, names[1]));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_our_own_question),
        cmocka_unit_test(test_a_question_that_is_asked_twice_ends_with_the_second),
        cmocka_unit_test(test_many_questions_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
