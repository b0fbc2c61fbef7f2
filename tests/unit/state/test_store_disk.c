/* The LMDB store's files on the disk: when they are there, whose they are, and what the log says of
 * one that is corrupt or full. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "scratch_lmdb.h"
#include "shared_lock.h"

/* LMDB's msync(): a disk that can be looked at, and can fail. */
static atomic_int synced;
static atomic_bool has_failed;

int
msync(void *start, size_t length, int flags)
{
    if (atomic_load(&has_failed)) {
        errno = EIO;
        return -1;
    }
    int result = (int)syscall(SYS_msync, start, length, flags);
    if (result == 0 && (flags & MS_SYNC) != 0)
        atomic_fetch_add(&synced, 1);
    return result;
}

/* A disk with so much room; 0: with more than anybody wants. */
static off_t room;

/* The name that the C library's has where hiredis asks for large files. */
int
posix_fallocate64(int fd, off64_t at, off64_t length)
{
    if (room > 0 && at + length > room)
        return ENOSPC;
    if (fallocate64(fd, 0, at, length) == 0)
        return 0;
    return errno == EOPNOTSUPP && ftruncate64(fd, at + length) == 0 ? 0 : errno;
}

static void
wait_for_syncs(int count)
{
    struct deadline deadline = deadline_after(SCRATCH_WAIT_MS);
    while (atomic_load(&synced) < count && !deadline_is_over(deadline))
        poll(NULL, 0, 5);
    assert_true(atomic_load(&synced) >= count);
}

static void
wait_until_up_is(struct store *store, bool wanted)
{
    struct deadline deadline = deadline_after(SCRATCH_WAIT_MS);
    while (scratch_status(store).is_up != wanted && !deadline_is_over(deadline))
        poll(NULL, 0, 5);
    assert_int_equal(scratch_status(store).is_up, wanted);
}

static void
test_what_was_written_is_soon_on_the_disk(void **unused)
{
    (void)unused;
    struct scratch scratch;
    scratch_make(&scratch);
    struct store *store = scratch_open(&scratch, true);
    scratch_ban(store, 1);
    /* one may have been under way */
    wait_for_syncs(atomic_load(&synced) + 2);
    store_close(store);
    scratch_remove(&scratch);
}

static void
test_a_disk_that_fails_is_an_outage_and_ends_with_it(void **unused)
{
    (void)unused;
    struct scratch scratch;
    scratch_make(&scratch);
    struct store *store = scratch_open(&scratch, true);
    scratch_ban(store, 1);
    atomic_store(&has_failed, true);
    wait_until_up_is(store, false);
    assert_non_null(strstr(scratch_status(store).error, "Input/output error"));
    atomic_store(&has_failed, false);
    wait_until_up_is(store, true);
    assert_true(scratch_is_banned(store, 1));
    store_close(store);
    scratch_remove(&scratch);
}

/* Standard error goes to a file while deed runs. */
static FILE *
log_of(void (*deed)(struct scratch *), struct scratch *scratch)
{
    FILE *log = tmpfile();
    int saved = dup(STDERR_FILENO);
    assert_non_null(log);
    dup2(fileno(log), STDERR_FILENO);
    deed(scratch);
    dup2(saved, STDERR_FILENO);
    close(saved);
    return log;
}

/* Lines that have both. */
static size_t
count_lines(FILE *log, const char *text, const char *other)
{
    char line[4096];
    size_t count = 0;
    rewind(log);
    while (fgets(line, sizeof line, log) != NULL)
        count += strstr(line, text) != NULL && strstr(line, other) != NULL;
    return count;
}

static void
make_empty_file(const char *path)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fclose(file);
}

static void
find_a_corrupt_file(struct scratch *scratch)
{
    assert_int_equal(truncate(scratch->file, 100), 0);
    struct store *store = scratch_open(scratch, true);
    assert_true(scratch_status(store).is_up);
    store_close(store);
}

static void
test_a_corrupt_file_is_told_and_only_the_last_is_kept(void **unused)
{
    (void)unused;
    struct scratch scratch;
    char earlier[SCRATCH_PATH_MAX + 16], pattern[SCRATCH_PATH_MAX + 16], moved[256];
    glob_t found = {.gl_pathc = 0};
    scratch_make(&scratch);
    store_close(scratch_open(&scratch, true));
    snprintf(earlier, sizeof earlier, "%s.corrupt-1", scratch.file);
    make_empty_file(earlier);

    FILE *log = log_of(find_a_corrupt_file, &scratch);
    snprintf(pattern, sizeof pattern, "%s.corrupt-*", scratch.file);
    assert_int_equal(glob(pattern, 0, NULL, &found), 0);
    assert_int_equal(found.gl_pathc, 1);
    assert_string_not_equal(found.gl_pathv[0], earlier);
    snprintf(moved, sizeof moved, " moved_to=%s\n", found.gl_pathv[0]);
    assert_int_equal(count_lines(log, " level=error event=store.corrupt ", moved), 1);
    globfree(&found);
    fclose(log);
    scratch_remove(&scratch);
}

static void
fill_with_bans(struct scratch *scratch)
{
    unsigned refused = 0;
    struct store *store = scratch_open(scratch, true);
    for (uint32_t i = 0; i < 20000 && refused < 100; i++) {
        struct store_op op = scratch_set_ban(i);
        scratch_run(store, &op, 1);
        refused += !op.hit;
    }
    assert_int_equal(refused, 100);
    store_close(store);
}

static void
test_bans_that_are_not_kept_are_told_once_a_minute(void **unused)
{
    (void)unused;
    struct scratch scratch;
    scratch_make(&scratch);
    scratch.size_bytes = 1 << 20;
    FILE *log = log_of(fill_with_bans, &scratch);
    assert_int_equal(
        count_lines(log, " event=store.full ", "no room for another ban or drain, it was not kept"),
        1);
    fclose(log);
    scratch_remove(&scratch);
}

static void
open_on_a_small_disk(struct scratch *scratch)
{
    store_close(scratch_open(scratch, true));
}

static void
test_a_disk_with_less_room_is_used_and_told(void **unused)
{
    (void)unused;
    struct scratch scratch;
    scratch_make(&scratch);
    scratch.size_bytes = 16 << 20;
    room = 3 << 20;
    FILE *log = log_of(open_on_a_small_disk, &scratch);
    room = 0;
    assert_int_equal(
        count_lines(log, " level=warn event=store.small ", " bytes=2097152 wanted=16777216 "), 1);
    fclose(log);
    struct stat file;
    assert_int_equal(stat(scratch.file, &file), 0);
    assert_int_equal(file.st_size, 2 << 20);
    scratch_remove(&scratch);
}

/* Another writer who takes his time. */
struct writer {
    pthread_t thread;
    struct shared_lock *lock;
    atomic_bool has_turn;
};

static void *
keep_the_turn(void *context)
{
    enum { TURN_MS = 300 }; /* longer than anybody is given while the file is full */
    struct writer *writer = context;
    assert_int_equal(shared_lock_enter(writer->lock, deadline_after(SCRATCH_WAIT_MS)), 0);
    atomic_store(&writer->has_turn, true);
    poll(NULL, 0, TURN_MS);
    shared_lock_leave(writer->lock);
    return NULL;
}

static void
wait_for_a_turn(struct scratch *scratch)
{
    struct writer writer = {.lock = NULL};
    struct err err = {.text = ""};
    char path[2 * SCRATCH_PATH_MAX];
    bool is_alone;
    struct store *store = scratch_open(scratch, true);
    snprintf(path, sizeof path, "%s/state.lock", scratch->folder);
    writer.lock = shared_lock_open(path, NULL, &is_alone, deadline_after(SCRATCH_WAIT_MS), &err);
    assert_non_null(writer.lock);
    shared_lock_ready(writer.lock);
    assert_int_equal(pthread_create(&writer.thread, NULL, keep_the_turn, &writer), 0);
    while (!atomic_load(&writer.has_turn))
        poll(NULL, 0, 1);
    struct store_op op = scratch_count(1, 1);
    scratch_run(store, &op, 1);
    pthread_join(writer.thread, NULL);
    shared_lock_close(writer.lock);
    store_close(store);
}

/* Else a crowd of attackers would have known networks and windows forgotten. */
static void
test_who_waits_for_his_turn_does_not_take_the_file_for_full(void **unused)
{
    (void)unused;
    struct scratch scratch;
    scratch_make(&scratch);
    FILE *log = log_of(wait_for_a_turn, &scratch);
    assert_int_equal(count_lines(log, " event=store.full ", "the oldest counters"), 0);
    fclose(log);
    scratch_remove(&scratch);
}

static mode_t
mode_of(const char *path)
{
    struct stat status;
    assert_int_equal(lstat(path, &status), 0);
    return status.st_mode & 07777;
}

static void
test_folder_and_files_are_the_services_alone(void **unused)
{
    (void)unused;
    static const char *const files[] = {"state.mdb", "state.mdb-lock", "state.lock"};
    struct scratch scratch;
    scratch_make(&scratch);
    struct scratch inner = scratch;
    snprintf(inner.folder, sizeof inner.folder, "%s/state", scratch.folder);
    mode_t before = umask(0);
    struct store *store = scratch_open(&inner, true);
    scratch_ban(store, 1);
    store_close(store);
    umask(before);
    assert_int_equal(mode_of(inner.folder), 0700);
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        char path[2 * SCRATCH_PATH_MAX];
        snprintf(path, sizeof path, "%s/%s", inner.folder, files[i]);
        assert_int_equal(mode_of(path), 0600);
    }
    scratch_remove(&scratch);
}

/* Somebody else's file would be overwritten. */
static void
test_links_are_not_followed(void **unused)
{
    (void)unused;
    static const char *const files[] = {"state.mdb", "state.lock"};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        char path[SCRATCH_PATH_MAX], other[SCRATCH_PATH_MAX];
        struct scratch scratch;
        scratch_make(&scratch);
        store_close(scratch_open(&scratch, true));
        snprintf(path, sizeof path, "%s/%s", scratch.folder, files[i]);
        snprintf(other, sizeof other, "%s/other", scratch.folder);
        assert_int_equal(rename(path, other), 0);
        assert_int_equal(symlink(other, path), 0);
        struct store *store = scratch_open(&scratch, true);
        assert_false(scratch_status(store).is_up);
        store_close(store);
        scratch_remove(&scratch);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_was_written_is_soon_on_the_disk),
        cmocka_unit_test(test_a_disk_that_fails_is_an_outage_and_ends_with_it),
        cmocka_unit_test(test_a_corrupt_file_is_told_and_only_the_last_is_kept),
        cmocka_unit_test(test_who_waits_for_his_turn_does_not_take_the_file_for_full),
        cmocka_unit_test(test_a_disk_with_less_room_is_used_and_told),
        cmocka_unit_test(test_folder_and_files_are_the_services_alone),
        cmocka_unit_test(test_links_are_not_followed),
        cmocka_unit_test(test_bans_that_are_not_kept_are_told_once_a_minute),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
