#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "screening_steps.h"

static const struct screening_case strict = {.failures = 1,
                                             .unknown_names = 1,
                                             .bad_recipients = 1,
                                             .account_failures = 1,
                                             .logins_per_user = {.most = 1, .within_ms = MINUTE},
                                             .addresses_per_user = {.most = 1, .within_ms = HOUR}};

/* What a step gave on that store. */
static void
want(struct bench *bench, struct store *store, const struct step *step)
{
    char words[WORDS_MAX] = "";
    bench->store = store;
    take_step(bench, step, words);
    assert_string_equal(words, step->want != NULL ? step->want : "on");
}

static void
test_all_goes_on_and_nothing_is_counted_while_it_is_down(void **unused)
{
    (void)unused;
    const struct screen screen = screen_of(&strict, NULL);
    const struct limits limits = limits_of(&strict);
    struct bench bench = {.rules = {.screen = &screen, .limits = &limits, .place_ms = PLACE}};
    struct store *down = engines_open_down();
    const struct step uncounted = {BEGIN, 0, .want = "is_counted is 0"};
    for (unsigned i = 0; i < 5; i++) {
        want(&bench, down, &uncounted);
        assert_int_equal(bench.slots[0].answer, ATTEMPT_GO_ON);
        assert_false(bench.slots[0].has_network_place || bench.slots[0].has_account_place);
    }
    want(&bench, down, &(const struct step){RECALL, 0, .want = "nothing"});
    want(&bench, down, &(const struct step){.deed = RECIPIENT});
    want(&bench, down, &(const struct step){.deed = OFFENCE});
    store_close(down);
}

/* The store goes between begin and end: what was reserved is over after a minute by itself. */
static void
test_an_attempt_whose_end_cannot_be_told_counts_nothing(void **unused)
{
    (void)unused;
    const struct screening_case table = {.failures = 1};
    const struct screen screen = screen_of(&table, NULL);
    const struct limits limits = {0};
    struct bench bench = {.rules = {.screen = &screen, .limits = &limits, .place_ms = PLACE}};
    struct store *up = engines_open(STORE_LMDB), *down = engines_open_down();
    want(&bench, up, &(const struct step){BEGIN, 0, .slot = 1});
    want(&bench, down,
         &(const struct step){FINISH, 0, VERIFY_WRONG_PASSWORD, .slot = 1, .has_window = true});
    want(&bench, up, &(const struct step){BEGIN, 1, .slot = 2, .want = "wait"});
    want(&bench, up, &(const struct step){BEGIN, MINUTE + MINUTE / 8, .slot = 2});
    want(&bench, up, &(const struct step){FINISH, MINUTE + MINUTE / 8, VERIFY_OK, .slot = 2});
    want(&bench, up, &(const struct step){RECALL, MINUTE + MINUTE / 8, .want = "nothing"});
    store_close(up);
    store_close(down);
}

static void
test_an_accepted_login_stays_accepted_without_a_window(void **unused)
{
    (void)unused;
    const struct screen screen = screen_of(&strict, NULL);
    const struct limits limits = limits_of(&strict);
    struct bench bench = {
        .rules = {
            .screen = &screen, .limits = &limits, .place_ms = PLACE, .longest_window_ms = HOUR}};
    struct store *up = engines_open(STORE_LMDB), *down = engines_open_down();
    want(&bench, up, &(const struct step){BEGIN, 0, .slot = 1});
    want(&bench, down, &(const struct step){FINISH, 0, VERIFY_OK, .slot = 1, .has_window = true});
    want(&bench, up, &(const struct step){RECALL, 1, .want = "nothing"});
    store_close(up);
    store_close(down);
}

enum { BANS = 256, BANS_TIMES = 200 };

/* So many networks are banned by hand, or not any more. Returns whether the last one was. */
static bool
run_bans(struct store *store, enum store_action action, unsigned which)
{
    struct store_op *ops = calloc(BANS, sizeof *ops);
    assert_non_null(ops);
    for (unsigned i = 0; i < BANS; i++) {
        char text[32];
        snprintf(text, sizeof text, "10.%u.%u.0/24", which, i);
        const struct netprefix network = network_of(text);
        ops[i] = (struct store_op){
            .action = action,
            .network = network,
            .ban = {.network = network, .since_ms = EPOCH, .until_ms = INT64_MAX}};
    }
    assert_int_equal(store_run(store, ops, BANS, EPOCH, deadline_after(ENGINE_WAIT_MS), NULL), 0);
    const bool has_hit = ops[BANS - 1].hit;
    free(ops);
    return has_hit;
}

static void
fill_with_bans(struct store *store)
{
    for (unsigned i = 0; i < BANS_TIMES; i++)
        if (!run_bans(store, STORE_SET_BAN, i))
            return;
    fail_msg("there is always room for a ban");
}

/* Who could not be banned has not paid. */
static void
test_counts_stay_where_there_is_no_room_for_a_ban(void **unused)
{
    (void)unused;
    const struct screening_case table = {.failures = 3};
    const struct screen screen = screen_of(&table, NULL);
    const struct limits limits = {0};
    struct bench bench = {.rules = {.screen = &screen, .limits = &limits, .place_ms = PLACE}};
    struct store *store = engines_open(STORE_LMDB);
    fill_with_bans(store);
    want(&bench, store, &(const struct step)WRONG(0));
    want(&bench, store, &(const struct step)WRONG(0));
    want(&bench, store, &(const struct step)WRONG(0));
    run_bans(store, STORE_REMOVE, 0);
    want(&bench, store, &(const struct step)WRONG(1, .want = "on ban 3600"));
    want(&bench, store, &(const struct step)WRONG(2, .want = "banned"));
    store_close(store);
}

static void
test_commands_hear_why(void **unused)
{
    (void)unused;
    struct store *down = engines_open_down();
    const struct netprefix network = network_of("192.0.2.1/32");
    const struct netaddr client = client_of("192.0.2.1");
    const struct deadline deadline = deadline_after(ENGINE_WAIT_MS);
    struct err err = {""};
    bool was_there = true;
    size_t closed = 1;
    assert_int_equal(bans_add(down, &network, HOUR, "x", EPOCH, deadline, &err), -1);
    assert_true(err.text[0] != '\0');
    assert_int_equal(bans_remove(down, &network, EPOCH, deadline, &was_there, &err), -1);
    assert_false(was_there);
    assert_int_equal(windows_close(down, &client, NULL, EPOCH, deadline, &closed, &err), -1);
    assert_int_equal(closed, 0);
    assert_int_equal(windows_close(down, NULL, "anna", EPOCH, deadline, &closed, &err), -1);
    store_close(down);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_goes_on_and_nothing_is_counted_while_it_is_down),
        cmocka_unit_test(test_an_attempt_whose_end_cannot_be_told_counts_nothing),
        cmocka_unit_test(test_an_accepted_login_stays_accepted_without_a_window),
        cmocka_unit_test(test_counts_stay_where_there_is_no_room_for_a_ban),
        cmocka_unit_test(test_commands_hear_why),
    };
    return cmocka_run_group_tests(tests, engines_start, engines_stop);
}
