/* An account that may not log in any more may not by any of its names. */
#include "login_cache_bench.h"

#define WHEN_DOWN                                                     \
    {                                                                 \
        .right_ms = RIGHT_MS, .wrong_ms = WRONG_MS, .when_down = true \
    }

static const struct story {
    const char *name;
    struct login_lifetimes lifetimes;
    struct step steps[STEPS_MAX];
} stories[] = {
    {"what is known by one name ends what was right by the others",
     PLAIN_LIFETIMES,
     {{KEEP, 0, "anna", "one", NULL, VERIFY_OK, "anna"},
      {KEEP, 0, "a.nna", "one", NULL, VERIFY_OK, "anna"},
      {KEEP, 0, "a.nna", NULL, NULL, VERIFY_OK, "anna"},
      {KEEP, 1, "anna", "one", NULL, VERIFY_DISABLED, "anna"},
      {FIND, 2, "anna", "one", NULL, MISS, NULL},
      {FIND, 2, "a.nna", "one", NULL, MISS, NULL},
      {FIND, 2, "a.nna", NULL, NULL, MISS, NULL}}},
    {"even while the source is down",
     WHEN_DOWN,
     {{KEEP, 0, "a.nna", "one", NULL, VERIFY_OK, "anna"},
      {KEEP, 1, "anna", NULL, NULL, VERIFY_ACCOUNT_EXPIRED, "anna"},
      {STALE, 2, "a.nna", "one", NULL, MISS, NULL}}},
    {"the account's name in whatever case",
     PLAIN_LIFETIMES,
     {{KEEP, 0, "a.nna", "one", NULL, VERIFY_OK, "anna"},
      {KEEP, 1, "anna", "one", NULL, VERIFY_NOT_ALLOWED, "Anna"},
      {FIND, 2, "a.nna", "one", NULL, MISS, NULL}}},
    {"what is right afterwards is right",
     PLAIN_LIFETIMES,
     {{KEEP, 0, "anna", "one", NULL, VERIFY_DISABLED, "anna"},
      {KEEP, 1, "a.nna", "one", NULL, VERIFY_OK, "anna"},
      {FIND, 2, "a.nna", "one", NULL, VERIFY_OK, "anna"}}},
    {"another account is another account",
     PLAIN_LIFETIMES,
     {{KEEP, 0, "bo", "one", NULL, VERIFY_OK, "bo"},
      {KEEP, 0, "guest", "one", NULL, VERIFY_OK, ""},
      {KEEP, 1, "anna", "one", NULL, VERIFY_DISABLED, "anna"},
      {KEEP, 1, "gone", "one", NULL, VERIFY_DISABLED, ""},
      {FIND, 2, "bo", "one", NULL, VERIFY_OK, "bo"},
      {FIND, 2, "guest", "one", NULL, VERIFY_OK, ""}}},
    {"a lock, which strangers can bring about, ends nothing",
     PLAIN_LIFETIMES,
     {{KEEP, 0, "a.nna", "one", NULL, VERIFY_OK, "anna"},
      {KEEP, 1, "anna", "two", NULL, VERIFY_LOCKED, "anna"},
      {FIND, 2, "a.nna", "one", NULL, VERIFY_OK, "anna"}}},
};

static void
test_aliases(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof stories / sizeof stories[0]; i++) {
        print_message("%s\n", stories[i].name);
        struct login_cache *cache = login_cache_create(16, "directory", stories[i].lifetimes);
        for (size_t j = 0; j < STEPS_MAX && stories[i].steps[j].what != END; j++)
            take_step(cache, &stories[i].steps[j]);
        login_cache_free(cache);
        assert_int_equal(held_things, 0);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_aliases),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
