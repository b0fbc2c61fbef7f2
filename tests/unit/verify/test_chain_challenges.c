/* Challenges along a chain: a users file, a directory, and another one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "chain_bench.h"

static const struct app_case answers[] = {
    {"nobody can tell",
     any_password,
     {NOBODY, DIRECTORY(NO, VERIFY_OK, VERIFY_OK), NOBODY},
     VERIFY_NO_CLEAR_PASSWORD,
     "users no clear password,first no clear password,second no clear password,",
     0,
     0},
    {"who cannot tell is passed over",
     any_password,
     {NOBODY, DIRECTORY(NO, VERIFY_OK, VERIFY_OK), {.knows_clear = true, .verify = VERIFY_OK}},
     VERIFY_OK,
     "users no clear password,first no clear password,second ok,",
     0,
     0},
    {"but whoever has the name decides, though he cannot tell",
     any_password,
     {NOBODY,
      {.verify = VERIFY_OK, .lookup = VERIFY_OK, .knowledge = KNOWLEDGE_KNOWN},
      {.knows_clear = true, .verify = VERIFY_OK}},
     VERIFY_NO_CLEAR_PASSWORD,
     "users no clear password,first no clear password,",
     0,
     0},
    {"and whoever found the name and no clear password",
     any_password,
     {NOBODY,
      {.knows_clear = true, .verify = VERIFY_NO_CLEAR_PASSWORD},
      {.knows_clear = true, .verify = VERIFY_OK}},
     VERIFY_NO_CLEAR_PASSWORD,
     "users no clear password,first no clear password,",
     0,
     0},
    {"whoever requires app passwords and has the name decides, too",
     any_password,
     {NOBODY,
      {.taken = APP_PASSWORDS_REQUIRE, .knows_clear = true, .knowledge = KNOWLEDGE_KNOWN},
      {.knows_clear = true, .verify = VERIFY_OK}},
     VERIFY_NO_CLEAR_PASSWORD,
     "users no clear password,first no clear password,",
     0,
     0},
    {"an outage there is one",
     any_password,
     {NOBODY,
      {.verify = VERIFY_OK, .knowledge = KNOWLEDGE_CANNOT_TELL},
      {.knows_clear = true, .verify = VERIFY_WRONG_PASSWORD}},
     VERIFY_UNAVAILABLE,
     "users no clear password,first unavailable,second wrong password,",
     0,
     0},
    {"and is what is told, if the others do not know the name",
     any_password,
     {NOBODY, {.knows_clear = true, .verify = VERIFY_UNKNOWN_USER}, NOBODY},
     VERIFY_NO_CLEAR_PASSWORD,
     "users no clear password,first unknown user,second no clear password,",
     0,
     0},
    {"an outage weighs more",
     any_password,
     {NOBODY, {.knows_clear = true, .verify = VERIFY_UNAVAILABLE}, NOBODY},
     VERIFY_UNAVAILABLE,
     "users no clear password,first unavailable,second no clear password,",
     0,
     0},
    {"wrong is wrong",
     any_password,
     {NOBODY, {.knows_clear = true, .verify = VERIFY_WRONG_PASSWORD}, NOBODY},
     VERIFY_WRONG_PASSWORD,
     "users no clear password,first wrong password,",
     0,
     0},
    {"app passwords are never asked about",
     any_password,
     {{.taken = APP_PASSWORDS_ALLOW,
       .knows_clear = true,
       .verify = VERIFY_UNKNOWN_USER,
       .app_for = login_name,
       .app_answer = APP_RIGHT},
      {.taken = APP_PASSWORDS_ALLOW, .knows_clear = true, .verify = VERIFY_OK},
      NOBODY},
     VERIFY_OK,
     "users unknown user,first ok,second unknown user,",
     0,
     0},
    {"so who requires them cannot tell",
     any_password,
     {NOBODY,
      {.taken = APP_PASSWORDS_REQUIRE, .knows_clear = true, .verify = VERIFY_OK},
      {.knows_clear = true, .verify = VERIFY_WRONG_PASSWORD}},
     VERIFY_WRONG_PASSWORD,
     "users no clear password,first no clear password,second wrong password,",
     0,
     0},
    {"no time is spent for a name that nobody has: who has it spends none",
     any_password,
     {{.knows_clear = true, .verify = VERIFY_UNKNOWN_USER},
      {.knows_clear = true, .verify = VERIFY_UNKNOWN_USER},
      {.knows_clear = true, .verify = VERIFY_UNKNOWN_USER}},
     VERIFY_UNKNOWN_USER,
     "users unknown user,first unknown user,second unknown user,",
     0,
     0},
};

static void
test_challenges(void **state)
{
    (void)state;
    static const struct challenge challenge = {CHALLENGE_CRAM_MD5, "<1@a>", 5};
    RUN(answers, &challenge);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_challenges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
