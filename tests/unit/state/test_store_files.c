/* What may happen to the LMDB store's file: before the service starts, while it runs, and where
 * there is no room for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "broken_off.h"

enum { BANS = 500, PAGE = 4096 };

static off_t
length_of(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 ? status.st_size : -1;
}

/* A store with bans, closed again. */
static void
fill(const struct scratch *scratch)
{
    struct store *store = scratch_open(scratch, true);
    for (uint32_t i = 0; i < BANS; i++)
        scratch_ban(store, i);
    store_close(store);
}

static void
overwrite(const struct scratch *scratch, off_t at, unsigned char byte, size_t length)
{
    unsigned char bytes[PAGE];
    memset(bytes, byte, sizeof bytes);
    int fd = open(scratch->file, O_WRONLY);
    assert_true(fd >= 0);
    for (size_t done = 0; done < length; done += sizeof bytes) {
        size_t part = length - done < sizeof bytes ? length - done : sizeof bytes;
        assert_int_equal(pwrite(fd, bytes, part, at + (off_t)done), part);
    }
    close(fd);
}

static void
test_files_that_the_service_finds_when_it_starts(void **unused)
{
    (void)unused;
    static const struct {
        const char *name;
        off_t cut; /* to that length; 0: not */
        bool is_removed, is_empty;
        off_t at; /* bytes are overwritten from here */
        size_t length;
        unsigned char byte;
        bool want_bans, want_aside;
    } cases[] = {
        {.name = "a whole one is gone on with", .want_bans = true},
        {.name = "one whose unused end is cut off is made as long as it was",
         .cut = SCRATCH_BYTES / 2,
         .want_bans = true},
        {.name = "none is made anew", .is_removed = true},
        {.name = "an empty one is made anew", .is_empty = true},
        {.name = "one cut short in what is in use is moved aside",
         .cut = 5 * PAGE,
         .want_aside = true},
        {.name = "one cut short in its first page is moved aside", .cut = 100, .want_aside = true},
        {.name = "garbage is moved aside",
         .length = SCRATCH_BYTES,
         .byte = 0xa5,
         .want_aside = true},
        {.name = "zeros are moved aside", .length = SCRATCH_BYTES, .want_aside = true},
        {.name = "one with a page that is garbage is moved aside",
         .at = (off_t)6 * PAGE,
         .length = (size_t)20 * PAGE,
         .byte = 0xff,
         .want_aside = true},
        {.name = "one whose second page is gone is moved aside",
         .at = PAGE,
         .length = PAGE,
         .want_aside = true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct scratch scratch;
        scratch_make(&scratch);
        fill(&scratch);
        if (cases[i].cut > 0)
            assert_int_equal(truncate(scratch.file, cases[i].cut), 0);
        if (cases[i].is_removed)
            assert_int_equal(unlink(scratch.file), 0);
        if (cases[i].is_empty)
            assert_int_equal(truncate(scratch.file, 0), 0);
        if (cases[i].length > 0)
            overwrite(&scratch, cases[i].at, cases[i].byte, cases[i].length);
        struct store *store = scratch_open(&scratch, true);
        print_message("%s\n", cases[i].name);
        for (uint32_t ban = 0; ban < BANS; ban += 7)
            if (scratch_is_banned(store, ban) != cases[i].want_bans)
                fail_msg("%s: ban %u", cases[i].name, ban);
        assert_int_equal(count_moved_aside(&scratch), cases[i].want_aside);
        assert_int_equal(length_of(scratch.file), SCRATCH_BYTES);
        scratch_ban(store, BANS);
        assert_true(scratch_is_banned(store, BANS));
        store_close(store);
        scratch_remove(&scratch);
    }
}

static void
test_a_command_touches_no_corrupt_file_and_says_so(void **unused)
{
    (void)unused;
    struct scratch scratch;
    struct err err = {.text = ""};
    struct store_op op = scratch_find_ban(0);
    scratch_make(&scratch);
    fill(&scratch);
    assert_int_equal(truncate(scratch.file, (off_t)5 * PAGE), 0);
    struct store *store = scratch_open(&scratch, false);
    assert_int_equal(scratch_try(store, &op, 1, &err), -1);
    assert_non_null(strstr(err.text, "is corrupt: it has been cut short"));
    store_close(store);
    assert_int_equal(length_of(scratch.file), (off_t)5 * PAGE);
    assert_int_equal(count_moved_aside(&scratch), 0);
    scratch_remove(&scratch);
}

/* A generator of our own, so that a failure can be had again. */
static uint32_t
next_random(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

static bool
count_item(void *context, const struct store_item *item)
{
    (void)item;
    (*(size_t *)context)++;
    return true;
}

/* Bytes of pages in use are changed: whatever comes of it, the service starts and works. What is
 * changed in a reason nobody can tell. */
static void
test_changed_bytes_never_stop_the_service(void **unused)
{
    (void)unused;
    enum { ROUNDS = 60, CHANGES = 3, PAGES_IN_USE = 40 };
    uint32_t state = 5;
    size_t moved = 0;
    struct scratch scratch;
    scratch_make(&scratch);
    scratch.size_bytes = 1 << 20;
    fill(&scratch);
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < CHANGES; i++) {
            off_t page = next_random(&state) % PAGES_IN_USE, in_page = next_random(&state) % 48;
            overwrite(&scratch, page * PAGE + in_page, (unsigned char)next_random(&state), 1);
        }
        size_t seen = 0;
        struct store *store = scratch_open(&scratch, true);
        assert_int_equal(store_list(store, STORE_BANS, clock_wall_ms(),
                                    deadline_after(SCRATCH_WAIT_MS), count_item, &seen, NULL),
                         0);
        scratch_ban(store, BANS);
        store_close(store);
        moved += seen == 0;
        if (seen == 0)
            fill(&scratch);
    }
    assert_in_range(moved, 1, ROUNDS);
    scratch_remove(&scratch);
}

static void
remove_file(const struct scratch *scratch)
{
    assert_int_equal(unlink(scratch->file), 0);
}

static void
remove_all(const struct scratch *scratch)
{
    char path[SCRATCH_PATH_MAX + 8];
    remove_file(scratch);
    snprintf(path, sizeof path, "%s-lock", scratch->file);
    assert_int_equal(unlink(path), 0);
    snprintf(path, sizeof path, "%s/state.lock", scratch->folder);
    assert_int_equal(unlink(path), 0);
}

static void
cut(const struct scratch *scratch)
{
    assert_int_equal(truncate(scratch->file, (off_t)3 * PAGE), 0);
}

static void
cut_all(const struct scratch *scratch)
{
    assert_int_equal(truncate(scratch->file, 0), 0);
}

static void
replace(const struct scratch *scratch, off_t length)
{
    char path[SCRATCH_PATH_MAX + 8];
    snprintf(path, sizeof path, "%s.new", scratch->file);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs("this is no database", file);
    fclose(file);
    assert_int_equal(truncate(path, length), 0);
    assert_int_equal(rename(path, scratch->file), 0);
}

static void
replace_by_a_short_one(const struct scratch *scratch)
{
    replace(scratch, 20);
}

static void
replace_by_one_as_long(const struct scratch *scratch)
{
    replace(scratch, SCRATCH_BYTES);
}

struct hammer {
    struct store *store;
    atomic_bool stop;
};

static void *
hammer(void *context)
{
    struct hammer *hammer = context;
    for (uint32_t i = 0; !atomic_load(&hammer->stop); i++) {
        struct store_op ops[] = {scratch_find_ban(i % BANS), scratch_count(i % 100, i % 2)};
        scratch_try(hammer->store, ops, 1 + i % 2, NULL);
    }
    return NULL;
}

static void
test_what_happens_to_the_file_while_it_is_in_use(void **unused)
{
    (void)unused;
    enum { THREADS = 4 };
    static const struct {
        const char *name;
        void (*deed)(const struct scratch *);
    } cases[] = {
        {"it is removed", remove_file},
        {"all files are removed", remove_all},
        {"it is cut short", cut},
        {"it is cut to nothing", cut_all},
        {"it is replaced by a short one", replace_by_a_short_one},
        {"it is replaced by one as long", replace_by_one_as_long},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct scratch scratch;
        pthread_t threads[THREADS];
        scratch_make(&scratch);
        fill(&scratch);
        struct hammer context = {.store = scratch_open(&scratch, true)};
        for (size_t j = 0; j < THREADS; j++)
            assert_int_equal(pthread_create(&threads[j], NULL, hammer, &context), 0);
        print_message("%s\n", cases[i].name);
        if (CANNOT_BE_BROKEN_OFF && (cases[i].deed == cut || cases[i].deed == cut_all))
            remove_file(&scratch);
        else
            cases[i].deed(&scratch);
        struct deadline deadline = deadline_after(SCRATCH_WAIT_MS);
        for (bool is_new = false; !is_new && !deadline_is_over(deadline); poll(NULL, 0, 10)) {
            struct store_op op = scratch_find_ban(1);
            is_new = scratch_try(context.store, &op, 1, NULL) == 0 && !op.hit &&
                     length_of(scratch.file) == SCRATCH_BYTES;
        }
        scratch_wait_up(context.store);
        scratch_ban(context.store, BANS);
        assert_true(scratch_is_banned(context.store, BANS));
        assert_false(scratch_is_banned(context.store, 1));
        atomic_store(&context.stop, true);
        for (size_t j = 0; j < THREADS; j++)
            pthread_join(threads[j], NULL);
        store_close(context.store);
        struct store *again = scratch_open(&scratch, true);
        assert_true(scratch_is_banned(again, BANS));
        store_close(again);
        scratch_remove(&scratch);
    }
}

/* Opens the store in a process of its own, which bans when it is told to and says whether it could.
 */
static pid_t
start_neighbour(const struct scratch *scratch, int from, int to)
{
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    struct store *store = scratch_open(scratch, true);
    uint32_t number;
    while (read(from, &number, sizeof number) == sizeof number) {
        struct store_op op = scratch_set_ban(number);
        struct deadline deadline = deadline_after(SCRATCH_WAIT_MS);
        while (scratch_try(store, &op, 1, NULL) != 0 && !deadline_is_over(deadline))
            poll(NULL, 0, 5);
        if (write(to, &op.hit, sizeof op.hit) != sizeof op.hit)
            break;
    }
    _exit(0);
}

static void
test_neighbours_go_on_with_the_same_file(void **unused)
{
    (void)unused;
    struct scratch scratch;
    int there[2], back[2];
    uint32_t number = BANS;
    bool could = false;
    scratch_make(&scratch);
    fill(&scratch);
    assert_int_equal(pipe(there), 0);
    assert_int_equal(pipe(back), 0);
    pid_t pid = start_neighbour(&scratch, there[0], back[1]);
    struct store *store = scratch_open(&scratch, true);
    for (int i = 0; i < 3; i++, number++) {
        assert_int_equal(write(there[1], &number, sizeof number), sizeof number);
        assert_int_equal(read(back[0], &could, sizeof could), sizeof could);
        assert_true(could);
        struct deadline deadline = deadline_after(SCRATCH_WAIT_MS);
        struct store_op op = scratch_find_ban(number);
        while ((scratch_try(store, &op, 1, NULL) != 0 || !op.hit) && !deadline_is_over(deadline))
            poll(NULL, 0, 5);
        assert_true(op.hit);
        if (i == 1 && CANNOT_BE_BROKEN_OFF)
            remove_file(&scratch);
        else if (i == 1)
            cut(&scratch);
        struct store_op count = scratch_count(1, 1);
        scratch_try(store, &count, 1, NULL);
    }
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    for (int i = 0; i < 2; i++) {
        close(there[i]);
        close(back[i]);
    }
    store_close(store);
    scratch_remove(&scratch);
}

enum { NO_MOUNT = 77 };

static bool
say_to(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool could = fd >= 0 && write(fd, text, strlen(text)) > 0;
    close(fd);
    return could;
}

/* Who is not root may mount where he is the only user that there is. */
static bool
may_mount(void)
{
    char users[64], groups[64];
    snprintf(users, sizeof users, "%u %u 1", geteuid(), geteuid());
    snprintf(groups, sizeof groups, "%u %u 1", getegid(), getegid());
    if (geteuid() != 0 &&
        (unshare(CLONE_NEWUSER) != 0 || !say_to("/proc/self/uid_map", users) ||
         !say_to("/proc/self/setgroups", "deny") || !say_to("/proc/self/gid_map", groups)))
        return false;
    return unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
}

/* In a child with a mount of its own. Returns what it exits with. */
static int
use_small_disk(const char *folder, const char *options, bool is_enough)
{
    char filler[SCRATCH_PATH_MAX];
    if (!may_mount() || mount("tmpfs", folder, "tmpfs", 0, options) != 0)
        return NO_MOUNT;
    struct scratch scratch = {.size_bytes = 64 << 20, .timeout_ms = SCRATCH_WAIT_MS};
    snprintf(scratch.folder, sizeof scratch.folder, "%s", folder);
    struct store *store = scratch_open(&scratch, true);
    struct store_status status = scratch_status(store);
    if (status.is_up != is_enough ||
        (!is_enough && strstr(status.error, "No space left on device") == NULL))
        return 1;
    /* the rest of the disk is somebody else's */
    snprintf(filler, sizeof filler, "%s/filler", folder);
    int fd = open(filler, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    char bytes[PAGE] = "x";
    while (write(fd, bytes, sizeof bytes) > 0)
        continue;
    close(fd);
    for (uint32_t i = 0; is_enough && i < 5000; i++) {
        struct store_op ops[] = {scratch_count(i, 1), scratch_set_ban(i)};
        if (scratch_try(store, ops, 2, NULL) != 0)
            return 2;
    }
    store_close(store);
    return 0;
}

static void
test_a_full_disk(void **unused)
{
    (void)unused;
    static const struct {
        const char *name, *options;
        bool is_enough;
    } cases[] = {
        {"a disk with room for a megabyte or two is used as far as it goes", "size=3m", true},
        {"a disk with less is an outage", "size=600k", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct scratch scratch;
        int status = 0;
        scratch_make(&scratch);
        pid_t child = fork();
        if (child == 0)
            _exit(use_small_disk(scratch.folder, cases[i].options, cases[i].is_enough));
        assert_int_equal(waitpid(child, &status, 0), child);
        scratch_remove(&scratch);
        if (WIFEXITED(status) && WEXITSTATUS(status) == NO_MOUNT) {
            print_message("no mount of one's own is allowed here\n");
            skip();
        }
        if (status != 0)
            fail_msg("%s: ended with %d", cases[i].name, status);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files_that_the_service_finds_when_it_starts),
        cmocka_unit_test(test_a_command_touches_no_corrupt_file_and_says_so),
        cmocka_unit_test(test_changed_bytes_never_stop_the_service),
        cmocka_unit_test(test_what_happens_to_the_file_while_it_is_in_use),
        cmocka_unit_test(test_neighbours_go_on_with_the_same_file),
        cmocka_unit_test(test_a_full_disk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
