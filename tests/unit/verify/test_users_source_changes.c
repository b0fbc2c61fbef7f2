/* A users file that is broken, changes or is being written while sessions ask. */
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "users_bench.h"

/* Asks until the source says what is wanted, which it looks for once a second. */
static void
wait_for(const struct opened *opened, const char *name, enum verify_outcome want)
{
    const struct deadline give_up = deadline_after(PROMPTLY_MS);
    enum verify_outcome outcome;
    do {
        struct verify_result result;
        outcome = verify(opened, name, "open sesame", PROMPTLY_MS, &result);
        verify_result_fini(&result);
    } while (outcome != want && !deadline_is_over(give_up) && poll(NULL, 0, 20) == 0);
    assert_int_equal(outcome, want);
}

static void
test_a_file_that_is_not_good_does_not_open(void **state)
{
    (void)state;
    struct opened opened;
    char want[256];
    write_users("# x\nboss\n\nboss:swordfish\n");
    open_source(&opened);
    assert_null(opened.source);
    assert_int_equal(opened.problems.errors, 2);
    snprintf(want, sizeof want, "%s:2: no colon (a line is name:hash or name:hash:options)",
             users_path);
    assert_string_equal(problems_line(&opened.problems, 0), want);
    snprintf(want, sizeof want, "%s:4: ", users_path);
    assert_int_equal(strncmp(problems_line(&opened.problems, 1), want, strlen(want)), 0);
    close_source(&opened);

    unlink(users_path);
    open_source(&opened);
    assert_null(opened.source);
    snprintf(want, sizeof want, "%s:3: source \"users\": file: ", conf_file);
    assert_int_equal(strncmp(problems_line(&opened.problems, 0), want, strlen(want)), 0);
    close_source(&opened);
}

static void
test_a_changed_file_is_read_again_and_a_broken_one_is_not_used(void **state)
{
    (void)state;
    struct opened opened;
    write_users(BOSS "\n");
    open_source(&opened);
    wait_for(&opened, "boss@acme.example", VERIFY_OK);
    wait_for(&opened, "new@acme.example", VERIFY_UNKNOWN_USER);
    write_users(BOSS "\nnew@acme.example:" SESAME "\n");
    wait_for(&opened, "new@acme.example", VERIFY_OK);

    write_users(BOSS "\nnew@acme.example:" SESAME ":disabled\nbroken\n");
    const struct deadline broken_long_enough = deadline_after(1200);
    while (!deadline_is_over(broken_long_enough))
        wait_for(&opened, "new@acme.example", VERIFY_OK);
    unlink(users_path);
    const struct deadline away_long_enough = deadline_after(1200);
    while (!deadline_is_over(away_long_enough))
        wait_for(&opened, "new@acme.example", VERIFY_OK);

    write_users("new@acme.example:" SESAME ":disabled\n");
    wait_for(&opened, "new@acme.example", VERIFY_DISABLED);
    wait_for(&opened, "boss@acme.example", VERIFY_UNKNOWN_USER);
    close_source(&opened);
}

/* As an editor does that writes over the file. */
static void
write_in_place(const char *text)
{
    FILE *file = fopen(users_path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void
test_a_file_that_is_being_written_is_not_read(void **state)
{
    (void)state;
    struct opened opened;
    write_users(BOSS "\n");
    open_source(&opened);
    /* Written little by little for longer than the time between two looks. */
    const struct deadline long_enough = deadline_after(2500);
    while (!deadline_is_over(long_enough)) {
        struct verify_result result;
        write_in_place("# half of i");
        assert_int_equal(verify(&opened, "boss@acme.example", "open sesame", PROMPTLY_MS, &result),
                         VERIFY_OK);
        verify_result_fini(&result);
        poll(NULL, 0, 20);
    }
    write_in_place("# all of it\n" BOSS ":disabled\n");
    wait_for(&opened, "boss@acme.example", VERIFY_DISABLED);
    close_source(&opened);
}

static void
test_a_result_keeps_what_it_borrows(void **state)
{
    (void)state;
    struct opened opened;
    struct verify_result result;
    write_users(BOSS ":networks=192.0.2.0/24\n");
    open_source(&opened);
    assert_int_equal(verify(&opened, "boss@acme.example", "open sesame", PROMPTLY_MS, &result),
                     VERIFY_OK);
    write_users("other@acme.example:" SESAME "\n");
    wait_for(&opened, "boss@acme.example", VERIFY_UNKNOWN_USER);

    struct netaddr inside, outside;
    assert_int_equal(netaddr_parse("192.0.2.7", &inside, NULL), 0);
    assert_int_equal(netaddr_parse("198.51.100.7", &outside, NULL), 0);
    assert_int_equal(list_match_address(result.account.networks, &inside, NULL), LIST_MATCH);
    assert_int_equal(list_match_address(result.account.networks, &outside, NULL), LIST_NO_MATCH);
    assert_string_equal(result.rule.origin.file, users_path);
    verify_result_fini(&result);
    close_source(&opened);
}

static void *
ask_many_times(void *context)
{
    const struct opened *opened = context;
    for (int i = 0; i < 40; i++) {
        struct verify_result result;
        assert_int_not_equal(
            verify(opened, "boss@acme.example", "open sesame", PROMPTLY_MS, &result),
            VERIFY_UNAVAILABLE);
        verify_result_fini(&result);
        const struct username user = {.text = "nobody"};
        struct secret password;
        secret_init(&password);
        secret_set(&password, "x", 1);
        const struct verify_request request = {
            .user = &user, .password = &password, .deadline = deadline_after(PROMPTLY_MS)};
        opened->source->kind->pretend(opened->source->self, &request);
        secret_fini(&password);
    }
    return NULL;
}

static void
test_many_sessions_ask_while_the_file_changes(void **state)
{
    (void)state;
    enum { SESSIONS = 8 };
    struct opened opened;
    pthread_t threads[SESSIONS];
    write_users(BOSS ":networks=192.0.2.0/24\n");
    open_source(&opened);
    wait_for(&opened, "boss@acme.example", VERIFY_OK);
    for (int i = 0; i < SESSIONS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, ask_many_times, &opened), 0);
    write_users(BOSS ":disabled\n");
    wait_for(&opened, "boss@acme.example", VERIFY_DISABLED);
    for (int i = 0; i < SESSIONS; i++)
        pthread_join(threads[i], NULL);
    close_source(&opened);
}

static void
test_an_empty_file_has_nothing_to_hide(void **state)
{
    (void)state;
    struct opened opened;
    struct verify_result result;
    write_users("# nobody\n");
    open_source(&opened);
    const struct username user = {.text = "nobody"};
    struct secret password;
    secret_init(&password);
    secret_set(&password, "x", 1);
    const struct verify_request request = {
        .user = &user, .password = &password, .deadline = deadline_after(0)};
    opened.source->kind->pretend(opened.source->self, &request);
    secret_fini(&password);
    assert_int_equal(verify(&opened, "nobody", "x", 0, &result), VERIFY_UNKNOWN_USER);
    verify_result_fini(&result);
    close_source(&opened);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_file_that_is_not_good_does_not_open),
        cmocka_unit_test(test_a_changed_file_is_read_again_and_a_broken_one_is_not_used),
        cmocka_unit_test(test_a_file_that_is_being_written_is_not_read),
        cmocka_unit_test(test_a_result_keeps_what_it_borrows),
        cmocka_unit_test(test_many_sessions_ask_while_the_file_changes),
        cmocka_unit_test(test_an_empty_file_has_nothing_to_hide),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
