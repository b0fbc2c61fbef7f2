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
#include <stdlib.h>
#include <string.h>
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

static char path[] = "/tmp/mailreeve-uses-XXXXXX";

static bool
is_known(const void *context, const char *user, const char *app)
{
    (void)context;
    (void)user;
    (void)app;
    return true;
}

static bool
is_written(const char *line)
{
    struct err err;
    size_t length = 0;
    char *text = file_read(path, 4096, &length, &err);
    bool is_there = text != NULL && strstr(text, line) != NULL;
    free(text);
    return is_there;
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

static int
remove_file(void **state)
{
    (void)state;
    return unlink(path);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_uses_are_kept_though_no_thread_can_be_made),
        cmocka_unit_test(test_a_later_use_makes_the_thread),
    };
    int fd = mkstemp(path);
    if (fd < 0)
        return EXIT_FAILURE;
    close(fd);
    return cmocka_run_group_tests(tests, NULL, remove_file);
}
