#include <malloc.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "login_answer.h"
#include "login_cache.h"

enum { RIGHT_MS = 1000, WRONG_MS = 100, DAY_MS = 24 * 60 * 60 * 1000, STEPS_MAX = 8 };
enum { MISS = -1 };

#define PLAIN_LIFETIMES                            \
    {                                              \
        .right_ms = RIGHT_MS, .wrong_ms = WRONG_MS \
    }

/* What an account borrows is counted, so that none stays behind. */
static atomic_int held_things;

static void
drop_thing(void *thing)
{
    assert_ptr_equal(thing, &held_things);
    atomic_fetch_sub(&held_things, 1);
}

struct login {
    struct username user;
    struct secret password;
    struct verify_request request;
};

/* password may be NULL: a look-up. */
static void
login_init(struct login *login, const char *user, const char *password, const char *client)
{
    *login = (struct login){.request = {.deadline = {INT64_MAX}}};
    snprintf(login->user.text, sizeof login->user.text, "%s", user);
    login->request.user = &login->user;
    secret_init(&login->password);
    if (password != NULL) {
        secret_set(&login->password, password, strlen(password));
        login->request.password = &login->password;
    }
    if (client != NULL)
        assert_int_equal(netaddr_parse(client, &login->request.client, NULL), 0);
}

static void
login_fini(struct login *login)
{
    secret_fini(&login->password);
}

/* What the source said: an account name of "" is none. */
static void
source_says(struct verify_result *result_r, enum verify_outcome outcome, const char *account)
{
    *result_r = (struct verify_result){.outcome = outcome};
    snprintf(result_r->account.name, sizeof result_r->account.name, "%s", account);
    result_r->wrong_may_be_unknown = outcome == VERIFY_WRONG_PASSWORD && account[0] == '\0';
    if (account[0] != '\0') {
        result_r->held = held_create(&held_things, drop_thing);
        atomic_fetch_add(&held_things, 1);
        result_r->account.route = "mail7";
    }
}

/* One step with a cache. Zeroed ones are none. */
struct step {
    enum { END = 0, KEEP, FIND, STALE, FLUSH } what;
    int at_ms;
    const char *user, *password, *client; /* of FLUSH: user is what is flushed */
    int outcome;         /* said, or wanted: MISS if nothing is to be found; or how many go */
    const char *account; /* said, or wanted */
};

static void
keep_step(struct login_cache *cache, const struct login *login, const struct step *step)
{
    struct verify_result result;
    source_says(&result, (enum verify_outcome)step->outcome,
                step->account != NULL ? step->account : step->user);
    login_cache_keep(cache, &login->request, login_cache_era(cache), step->at_ms, &result);
    verify_result_fini(&result);
}

static void
find_step(struct login_cache *cache, const struct login *login, const struct step *step)
{
    struct verify_result result = {.rule = {.section_name = "directory"}, .detail = "it is down"};
    bool found = step->what == STALE
                     ? login_cache_find_stale(cache, &login->request, step->at_ms, &result)
                     : login_cache_find(cache, &login->request, step->at_ms, &result);
    assert_int_equal(found, step->outcome != MISS);
    assert_int_equal(result.outcome, found ? step->outcome : VERIFY_UNAVAILABLE);
    assert_int_equal(result.was_cached, found);
    assert_int_equal(result.was_stale, found && step->what == STALE);
    assert_string_equal(result.rule.section_name, "directory");
    if (found && step->account != NULL)
        assert_string_equal(result.account.name, step->account);
    if (found && result.account.name[0] != '\0')
        assert_string_equal(result.account.route, "mail7");
    verify_result_fini(&result);
}

static void
take_step(struct login_cache *cache, const struct step *step)
{
    struct login login;
    login_init(&login, step->user != NULL ? step->user : "", step->password, step->client);
    switch (step->what) {
    case END:
        break;
    case KEEP:
        keep_step(cache, &login, step);
        break;
    case FIND:
    case STALE:
        find_step(cache, &login, step);
        break;
    case FLUSH:
        assert_int_equal(login_cache_flush(cache, step->user), step->outcome);
        break;
    }
    login_fini(&login);
}

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
test_challenges_and_wanted_passwords_pass_by(void **state)
{
    (void)state;
    static const struct challenge challenge = {CHALLENGE_CRAM_MD5, "<1@a>", 5};
    static const struct {
        const char *name;
        const struct challenge *challenge;
        bool wants_clear;
        const char *password;
    } cases[] = {
        {"the answer to a challenge", &challenge, false, "one"},
        {"a login whose clear password is wanted", NULL, true, "one"},
        {"a look-up whose clear password is wanted", NULL, true, NULL},
    };
    const struct login_lifetimes lifetimes = {
        .right_ms = RIGHT_MS, .wrong_ms = WRONG_MS, .when_down = true};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct login_cache *cache = login_cache_create(16, "directory", lifetimes);
        struct login login;
        struct verify_result result = {0}, said;
        print_message("%s\n", cases[i].name);
        login_init(&login, "anna", cases[i].password, NULL);
        source_says(&said, VERIFY_OK, "anna");
        login_cache_keep(cache, &login.request, 0, 0, &said);
        assert_int_equal(login_cache_count(cache), 1);
        login.request.challenge = cases[i].challenge;
        login.request.wants_clear = cases[i].wants_clear;
        assert_false(login_cache_find(cache, &login.request, 0, &result));
        assert_false(login_cache_find_stale(cache, &login.request, 0, &result));
        said.outcome = VERIFY_WRONG_PASSWORD;
        login_cache_keep(cache, &login.request, 0, 0, &said);
        assert_int_equal(login_cache_count(cache), 1);
        verify_result_fini(&said);
        login_fini(&login);
        login_cache_free(cache);
    }
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

static void
test_two_caches_have_different_digests_of_one_password(void **state)
{
    (void)state;
    struct login login;
    struct login_digester one, other;
    login_init(&login, "anna", "one", NULL);
    login_digester_init(&one, "directory", false);
    login_digester_init(&other, "directory", false);
    const struct verify_result result = {.outcome = VERIFY_OK};
    struct held *held = login_answer_create(&one, &login.request, 0, &result);
    assert_non_null(held);
    assert_true(login_answer_is_about(&one, held_thing(held), &login.request));
    assert_false(login_answer_is_about(&other, held_thing(held), &login.request));
    /* nor is one source's answer another's, should the keys ever be the same */
    memcpy(other.key, one.key, sizeof one.key);
    assert_true(login_answer_is_about(&other, held_thing(held), &login.request));
    other.source = "directory2";
    assert_false(login_answer_is_about(&other, held_thing(held), &login.request));
    /* nor that of another account, which the same login name leads to now */
    struct login_answer moved = *(const struct login_answer *)held_thing(held);
    struct account account = {.name = "bert"};
    moved.account = &account;
    assert_false(login_answer_is_about(&one, &moved, &login.request));
    held_drop(held);
    login_digester_fini(&one);
    const unsigned char zeros[LOGIN_DIGEST_BYTES] = {0};
    assert_memory_equal(one.key, zeros, sizeof zeros);
    login_fini(&login);
}

/* What the allocator has given out; the sanitizers' own tell in a way of their own. */
size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

static size_t
allocated_bytes(void)
{
    return __sanitizer_get_current_allocated_bytes != NULL
               ? __sanitizer_get_current_allocated_bytes()
               : mallinfo2().uordblks;
}

static void
flood(struct login_cache *cache, unsigned count, const char *prefix, enum verify_outcome outcome)
{
    for (unsigned i = 0; i < count; i++) {
        char name[64];
        snprintf(name, sizeof name, "%s%u@strange.example", prefix, i);
        const struct step step = {
            KEEP, 10, name, "one", NULL, (int)outcome, outcome == VERIFY_OK ? NULL : ""};
        take_step(cache, &step);
    }
}

static void
test_strangers_push_no_right_answer_out_and_memory_is_bounded(void **state)
{
    (void)state;
    enum { CAPACITY = 1000, FLOOD = 20 * CAPACITY, BYTES_EACH = 1000 };
    const struct login_lifetimes lifetimes = PLAIN_LIFETIMES;
    size_t before = allocated_bytes();
    struct login_cache *cache = login_cache_create(CAPACITY, "directory", lifetimes);
    const struct step known = {KEEP, 0, "anna", "one", NULL, VERIFY_OK, NULL};
    const struct step wanted = {FIND, 20, "anna", "one", NULL, VERIFY_OK, NULL};
    take_step(cache, &known);
    flood(cache, FLOOD, "user", VERIFY_UNKNOWN_USER);
    flood(cache, FLOOD, "other", VERIFY_WRONG_PASSWORD);
    take_step(cache, &wanted);
    assert_int_equal(login_cache_count(cache), 1 + CAPACITY);
    size_t strangers_bytes = allocated_bytes() - before;

    flood(cache, FLOOD, "staff", VERIFY_OK);
    assert_int_equal(login_cache_count(cache), 2 * CAPACITY);
    assert_int_equal(held_things, CAPACITY);
    size_t all_bytes = allocated_bytes() - before;
    print_message("%zu bytes a stranger, %zu bytes an answer of both kinds\n",
                  strangers_bytes / CAPACITY, all_bytes / (2 * CAPACITY));
    assert_true(strangers_bytes < (size_t)CAPACITY * BYTES_EACH / 2);
    assert_true(all_bytes < (size_t)2 * CAPACITY * BYTES_EACH);
    login_cache_free(cache);
    assert_int_equal(held_things, 0);
}

/* Keeps a look-up of an account with so many addresses. Returns whether it is answered then. */
static bool
is_kept_with(struct login_cache *cache, size_t addresses)
{
    struct login login;
    struct verify_result result;
    login_init(&login, "a@x", NULL, NULL);
    source_says(&result, VERIFY_OK, "a");
    result.account.address_count = addresses;
    login_cache_keep(cache, &login.request, login_cache_era(cache), 0, &result);
    verify_result_fini(&result);
    bool is_kept = login_cache_find(cache, &login.request, 1, &result);
    if (is_kept)
        assert_int_equal(result.account.address_count, addresses);
    verify_result_fini(&result);
    login_fini(&login);
    return is_kept;
}

static void
test_an_account_that_would_fill_the_memory_is_not_kept(void **state)
{
    (void)state;
    struct login_cache *cache =
        login_cache_create(8, "ldap", (struct login_lifetimes){.right_ms = RIGHT_MS});
    assert_true(is_kept_with(cache, 64));
    assert_false(is_kept_with(cache, 65)); /* nor is what was kept before still good */
    assert_int_equal(login_cache_count(cache), 0);
    login_cache_free(cache);
    assert_int_equal(atomic_load(&held_things), 0);
}

static void
test_answers_that_are_over_hold_no_memory(void **state)
{
    (void)state;
    enum { STRANGERS = 1000, APART_MS = WRONG_MS / 10 };
    const struct login_lifetimes lifetimes = PLAIN_LIFETIMES;
    struct login_cache *cache = login_cache_create(STRANGERS, "directory", lifetimes);
    for (int i = 0; i < STRANGERS; i++) {
        char name[32];
        snprintf(name, sizeof name, "user%d", i);
        const struct step step = {KEEP, i * APART_MS, name, "one", NULL, VERIFY_UNKNOWN_USER, ""};
        take_step(cache, &step);
    }
    assert_int_equal(login_cache_count(cache), WRONG_MS / APART_MS);
    login_cache_free(cache);
}

/* Whether the bytes are anywhere in the memory that the process can write. They are given with each
 * bit turned over, or they would be found here. */
static bool
is_in_memory(const unsigned char *turned, size_t length)
{
    enum { CHUNK = 1 << 20 };
    const uint64_t most = (uint64_t)1 << 30; /* larger are shadows of a sanitizer */
    FILE *maps = fopen("/proc/self/maps", "r");
    FILE *memory = fopen("/proc/self/mem", "r");
    assert_non_null(maps);
    assert_non_null(memory);
    unsigned char *bytes = malloc(CHUNK);
    bool is_found = false;
    char line[512]; /* FROM-TO rw-p ... */
    while (fgets(line, sizeof line, maps) != NULL) {
        char *rest = line;
        uint64_t from = strtoull(rest, &rest, 16);
        uint64_t to = strtoull(rest + 1, &rest, 16);
        if (strncmp(rest, " rw", 3) != 0 || to - from > most)
            continue;
        for (uint64_t at = from; at < to; at += CHUNK - length) {
            size_t wanted = to - at < CHUNK ? (size_t)(to - at) : CHUNK;
            if (fseeko(memory, (off_t)at, SEEK_SET) != 0 ||
                fread(bytes, 1, wanted, memory) != wanted)
                break;
            for (size_t i = 0; i + length <= wanted && !is_found; i++) {
                size_t same = 0;
                while (same < length && bytes[i + same] == (turned[same] ^ 0xff))
                    same++;
                is_found = same == length;
            }
        }
    }
    free(bytes);
    fclose(memory);
    fclose(maps);
    return is_found;
}

static void
test_no_password_stays_in_memory(void **state)
{
    (void)state;
    enum { LENGTH = 24 };
    unsigned char turned[LENGTH];
    const struct login_lifetimes lifetimes = {
        .right_ms = RIGHT_MS, .wrong_ms = WRONG_MS, .when_down = true};
    struct login_cache *cache = login_cache_create(16, "directory", lifetimes);
    struct login login;
    struct verify_result said, result = {0};
    login_init(&login, "anna", NULL, NULL);
    char *bytes = secret_reserve(&login.password, LENGTH);
    for (size_t i = 0; i < LENGTH; i++)
        bytes[i] = (char)('!' + (i * 37 + 11) % 90);
    login.password.length = LENGTH;
    login.request.password = &login.password;
    for (size_t i = 0; i < LENGTH; i++)
        turned[i] = (unsigned char)bytes[i] ^ 0xff;
    assert_true(is_in_memory(turned, LENGTH));

    source_says(&said, VERIFY_OK, "anna");
    login_cache_keep(cache, &login.request, 0, 0, &said);
    assert_true(login_cache_find(cache, &login.request, 0, &result));
    verify_result_fini(&result);
    said.outcome = VERIFY_WRONG_PASSWORD;
    login.user.text[0] = 'b';
    login_cache_keep(cache, &login.request, 0, 0, &said);
    verify_result_fini(&said);
    assert_int_equal(login_cache_count(cache), 2);
    login_fini(&login);
    assert_false(is_in_memory(turned, LENGTH));
    login_cache_free(cache);
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
        cmocka_unit_test(test_challenges_and_wanted_passwords_pass_by),
        cmocka_unit_test(test_the_log_hears_how_old_an_answer_is_and_why),
        cmocka_unit_test(test_two_caches_have_different_digests_of_one_password),
        cmocka_unit_test(test_strangers_push_no_right_answer_out_and_memory_is_bounded),
        cmocka_unit_test(test_an_account_that_would_fill_the_memory_is_not_kept),
        cmocka_unit_test(test_answers_that_are_over_hold_no_memory),
        cmocka_unit_test(test_no_password_stays_in_memory),
        cmocka_unit_test(test_a_crowd_gets_right_answers_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
