#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "clock.h"
#include "places.h"
#include "screening_keys.h"
#include "screening_steps.h"

#define OTHER "192.0.2.2"
#define WAIT  .want = "wait"

static const struct screening_case cases[] = {
    {.name = "no more attempts of a network are under way than may fail",
     .steps = {{BEGIN, 0, .slot = 1},
               {BEGIN, 0, .slot = 2},
               {BEGIN, 0, .slot = 3},
               {BEGIN, 0, .slot = 4, WAIT},
               {BEGIN, 0, .slot = 5, .client = OTHER},
               {FINISH, 1, VERIFY_WRONG_PASSWORD, .slot = 1},
               /* the failure has taken the place of the attempt */
               {BEGIN, 1, .slot = 4, WAIT},
               {FINISH, 1, VERIFY_WRONG_PASSWORD, .slot = 2},
               {FINISH, 1, VERIFY_WRONG_PASSWORD, .slot = 3, .want = "on ban 3600"}}},
    {.name = "a place comes back with a right password, an outage, or if nobody was asked",
     .failures = 1,
     .steps = {{BEGIN, 0, .slot = 1},
               {BEGIN, 0, .slot = 2, WAIT},
               {FINISH, 1, VERIFY_OK, .slot = 1},
               {BEGIN, 1, .slot = 1},
               {FINISH, 2, VERIFY_UNAVAILABLE, .slot = 1},
               {BEGIN, 2, .slot = 1},
               {FINISH, 3, VERIFY_UNAVAILABLE, .slot = 1, .is_unasked = true},
               {BEGIN, 3, .slot = 1}}},
    {.name = "a place comes back however late its attempt ends",
     .failures = 2,
     .steps = {{BEGIN, 0, .slot = 1},
               {BEGIN, 50 * SECOND, .slot = 2},
               {FINISH, 55 * SECOND, VERIFY_OK, .slot = 1},
               {BEGIN, 56 * SECOND, .slot = 3},
               {BEGIN, 57 * SECOND, .slot = 4, WAIT},
               {FINISH, 58 * SECOND, VERIFY_OK, .slot = 2},
               {BEGIN, 59 * SECOND, .slot = 4}}},
    {.name = "a place that nobody gives back is over after a minute, not before",
     .failures = 1,
     .steps = {{BEGIN, 0, .slot = 1},
               {BEGIN, MINUTE - 1, .slot = 2, WAIT},
               {BEGIN, MINUTE + MINUTE / 8, .slot = 2},
               /* the first one's end takes nothing from the second one's place */
               {FINISH, 2 * MINUTE - SECOND, VERIFY_OK, .slot = 1},
               {BEGIN, 2 * MINUTE - SECOND, .slot = 3, WAIT}}},
    {.name = "... or after as long as attempts may last",
     .failures = 1,
     .place_ms = 10 * MINUTE,
     .steps = {{BEGIN, 0, .slot = 1},
               {BEGIN, 10 * MINUTE - 1, .slot = 2, WAIT},
               {FINISH, 10 * MINUTE - 1, VERIFY_OK, .slot = 1},
               {BEGIN, 10 * MINUTE - 1, .slot = 2}}},
    {.name = "no more attempts at an account are under way than may fail, from wherever",
     .failures = -1,
     .account_failures = 2,
     .steps = {{BEGIN, 0, .slot = 1},
               {BEGIN, 0, .slot = 2, .client = OTHER},
               {BEGIN, 0, .slot = 3, .client = "192.0.2.3", WAIT},
               {BEGIN, 0, .slot = 4, .client = "192.0.2.3", .login = "anna@a.example"},
               {FINISH, 1, VERIFY_OK, .slot = 1},
               {BEGIN, 1, .slot = 3, .client = "192.0.2.3"}}},
    {.name = "who waits for the account holds no place of his network",
     .failures = 2,
     .account_failures = 1,
     .logins_per_address = {.most = 2, .within_ms = MINUTE},
     .steps = {{BEGIN, 0, .slot = 1, .client = OTHER},
               {BEGIN, 0, .slot = 2, WAIT},
               {BEGIN, 0, .slot = 3, .login = "anna@a.example"},
               {BEGIN, 0, .slot = 4, .login = "bert@a.example"},
               {BEGIN, 0, .slot = 5, .login = "carl@a.example",
                .want = "throttled logins_per_address"}}},
    {.name = "who is known from his network needs no place at the account",
     .failures = -1,
     .account_failures = 1,
     .steps = {RIGHT(0),
               {BEGIN, 1, .slot = 1, .client = OTHER},
               {BEGIN, 1, .slot = 2, .client = "192.0.2.3", WAIT},
               {BEGIN, 1, .slot = 3},
               {BEGIN, 1, .slot = 4}}},
    {.name = "there are no places in monitor mode",
     .mode = "monitor",
     .failures = 1,
     .account_failures = 1,
     .steps = {{BEGIN, 0, .slot = 1, .times = 9}}},
    {.name = "there are no places in mode off",
     .mode = "off",
     .failures = 1,
     .account_failures = 1,
     .steps = {{BEGIN, 0, .slot = 1, .times = 9}}},
    {.name = "there are no places without a number of failures, nor for who is in `never`",
     .failures = -1,
     .steps = {{BEGIN, 0, .slot = 1, .times = 9}}},
    {.name = "... never",
     .failures = 1,
     .account_failures = 1,
     .never = "192.0.2.1",
     .steps = {{BEGIN, 0, .slot = 1, .times = 9}}},
    {.name = "who is banned meanwhile hears so instead of waiting",
     .failures = 1,
     .steps = {{BEGIN, 0, .slot = 1},
               {BEGIN, 0, .slot = 2, WAIT},
               {BAN, 1, .client = "192.0.2.1/32"},
               {BEGIN, 1, .slot = 2, .want = "banned"}}},
};

static void
test_places(void **unused)
{
    (void)unused;
    run_cases(cases, sizeof cases / sizeof cases[0]);
}

/* One attempt after the other on a store, by several threads at once. */
struct crowd {
    struct bench bench;
    unsigned attempts; /* of each thread */
    enum verify_outcome outcome;
    bool is_one_login; /* else everybody has his own */
    pthread_barrier_t start;
    atomic_uint inside, most_inside, verified, right, banned, waited, bans;
};

struct member {
    struct crowd *crowd;
    unsigned number;
    pthread_t thread;
};

static void
note_most(struct crowd *crowd)
{
    unsigned now = atomic_fetch_add(&crowd->inside, 1) + 1;
    unsigned most = atomic_load(&crowd->most_inside);
    while (most < now && !atomic_compare_exchange_weak(&crowd->most_inside, &most, now))
        ;
}

/* As a source that is asked takes its time. */
static void
verify(struct crowd *crowd)
{
    note_most(crowd);
    nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
    atomic_fetch_sub(&crowd->inside, 1);
    atomic_fetch_add(&crowd->verified, 1);
}

static void
attempt_once(struct crowd *crowd, const struct attempt_question *question, unsigned number)
{
    struct attempt attempt;
    struct attempt_end end;
    attempt_begin(crowd->bench.store, &crowd->bench.rules, question, EPOCH,
                  deadline_after(ENGINE_WAIT_MS), &attempt);
    if (attempt.answer == ATTEMPT_BANNED)
        atomic_fetch_add(&crowd->banned, 1);
    if (attempt.answer == ATTEMPT_WAIT)
        atomic_fetch_add(&crowd->waited, 1);
    if (attempt.answer != ATTEMPT_GO_ON)
        return;
    verify(crowd);
    char text[32];
    struct secret password;
    secret_init(&password);
    snprintf(text, sizeof text, "guess-%u", number);
    secret_set(&password, text, strlen(text));
    const struct attempt_result result = {.outcome = crowd->outcome,
                                          .was_verified = true,
                                          .is_accepted = crowd->outcome == VERIFY_OK,
                                          .account = question->login,
                                          .password = &password};
    attempt_end(crowd->bench.store, &crowd->bench.rules, question, &attempt, &result, EPOCH,
                deadline_after(ENGINE_WAIT_MS), &end);
    secret_fini(&password);
    atomic_fetch_add(&crowd->bans, end.is_new_ban);
}

static void *
run_member(void *context)
{
    const struct member *member = context;
    struct crowd *crowd = member->crowd;
    char login[32];
    snprintf(login, sizeof login, "user%u@a.example", crowd->is_one_login ? 0 : member->number);
    const struct attempt_question question = {
        .client = client_of("192.0.2.1"), .organization = "acme", .login = login};
    pthread_barrier_wait(&crowd->start);
    for (unsigned i = 0; i < crowd->attempts; i++)
        attempt_once(crowd, &question, member->number * crowd->attempts + i);
    return NULL;
}

enum { THREADS = 64 };

static void
run_crowd(struct crowd *crowd, enum store_engine_name engine, const struct screening_case *table)
{
    struct member members[THREADS];
    const struct screen screen = screen_of(table, NULL);
    const struct limits limits = {0};
    crowd->bench =
        (struct bench){.store = engines_open(engine),
                       .rules = {.screen = &screen, .limits = &limits, .place_ms = PLACE}};
    pthread_barrier_init(&crowd->start, NULL, THREADS);
    for (unsigned i = 0; i < THREADS; i++) {
        members[i] = (struct member){.crowd = crowd, .number = i};
        assert_int_equal(pthread_create(&members[i].thread, NULL, run_member, &members[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(members[i].thread, NULL);
    pthread_barrier_destroy(&crowd->start);
    store_close(crowd->bench.store);
}

static void
guess_on(enum store_engine_name engine)
{
    const struct screening_case table = {.failures = 7};
    struct crowd crowd = {.attempts = 4, .outcome = VERIFY_WRONG_PASSWORD, .is_one_login = true};
    run_crowd(&crowd, engine, &table);
    assert_int_equal(crowd.verified, 7);
    assert_int_equal(crowd.bans, 1);
    assert_true(crowd.most_inside <= 7);
    /* who waited hears of the ban, unless this machine took a second for all of it */
    assert_true(crowd.banned > 0);
    assert_int_equal(crowd.banned + crowd.waited, THREADS * 4 - 7);
}

static void
test_guesses_side_by_side_are_as_many_as_one_after_the_other(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < ENGINES; i++)
        if (engines_have(all_engines[i]))
            guess_on(all_engines[i]);
}

static void
log_in_on(enum store_engine_name engine)
{
    const struct screening_case table = {.failures = 7, .account_failures = 50};
    struct crowd crowd = {.attempts = 4, .outcome = VERIFY_OK};
    run_crowd(&crowd, engine, &table);
    assert_int_equal(crowd.verified + crowd.waited, THREADS * 4);
    assert_true(crowd.most_inside <= 7);
    assert_int_equal(crowd.banned, 0);
    assert_true(crowd.verified >= THREADS);
}

static void
test_an_office_behind_one_address_logs_in_a_few_at_a_time(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < ENGINES; i++)
        if (engines_have(all_engines[i]))
            log_in_on(all_engines[i]);
}

/* Waits in a thread for what the test does meanwhile. */
struct waiting {
    struct bench *bench;
    struct attempt attempt;
    int64_t took_ms;
    pthread_t thread;
};

static void *
wait_for_place(void *context)
{
    struct waiting *waiting = context;
    const struct attempt_question question = question_of(&(struct step){.deed = BEGIN});
    const int64_t began_ms = clock_now_ms();
    attempt_begin(waiting->bench->store, &waiting->bench->rules, &question, EPOCH,
                  deadline_after(ENGINE_WAIT_MS), &waiting->attempt);
    waiting->took_ms = clock_now_ms() - began_ms;
    return NULL;
}

static uint64_t
batches_of(struct store *store)
{
    struct store_status status;
    store_status(store, &status);
    return status.batches;
}

/* Until somebody has asked once more: who had no place then waits for one. */
static void
wait_for_question(struct store *store, uint64_t asked)
{
    const struct deadline deadline = deadline_after(ENGINE_WAIT_MS);
    while (batches_of(store) == asked) {
        assert_false(deadline_is_over(deadline));
        poll(NULL, 0, 1);
    }
}

/* A place of another process's attempt, as it were: nobody here hears of its end. */
static void
test_a_place_that_another_process_gives_back_is_found(void **unused)
{
    (void)unused;
    const struct screening_case table = {.failures = 1};
    const struct screen screen = screen_of(&table, NULL);
    const struct limits limits = {0};
    struct bench bench = {.store = engines_open(STORE_LMDB),
                          .rules = {.screen = &screen, .limits = &limits, .place_ms = PLACE}};
    struct waiting waiting = {.bench = &bench};
    char words[WORDS_MAX];
    take_step(&bench, &(const struct step){.deed = BEGIN, .slot = 1}, words);
    const uint64_t asked = batches_of(bench.store);
    assert_int_equal(pthread_create(&waiting.thread, NULL, wait_for_place, &waiting), 0);
    const struct netprefix network = network_of("192.0.2.1/32");
    struct store_op back = {.action = STORE_COUNT,
                            .space = STORE_COUNTERS,
                            .key = network_key(NETWORK_PLACES, &network),
                            .window_ms = MINUTE,
                            .at_ms = EPOCH,
                            .amount = -1};
    wait_for_question(bench.store, asked);
    assert_int_equal(store_run(bench.store, &back, 1, EPOCH, deadline_after(ENGINE_WAIT_MS), NULL),
                     0);
    pthread_join(waiting.thread, NULL);
    assert_int_equal(waiting.attempt.answer, ATTEMPT_GO_ON);
    store_close(bench.store);
}

static void
test_nobody_waits_longer_than_a_second_or_his_deadline(void **unused)
{
    (void)unused;
    const struct screening_case table = {.failures = 1};
    const struct screen screen = screen_of(&table, NULL);
    const struct limits limits = {0};
    struct bench bench = {.store = engines_open(STORE_LMDB),
                          .rules = {.screen = &screen, .limits = &limits, .place_ms = PLACE}};
    struct waiting waiting = {.bench = &bench};
    char words[WORDS_MAX];
    take_step(&bench, &(const struct step){.deed = BEGIN, .slot = 1}, words);
    wait_for_place(&waiting);
    assert_int_equal(waiting.attempt.answer, ATTEMPT_WAIT);
    assert_true(waiting.took_ms >= 950 && waiting.took_ms < ENGINE_WAIT_MS / 2);
    const struct attempt_question question = question_of(&(struct step){.deed = BEGIN});
    /* a busy machine may be late once */
    for (int tries = 4, took_ms = 950; took_ms >= 950; tries--) {
        assert_true(tries > 0);
        const int64_t began_ms = clock_now_ms();
        attempt_begin(bench.store, &bench.rules, &question, EPOCH, deadline_after(300),
                      &waiting.attempt);
        took_ms = (int)(clock_now_ms() - began_ms);
        assert_int_equal(waiting.attempt.answer, ATTEMPT_WAIT);
        assert_false(waiting.attempt.is_counted);
    }
    store_close(bench.store);
}

/* Without that, they would find out by asking the store again, some time later. */
static void
test_the_end_of_an_attempt_wakes_who_waits(void **unused)
{
    (void)unused;
    const struct screening_case table = {.failures = 2, .account_failures = 2};
    const struct screen screen = screen_of(&table, NULL);
    const struct limits limits = {0};
    struct bench bench = {.store = engines_open(STORE_LMDB),
                          .rules = {.screen = &screen, .limits = &limits, .place_ms = PLACE}};
    const struct netprefix network = network_of("192.0.2.1/32");
    const struct store_key of_network = network_key(NETWORK_PLACES, &network);
    const struct store_key of_account = account_key(ACCOUNT_PLACES, "acme", "bob@a.example");
    char words[WORDS_MAX];
    take_step(&bench, &(const struct step){.deed = BEGIN}, words);
    const uint64_t before_network = places_ended(&of_network);
    const uint64_t before_account = places_ended(&of_account);
    take_step(&bench, &(const struct step){.deed = FINISH, .is_unasked = true}, words);
    assert_true(places_ended(&of_network) > before_network);
    assert_true(places_ended(&of_account) > before_account);
    store_close(bench.store);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_guesses_side_by_side_are_as_many_as_one_after_the_other),
        cmocka_unit_test(test_an_office_behind_one_address_logs_in_a_few_at_a_time),
        cmocka_unit_test(test_a_place_that_another_process_gives_back_is_found),
        cmocka_unit_test(test_the_end_of_an_attempt_wakes_who_waits),
        cmocka_unit_test(test_nobody_waits_longer_than_a_second_or_his_deadline),
    };
    return cmocka_run_group_tests(tests, engines_start, engines_stop);
}
