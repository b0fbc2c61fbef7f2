/* Whether a store's lock is one that nobody has any more. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "shared_lock.h"

enum { WAIT_MS = 20000 };

static struct shared_lock *
take(const char *path)
{
    struct err err = {.text = ""};
    bool is_alone;
    struct shared_lock *lock =
        shared_lock_open(path, NULL, &is_alone, deadline_after(WAIT_MS), &err);
    if (lock == NULL)
        fail_msg("%s", err.text);
    return lock;
}

static void
test_left(void **state)
{
    static const struct {
        const char *name;
        enum { NOT_THERE = 0, JUST_MADE, BEING_OPENED, IN_USE, ENDED } stage;
        bool want_left;
    } cases[] = {
        {.name = "there is none"},
        {.name = "somebody has made it this very moment, and is about to take it",
         .stage = JUST_MADE},
        {.name = "somebody opens the store", .stage = BEING_OPENED},
        {.name = "somebody uses it", .stage = IN_USE},
        {.name = "whoever used it has ended", .stage = ENDED, .want_left = true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char folder[] = "/tmp/mailreeve-lock-XXXXXX", path[64];
        struct shared_lock *lock = NULL;
        print_message("%s\n", cases[i].name);
        assert_non_null(mkdtemp(folder));
        snprintf(path, sizeof path, "%s/state.lock", folder);
        if (cases[i].stage == JUST_MADE)
            close(open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600));
        if (cases[i].stage >= BEING_OPENED)
            lock = take(path);
        if (cases[i].stage >= IN_USE)
            shared_lock_ready(lock);
        if (cases[i].stage == ENDED) {
            shared_lock_close(lock);
            lock = NULL;
        }
        assert_int_equal(shared_lock_is_left(path), cases[i].want_left);
        shared_lock_close(lock);
        unlink(path);
        assert_int_equal(rmdir(folder), 0);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_left)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
