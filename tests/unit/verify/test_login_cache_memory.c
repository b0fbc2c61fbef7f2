/* Memory is bounded, whoever asks for whatever. */
#include <malloc.h>

#include "login_cache_bench.h"

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

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_strangers_push_no_right_answer_out_and_memory_is_bounded),
        cmocka_unit_test(test_an_account_that_would_fill_the_memory_is_not_kept),
        cmocka_unit_test(test_answers_that_are_over_hold_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
