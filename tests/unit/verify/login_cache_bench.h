/*
 * login_cache_bench: logins, what a source says about them, and stories of what a cache keeps of
 * that.
 */
#ifndef MAILREEVE_TEST_LOGIN_CACHE_BENCH_H
#define MAILREEVE_TEST_LOGIN_CACHE_BENCH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "login_cache.h"

enum { RIGHT_MS = 1000, WRONG_MS = 100, DAY_MS = 24 * 60 * 60 * 1000, STEPS_MAX = 8 };
enum { MISS = -1 };

#define PLAIN_LIFETIMES                            \
    {                                              \
        .right_ms = RIGHT_MS, .wrong_ms = WRONG_MS \
    }

/* What an account borrows is counted, so that none stays behind. */
static atomic_int held_things;

static inline void
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
static inline void
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

static inline void
login_fini(struct login *login)
{
    secret_fini(&login->password);
}

/* What the source said: an account name of "" is none. */
static inline void
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

static inline void
keep_step(struct login_cache *cache, const struct login *login, const struct step *step)
{
    struct verify_result result;
    source_says(&result, (enum verify_outcome)step->outcome,
                step->account != NULL ? step->account : step->user);
    login_cache_keep(cache, &login->request, login_cache_era(cache), step->at_ms, &result);
    verify_result_fini(&result);
}

static inline void
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

static inline void
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

#endif
