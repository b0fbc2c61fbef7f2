#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "engines.h"
#include "steps.h"
#include "windows.h"

enum { STEPS_MAX = 8, ALL_MAX = 8 };

#define AGE (15 * MINUTE)

enum deed {
    END = 0,
    LOG_IN,
    LOOK,  /* the user is who is to be found; NULL: nobody */
    CLOSE, /* the windows of a user; want: how many */
    CLOSE_ADDRESS,
};

static const struct {
    const char *name;
    int64_t age_ms;      /* of which windows count; 0: AGE */
    int64_t lifetime_ms; /* 0: a day, so that the store keeps what is too old to count */
    struct {
        enum deed deed;
        const char *client;
        int64_t at_ms;
        const char *user, *login; /* login NULL: the same */
        size_t want;
    } steps[STEPS_MAX];
} cases[] = {
    {.name = "without a login there is no window", .steps = {{LOOK, "192.0.2.1", 0, NULL}}},
    {.name = "a window is open from the login until its age is up",
     .steps = {{LOG_IN, "192.0.2.1", 7, "anna@acme.example"},
               {LOOK, "192.0.2.1", 7, "anna@acme.example"},
               {LOOK, "192.0.2.1", AGE + 6, "anna@acme.example"},
               {LOOK, "192.0.2.1", AGE + 7, NULL}}},
    {.name = "the store forgets it after its lifetime",
     .age_ms = DAY,
     .lifetime_ms = HOUR,
     .steps = {{LOG_IN, "192.0.2.1", 0, "anna@acme.example"},
               {LOOK, "192.0.2.1", HOUR - 1, "anna@acme.example"},
               {LOOK, "192.0.2.1", HOUR, NULL}}},
    {.name = "each listener holds its own age against the same login",
     .age_ms = SECOND,
     .steps = {{LOG_IN, "192.0.2.1", 0, "anna@acme.example"},
               {LOOK, "192.0.2.1", SECOND - 1, "anna@acme.example"},
               {LOOK, "192.0.2.1", SECOND, NULL}}},
    {.name = "a window of the future is none, but for clocks that are not quite the same",
     .steps = {{LOG_IN, "192.0.2.1", HOUR, "anna@acme.example"},
               {LOOK, "192.0.2.1", HOUR - MINUTE - 1, NULL},
               {LOOK, "192.0.2.1", HOUR - MINUTE, "anna@acme.example"}}},
    {.name = "another address has no window",
     .steps = {{LOG_IN, "192.0.2.1", 0, "anna@acme.example"},
               {LOOK, "192.0.2.2", 1, NULL},
               {LOOK, "2001:db8::1", 1, NULL}}},
    {.name = "an IPv6 window is the address's, not its network's",
     .steps = {{LOG_IN, "2001:db8::1", 0, "anna@acme.example"},
               {LOOK, "2001:db8::1", 1, "anna@acme.example"},
               {LOOK, "2001:db8::2", 1, NULL}}},
    {.name = "an IPv4 address in IPv6 is the IPv4 address",
     .steps = {{LOG_IN, "::ffff:192.0.2.1", 0, "anna@acme.example"},
               {LOOK, "192.0.2.1", 1, "anna@acme.example"},
               {LOOK, "::ffff:192.0.2.1", 1, "anna@acme.example"}}},
    {.name = "the last login of an address wins",
     .steps = {{LOG_IN, "192.0.2.1", 0, "anna.with-a-long-name@acme.example"},
               {LOG_IN, "192.0.2.1", 5, "bo@b.example"},
               {LOOK, "192.0.2.1", 6, "bo@b.example"}}},
    {.name = "a login again begins the window anew",
     .steps = {{LOG_IN, "192.0.2.1", 0, "anna@acme.example"},
               {LOG_IN, "192.0.2.1", AGE - 1, "anna@acme.example"},
               {LOOK, "192.0.2.1", AGE + 1, "anna@acme.example"},
               {LOOK, "192.0.2.1", 2 * AGE - 1, NULL}}},
    {.name = "looking does not make a window last longer",
     .steps = {{LOG_IN, "192.0.2.1", 0, "anna@acme.example"},
               {LOOK, "192.0.2.1", AGE - 1, "anna@acme.example"},
               {LOOK, "192.0.2.1", AGE, NULL}}},
    {.name = "an address's window is closed",
     .steps = {{LOG_IN, "192.0.2.1", 0, "anna@acme.example"},
               {LOG_IN, "192.0.2.2", 0, "anna@acme.example"},
               {CLOSE_ADDRESS, "192.0.2.1", 1, .want = 1},
               {CLOSE_ADDRESS, "192.0.2.1", 1, .want = 0},
               {LOOK, "192.0.2.1", 1, NULL},
               {LOOK, "192.0.2.2", 1, "anna@acme.example"}}},
    {.name = "a user's windows are closed, by either of his names, in any case",
     .steps = {{LOG_IN, "192.0.2.1", 0, "anna", "anna@acme.example"},
               {LOG_IN, "192.0.2.2", 0, "anna", "anna@other.example"},
               {LOG_IN, "192.0.2.3", 0, "annabel", "annabel@acme.example"},
               {CLOSE, NULL, 1, "Anna@ACME.example", .want = 1},
               {CLOSE, NULL, 1, "ANNA", .want = 1},
               {LOOK, "192.0.2.2", 1, NULL},
               {LOOK, "192.0.2.3", 1, "annabel"}}},
    {.name = "nobody's windows are none",
     .steps = {{LOG_IN, "192.0.2.1", 0, "anna@acme.example"},
               {CLOSE, NULL, 1, "bo@acme.example", .want = 0},
               {LOOK, "192.0.2.1", 1, "anna@acme.example"}}},
};

static struct deadline
soon(void)
{
    return deadline_after(ENGINE_WAIT_MS);
}

static struct window
window_of(const char *client, const char *name, const char *login, int64_t at_ms)
{
    struct window window = {.client = client_of(client), .opened_ms = EPOCH + at_ms};
    snprintf(window.name, sizeof window.name, "%s", name);
    snprintf(window.login, sizeof window.login, "%s", login);
    return window;
}

static bool
look(struct store *store, const char *text, int64_t age_ms, int64_t at_ms, struct window *window_r)
{
    const struct netaddr client = client_of(text);
    struct store_value value;
    struct store_op op;
    if (!window_op_get(&client, &value, &op))
        return false;
    assert_int_equal(store_run(store, &op, 1, EPOCH + at_ms, soon(), NULL), 0);
    return window_read(&op, &client, age_ms, EPOCH + at_ms, window_r);
}

/* Takes a step; false: it gave something else than is wanted. */
static bool
take(struct store *store, size_t i, size_t j)
{
    const int64_t at_ms = cases[i].steps[j].at_ms;
    const int64_t age_ms = cases[i].age_ms != 0 ? cases[i].age_ms : AGE;
    const int64_t lifetime_ms = cases[i].lifetime_ms != 0 ? cases[i].lifetime_ms : DAY;
    const char *client = cases[i].steps[j].client, *user = cases[i].steps[j].user;
    const char *login = cases[i].steps[j].login != NULL ? cases[i].steps[j].login : user;
    const struct netaddr address = client_of(client);
    struct window window;
    size_t closed;
    switch (cases[i].steps[j].deed) {
    case LOG_IN:
        window = window_of(client, user, login, at_ms);
        return windows_open(store, &window, lifetime_ms, EPOCH + at_ms, soon(), NULL) == 0;
    case LOOK:
        return look(store, client, age_ms, at_ms, &window)
                   ? user != NULL && strcmp(user, window.name) == 0
                   : user == NULL;
    case CLOSE:
    case CLOSE_ADDRESS:
        return windows_close(store, cases[i].steps[j].deed == CLOSE ? NULL : &address, user,
                             EPOCH + at_ms, soon(), &closed, NULL) == 0 &&
               closed == cases[i].steps[j].want;
    case END:
        return true;
    }
    return false;
}

static void
run_on(enum store_engine_name engine)
{
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct store *store = engines_open(engine);
        for (size_t j = 0; j < STEPS_MAX && cases[i].steps[j].deed != END; j++)
            if (!take(store, i, j))
                fail_msg("%s (%s): step %zu", cases[i].name, engines_name(engine), j + 1);
        store_close(store);
    }
}

static void
test_windows(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < ENGINES; i++)
        if (engines_have(all_engines[i]))
            run_on(all_engines[i]);
}

static void
test_what_is_kept_comes_back(void **unused)
{
    (void)unused;
    struct store *store = engines_open(STORE_LMDB);
    char longest[USERNAME_MAX + 1];
    memset(longest, 'x', USERNAME_MAX);
    longest[USERNAME_MAX] = '\0';
    struct window window = window_of("2001:db8::1", longest, longest, 5), found;
    window.login[0] = 'y';
    window.matching_sender = true;
    assert_int_equal(windows_open(store, &window, DAY, EPOCH + 5, soon(), NULL), 0);
    assert_true(look(store, "2001:db8::1", AGE, 6, &found));
    assert_true(netaddr_equal(&found.client, &window.client));
    assert_int_equal(found.opened_ms, EPOCH + 5);
    assert_string_equal(found.name, window.name);
    assert_string_equal(found.login, window.login);
    assert_true(found.matching_sender);
    store_close(store);
}

static void
test_what_makes_no_window_is_not_opened(void **unused)
{
    (void)unused;
    static const struct {
        const char *name, *client, *user, *login;
    } bad[] = {
        {"without an address", "", "anna", "anna"},
        {"without a name", "192.0.2.1", "", "anna"},
        {"without a login", "192.0.2.1", "anna", ""},
    };
    struct store *store = engines_open(STORE_LMDB);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const struct window window = window_of(bad[i].client, bad[i].user, bad[i].login, 0);
        struct err err;
        if (windows_open(store, &window, DAY, EPOCH, soon(), &err) == 0)
            fail_msg("%s", bad[i].name);
        assert_string_equal(err.text, "a relay window needs an address and a user");
    }
    struct window found;
    assert_false(look(store, "", AGE, 0, &found));
    store_close(store);
}

/* Whatever is in the store, by a fault or another version: no window. */
static void
test_a_record_that_makes_no_sense_is_none(void **unused)
{
    (void)unused;
    const struct window window = window_of("192.0.2.1", "anna", "anna@acme.example", 0);
    struct window_record record;
    struct store_value value;
    struct store_op put,
        get = {.action = STORE_GET, .value_r = &value, .was_run = true, .hit = true};
    struct window found;
    assert_true(window_op_put(&window, DAY, &record, &put));
    for (size_t length = 0; length <= record.length; length++) {
        memcpy(value.bytes, record.bytes, length);
        value.length = length;
        const bool is_window = window_read(&get, &window.client, AGE, EPOCH, &found);
        if (is_window != (length == record.length))
            fail_msg("the first %zu of %zu bytes", length, record.length);
    }
    value.bytes[value.length++] = '\0';
    assert_false(window_read(&get, &window.client, AGE, EPOCH, &found));
    value.length--;
    value.bytes[0]++;
    assert_false(window_read(&get, &window.client, AGE, EPOCH, &found));
    value.bytes[0]--;
    const struct netaddr other = client_of("192.0.2.2");
    assert_false(window_read(&get, &other, AGE, EPOCH, &found));
}

struct all {
    struct window windows[ALL_MAX];
    size_t count;
};

static bool
collect(void *context, const struct window *window)
{
    struct all *all = context;
    assert_true(all->count < ALL_MAX);
    all->windows[all->count++] = *window;
    return all->count < ALL_MAX;
}

static void
test_windows_are_listed_until_they_are_over(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < ENGINES; i++) {
        if (!engines_have(all_engines[i]))
            continue;
        struct store *store = engines_open(all_engines[i]);
        struct all all = {.count = 0};
        const struct window one = window_of("192.0.2.1", "anna", "anna@acme.example", 0);
        const struct window two = window_of("2001:db8::1", "bo", "bo@acme.example", HOUR);
        assert_int_equal(windows_open(store, &one, HOUR, EPOCH, soon(), NULL), 0);
        assert_int_equal(windows_open(store, &two, HOUR, EPOCH + HOUR, soon(), NULL), 0);
        assert_int_equal(windows_list(store, EPOCH + HOUR, soon(), collect, &all, NULL), 0);
        assert_int_equal(all.count, 1);
        assert_string_equal(all.windows[0].name, "bo");
        assert_string_equal(all.windows[0].login, "bo@acme.example");
        assert_int_equal(all.windows[0].opened_ms, EPOCH + HOUR);
        store_close(store);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_windows),
        cmocka_unit_test(test_what_is_kept_comes_back),
        cmocka_unit_test(test_what_makes_no_window_is_not_opened),
        cmocka_unit_test(test_a_record_that_makes_no_sense_is_none),
        cmocka_unit_test(test_windows_are_listed_until_they_are_over),
    };
    return cmocka_run_group_tests(tests, engines_start, engines_stop);
}
