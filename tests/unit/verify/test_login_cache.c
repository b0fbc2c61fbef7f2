/* What is answered from memory, for how long, and what ends it. */
#include <pthread.h>

#include "login_cache_bench.h"

struct story {
    const char *name;
    struct login_lifetimes lifetimes;
    struct step steps[STEPS_MAX];
};

static void
tell(const struct story *stories, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        print_message("%s\n", stories[i].name);
        struct login_cache *cache = login_cache_create(16, "directory", stories[i].lifetimes);
        for (size_t j = 0; j < STEPS_MAX && stories[i].steps[j].what != END; j++)
            take_step(cache, &stories[i].steps[j]);
        login_cache_free(cache);
        assert_int_equal(held_things, 0);
    }
}

#define TELL(stories) tell(stories, sizeof(stories) / sizeof(stories)[0])

static const struct story answered[] = {
    {"nothing is known", PLAIN_LIFETIMES, {{FIND, 0, "anna", "one", NULL, MISS, NULL}}},
    {"a right password is right again, for the account's own name",
     PLAIN_LIFETIMES,
     {{KEEP, 0, "anna.alias", "one", NULL, VERIFY_OK, "anna"},
      {FIND, 0, "anna.alias", "one", NULL, VERIFY_OK, "anna"}}},
    {"until its time",
     PLAIN_LIFETIMES,
     {{KEEP, 5, "anna", "one", NULL, VERIFY_OK, NULL},
      {FIND, 5 + RIGHT_MS - 1, "anna", "one", NULL, VERIFY_OK, NULL}}},
    {"at its time no more",
     PLAIN_LIFETIMES,
     {{KEEP, 5, "anna", "one", NULL, VERIFY_OK, NULL},
      {FIND, 5 + RIGHT_MS, "anna", "one", NULL, MISS, NULL}}},
    {"answering does not make it younger",
     PLAIN_LIFETIMES,
     {{KEEP, 0, "anna", "one", NULL, VERIFY_OK, NULL},
      {FIND, RIGHT_MS - 1, "anna", "one", NULL, VERIFY_OK, NULL},
      {FIND, RIGHT_MS, "anna", "one", NULL, MISS, NULL}}},
    {"another password is asked about, once",
     PLAIN_LIFETIMES,
     {{KEEP, 0, "anna", "one", NULL, VERIFY_OK, NULL},
      {FIND, 1, "anna", "two", NULL, MISS, NULL},
      {KEEP, 1, "anna", "two", NULL, VERIFY_WRONG_PASSWORD, NULL},
      {FIND, 2, "anna", "two", NULL, VERIFY_WRONG_PASSWORD, "anna"}}},
    {"and the right one stays right beside it",
     PLAIN_LIFETIMES,
     {{KEEP, 0, "anna", "one", NULL, VERIFY_OK, NULL},
      {KEEP, 1, "anna", "two", NULL, VERIFY_WRONG_PASSWORD, NULL},
      {FIND, 2, "anna", "one", NULL, VERIFY_OK, "anna"}}},
    {"a third one is asked about too",
     PLAIN_LIFETIMES,
     {{KEEP, 0, "anna", "one", NULL, VERIFY_OK, NULL},
      {KEEP, 1, "anna", "two", NULL, VERIFY_WRONG_PASSWORD, NULL},
      {FIND, 2, "anna", "three", NULL, MISS, NULL}}},
    {"wrong until its time",
     PLAIN_LIFETIMES,
     {{KEEP, 0, "anna", "two", NULL, VERIFY_WRONG_PASSWORD, NULL},
      {FIND, WRONG_MS - 1, "anna", "two", NULL, VERIFY_WRONG_PASSWORD, "anna"},
      {FIND, WRONG_MS, "anna", "two", NULL, MISS, NULL}}},
    {"wrong, of whose account the source says nothing",
     PLAIN_LIFETIMES,
     {{KEEP, 0, "anna", "two", NULL, VERIFY_WRONG_PASSWORD, ""},
      {FIND, 1, "anna", "two", NULL, VERIFY_WRONG_PASSWORD, ""}}},
    {"a name that nobody has",
     PLAIN_LIFETIMES,
     {{KEEP, 0, "nobody", "one", NULL, VERIFY_UNKNOWN_USER, ""},
      {FIND, WRONG_MS - 1, "nobody", "one", NULL, VERIFY_UNKNOWN_USER, ""},
      {FIND, WRONG_MS, "nobody", "one", NULL, MISS, NULL}}},
    {"is asked about with another password, as one that somebody has",
     PLAIN_LIFETIMES,
     {{KEEP, 0, "nobody", "one", NULL, VERIFY_UNKNOWN_USER, ""},
      {FIND, 0, "nobody", "two", NULL, MISS, NULL}}},
    {"another name is another name",
     PLAIN_LIFETIMES,
     {{KEEP, 0, "anna", "one", NULL, VERIFY_OK, NULL},
      {FIND, 0, "anna2", "one", NULL, MISS, NULL},
      {FIND, 0, "ann", "one", NULL, MISS, NULL}}},
    {"a look-up",
     PLAIN_LIFETIMES,
     {{KEEP, 0, "anna.alias", NULL, NULL, VERIFY_OK, "anna"},
      {FIND, RIGHT_MS - 1, "anna.alias", NULL, NULL, VERIFY_OK, "anna"},
      {FIND, RIGHT_MS, "anna.alias", NULL, NULL, MISS, NULL}}},
    {"a look-up says nothing about a password",
     PLAIN_LIFETIMES,
     {{KEEP, 0, "anna", NULL, NULL, VERIFY_OK, NULL},
      {FIND, 0, "anna", "one", NULL, MISS, NULL},
      {FIND, 0, "anna", "", NULL, MISS, NULL}}},
    {"nor a password about a look-up, which has the addresses too",
     PLAIN_LIFETIMES,
     {{KEEP, 0, "anna", "one", NULL, VERIFY_OK, NULL}, {FIND, 0, "anna", NULL, NULL, MISS, NULL}}},
    {"a look-up of a name that nobody has",
     PLAIN_LIFETIMES,
     {{KEEP, 0, "nobody", NULL, NULL, VERIFY_UNKNOWN_USER, ""},
      {FIND, WRONG_MS - 1, "nobody", NULL, NULL, VERIFY_UNKNOWN_USER, ""}}},
    {"right is not kept where it is not to be",
     {.wrong_ms = WRONG_MS},
     {{KEEP, 0, "anna", "one", NULL, VERIFY_OK, NULL}, {FIND, 0, "anna", "one", NULL, MISS, NULL}}},
    {"wrong is not kept where it is not to be",
     {.right_ms = RIGHT_MS},
     {{KEEP, 0, "anna", "two", NULL, VERIFY_WRONG_PASSWORD, NULL},
      {FIND, 0, "anna", "two", NULL, MISS, NULL}}},
    {"for one client",
     {.right_ms = RIGHT_MS, .by_client = true},
     {{KEEP, 0, "anna", "one", "192.0.2.1", VERIFY_OK, NULL},
      {FIND, 0, "anna", "one", "192.0.2.1", VERIFY_OK, NULL},
      {FIND, 0, "anna", "one", "192.0.2.2", MISS, NULL},
      {FIND, 0, "anna", "one", "c000:201::", MISS, NULL},
      {FIND, 0, "anna", "one", NULL, MISS, NULL}}},
    {"for two clients of one account",
     {.right_ms = RIGHT_MS, .by_client = true},
     {{KEEP, 0, "anna", "one", "192.0.2.1", VERIFY_OK, NULL},
      {KEEP, 0, "anna", "one", "192.0.2.2", VERIFY_OK, NULL},
      {FIND, 0, "anna", "one", "192.0.2.1", VERIFY_OK, NULL},
      {FIND, 0, "anna", "one", "192.0.2.2", VERIFY_OK, NULL}}},
    {"for all clients",
     PLAIN_LIFETIMES,
     {{KEEP, 0, "anna", "one", "192.0.2.1", VERIFY_OK, NULL},
      {FIND, 0, "anna", "one", "2001:db8::1", VERIFY_OK, NULL}}},
};

static void
test_what_is_answered(void **state)
{
    (void)state;
    TELL(answered);
}

static void
test_what_takes_the_place_of_what(void **state)
{
    (void)state;
    static const struct story stories[] = {
        {"a new password takes the place of the old",
         PLAIN_LIFETIMES,
         {{KEEP, 0, "anna", "one", NULL, VERIFY_OK, NULL},
          {KEEP, 1, "anna", "two", NULL, VERIFY_OK, NULL},
          {FIND, 2, "anna", "two", NULL, VERIFY_OK, NULL},
          {FIND, 2, "anna", "one", NULL, MISS, NULL}}},
        {"what was wrong and is right now is right",
         PLAIN_LIFETIMES,
         {{KEEP, 0, "anna", "two", NULL, VERIFY_WRONG_PASSWORD, NULL},
          {KEEP, 1, "anna", "two", NULL, VERIFY_OK, NULL},
          {FIND, 2, "anna", "two", NULL, VERIFY_OK, NULL},
          {KEEP, 2, "anna", "three", NULL, VERIFY_DISABLED, NULL},
          {FIND, 3, "anna", "two", NULL, MISS, NULL}}},
        {"what was right and is wrong now is wrong, even when the source is down",
         {.right_ms = RIGHT_MS, .wrong_ms = WRONG_MS, .when_down = true},
         {{KEEP, 0, "anna", "one", NULL, VERIFY_OK, NULL},
          {KEEP, RIGHT_MS, "anna", "one", NULL, VERIFY_WRONG_PASSWORD, NULL},
          {STALE, RIGHT_MS, "anna", "one", NULL, MISS, NULL},
          {FIND, RIGHT_MS, "anna", "one", NULL, VERIFY_WRONG_PASSWORD, NULL}}},
        {"a name that somebody has now",
         PLAIN_LIFETIMES,
         {{KEEP, 0, "anna", "two", NULL, VERIFY_UNKNOWN_USER, ""},
          {KEEP, 1, "anna", "one", NULL, VERIFY_OK, NULL},
          {FIND, 2, "anna", "two", NULL, MISS, NULL}}},
        {"a name that nobody has any more",
         PLAIN_LIFETIMES,
         {{KEEP, 0, "anna", "one", NULL, VERIFY_OK, NULL},
          {KEEP, 0, "anna", NULL, NULL, VERIFY_OK, NULL},
          {KEEP, 1, "anna", "two", NULL, VERIFY_UNKNOWN_USER, ""},
          {FIND, 2, "anna", "one", NULL, MISS, NULL},
          {FIND, 2, "anna", NULL, NULL, MISS, NULL}}},
        {"the last wrong password is remembered, not all of them",
         PLAIN_LIFETIMES,
         {{KEEP, 0, "anna", "two", NULL, VERIFY_WRONG_PASSWORD, NULL},
          {KEEP, 0, "anna", "three", NULL, VERIFY_WRONG_PASSWORD, NULL},
          {FIND, 0, "anna", "three", NULL, VERIFY_WRONG_PASSWORD, NULL},
          {FIND, 0, "anna", "two", NULL, MISS, NULL}}},
        {"a look-up that finds the account disabled ends what is known of its password",
         PLAIN_LIFETIMES,
         {{KEEP, 0, "anna", "one", NULL, VERIFY_OK, NULL},
          {KEEP, 1, "anna", NULL, NULL, VERIFY_DISABLED, NULL},
          {FIND, 1, "anna", "one", NULL, MISS, NULL}}},
    };
    TELL(stories);
}

static void
test_which_outcomes_are_kept_and_which_end_a_right_one(void **state)
{
    (void)state;
    static const struct {
        enum verify_outcome outcome;
        bool want_kept, want_right_gone;
    } cases[VERIFY_OUTCOMES] = {
        {VERIFY_UNAVAILABLE, false, false},
        {VERIFY_OK, true, true}, /* another password is the right one now */
        {VERIFY_WRONG_PASSWORD, true, false},
        {VERIFY_UNKNOWN_USER, true, true},
        {VERIFY_DISABLED, false, true},
        {VERIFY_AMBIGUOUS, false, true},
        {VERIFY_LOCKED, false, false},
        {VERIFY_ACCOUNT_EXPIRED, false, true},
        {VERIFY_PASSWORD_EXPIRED, false, true},
        {VERIFY_MUST_CHANGE, false, true},
        {VERIFY_NOT_ALLOWED, false, true},
        {VERIFY_NO_CLEAR_PASSWORD, false, false},
    };
    for (size_t i = 0; i < VERIFY_OUTCOMES; i++) {
        const struct login_lifetimes lifetimes = PLAIN_LIFETIMES;
        const enum verify_outcome outcome = cases[i].outcome;
        assert_int_equal(outcome, i);
        print_message("%s\n", verify_outcome_name(outcome));
        const struct step steps[] = {
            {KEEP, 0, "anna", "one", NULL, VERIFY_OK, NULL},
            {KEEP, 1, "anna", "two", NULL, (int)outcome, NULL},
            {FIND, 2, "anna", "two", NULL, cases[i].want_kept ? (int)outcome : MISS, NULL},
            {FIND, 2, "anna", "one", NULL, cases[i].want_right_gone ? MISS : VERIFY_OK, NULL},
        };
        struct login_cache *cache = login_cache_create(16, "directory", lifetimes);
        for (size_t j = 0; j < sizeof steps / sizeof steps[0]; j++)
            take_step(cache, &steps[j]);
        login_cache_free(cache);
        assert_int_equal(held_things, 0);
    }
}

static void
test_what_is_served_while_the_source_is_down(void **state)
{
    (void)state;
    static const struct story stories[] = {
        {"nothing, unless it is wanted",
         PLAIN_LIFETIMES,
         {{KEEP, 0, "anna", "one", NULL, VERIFY_OK, NULL},
          {STALE, 1, "anna", "one", NULL, MISS, NULL}}},
        {"a right answer that is over",
         {.right_ms = RIGHT_MS, .when_down = true},
         {{KEEP, 0, "anna.alias", "one", NULL, VERIFY_OK, "anna"},
          {FIND, RIGHT_MS, "anna.alias", "one", NULL, MISS, NULL},
          {STALE, RIGHT_MS, "anna.alias", "one", NULL, VERIFY_OK, "anna"}}},
        {"for that password only",
         {.right_ms = RIGHT_MS, .when_down = true},
         {{KEEP, 0, "anna", "one", NULL, VERIFY_OK, NULL},
          {STALE, RIGHT_MS, "anna", "two", NULL, MISS, NULL}}},
        {"for a day",
         {.right_ms = RIGHT_MS, .when_down = true},
         {{KEEP, 0, "anna", "one", NULL, VERIFY_OK, NULL},
          {STALE, DAY_MS - 1, "anna", "one", NULL, VERIFY_OK, NULL},
          {STALE, DAY_MS, "anna", "one", NULL, MISS, NULL}}},
        {"also one that is never served otherwise",
         {.when_down = true},
         {{KEEP, 0, "anna", "one", NULL, VERIFY_OK, NULL},
          {FIND, 0, "anna", "one", NULL, MISS, NULL},
          {STALE, 0, "anna", "one", NULL, VERIFY_OK, NULL}}},
        {"a wrong answer or an unknown name never",
         {.right_ms = RIGHT_MS, .wrong_ms = WRONG_MS, .when_down = true},
         {{KEEP, 0, "anna", "two", NULL, VERIFY_WRONG_PASSWORD, NULL},
          {KEEP, 0, "nobody", "two", NULL, VERIFY_UNKNOWN_USER, ""},
          {STALE, 1, "anna", "two", NULL, MISS, NULL},
          {STALE, 1, "nobody", "two", NULL, MISS, NULL}}},
        {"a look-up likewise",
         {.right_ms = RIGHT_MS, .when_down = true},
         {{KEEP, 0, "anna", NULL, NULL, VERIFY_OK, NULL},
          {STALE, DAY_MS - 1, "anna", NULL, NULL, VERIFY_OK, NULL}}},
        {"not what was right before the account was disabled",
         {.right_ms = RIGHT_MS, .when_down = true},
         {{KEEP, 0, "anna", "one", NULL, VERIFY_OK, NULL},
          {KEEP, RIGHT_MS, "anna", "one", NULL, VERIFY_DISABLED, NULL},
          {STALE, RIGHT_MS, "anna", "one", NULL, MISS, NULL}}},
        {"what was right before the account was locked, as somebody tries passwords",
         {.right_ms = RIGHT_MS, .when_down = true},
         {{KEEP, 0, "anna", "one", NULL, VERIFY_OK, NULL},
          {KEEP, RIGHT_MS, "anna", "two", NULL, VERIFY_LOCKED, NULL},
          {STALE, RIGHT_MS, "anna", "one", NULL, VERIFY_OK, NULL}}},
        {"not what was right before the account was locked against that very password",
         {.right_ms = RIGHT_MS, .when_down = true},
         {{KEEP, 0, "anna", "one", NULL, VERIFY_OK, NULL},
          {KEEP, RIGHT_MS, "anna", "one", NULL, VERIFY_LOCKED, NULL},
          {STALE, RIGHT_MS, "anna", "one", NULL, MISS, NULL}}},
        {"for that client only",
         {.right_ms = RIGHT_MS, .when_down = true, .by_client = true},
         {{KEEP, 0, "anna", "one", "192.0.2.1", VERIFY_OK, NULL},
          {STALE, RIGHT_MS, "anna", "one", "192.0.2.2", MISS, NULL},
          {STALE, RIGHT_MS, "anna", "one", "192.0.2.1", VERIFY_OK, NULL}}},
    };
    TELL(stories);
}

static void
test_what_is_forgotten(void **state)
{
    (void)state;
    static const struct story stories[] = {
        {"a login name, in any case",
         PLAIN_LIFETIMES,
         {{KEEP, 0, "anna", "one", NULL, VERIFY_OK, NULL},
          {KEEP, 0, "anna", "two", NULL, VERIFY_WRONG_PASSWORD, NULL},
          {KEEP, 0, "anna", NULL, NULL, VERIFY_OK, NULL},
          {KEEP, 0, "bert", "one", NULL, VERIFY_OK, NULL},
          {FLUSH, 0, "Anna", NULL, NULL, 3, NULL},
          {FIND, 0, "anna", "one", NULL, MISS, NULL},
          {FIND, 0, "bert", "one", NULL, VERIFY_OK, NULL}}},
        {"an alias alone",
         PLAIN_LIFETIMES,
         {{KEEP, 0, "anna.alias", "one", NULL, VERIFY_OK, "anna"},
          {KEEP, 0, "anna", "one", NULL, VERIFY_OK, "anna"},
          {FLUSH, 0, "anna.alias", NULL, NULL, 1, NULL},
          {FIND, 0, "anna", "one", NULL, VERIFY_OK, NULL}}},
        {"an account with all its aliases",
         PLAIN_LIFETIMES,
         {{KEEP, 0, "anna.alias", "one", NULL, VERIFY_OK, "anna"},
          {KEEP, 0, "anna", "one", NULL, VERIFY_OK, "anna"},
          {FLUSH, 0, "ANNA", NULL, NULL, 2, NULL},
          {FIND, 0, "anna.alias", "one", NULL, MISS, NULL}}},
        {"a name that nobody has",
         PLAIN_LIFETIMES,
         {{KEEP, 0, "nobody", "one", NULL, VERIFY_UNKNOWN_USER, ""},
          {FLUSH, 0, "nobody", NULL, NULL, 1, NULL},
          {FIND, 0, "nobody", "one", NULL, MISS, NULL}}},
        {"not a name that only ends or begins like it",
         PLAIN_LIFETIMES,
         {{KEEP, 0, "joanna", "one", NULL, VERIFY_OK, NULL},
          {KEEP, 0, "annabell", "one", NULL, VERIFY_OK, NULL},
          {FLUSH, 0, "anna", NULL, NULL, 0, NULL}}},
        {"for all clients",
         {.right_ms = RIGHT_MS, .by_client = true},
         {{KEEP, 0, "anna", "one", "192.0.2.1", VERIFY_OK, ""},
          {KEEP, 0, "anna", "one", "192.0.2.2", VERIFY_OK, ""},
          {FLUSH, 0, "anna", NULL, NULL, 2, NULL}}},
        {"all",
         PLAIN_LIFETIMES,
         {{KEEP, 0, "anna", "one", NULL, VERIFY_OK, NULL},
          {KEEP, 0, "nobody", "one", NULL, VERIFY_UNKNOWN_USER, ""},
          {FLUSH, 0, NULL, NULL, NULL, 2, NULL},
          {FIND, 0, "anna", "one", NULL, MISS, NULL},
          {FLUSH, 0, NULL, NULL, NULL, 0, NULL}}},
    };
    TELL(stories);
}

static void
test_what_was_asked_before_a_flush_is_not_kept_after_it(void **state)
{
    (void)state;
    const struct login_lifetimes lifetimes = PLAIN_LIFETIMES;
    struct login_cache *cache = login_cache_create(16, "directory", lifetimes);
    struct login login;
    struct verify_result result;
    login_init(&login, "anna", "one", NULL);
    uint64_t era = login_cache_era(cache);
    login_cache_flush(cache, "anna");
    source_says(&result, VERIFY_OK, "anna");
    login_cache_keep(cache, &login.request, era, 0, &result);
    assert_int_equal(login_cache_count(cache), 0);
    login_cache_keep(cache, &login.request, login_cache_era(cache), 0, &result);
    assert_int_equal(login_cache_count(cache), 1);
    verify_result_fini(&result);
    login_fini(&login);
    login_cache_free(cache);
}

static void
test_the_log_hears_how_old_an_answer_is_and_why(void **state)
{
    (void)state;
    const struct login_lifetimes lifetimes = {.right_ms = 600000, .when_down = true};
    struct login_cache *cache = login_cache_create(16, "directory", lifetimes);
    struct login login;
    struct verify_result result = {.detail = "it is down"}, said;
    login_init(&login, "anna", "one", NULL);
    source_says(&said, VERIFY_OK, "anna");
    login_cache_keep(cache, &login.request, 0, 0, &said);
    verify_result_fini(&said);
    assert_true(login_cache_find_stale(cache, &login.request, 7000, &result));
    assert_string_equal(result.detail, "as 7 s ago, because: it is down");
    verify_result_fini(&result);
    assert_true(login_cache_find(cache, &login.request, 61999, &result));
    assert_string_equal(result.detail, "as 61 s ago");
    /* what a result holds outlives the cache */
    login_cache_free(cache);
    assert_int_equal(held_things, 1);
    verify_result_fini(&result);
    assert_int_equal(held_things, 0);
    login_fini(&login);
}

enum { SESSIONS = 8, ROUNDS = 2000, NAMES = 24 };

static void *
crowd_run(void *context)
{
    struct login_cache *cache = context;
    for (int round = 0; round < ROUNDS; round++) {
        char name[16];
        struct login login;
        struct verify_result result = {0};
        snprintf(name, sizeof name, "user%d", round * 7 % NAMES);
        bool is_right = round % 3 != 0;
        login_init(&login, name, is_right ? "one" : "two", NULL);
        if (login_cache_find(cache, &login.request, round, &result)) {
            assert_int_equal(result.outcome, is_right ? VERIFY_OK : VERIFY_WRONG_PASSWORD);
            assert_string_equal(result.account.name, name);
        } else {
            uint64_t era = login_cache_era(cache);
            source_says(&result, is_right ? VERIFY_OK : VERIFY_WRONG_PASSWORD, name);
            login_cache_keep(cache, &login.request, era, round, &result);
        }
        if (round % 101 == 0)
            login_cache_flush(cache, round % 2 == 0 ? name : NULL);
        verify_result_fini(&result);
        login_fini(&login);
    }
    return NULL;
}

static void
test_a_crowd_gets_right_answers_only(void **state)
{
    (void)state;
    const struct login_lifetimes lifetimes = PLAIN_LIFETIMES;
    struct login_cache *cache = login_cache_create(NAMES / 2, "directory", lifetimes);
    pthread_t threads[SESSIONS];
    for (int i = 0; i < SESSIONS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, crowd_run, cache), 0);
    for (int i = 0; i < SESSIONS; i++)
        pthread_join(threads[i], NULL);
    assert_in_range(login_cache_count(cache), 0, NAMES);
    login_cache_free(cache);
    login_cache_free(NULL);
    assert_int_equal(held_things, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_answered),
        cmocka_unit_test(test_what_takes_the_place_of_what),
        cmocka_unit_test(test_which_outcomes_are_kept_and_which_end_a_right_one),
        cmocka_unit_test(test_what_is_served_while_the_source_is_down),
        cmocka_unit_test(test_what_is_forgotten),
        cmocka_unit_test(test_what_was_asked_before_a_flush_is_not_kept_after_it),
        cmocka_unit_test(test_the_log_hears_how_old_an_answer_is_and_why),
        cmocka_unit_test(test_a_crowd_gets_right_answers_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
