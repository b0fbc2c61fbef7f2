/* A process whose store was cut short in the middle of writing, and which still lives: it holds
 * LMDB's own lock for good. Others open the store meanwhile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "broken_off.h"

enum { HANGS_AFTER_S = 30, OLD_BAN = 1, NEW_BAN = 2 };

static void *
read_all(const struct scratch *scratch)
{
    unsigned char *bytes = malloc(SCRATCH_BYTES);
    int fd = open(scratch->file, O_RDONLY | O_CLOEXEC);
    assert_non_null(bytes);
    assert_int_equal(pread(fd, bytes, SCRATCH_BYTES, 0), SCRATCH_BYTES);
    close(fd);
    return bytes;
}

/* As cp(1) of an earlier copy does. */
static void
write_all(const struct scratch *scratch, const void *bytes)
{
    int fd = open(scratch->file, O_WRONLY | O_CLOEXEC);
    assert_int_equal(pwrite(fd, bytes, SCRATCH_BYTES, 0), SCRATCH_BYTES);
    close(fd);
}

struct process {
    pid_t pid;
    int from;
};

/* Until the store's own thread has looked after it for the first time; it does so twice a second,
 * and must not be the one that finds the file cut. */
static void
count_for_a_while(struct store *store)
{
    for (int i = 0; i < 2000; i++) {
        struct store_op op = scratch_count(0, 1);
        scratch_run(store, &op, 1);
    }
}

static void
tell(int to)
{
    bool is_up = true;
    if (write(to, &is_up, sizeof is_up) != sizeof is_up)
        _exit(1);
}

/* Counts until it is broken off, then stops as it is; when it is let go on it waits until the store
 * is up again, and tells. */
static struct process
start_victim(const struct scratch *scratch)
{
    int ends[2];
    bool is_up = true;
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    if (pid != 0) {
        close(ends[1]);
        assert_int_equal(read(ends[0], &is_up, sizeof is_up), sizeof is_up);
        return (struct process){.pid = pid, .from = ends[0]};
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    struct store *store = scratch_open(scratch, true);
    scratch_wait_up(store);
    count_for_a_while(store);
    tell(ends[1]);
    struct err err = {.text = ""};
    while (strstr(err.text, "or its disk fails") == NULL) {
        struct store_op op = scratch_count(0, 1);
        scratch_try(store, &op, 1, &err);
    }
    raise(SIGSTOP);
    scratch_wait_up(store);
    tell(ends[1]);
    for (;;)
        pause();
}

/* Cuts the store to nothing under the process until it has stopped: in vain if its thread looked
 * just then. */
static void
break_off(const struct scratch *scratch, const struct process *victim)
{
    struct stat status;
    int how = 0;
    struct deadline deadline = deadline_after(SCRATCH_WAIT_MS);
    while (waitpid(victim->pid, &how, WUNTRACED | WNOHANG) == 0) {
        assert_false(deadline_is_over(deadline));
        if (stat(scratch->file, &status) == 0 && status.st_size == SCRATCH_BYTES)
            assert_int_equal(truncate(scratch->file, 0), 0);
        poll(NULL, 0, 5);
    }
    assert_true(WIFSTOPPED(how));
}

static void
let_go_on(const struct process *victim)
{
    bool is_up = false;
    assert_int_equal(kill(victim->pid, SIGCONT), 0);
    assert_int_equal(read(victim->from, &is_up, sizeof is_up), sizeof is_up);
    assert_true(is_up);
}

static void
end(const struct process *process)
{
    kill(process->pid, SIGKILL);
    assert_int_equal(waitpid(process->pid, NULL, 0), process->pid);
    close(process->from);
}

enum { IS_UP = 1, IS_DOWN };

/* Opens the store in a process of its own, which must not hang, and bans. */
static int
open_elsewhere(const struct scratch *scratch, bool is_service)
{
    int how = 0;
    pid_t pid = fork();
    if (pid == 0) {
        alarm(HANGS_AFTER_S);
        struct store *store = scratch_open(scratch, is_service);
        struct store_op op = scratch_set_ban(NEW_BAN);
        struct err err = {.text = ""};
        bool is_up = scratch_try(store, &op, 1, &err) == 0 && op.hit;
        print_message("%s\n", is_up ? "it is up" : err.text);
        _exit(is_up ? IS_UP : IS_DOWN);
    }
    assert_int_equal(waitpid(pid, &how, 0), pid);
    if (!WIFEXITED(how))
        fail_msg("it was ended by signal %d", WTERMSIG(how));
    return WEXITSTATUS(how);
}

static void
test_nobody_waits_for_a_lock_that_is_never_given_back(void **unused)
{
    (void)unused;
    if (CANNOT_BE_BROKEN_OFF)
        skip();
    struct scratch scratch;
    scratch_make(&scratch);
    scratch.timeout_ms = 2000;
    struct store *store = scratch_open(&scratch, true);
    scratch_ban(store, OLD_BAN);
    store_close(store);
    void *bytes = read_all(&scratch);
    struct process victim = start_victim(&scratch);
    break_off(&scratch, &victim);
    write_all(&scratch, bytes);
    assert_int_equal(open_elsewhere(&scratch, false), IS_DOWN);
    assert_int_equal(count_moved_aside(&scratch), 0);
    assert_int_equal(open_elsewhere(&scratch, true), IS_UP);
    assert_int_equal(count_moved_aside(&scratch), 1);
    assert_int_equal(open_elsewhere(&scratch, false), IS_UP);
    let_go_on(&victim);
    assert_int_equal(open_elsewhere(&scratch, true), IS_UP);
    store = scratch_open(&scratch, false);
    assert_true(scratch_is_banned(store, NEW_BAN));
    store_close(store);
    end(&victim);
    free(bytes);
    scratch_remove(&scratch);
}

static void
test_a_file_that_another_has_made_anew_is_gone_on_with(void **unused)
{
    (void)unused;
    if (CANNOT_BE_BROKEN_OFF)
        skip();
    struct scratch scratch;
    scratch_make(&scratch);
    struct process victim = start_victim(&scratch);
    break_off(&scratch, &victim);
    assert_int_equal(open_elsewhere(&scratch, true), IS_UP);
    let_go_on(&victim);
    struct store *store = scratch_open(&scratch, true);
    assert_true(scratch_is_banned(store, NEW_BAN));
    assert_int_equal(count_moved_aside(&scratch), 0);
    store_close(store);
    end(&victim);
    scratch_remove(&scratch);
}

static void
make_garbage(const struct scratch *scratch)
{
    void *bytes = calloc(1, SCRATCH_BYTES);
    assert_non_null(bytes);
    write_all(scratch, bytes);
    free(bytes);
}

/* Who opens the store when all have left it is alone, and checks it. */
static void
test_who_was_broken_off_leaves_nothing_behind(void **unused)
{
    (void)unused;
    static const char *const cases[] = {"state.mdb", "state.lock"};
    if (CANNOT_BE_BROKEN_OFF)
        skip();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct scratch scratch;
        char path[SCRATCH_PATH_MAX];
        scratch_make(&scratch);
        struct store *store = scratch_open(&scratch, true);
        struct store_op op = scratch_count(0, 1);
        struct deadline deadline = deadline_after(SCRATCH_WAIT_MS);
        print_message("%s is cut\n", cases[i]);
        snprintf(path, sizeof path, "%s/%s", scratch.folder, cases[i]);
        count_for_a_while(store);
        assert_int_equal(truncate(path, 0), 0);
        scratch_try(store, &op, 1, NULL);
        for (op = scratch_set_ban(NEW_BAN); scratch_try(store, &op, 1, NULL) != 0; poll(NULL, 0, 5))
            assert_false(deadline_is_over(deadline));
        store_close(store);
        store = scratch_open(&scratch, true);
        assert_true(scratch_is_banned(store, NEW_BAN));
        store_close(store);
        make_garbage(&scratch);
        store = scratch_open(&scratch, true);
        scratch_ban(store, NEW_BAN);
        assert_int_equal(count_moved_aside(&scratch), 1);
        store_close(store);
        scratch_remove(&scratch);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nobody_waits_for_a_lock_that_is_never_given_back),
        cmocka_unit_test(test_a_file_that_another_has_made_anew_is_gone_on_with),
        cmocka_unit_test(test_who_was_broken_off_leaves_nothing_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
