/* Questions without a password along a chain. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "chain_bench.h"

static void
test_look_ups(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct fake fakes[SOURCES];
        enum verify_outcome want;
        const char *want_said;
    } cases[] = {
        {"nobody has the name",
         {NOBODY, NOBODY, NOBODY},
         VERIFY_UNKNOWN_USER,
         "users unknown user,first unknown user,second unknown user,"},
        {"the first has it",
         {NOBODY, {.lookup = VERIFY_OK}, NOBODY},
         VERIFY_OK,
         "users unknown user,first ok,second unknown user,"},
        {"both have it",
         {NOBODY, {.lookup = VERIFY_OK}, {.knowledge = KNOWLEDGE_KNOWN}},
         VERIFY_AMBIGUOUS,
         "users unknown user,first ok,second ambiguous,"},
        {"a local user's account ends the questions",
         {{.lookup = VERIFY_OK}, {.lookup = VERIFY_OK}, {.lookup = VERIFY_OK}},
         VERIFY_OK,
         "users ok,"},
        {"disabled ends the questions",
         {NOBODY, {.lookup = VERIFY_DISABLED}, {.lookup = VERIFY_OK}},
         VERIFY_DISABLED,
         "users unknown user,first disabled,"},
        {"an outage is not unknown",
         {NOBODY, {.lookup = VERIFY_UNAVAILABLE}, NOBODY},
         VERIFY_UNAVAILABLE,
         "users unknown user,first unavailable,second unknown user,"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fake fakes[SOURCES];
        struct bench bench;
        struct verify_result result;
        struct verify_asked asked;
        bool could_tell = false;
        char said[512];
        const struct username user = {.text = "boss@acme.example"};
        const struct verify_request request = {.user = &user, .deadline = {INT64_MAX}};
        print_message("%s\n", cases[i].name);
        memcpy(fakes, cases[i].fakes, sizeof fakes);
        bench_open(&bench, fakes);
        source_chain_lookup(bench.chain, &request, &result, &could_tell, &asked);
        write_steps(&asked, said);
        assert_string_equal(said, cases[i].want_said);
        assert_int_equal(result.outcome, cases[i].want);
        assert_true(could_tell);
        for (size_t j = 0; j < SOURCES; j++)
            assert_int_equal(fakes[j].verified + fakes[j].found + fakes[j].pretended, 0);
        verify_result_fini(&result);
        bench_close(&bench);
    }
}

static void
test_a_users_file_does_not_speak_for_names_of_other_sources(void **state)
{
    (void)state;
    struct fake users = {.section = {.name = "users", .values = &users},
                         .lookup = VERIFY_UNKNOWN_USER};
    struct fake server = {.section = {.name = "server", .values = &server}};
    struct source *first = source_open_as(&users_kind, &users.section, NULL);
    struct source *own = source_open_as(&server_kind, &server.section, NULL);
    const struct username user = {.text = "boss@acme.example"};
    const struct verify_request request = {.user = &user, .deadline = {INT64_MAX}};
    for (size_t own_count = 0; own_count <= 1; own_count++) {
        struct source_chain *chain =
            source_chain_create(&first, 1, &own, own_count, AMBIGUOUS_REFUSE);
        struct verify_result result;
        bool could_tell = own_count > 0;
        source_chain_lookup(chain, &request, &result, &could_tell, NULL);
        assert_int_equal(result.outcome, VERIFY_UNKNOWN_USER);
        assert_int_equal(could_tell, own_count == 0);
        verify_result_fini(&result);
        source_chain_free(chain);
    }
    source_close(first);
    source_close(own);
}

static void
test_who_cannot_look_up_is_passed_over(void **state)
{
    (void)state;
    struct fake fake = {.section = {.name = "server", .values = &fake}, .verify = VERIFY_OK};
    struct source *source = source_open_as(&server_kind, &fake.section, NULL);
    struct source_chain *chain = source_chain_create(NULL, 0, &source, 1, AMBIGUOUS_REFUSE);
    const struct username user = {.text = "boss@acme.example"};
    const struct verify_request request = {.user = &user, .deadline = {INT64_MAX}};
    struct verify_result result;
    struct verify_asked asked = {.count = 3};
    bool could_tell = true;
    source_chain_lookup(chain, &request, &result, &could_tell, &asked);
    assert_int_equal(result.outcome, VERIFY_UNKNOWN_USER);
    assert_false(could_tell);
    assert_int_equal(asked.count, 0);
    assert_false(source_chain_knows_clear(chain));
    assert_false(source_keeps_app_passwords(source));
    assert_int_equal(source_app_passwords(source), APP_PASSWORDS_NO);
    source_chain_free(chain);
    source_close(source);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_look_ups),
        cmocka_unit_test(test_a_users_file_does_not_speak_for_names_of_other_sources),
        cmocka_unit_test(test_who_cannot_look_up_is_passed_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
