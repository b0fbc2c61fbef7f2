/* No password is in what is kept, nor anything that one could be guessed by. */
#include <stdlib.h>

#include "login_answer.h"
#include "login_cache_bench.h"

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

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_challenges_and_wanted_passwords_pass_by),
        cmocka_unit_test(test_two_caches_have_different_digests_of_one_password),
        cmocka_unit_test(test_no_password_stays_in_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
