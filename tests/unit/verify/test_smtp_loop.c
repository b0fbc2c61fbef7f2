#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

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
    struct smtp_asking boss = {.helo = US, .subject = BOSS};
    struct smtp_asking aide = {.helo = US, .subject = "aide@acme.example"};
    struct smtp_asking by_address = {.helo = "[127.0.0.1]", .subject = "aide@acme.example"};
    smtp_loop_enter(&boss);
    smtp_loop_enter(&aide);
    smtp_loop_enter(&by_address);
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
    struct smtp_asking first = {.helo = US, .subject = BOSS}, second = first, third = first;
    smtp_loop_enter(&first);
    smtp_loop_enter(&second);
    smtp_loop_enter(&third);
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
        askings[i] = (struct smtp_asking){.helo = US, .subject = names[i]};
        smtp_loop_enter(&askings[i]);
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

static struct netaddr
address(const char *text)
{
    struct netaddr parsed = {.family = NETADDR_NONE};
    if (text != NULL)
        assert_int_equal(netaddr_parse(text, &parsed, NULL), 0);
    return parsed;
}

/* nginx does not tell at AUTH what EHLO said. */
static void
test_what_is_our_own_login(void **state)
{
    (void)state;
    enum { MANY = 4 };
    static const struct {
        const char *name;
        const char *from, *client; /* of each that is on its way */
        unsigned count, places;
        const char *asks, *user;
        bool want;
    } cases[] = {
        {"from where we ask, for somebody elsewhere", "127.0.0.1", "192.0.2.7", 1, 200, "127.0.0.1",
         BOSS, true},
        {"for somebody whose address is not known", "127.0.0.1", NULL, 1, 200, "127.0.0.1", BOSS,
         true},
        {"in another case", "127.0.0.1", "192.0.2.7", 1, 200, "127.0.0.1", "Boss@Acme.Example",
         true},
        {"by IPv6", "2001:db8::1", "192.0.2.7", 1, 200, "2001:db8::1", BOSS, true},
        {"another name", "127.0.0.1", "192.0.2.7", 1, 200, "127.0.0.1", "aide@acme.example", false},
        {"from elsewhere", "127.0.0.1", "192.0.2.7", 4, 200, "192.0.2.7", BOSS, false},
        {"from nowhere", NULL, "192.0.2.7", 1, 200, NULL, BOSS, false},
        {"a recipient that has the name", NULL, NULL, 4, 0, "127.0.0.1", BOSS, false},
        {"a program beside us that logs in a second time", "127.0.0.1", "127.0.0.1", 1, 200,
         "127.0.0.1", BOSS, false},
        {"and a third time", "127.0.0.1", "127.0.0.1", 2, 200, "127.0.0.1", BOSS, false},
        {"more of them are a chain", "127.0.0.1", "127.0.0.1", 3, 200, "127.0.0.1", BOSS, true},
        {"a chain that has used up its connections", "127.0.0.1", "127.0.0.1", 2, 2, "127.0.0.1",
         BOSS, true},
        {"a chain of one connection", "127.0.0.1", "127.0.0.1", 1, 1, "127.0.0.1", BOSS, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct smtp_asking askings[MANY];
        print_message("%s\n", cases[i].name);
        for (unsigned j = 0; j < cases[i].count; j++) {
            askings[j] = (struct smtp_asking){.helo = US,
                                              .subject = BOSS,
                                              .from = address(cases[i].from),
                                              .client = address(cases[i].client),
                                              .places = cases[i].places};
            smtp_loop_enter(&askings[j]);
        }
        const struct netaddr asks = address(cases[i].asks);
        assert_int_equal(verify_is_own_login(&asks, cases[i].user, NULL, 0), cases[i].want);
        for (unsigned j = 0; j < cases[i].count; j++)
            smtp_loop_leave(&askings[j]);
        assert_false(verify_is_own_login(&asks, cases[i].user, NULL, 0));
    }
}

/* Strangers choose names, but do not know passwords. */
static void
test_our_own_login_has_the_same_password(void **state)
{
    (void)state;
    static const struct {
        const char *name, *password; /* NULL: a challenge is answered */
        bool want;
    } cases[] = {
        {"the same", "word", true},
        {"another", "sord", false},
        {"its beginning", "wor", false},
        {"more than it", "words", false},
        {"none", "", false},
        {"the answer to a challenge, in which it is", NULL, true},
    };
    const struct netaddr here = address("127.0.0.1");
    struct secret word;
    secret_init(&word);
    secret_set(&word, "word", 4);
    struct smtp_asking asking = {.helo = US,
                                 .subject = BOSS,
                                 .from = here,
                                 .client = address("192.0.2.7"),
                                 .password = &word,
                                 .places = 200};
    smtp_loop_enter(&asking);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *given = cases[i].password;
        print_message("%s\n", cases[i].name);
        assert_int_equal(verify_is_own_login(&here, BOSS, given, given != NULL ? strlen(given) : 0),
                         cases[i].want);
    }
    smtp_loop_leave(&asking);
    secret_fini(&word);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_our_own_question),
        cmocka_unit_test(test_a_question_that_is_asked_twice_ends_with_the_second),
        cmocka_unit_test(test_many_questions_at_once),
        cmocka_unit_test(test_what_is_our_own_login),
        cmocka_unit_test(test_our_own_login_has_the_same_password),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
