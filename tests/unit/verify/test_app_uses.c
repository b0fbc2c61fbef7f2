/* The test's own pthread_create can be told that there are as many threads as there may be. */
#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "app_uses.h"
#include "deadline.h"
#include "file.h"

enum { NOON_S = 1801396800, PROMPTLY_MS = 20000 }; /* 2027-01-31T12:00:00Z */

static bool is_exhausted;

int
pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
               void *argument)
{
    static int (*create)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
    if (is_exhausted)
        return EAGAIN;
    if (create == NULL)
        *(void **)&create = dlsym(RTLD_NEXT, "pthread_create");
    return create(thread, attributes, run, argument);
}

static char folder[] = "/tmp/mailreeve-uses-XXXXXX";
static char path[64], lock_path[72], log_path[64];

static bool
is_known(const void *context, const char *user, const char *app)
{
    (void)context;
    (void)user;
    (void)app;
    return true;
}

static bool
has_line(const char *file, const char *line)
{
    struct err err;
    size_t length = 0;
    char *text = file_read(file, 4096, &length, &err);
    bool is_there = text != NULL && strstr(text, line) != NULL;
    free(text);
    return is_there;
}

static bool
is_written(const char *line)
{
    return has_line(path, line);
}

static void
test_uses_are_kept_though_no_thread_can_be_made(void **state)
{
    (void)state;
    struct app_uses *uses = app_uses_open("users", path, is_known, NULL);
    is_exhausted = true;
    app_uses_note(uses, "boss", "phone", NOON_S);
    is_exhausted = false;
    assert_false(is_written("boss phone"));
    app_uses_close(uses);
    assert_true(is_written("boss phone 2027-01-31T12:00:00Z\n"));
}

static void
test_a_later_use_makes_the_thread(void **state)
{
    (void)state;
    struct app_uses *uses = app_uses_open("users", path, is_known, NULL);
    is_exhausted = true;
    app_uses_note(uses, "boss", "tablet", NOON_S);
    is_exhausted = false;
    app_uses_note(uses, "boss", "laptop", NOON_S);
    const struct deadline give_up = deadline_after(PROMPTLY_MS);
    while (!is_written("boss laptop") && !deadline_is_over(give_up))
        poll(NULL, 0, 10);
    assert_true(is_written("boss tablet"));
    assert_true(is_written("boss laptop"));
    app_uses_close(uses);
}

/* Standard error goes to a file meanwhile. */
static void
test_what_could_not_be_written_is_written_at_the_end(void **state)
{
    (void)state;
    char missing[80], file[96];
    snprintf(missing, sizeof missing, "%s/later", folder);
    snprintf(file, sizeof file, "%s/used", missing);
    int stderr_fd = dup(STDERR_FILENO);
    assert_non_null(freopen(log_path, "w", stderr));
    struct app_uses *uses = app_uses_open("users", file, is_known, NULL);
    app_uses_note(uses, "boss", "phone", NOON_S);
    const struct deadline give_up = deadline_after(PROMPTLY_MS);
    while (!has_line(log_path, "users.uses-not-kept") && !deadline_is_over(give_up))
        poll(NULL, 0, 10);
    dup2(stderr_fd, STDERR_FILENO);
    close(stderr_fd);
    assert_int_equal(mkdir(missing, 0700), 0);
    app_uses_close(uses);
    assert_true(has_line(file, "boss phone"));
    unlink(file);
    assert_int_equal(unlink(strcat(file, ".lock")), 0);
    rmdir(missing);
}

static void
test_those_who_write_one_file_wait_for_each_other(void **state)
{
    static const char other[] = "boss watch 2027-01-31T12:00:00Z\n";
    (void)state;
    int lock = file_lock(path, 0, NULL);
    assert_true(lock >= 0);
    struct app_uses *uses = app_uses_open("users", path, is_known, NULL);
    app_uses_note(uses, "boss", "radio", NOON_S);
    const struct deadline enough = deadline_after(200);
    while (!is_written("boss radio") && !deadline_is_over(enough))
        poll(NULL, 0, 10);
    assert_int_equal(file_replace(path, other, sizeof other - 1, 0600, NULL), 0);
    close(lock);
    app_uses_close(uses);
    assert_true(is_written("boss radio"));
    assert_true(is_written("boss watch"));
}

/* Its owner could have put a link to any file there. */
static void
test_root_writes_nothing_into_somebody_elses_folder(void **state)
{
    static const mode_t modes[] = {0700, 0770, 01777};
    (void)state;
    if (geteuid() != 0)
        skip();
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(chown(folder, i == 0 ? 65534 : 0, 0), 0);
        assert_int_equal(chmod(folder, modes[i]), 0);
        struct app_uses *uses = app_uses_open("users", path, is_known, NULL);
        app_uses_note(uses, "boss", "bell", NOON_S);
        app_uses_close(uses);
        assert_int_equal(chown(folder, 0, 0), 0);
        assert_int_equal(chmod(folder, 0700), 0);
        assert_false(is_written("boss bell"));
    }
}

static int
remove_folder(void **state)
{
    (void)state;
    unlink(path);
    unlink(lock_path);
    unlink(log_path);
    return rmdir(folder);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_uses_are_kept_though_no_thread_can_be_made),
        cmocka_unit_test(test_a_later_use_makes_the_thread),
        cmocka_unit_test(test_what_could_not_be_written_is_written_at_the_end),
        cmocka_unit_test(test_those_who_write_one_file_wait_for_each_other),
        cmocka_unit_test(test_root_writes_nothing_into_somebody_elses_folder),
    };
    if (mkdtemp(folder) == NULL)
        return EXIT_FAILURE;
    snprintf(path, sizeof path, "%s/used", folder);
    snprintf(lock_path, sizeof lock_path, "%s.lock", path);
    snprintf(log_path, sizeof log_path, "%s/log", folder);
    return cmocka_run_group_tests(tests, NULL, remove_folder);
}
