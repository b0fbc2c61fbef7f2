/* Many at once, and many altogether: a Redis counts exactly, with a bound to its memory lets
 * counters go and no ban, and one that lets nothing go refuses what takes room as a whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <sys/prctl.h>

#include "clock.h"
#include "engines.h"
#include "key.h"

enum { THREADS = 64, EACH = 20, PROCESSES = 2, CONNECTIONS = 16 };
static const int64_t HOUR_MS = INT64_C(3600) * 1000;

static struct store *
open_redis(const char *prefix)
{
    const struct store_settings settings = {.engine = STORE_REDIS,
                                            .url = engines.redis.url,
                                            .prefix = prefix,
                                            .connections = CONNECTIONS,
                                            .timeout_ms = ENGINE_WAIT_MS};
    struct err err = {""};
    struct store *store = store_open(&settings, true, &err);
    if (store == NULL)
        fail_msg("%s", err.text);
    return store;
}

static struct store_op
count_op(uint64_t who, int64_t amount)
{
    const struct bytes part = {&who, sizeof who};
    return (struct store_op){.action = STORE_COUNT,
                             .space = STORE_COUNTERS,
                             .key = key_make('t', &part, 1),
                             .window_ms = HOUR_MS / 6,
                             .amount = amount};
}

static int
try_ops(struct store *store, struct store_op *ops, size_t count)
{
    return store_run(store, ops, count, clock_wall_ms(), deadline_after(ENGINE_WAIT_MS), NULL);
}

static void *
hammer(void *context)
{
    bool has_failed = false;
    for (int i = 0; i < EACH; i++) {
        struct store_op op = count_op(1, 1);
        has_failed |= try_ops(context, &op, 1) != 0;
    }
    return has_failed ? context : NULL;
}

/* In a child. Returns what it exits with. */
static int
hammer_with_threads(void)
{
    pthread_t threads[THREADS];
    int status = 0;
    struct store *store = open_redis("hammer:");
    for (size_t i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, hammer, store) != 0)
            return 1;
    for (size_t i = 0; i < THREADS; i++) {
        void *failed;
        pthread_join(threads[i], &failed);
        status |= failed != NULL ? 2 : 0;
    }
    store_close(store);
    return status;
}

static void
test_many_threads_and_processes_count_exactly(void **unused)
{
    (void)unused;
    pid_t pids[PROCESSES];
    if (!engines.has_redis)
        skip();
    for (size_t i = 0; i < PROCESSES; i++) {
        pids[i] = fork();
        if (pids[i] == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            _exit(hammer_with_threads());
        }
    }
    for (size_t i = 0; i < PROCESSES; i++) {
        int status;
        assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
        assert_int_equal(status, 0);
    }
    struct store *store = open_redis("hammer:");
    struct store_op op = count_op(1, 0);
    assert_int_equal(try_ops(store, &op, 1), 0);
    assert_int_equal(op.count, PROCESSES * THREADS * EACH);
    store_close(store);
}

/* Sends a command to the server; answer_r is how it begins to answer. */
static void
tell_redis(const char *command, char *answer_r, size_t size)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", engines.redis.url + strlen("unix:"));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(send(fd, command, strlen(command), MSG_NOSIGNAL), strlen(command));
    ssize_t length = recv(fd, answer_r, size - 1, 0);
    assert_true(length > 0);
    answer_r[length] = '\0';
    close(fd);
}

static void
set_redis(const char *command)
{
    char answer[64];
    tell_redis(command, answer, sizeof answer);
    assert_string_equal(answer, "+OK\r\n");
}

static long
number_in_info(const char *section, const char *name)
{
    char command[64], answer[8192];
    snprintf(command, sizeof command, "INFO %s\r\n", section);
    tell_redis(command, answer, sizeof answer);
    const char *found = strstr(answer, name);
    assert_non_null(found);
    return strtol(found + strlen(name), NULL, 10);
}

static uint64_t
next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static void
count_random_addresses(struct store *store, uint64_t *random, size_t count)
{
    enum { AT_ONCE = 200 };
    static struct store_op ops[AT_ONCE];
    for (size_t i = 0; i < count; i += AT_ONCE) {
        for (size_t j = 0; j < AT_ONCE; j++)
            ops[j] = count_op(next_random(random), 1);
        assert_int_equal(try_ops(store, ops, AT_ONCE), 0);
    }
}

static struct store_op
offence_of(int number)
{
    static const int64_t lengths[] = {3600000, 86400000, 604800000}; /* the defaults of `ban` */
    const struct netaddr address = {.family = NETADDR_IPV4, .bytes = {192, 0, 2, (uint8_t)number}};
    return (struct store_op){.action = STORE_OFFEND,
                             .space = STORE_BANS,
                             .network = netaddr_prefix(&address, 32),
                             .lengths = {lengths, 3},
                             .ban = {.reason = "test"}};
}

/* Members of the set that a full server has. */
enum { OLD_MEMBER = 1, NEW_MEMBER = 2 };

static struct store_op
keyed_op(enum store_action action, enum store_space space, char kind)
{
    const struct bytes part = {"full", 4};
    return (struct store_op){.action = action,
                             .space = space,
                             .key = key_make(kind, &part, 1),
                             .window_ms = HOUR_MS,
                             .lifetime_ms = HOUR_MS,
                             .value = "value",
                             .value_length = 5};
}

static struct store_op
counter_op(enum store_action action, int64_t amount)
{
    struct store_op op = keyed_op(action, STORE_COUNTERS, 'c');
    op.amount = amount;
    op.most = 100;
    return op;
}

static struct store_op
set_op(enum store_action action, int64_t amount, uint64_t member)
{
    struct store_op op = keyed_op(action, STORE_COUNTERS, 'm');
    op.amount = amount;
    op.most = 100;
    op.member = member;
    return op;
}

static struct store_op
ban_op(enum store_action action, uint8_t number)
{
    struct store_op op = offence_of(number);
    op.action = action;
    op.ban.network = op.network;
    op.ban.until_ms = INT64_MAX;
    return op;
}

/* What there is before it is full: a counter of 3, a set of one, records, a ban. */
static void
begin_full(struct store *store)
{
    struct store_op ops[] = {
        counter_op(STORE_COUNT, 3),
        set_op(STORE_MARK, 1, OLD_MEMBER),
        keyed_op(STORE_PUT, STORE_KNOWN, 'k'),
        keyed_op(STORE_PUT, STORE_WINDOWS, 'w'),
        ban_op(STORE_OFFEND, 1),
    };
    assert_int_equal(try_ops(store, ops, sizeof ops / sizeof ops[0]), 0);
    set_redis("CONFIG SET maxmemory-policy noeviction\r\n");
    set_redis("CONFIG SET maxmemory 1\r\n");
}

static void
end_full(struct store *store)
{
    set_redis("CONFIG SET maxmemory 0\r\n");
    struct store_op op = counter_op(STORE_COUNT, 1);
    assert_int_equal(try_ops(store, &op, 1), 0);
}

static long
number_of_keys(void)
{
    char answer[64];
    tell_redis("DBSIZE\r\n", answer, sizeof answer);
    return strtol(answer + 1, NULL, 10);
}

static void
test_a_full_server_refuses_what_takes_room_and_nothing_else(void **unused)
{
    (void)unused;
    const struct {
        const char *what;
        struct store_op op;
        int want;
    } cases[] = {
        {"a ban is found", ban_op(STORE_FIND_BAN, 1), 0},
        {"a ban is not found", ban_op(STORE_FIND_BAN, 2), 0},
        {"a record is read", keyed_op(STORE_GET, STORE_WINDOWS, 'w'), 0},
        {"a counter is read", counter_op(STORE_COUNT, 0), 0},
        {"a set is read", set_op(STORE_MARK, 0, OLD_MEMBER), 0},
        {"a banned network offends", ban_op(STORE_OFFEND, 1), 0},
        {"one is added", counter_op(STORE_COUNT, 1), -1},
        {"one is let in", counter_op(STORE_ADMIT, 1), -1},
        {"a member is added", set_op(STORE_MARK, 1, NEW_MEMBER), -1},
        {"a member is let in", set_op(STORE_ADMIT_MEMBER, 1, NEW_MEMBER), -1},
        {"a known network is noted", keyed_op(STORE_PUT, STORE_KNOWN, 'n'), -1},
        {"a window is opened", keyed_op(STORE_PUT, STORE_WINDOWS, 'n'), -1},
        {"a network offends", ban_op(STORE_OFFEND, 2), -1},
        {"a ban is made", ban_op(STORE_SET_BAN, 2), -1},
        {"one is taken back of three", counter_op(STORE_COUNT, -1), 0},
        {"what is left is taken back", counter_op(STORE_COUNT, -2), 0},
        {"a member is taken out", set_op(STORE_MARK, -1, OLD_MEMBER), 0},
        {"a window is closed", keyed_op(STORE_REMOVE, STORE_WINDOWS, 'w'), 0},
        {"a ban is lifted", ban_op(STORE_REMOVE, 1), 0},
    };
    if (!engines.has_redis)
        skip();
    struct store *store = open_redis("full:");
    begin_full(store);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct store_op op = cases[i].op;
        const long before = number_of_keys();
        const int result = try_ops(store, &op, 1);
        if (result != cases[i].want || (result != 0 && number_of_keys() != before))
            fail_msg("%s: %d, %ld keys of %ld", cases[i].what, result, number_of_keys(), before);
    }
    end_full(store);
    store_close(store);
}

static void
test_who_is_banned_is_told_so_by_a_full_server(void **unused)
{
    (void)unused;
    if (!engines.has_redis)
        skip();
    struct store *store = open_redis("full-ban:");
    begin_full(store);
    struct store_op ops[] = {ban_op(STORE_FIND_BAN, 1), counter_op(STORE_ADMIT, 1)};
    ops[0].ends = true;
    assert_int_equal(try_ops(store, ops, 2), 0);
    assert_true(ops[0].hit && !ops[1].was_run);
    /* in two: what is taken back comes first, and the rest is not refused any more */
    struct store_op back[] = {counter_op(STORE_COUNT, -1), counter_op(STORE_COUNT, 2)};
    assert_int_equal(try_ops(store, back, 2), 0);
    assert_int_equal(back[1].count, 4);
    end_full(store);
    store_close(store);
}

/* The manual: "any volatile policy lets counters go, and no ban". */
static void
test_random_addresses_stay_within_maxmemory_and_push_out_no_ban(void **unused)
{
    (void)unused;
    enum { BANS = 100, ADDRESSES = 200000, MAXMEMORY = 8 << 20, ROOM = 1 << 20 };
    uint64_t random = UINT64_C(0x9e3779b97f4a7c15);
    if (!engines.has_redis)
        skip();
    struct store *store = open_redis("many:");
    set_redis("CONFIG SET maxmemory 8mb\r\n");
    set_redis("CONFIG SET maxmemory-policy volatile-lru\r\n");
    for (int i = 0; i < BANS; i++) {
        struct store_op op = offence_of(i);
        assert_int_equal(try_ops(store, &op, 1), 0);
        assert_true(op.hit);
    }
    count_random_addresses(store, &random, ADDRESSES);
    assert_true(number_in_info("stats", "evicted_keys:") > ADDRESSES / 4);
    assert_in_range(number_in_info("memory", "\nused_memory:"), 1, MAXMEMORY + ROOM);
    for (int i = 0; i < BANS; i++) {
        struct store_op op = offence_of(i);
        op.action = STORE_FIND_BAN;
        assert_int_equal(try_ops(store, &op, 1), 0);
        assert_true(op.hit);
    }
    store_close(store);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_many_threads_and_processes_count_exactly),
        cmocka_unit_test(test_a_full_server_refuses_what_takes_room_and_nothing_else),
        cmocka_unit_test(test_who_is_banned_is_told_so_by_a_full_server),
        cmocka_unit_test(test_random_addresses_stay_within_maxmemory_and_push_out_no_ban),
    };
    return cmocka_run_group_tests(tests, engines_start, engines_stop);
}
