/* Processes that are killed or stopped in the middle of writing to the LMDB store. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "scratch_lmdb.h"

enum { BANS_AT_MOST = 100 };

/* Bans one network after the other and says so of each that the store has taken; then counts. */
static void
ban_and_tell(const struct scratch *scratch, uint32_t first, int pipe_end)
{
    struct store *store = scratch_open(scratch, true);
    for (uint32_t i = first;; i++) {
        struct store_op ops[] = {scratch_count(i % 64, 1), scratch_count(0, 1), scratch_set_ban(i)};
        bool bans = i < first + BANS_AT_MOST;
        if (scratch_try(store, ops, bans ? 3 : 2, NULL) == 0 && ops[2].hit &&
            write(pipe_end, &i, sizeof i) != sizeof i)
            _exit(1);
    }
}

struct writer {
    pid_t pid;
    int from;
};

static struct writer
start_writer(const struct scratch *scratch, uint32_t first)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        close(ends[0]);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        ban_and_tell(scratch, first, ends[1]);
    }
    close(ends[1]);
    return (struct writer){.pid = pid, .from = ends[0]};
}

static void
end_writer(struct writer *writer)
{
    int status;
    kill(writer->pid, SIGKILL);
    assert_int_equal(waitpid(writer->pid, &status, 0), writer->pid);
    assert_true(WIFSIGNALED(status));
}

/* A writer is killed after it has told of some bans, while it goes on writing. Returns the last
 * that it told of. */
static uint32_t
kill_in_the_middle(const struct scratch *scratch, uint32_t first, int after)
{
    uint32_t last = first;
    struct writer writer = start_writer(scratch, first);
    for (int i = 0; i <= after; i++)
        assert_int_equal(read(writer.from, &last, sizeof last), sizeof last);
    end_writer(&writer);
    while (read(writer.from, &last, sizeof last) == sizeof last)
        continue;
    close(writer.from);
    return last;
}

/* Half of the time another process has the store open all along, half of the time who opens it
 * next is alone and checks the file. */
static void
test_no_ban_is_lost_by_kill_9(void **unused)
{
    (void)unused;
    enum { KILLS = 200 };
    uint32_t first = 1;
    struct scratch scratch;
    scratch_make(&scratch);
    scratch.size_bytes = 16 << 20;
    struct store *other = NULL;
    for (int i = 0; i < KILLS; i++) {
        if (i % 10 == 5)
            other = scratch_open(&scratch, false);
        uint32_t last = kill_in_the_middle(&scratch, first, i % 7);
        struct store *store = other != NULL ? other : scratch_open(&scratch, false);
        for (uint32_t ban = first; ban <= last; ban++)
            if (!scratch_is_banned(store, ban))
                fail_msg("kill %d: ban %u of %u to %u is lost", i + 1, ban, first, last);
        if (i % 10 == 9)
            other = NULL;
        if (other == NULL)
            store_close(store);
        first = last + 1;
    }
    struct store *store = scratch_open(&scratch, true);
    for (uint32_t ban = 1; ban < first; ban++)
        if (!scratch_is_banned(store, ban))
            fail_msg("in the end ban %u is lost", ban);
    struct store_op op = scratch_count(0, 0);
    scratch_run(store, &op, 1);
    print_message("%u bans, counted %lld\n", first - 1, (long long)op.count);
    assert_true(op.count >= first - 1);
    store_close(store);
    scratch_remove(&scratch);
}

/* Reads one ban after the other, and says so now and then. */
static struct writer
start_reader(const struct scratch *scratch)
{
    enum { TELL_EVERY = 100 };
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    if (pid != 0) {
        close(ends[1]);
        return (struct writer){.pid = pid, .from = ends[0]};
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    struct store *store = scratch_open(scratch, false);
    for (uint32_t i = 1;; i++) {
        scratch_is_banned(store, i % BANS_AT_MOST);
        if (i % TELL_EVERY == 0 && write(ends[1], &i, sizeof i) != sizeof i)
            _exit(1);
    }
}

/* LMDB keeps what a reader may need until he is done: the dead never are. */
static void
test_readers_that_are_killed_keep_no_room(void **unused)
{
    (void)unused;
    enum { KILLS = 20, COUNTS = 20000, AT_ONCE = 100 };
    struct scratch scratch;
    uint32_t tell;
    scratch_make(&scratch);
    scratch.size_bytes = 1 << 20;
    struct store *store = scratch_open(&scratch, true);
    for (uint32_t i = 0; i < BANS_AT_MOST; i++)
        scratch_ban(store, i);
    for (int i = 0; i < KILLS; i++) {
        struct writer reader = start_reader(&scratch);
        for (int j = 0; j <= i % 3; j++)
            assert_int_equal(read(reader.from, &tell, sizeof tell), sizeof tell);
        end_writer(&reader);
        close(reader.from);
    }
    for (uint32_t i = 0; i < COUNTS; i += AT_ONCE) {
        struct store_op ops[AT_ONCE];
        for (uint32_t j = 0; j < AT_ONCE; j++)
            ops[j] = scratch_count(i + j, 1);
        scratch_run(store, ops, AT_ONCE);
    }
    assert_true(scratch_is_banned(store, 1));
    store_close(store);
    scratch_remove(&scratch);
}

static void
set_stopped(pid_t pid, bool stopped)
{
    int status;
    assert_int_equal(kill(pid, stopped ? SIGSTOP : SIGCONT), 0);
    assert_int_equal(waitpid(pid, &status, stopped ? WUNTRACED : WCONTINUED), pid);
}

/* Stops the writer where nobody else can write. */
static void
stop_within_a_transaction(const struct writer *writer, struct store *store)
{
    struct deadline deadline = deadline_after(SCRATCH_WAIT_MS);
    for (;;) {
        struct err err = {.text = ""};
        struct store_op op = scratch_count(0, 1);
        set_stopped(writer->pid, true);
        if (scratch_try(store, &op, 1, &err) != 0) {
            assert_non_null(strstr(err.text, "another process has been writing all the time"));
            return;
        }
        set_stopped(writer->pid, false);
        assert_false(deadline_is_over(deadline));
    }
}

static void
test_a_process_stopped_in_the_middle_costs_others_their_timeout(void **unused)
{
    (void)unused;
    enum { TIMEOUT_MS = 100, MARGIN_MS = 10000 };
    static const int ends[] = {SIGCONT, SIGKILL};
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        struct scratch scratch;
        scratch_make(&scratch);
        scratch.timeout_ms = TIMEOUT_MS;
        struct writer writer = start_writer(&scratch, 1);
        struct store *store = scratch_open(&scratch, true);
        stop_within_a_transaction(&writer, store);

        struct store_op op = scratch_count(0, 1);
        int64_t begun_ms = clock_now_ms();
        assert_int_equal(scratch_try(store, &op, 1, NULL), -1);
        assert_in_range(clock_now_ms() - begun_ms, 0, TIMEOUT_MS + MARGIN_MS);
        struct store_status status = scratch_status(store);
        assert_false(status.is_up);
        assert_in_range(status.down_since_ms, 1, clock_wall_ms());
        begun_ms = clock_now_ms();
        struct scratch late = scratch;
        struct store *command = scratch_open(&late, false);
        assert_int_equal(scratch_try(command, &op, 1, NULL), -1);
        store_close(command);
        assert_in_range(clock_now_ms() - begun_ms, 0, 3 * TIMEOUT_MS + MARGIN_MS);

        kill(writer.pid, ends[i]);
        if (ends[i] == SIGKILL)
            assert_int_equal(waitpid(writer.pid, NULL, 0), writer.pid);
        scratch_wait_up(store);
        op = scratch_count(0, 1);
        scratch_run(store, &op, 1);
        assert_true(op.count > 0);
        if (ends[i] == SIGCONT)
            end_writer(&writer);
        close(writer.from);
        store_close(store);
        scratch_remove(&scratch);
    }
}

/* Counts new addresses until no page is left that a stopped reader may not need. Returns whether
 * it came to that. */
static bool
fill_up(struct store *store, uint32_t *next)
{
    enum { BATCHES = 60, AT_ONCE = 100 };
    for (int i = 0; i < BATCHES; i++, *next += AT_ONCE) {
        struct store_op ops[AT_ONCE];
        for (uint32_t j = 0; j < AT_ONCE; j++)
            ops[j] = scratch_count(*next + j, 1);
        if (scratch_try(store, ops, AT_ONCE, NULL) != 0)
            return true;
    }
    return false;
}

static void
test_a_reader_stopped_in_the_middle_costs_counters_and_no_ban(void **unused)
{
    (void)unused;
    struct scratch scratch;
    uint32_t next = 0, tell;
    scratch_make(&scratch);
    scratch.size_bytes = 1 << 20;
    scratch.timeout_ms = 300;
    struct store *store = scratch_open(&scratch, true);
    for (uint32_t i = 0; i < BANS_AT_MOST; i++)
        scratch_ban(store, i);
    struct writer reader = start_reader(&scratch);
    assert_int_equal(read(reader.from, &tell, sizeof tell), sizeof tell);
    struct deadline deadline = deadline_after(SCRATCH_WAIT_MS);
    set_stopped(reader.pid, true);
    while (!fill_up(store, &next)) { /* he was between two readings */
        assert_false(deadline_is_over(deadline));
        set_stopped(reader.pid, false);
        set_stopped(reader.pid, true);
    }
    set_stopped(reader.pid, false);
    scratch_wait_up(store);
    for (uint32_t i = 0; i < BANS_AT_MOST; i++)
        assert_true(scratch_is_banned(store, i));
    end_writer(&reader);
    close(reader.from);
    assert_false(fill_up(store, &next));
    store_close(store);
    scratch_remove(&scratch);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_ban_is_lost_by_kill_9),
        cmocka_unit_test(test_readers_that_are_killed_keep_no_room),
        cmocka_unit_test(test_a_reader_stopped_in_the_middle_costs_counters_and_no_ban),
        cmocka_unit_test(test_a_process_stopped_in_the_middle_costs_others_their_timeout),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
