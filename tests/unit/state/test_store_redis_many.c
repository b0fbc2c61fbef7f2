/* Many at once, and many altogether: a Redis counts exactly, and with a bound to its memory lets
 * counters go before bans. */
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
offence_of(uint8_t number)
{
    static const int64_t lengths[] = {3600000, 86400000, 604800000}; /* the defaults of `ban` */
    const struct netaddr address = {.family = NETADDR_IPV4, .bytes = {192, 0, 2, number}};
    return (struct store_op){.action = STORE_OFFEND,
                             .space = STORE_BANS,
                             .network = netaddr_prefix(&address, 32),
                             .lengths = {lengths, 3},
                             .ban = {.reason = "test"}};
}

/* README: "With `maxmemory` set `maxmemory-policy volatile-ttl`, which lets counters go before
 * bans". */
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
    set_redis("CONFIG SET maxmemory-policy volatile-ttl\r\n");
    for (uint8_t i = 0; i < BANS; i++) {
        struct store_op op = offence_of(i);
        assert_int_equal(try_ops(store, &op, 1), 0);
        assert_true(op.hit);
    }
    count_random_addresses(store, &random, ADDRESSES);
    assert_true(number_in_info("stats", "evicted_keys:") > ADDRESSES / 4);
    assert_in_range(number_in_info("memory", "\nused_memory:"), 1, MAXMEMORY + ROOM);
    for (uint8_t i = 0; i < BANS; i++) {
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
        cmocka_unit_test(test_random_addresses_stay_within_maxmemory_and_push_out_no_ban),
    };
    return cmocka_run_group_tests(tests, engines_start, engines_stop);
}
