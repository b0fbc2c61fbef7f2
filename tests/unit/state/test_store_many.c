/* Many at once, and many altogether: the LMDB store counts exactly and keeps its bounds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "scratch_lmdb.h"

enum { THREADS = 64, EACH = 50, PROCESSES = 2, KEY = 7, PLACES = 1000 };

struct hammer {
    struct store *store;
    pthread_t thread;
    int admitted;
    bool has_failed;
};

/* Counts, and takes one of fewer places than are wanted. */
static void *
hammer(void *context)
{
    struct hammer *hammer = context;
    for (int i = 0; i < EACH; i++) {
        struct store_op ops[] = {scratch_count(KEY, 1), scratch_count(KEY + 1, 1)};
        ops[1].action = STORE_ADMIT;
        ops[1].most = PLACES;
        hammer->has_failed |= scratch_try(hammer->store, ops, 2, NULL) != 0;
        hammer->admitted += !ops[1].hit;
    }
    return NULL;
}

/* Returns how many were admitted, or -1. */
static int
hammer_with_threads(const struct scratch *scratch)
{
    static struct hammer hammers[THREADS];
    int sum = 0;
    bool has_failed = false;
    struct store *store = scratch_open(scratch, true);
    for (size_t i = 0; i < THREADS; i++) {
        hammers[i] = (struct hammer){.store = store};
        if (pthread_create(&hammers[i].thread, NULL, hammer, &hammers[i]) != 0)
            _exit(1);
    }
    for (size_t i = 0; i < THREADS; i++) {
        pthread_join(hammers[i].thread, NULL);
        sum += hammers[i].admitted;
        has_failed |= hammers[i].has_failed;
    }
    store_close(store);
    return has_failed ? -1 : sum;
}

static void
test_many_threads_and_processes_count_exactly(void **unused)
{
    (void)unused;
    struct scratch scratch;
    pid_t pids[PROCESSES];
    int ends[2];
    int admitted, sum = 0;
    scratch_make(&scratch);
    assert_int_equal(pipe(ends), 0);
    for (size_t i = 0; i < PROCESSES; i++) {
        pids[i] = fork();
        if (pids[i] == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            admitted = hammer_with_threads(&scratch);
            _exit(write(ends[1], &admitted, sizeof admitted) == sizeof admitted ? 0 : 1);
        }
    }
    for (size_t i = 0; i < PROCESSES; i++) {
        int status;
        assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
        assert_int_equal(status, 0);
        assert_int_equal(read(ends[0], &admitted, sizeof admitted), sizeof admitted);
        assert_true(admitted >= 0);
        sum += admitted;
    }
    close(ends[0]);
    close(ends[1]);
    assert_int_equal(sum, PLACES);
    struct store *store = scratch_open(&scratch, true);
    struct store_op ops[] = {scratch_count(KEY, 0), scratch_count(KEY + 1, 0)};
    scratch_run(store, ops, 2);
    assert_int_equal(ops[0].count, PROCESSES * THREADS * EACH);
    assert_int_equal(ops[1].count, PLACES);
    store_close(store);
    scratch_remove(&scratch);
}

/* ThreadSanitizer takes its time, and memory. */
#ifdef __SANITIZE_THREAD__
enum { ADDRESSES = 200000 };
#else
enum { ADDRESSES = 1000000 };
#endif
enum { AT_ONCE = 200, BAN = 1 };

static void
count_addresses(struct store *store, uint32_t first, uint32_t last)
{
    static struct store_op ops[AT_ONCE];
    for (uint32_t i = first; i < last; i += AT_ONCE) {
        for (uint32_t j = 0; j < AT_ONCE; j++)
            ops[j] = scratch_count(i + j, 1);
        scratch_run(store, ops, AT_ONCE);
    }
}

static int64_t
count_of(struct store *store, uint32_t address)
{
    struct store_op op = scratch_count(address, 0);
    scratch_run(store, &op, 1);
    return op.count;
}

static long
most_memory_kb(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

static int64_t
held(struct store *store, enum store_space space)
{
    return scratch_status(store).held[space];
}

enum { READERS = 2 * THREADS };

struct reading {
    struct store *store;
    pthread_barrier_t *start;
    pthread_t thread;
    const char *failed; /* NULL: nothing */
};

static bool
see_nothing(void *context, const struct store_item *item)
{
    (void)context, (void)item;
    return true;
}

/* Everything that only reads. */
static void *
read_all(void *context)
{
    struct reading *reading = context;
    unsigned char salt[STORE_SALT_BYTES];
    pthread_barrier_wait(reading->start);
    for (int i = 0; i < 4 * EACH && reading->failed == NULL; i++) {
        struct store_op op = scratch_count(KEY, 0);
        if (store_salt(reading->store, salt, deadline_after(SCRATCH_WAIT_MS)) != 0)
            reading->failed = "salt";
        else if (store_list(reading->store, STORE_BANS, clock_wall_ms(),
                            deadline_after(SCRATCH_WAIT_MS), see_nothing, NULL, NULL) != 0)
            reading->failed = "list";
        else if (scratch_try(reading->store, &op, 1, NULL) != 0)
            reading->failed = "run";
    }
    return NULL;
}

/* LMDB has fewer places for readers than a busy service has threads. */
static void
test_more_threads_than_there_are_readers_all_read(void **unused)
{
    (void)unused;
    static struct reading readings[READERS];
    struct scratch scratch;
    pthread_barrier_t start;
    scratch_make(&scratch);
    struct store *store = scratch_open(&scratch, true);
    pthread_barrier_init(&start, NULL, READERS);
    for (size_t i = 0; i < READERS; i++) {
        readings[i] = (struct reading){.store = store, .start = &start};
        assert_int_equal(pthread_create(&readings[i].thread, NULL, read_all, &readings[i]), 0);
    }
    for (size_t i = 0; i < READERS; i++)
        pthread_join(readings[i].thread, NULL);
    pthread_barrier_destroy(&start);
    for (size_t i = 0; i < READERS; i++)
        assert_null(readings[i].failed);
    assert_true(scratch_status(store).is_up);
    store_close(store);
    scratch_remove(&scratch);
}

static void
test_a_million_addresses_stay_within_bounds(void **unused)
{
    (void)unused;
    enum { FEW = 3000, MOST = 12000, MEMORY_KB = 64 * 1024 };
    struct scratch scratch;
    struct stat file;
    scratch_make(&scratch);
    struct store *store = scratch_open(&scratch, true);
    struct store_op known = {.action = STORE_PUT,
                             .space = STORE_KNOWN,
                             .key = scratch_key(0),
                             .value = "x",
                             .value_length = 1,
                             .lifetime_ms = INT64_C(90) * 24 * 3600 * 1000};
    scratch_ban(store, BAN);
    scratch_run(store, &known, 1);
    count_addresses(store, 0, FEW);
    assert_int_equal(count_of(store, 0), 1);
    long memory_kb = most_memory_kb();
    count_addresses(store, FEW, ADDRESSES);
    assert_in_range(most_memory_kb() - memory_kb, 0, MEMORY_KB);
    assert_int_equal(stat(scratch.file, &file), 0);
    assert_int_equal(file.st_size, SCRATCH_BYTES);

    /* the oldest are gone, the newest are there, and nothing of another space was touched */
    for (uint32_t i = 0; i < FEW; i += 11)
        assert_int_equal(count_of(store, i), 0);
    for (uint32_t i = ADDRESSES - FEW; i < ADDRESSES; i += 11)
        assert_int_equal(count_of(store, i), 1);
    struct store_status status = scratch_status(store);
    print_message("%lld counters in %lld of %lld bytes\n", (long long)status.held[STORE_COUNTERS],
                  (long long)status.used_bytes, (long long)status.size_bytes);
    assert_in_range(status.held[STORE_COUNTERS], FEW, MOST);
    assert_in_range(status.used_bytes, 1, SCRATCH_BYTES / 2);
    assert_true(scratch_is_banned(store, BAN));
    known.action = STORE_GET;
    scratch_run(store, &known, 1);
    assert_true(known.hit);
    store_close(store);
    scratch_remove(&scratch);
}

static bool
fill_with_bans(struct store *store, uint32_t most)
{
    for (uint32_t i = 0; i < most; i++) {
        struct store_op op = scratch_set_ban(i);
        scratch_run(store, &op, 1);
        if (!op.hit)
            return true;
    }
    return false;
}

static void
test_more_bans_than_there_is_room_for_push_out_none(void **unused)
{
    (void)unused;
    struct scratch scratch;
    scratch_make(&scratch);
    scratch.size_bytes = 1 << 20;
    struct store *store = scratch_open(&scratch, true);
    assert_true(fill_with_bans(store, 20000));
    int64_t bans = held(store, STORE_BANS);
    assert_true(bans > 1000);
    for (uint32_t i = 0; i < bans; i += 13)
        assert_true(scratch_is_banned(store, i));
    /* one that is there may be written again, an offence is not kept, all else goes on */
    scratch_ban(store, 1);
    static const int64_t lengths[] = {1000};
    struct store_op offence = {.action = STORE_OFFEND,
                               .network = scratch_network(1 << 20),
                               .lengths = {lengths, 1},
                               .ban = {.reason = "test"}};
    scratch_run(store, &offence, 1);
    assert_false(offence.hit);
    assert_int_equal(offence.ban_r.until_ms, 0);
    count_addresses(store, 0, 20000);
    assert_int_equal(count_of(store, 19999), 1);
    assert_true(scratch_status(store).is_up);
    assert_int_equal(held(store, STORE_BANS), bans);
    store_close(store);
    scratch_remove(&scratch);
}

static void
test_bans_that_are_over_and_forgotten_make_room(void **unused)
{
    (void)unused;
    enum { BANS = 3000 };
    static const int64_t lengths[] = {1};
    struct scratch scratch;
    scratch_make(&scratch);
    struct store *store = scratch_open(&scratch, true);
    for (uint32_t i = 0; i < BANS; i++) {
        struct store_op op = {
            .action = STORE_OFFEND, .network = scratch_network(i), .lengths = {lengths, 1}};
        scratch_run(store, &op, 1);
        assert_true(op.hit);
    }
    scratch_ban(store, BANS);
    struct deadline deadline = deadline_after(SCRATCH_WAIT_MS);
    while (held(store, STORE_BANS) > 1 && !deadline_is_over(deadline))
        poll(NULL, 0, 20);
    assert_int_equal(held(store, STORE_BANS), 1);
    assert_true(scratch_is_banned(store, BANS));
    store_close(store);
    scratch_remove(&scratch);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_many_threads_and_processes_count_exactly),
        cmocka_unit_test(test_more_threads_than_there_are_readers_all_read),
        cmocka_unit_test(test_a_million_addresses_stay_within_bounds),
        cmocka_unit_test(test_more_bans_than_there_is_room_for_push_out_none),
        cmocka_unit_test(test_bans_that_are_over_and_forgotten_make_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
