#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "drains.h"
#include "engines.h"
#include "key.h"
#include "steps.h"

enum { STEPS_MAX = 8, LISTED_MAX = 1024 };

#define FOREVER INT64_MAX
#define LONG_NAME                                                        \
    "a-name-that-does-not-fit-into-a-key-of-the-store-as-it-is-because-" \
    "it-has-more-than-sixty-four-bytes.example"

enum deed { END = 0, DRAIN, RESUME, LIST };

/* Names are "upstream/server". */
static const struct {
    const char *name;
    struct {
        enum deed deed;
        int64_t at_ms;
        const char *whom; /* LIST: unused */
        int64_t until_ms; /* DRAIN */
        const char *want; /* LIST: "upstream/server upstream/server", sorted; RESUME: "none": it
                             was not drained */
    } steps[STEPS_MAX];
} cases[] = {
    {"nothing is drained at first",
     {{LIST, 0, .want = ""}, {RESUME, 0, .whom = "mx/a", .want = "none"}}},
    {"a drain lasts for ever",
     {{DRAIN, 5, .whom = "mx/a", .until_ms = FOREVER}, {LIST, 20000 * DAY, .want = "mx/a"}}},
    {"... or until its time",
     {{DRAIN, 5, .whom = "mx/a", .until_ms = HOUR},
      {DRAIN, 5, .whom = "mx/b", .until_ms = FOREVER},
      {LIST, HOUR - 1, .want = "mx/a mx/b"},
      {LIST, HOUR, .want = "mx/b"},
      {RESUME, HOUR, .whom = "mx/a", .want = "none"}}},
    {"a server that is resumed is drained no longer",
     {{DRAIN, 5, .whom = "mx/a", .until_ms = FOREVER},
      {DRAIN, 5, .whom = "mx/b", .until_ms = FOREVER},
      {RESUME, 6, .whom = "mx/a"},
      {LIST, 6, .want = "mx/b"},
      {RESUME, 7, .whom = "mx/a", .want = "none"}}},
    {"a server is that of its upstream",
     {{DRAIN, 0, .whom = "mx/a", .until_ms = FOREVER},
      {DRAIN, 0, .whom = "submission/a", .until_ms = FOREVER},
      {RESUME, 0, .whom = "mx/a"},
      {LIST, 0, .want = "submission/a"}}},
    {"names are compared and kept without case",
     {{DRAIN, 0, .whom = "MX/Mta1.Example", .until_ms = FOREVER},
      {DRAIN, 1, .whom = "mx/mta1.EXAMPLE", .until_ms = FOREVER},
      {LIST, 1, .want = "mx/mta1.example"},
      {RESUME, 2, .whom = "Mx/mTA1.example"},
      {LIST, 2, .want = ""}}},
    {"where the one name ends and the other begins matters",
     {{DRAIN, 0, .whom = "ab/c", .until_ms = FOREVER},
      {DRAIN, 0, .whom = "a/bc", .until_ms = FOREVER},
      {RESUME, 0, .whom = "ab/c"},
      {LIST, 0, .want = "a/bc"}}},
    {"long names are kept as they are",
     {{DRAIN, 0, .whom = LONG_NAME "/" LONG_NAME, .until_ms = FOREVER},
      {LIST, 0, .want = LONG_NAME "/" LONG_NAME},
      {RESUME, 0, .whom = LONG_NAME "/" LONG_NAME},
      {LIST, 0, .want = ""}}},
    {"what is said last holds",
     {{DRAIN, 0, .whom = "mx/a", .until_ms = FOREVER},
      {DRAIN, 1, .whom = "mx/a", .until_ms = HOUR},
      {LIST, HOUR, .want = ""}}},
    {"a drain that is over already is none, and takes away what was there",
     {{DRAIN, 0, .whom = "mx/a", .until_ms = FOREVER},
      {DRAIN, HOUR, .whom = "mx/a", .until_ms = HOUR},
      {LIST, HOUR, .want = ""}}},
};

static struct drain
drain_of(const char *whom, int64_t since_ms, int64_t until_ms)
{
    struct drain drain = {.since_ms = since_ms, .until_ms = until_ms};
    const char *slash = strchr(whom, '/');
    snprintf(drain.upstream, sizeof drain.upstream, "%.*s", (int)(slash - whom), whom);
    snprintf(drain.server, sizeof drain.server, "%s", slash + 1);
    snprintf(drain.reason, sizeof drain.reason, "a new kernel \xc3\xa9");
    return drain;
}

struct listed {
    struct drain drains[LISTED_MAX];
    size_t count, most;
};

static bool
collect(void *context, const struct drain *drain)
{
    struct listed *listed = context;
    listed->drains[listed->count++] = *drain;
    return listed->count < listed->most;
}

static int
compare(const void *a, const void *b)
{
    const struct drain *one = a, *two = b;
    int order = strcmp(one->upstream, two->upstream);
    return order != 0 ? order : strcmp(one->server, two->server);
}

/* Sorted. */
static struct listed *
list(struct store *store, int64_t now_ms)
{
    static struct listed listed;
    struct err err = {""};
    listed = (struct listed){.most = LISTED_MAX};
    if (drains_list(store, now_ms, deadline_after(ENGINE_WAIT_MS), collect, &listed, &err) != 0)
        fail_msg("%s", err.text);
    qsort(listed.drains, listed.count, sizeof listed.drains[0], compare);
    return &listed;
}

static void
expect_listed(struct store *store, int64_t now_ms, const char *want)
{
    char text[1024] = "";
    const struct listed *listed = list(store, now_ms);
    for (size_t i = 0; i < listed->count; i++) {
        const size_t length = strlen(text);
        snprintf(text + length, sizeof text - length, "%s%s/%s", i > 0 ? " " : "",
                 listed->drains[i].upstream, listed->drains[i].server);
    }
    assert_string_equal(text, want);
}

static void
drain(struct store *store, const struct drain *drain, int64_t now_ms)
{
    struct err err = {""};
    if (drains_set(store, drain, now_ms, deadline_after(ENGINE_WAIT_MS), &err) != 0)
        fail_msg("%s", err.text);
}

static bool
resume(struct store *store, const char *whom, int64_t now_ms)
{
    bool was_there;
    struct err err = {""};
    const struct drain names = drain_of(whom, 0, 0);
    if (drains_clear(store, names.upstream, names.server, now_ms, deadline_after(ENGINE_WAIT_MS),
                     &was_there, &err) != 0)
        fail_msg("%s", err.text);
    return was_there;
}

static void
run_case(struct store *store, size_t index)
{
    for (size_t i = 0; i < STEPS_MAX && cases[index].steps[i].deed != END; i++) {
        const char *whom = cases[index].steps[i].whom, *want = cases[index].steps[i].want;
        const int64_t now_ms = EPOCH + cases[index].steps[i].at_ms;
        const int64_t until_ms = cases[index].steps[i].until_ms;
        struct drain given = {.since_ms = 0};
        if (cases[index].steps[i].deed == DRAIN)
            given = drain_of(whom, now_ms, until_ms == FOREVER ? FOREVER : EPOCH + until_ms);
        switch (cases[index].steps[i].deed) {
        case DRAIN:
            drain(store, &given, now_ms);
            break;
        case RESUME:
            assert_int_equal(resume(store, whom, now_ms), want == NULL);
            break;
        case LIST:
            expect_listed(store, now_ms, want);
            break;
        case END:
            break;
        }
    }
}

static void
test_cases(void **unused)
{
    (void)unused;
    for (size_t e = 0; e < ENGINES; e++) {
        if (!engines_have(all_engines[e]))
            continue;
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
            print_message("%s: %s\n", engines_name(all_engines[e]), cases[i].name);
            struct store *store = engines_open(all_engines[e]);
            run_case(store, i);
            store_close(store);
        }
    }
}

/* On each engine that there is, in a store of its own. */
static void
on_each_engine(void (*check)(struct store *store))
{
    for (size_t e = 0; e < ENGINES; e++) {
        if (!engines_have(all_engines[e]))
            continue;
        struct store *store = engines_open(all_engines[e]);
        check(store);
        store_close(store);
    }
}

static void
expect_refused(struct store *store, const struct drain *given, const char *want)
{
    struct err err = {""};
    assert_int_equal(drains_set(store, given, EPOCH, deadline_after(ENGINE_WAIT_MS), &err), -1);
    assert_string_equal(err.text, want);
}

/* What a person wrote comes back as it was. */
static void
check_record(struct store *store)
{
    const struct drain given = drain_of("mx/a", EPOCH + 123, FOREVER);
    drain(store, &given, EPOCH + 124);
    const struct listed *listed = list(store, EPOCH + 124);
    assert_int_equal(listed->count, 1);
    assert_string_equal(listed->drains[0].reason, given.reason);
    assert_true(listed->drains[0].since_ms == given.since_ms);
    assert_true(listed->drains[0].until_ms == FOREVER);
}

static void
test_record(void **unused)
{
    (void)unused;
    on_each_engine(check_record);
}

static void
check_names(struct store *store)
{
    char longest[DRAIN_NAME_MAX + 1] = "", too_long[DRAIN_NAME_MAX + 2] = "";
    bool was_there = true;
    struct err err = {""};
    struct drain given = {.until_ms = FOREVER, .upstream = "mx"};
    expect_refused(store, &given, "the name of the server is empty");
    memset(longest, 'a', sizeof longest - 1);
    memset(too_long, 'a', sizeof too_long - 1);
    memcpy(given.server, longest, sizeof longest);
    drain(store, &given, EPOCH);
    assert_string_equal(list(store, EPOCH)->drains[0].server, longest);
    memset(given.server, 'a', sizeof given.server);
    expect_refused(store, &given, "the name of the server has more than 255 bytes");
    given.upstream[0] = '\0';
    expect_refused(store, &given, "the name of the upstream is empty");
    assert_int_equal(drains_clear(store, "mx", too_long, EPOCH, deadline_after(ENGINE_WAIT_MS),
                                  &was_there, &err),
                     -1);
    assert_false(was_there);
    assert_string_equal(err.text, "the name of the server has more than 255 bytes");
}

static void
test_names_are_as_long_as_they_may_be(void **unused)
{
    (void)unused;
    on_each_engine(check_names);
}

enum { MANY = 300, STRANGERS = 20000 };

static void
drain_many(struct store *store)
{
    for (int i = 0; i < MANY; i++) {
        char whom[64];
        snprintf(whom, sizeof whom, "submission/mta%03d.example", i);
        const struct drain given = drain_of(whom, EPOCH, FOREVER);
        drain(store, &given, EPOCH);
    }
}

/* More than a page of either engine's. A list may name one twice. */
static void
check_many(struct store *store)
{
    drain_many(store);
    const struct listed *listed = list(store, EPOCH);
    size_t different = listed->count > 0;
    for (size_t i = 1; i < listed->count; i++)
        different += compare(&listed->drains[i - 1], &listed->drains[i]) != 0;
    assert_int_equal(different, MANY);
}

static void
test_many_are_all_listed(void **unused)
{
    (void)unused;
    on_each_engine(check_many);
}

static void
check_enough(struct store *store)
{
    struct err err = {""};
    static struct listed listed;
    drain_many(store);
    listed = (struct listed){.most = 3};
    assert_int_equal(
        drains_list(store, EPOCH, deadline_after(ENGINE_WAIT_MS), collect, &listed, &err), 0);
    assert_int_equal(listed.count, 3);
}

static void
test_a_visitor_who_has_seen_enough_sees_no_more(void **unused)
{
    (void)unused;
    on_each_engine(check_enough);
}

static void
fill_one(struct store *store, enum store_space space, bool is_counter)
{
    static const unsigned char value[512];
    for (unsigned i = 0; i < STRANGERS; i++) {
        struct err err = {""};
        struct store_op op = {.action = is_counter ? STORE_COUNT : STORE_PUT,
                              .space = space,
                              .key = key_make('t', &(struct bytes){&i, sizeof i}, 1),
                              .window_ms = DAY,
                              .amount = 1,
                              .value = value,
                              .value_length = sizeof value,
                              .lifetime_ms = DAY};
        if (store_run(store, &op, 1, EPOCH, deadline_after(ENGINE_WAIT_MS), &err) != 0)
            fail_msg("%s", err.text);
    }
}

/* All spaces, until their oldest have gone. */
static void
fill(struct store *store)
{
    fill_one(store, STORE_WINDOWS, false);
    fill_one(store, STORE_KNOWN, false);
    fill_one(store, STORE_COUNTERS, true);
    fill_one(store, STORE_LOGINS, true);
}

static void
test_nothing_pushes_a_drain_out(void **unused)
{
    (void)unused;
    struct store_status status;
    struct store *store = engines_open(STORE_LMDB);
    const struct drain given = drain_of("mx/a", EPOCH, FOREVER);
    drain(store, &given, EPOCH);
    fill(store);
    store_status(store, &status);
    assert_in_range(status.held[STORE_WINDOWS], 1, STRANGERS - 1);
    assert_in_range(status.held[STORE_LOGINS], 1, STRANGERS - 1);
    assert_int_equal(status.held[STORE_DRAINS], 1);
    expect_listed(store, EPOCH, "mx/a");
    store_close(store);
}

/* Returns how many of this length there was room for. */
static size_t
drain_until_full(struct store *store, int64_t until_ms, int64_t now_ms)
{
    enum { MOST = 10000 };
    struct err err = {""};
    for (size_t i = 0; i < MOST; i++) {
        struct drain given = {.upstream = "mx", .since_ms = now_ms, .until_ms = until_ms};
        memset(given.reason, 'r', sizeof given.reason - 1);
        snprintf(given.server, sizeof given.server, "%0*zu", DRAIN_NAME_MAX, i);
        if (drains_set(store, &given, now_ms, deadline_after(ENGINE_WAIT_MS), &err) == 0)
            continue;
        assert_string_equal(err.text, "the store has no room for another drain (a larger size in "
                                      "the section state)");
        return i;
    }
    fail_msg("there is room for any number of drains");
    return 0;
}

static void
test_a_full_share_has_no_room_until_some_are_over(void **unused)
{
    (void)unused;
    bool was_there;
    struct store *store = engines_open(STORE_LMDB);
    struct drain given = drain_of("mx/a", EPOCH, FOREVER);
    struct err err = {""};
    assert_true(drain_until_full(store, EPOCH + HOUR, EPOCH) > 100);
    assert_int_equal(drains_set(store, &given, EPOCH, deadline_after(ENGINE_WAIT_MS), &err), -1);
    drain(store, &given, EPOCH + HOUR);
    expect_listed(store, EPOCH + HOUR, "mx/a");
    assert_int_equal(drains_clear(store, "mx", "a", EPOCH + HOUR, deadline_after(ENGINE_WAIT_MS),
                                  &was_there, &err),
                     0);
    assert_true(was_there);
    store_close(store);
}

/* Whatever is in the store, by a fault or another version: no drain. */
static void
check_nonsense(struct store *store)
{
    static const struct {
        const char *bytes;
        size_t length;
    } nonsense[] = {
        {"", 0},
        {"\1", 1},
        {"\1aaaaaaaaaaaaaaaa", 17},
        {"\1aaaaaaaabbbbbbb\1mx\0a\0", 22},
        {"\1aaaaaaaabbbbbbb\1mx\0a\0r", 23},
        {"\1aaaaaaaabbbbbbb\1\0a\0r", 21},
        {"\1aaaaaaaabbbbbbb\1mx\0\0\0", 22},
        {"\1aaaaaaaabbbbbbb\1mx\0a\0\0\0", 24},
        {"\2aaaaaaaabbbbbbb\1mx\0a\0\0", 23},
    };
    for (size_t i = 0; i < sizeof nonsense / sizeof nonsense[0]; i++) {
        struct store_op op = {.action = STORE_PUT,
                              .space = STORE_DRAINS,
                              .key = key_make('d', &(struct bytes){&i, sizeof i}, 1),
                              .value = nonsense[i].bytes,
                              .value_length = nonsense[i].length,
                              .lifetime_ms = INT64_MAX};
        assert_int_equal(store_run(store, &op, 1, EPOCH, deadline_after(ENGINE_WAIT_MS), NULL), 0);
    }
    expect_listed(store, EPOCH, "");
}

static void
test_nonsense_is_no_drain(void **unused)
{
    (void)unused;
    on_each_engine(check_nonsense);
}

static void
test_a_store_that_is_down_says_so(void **unused)
{
    (void)unused;
    bool was_there = true;
    struct err err = {""};
    static struct listed listed;
    struct store *store = engines_open_down();
    const struct drain given = drain_of("mx/a", EPOCH, FOREVER);
    assert_int_equal(drains_set(store, &given, EPOCH, deadline_after(ENGINE_WAIT_MS), &err), -1);
    assert_string_not_equal(err.text, "");
    assert_int_equal(
        drains_clear(store, "mx", "a", EPOCH, deadline_after(ENGINE_WAIT_MS), &was_there, &err),
        -1);
    assert_false(was_there);
    assert_int_equal(
        drains_list(store, EPOCH, deadline_after(ENGINE_WAIT_MS), collect, &listed, &err), -1);
    store_close(store);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_record),
        cmocka_unit_test(test_names_are_as_long_as_they_may_be),
        cmocka_unit_test(test_many_are_all_listed),
        cmocka_unit_test(test_a_visitor_who_has_seen_enough_sees_no_more),
        cmocka_unit_test(test_nothing_pushes_a_drain_out),
        cmocka_unit_test(test_a_full_share_has_no_room_until_some_are_over),
        cmocka_unit_test(test_nonsense_is_no_drain),
        cmocka_unit_test(test_a_store_that_is_down_says_so),
    };
    return cmocka_run_group_tests(tests, engines_start, engines_stop);
}
