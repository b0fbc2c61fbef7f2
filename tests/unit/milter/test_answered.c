#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <sys/uio.h>
#include <unistd.h>

#include "answered.h"
#include "quiet.h"

struct way {
    const char *name;
    bool has_gone; /* the mail server, before the answer */
    bool is_silent;
};

static void
say(const struct way *way)
{
    char letter = 'c';
    const struct iovec answer = {.iov_base = &letter, .iov_len = 1};
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    if (way->has_gone)
        close(ends[1]);
    errno = 0;
    assert_int_equal(writev(ends[1], &answer, 1), way->has_gone ? -1 : 1);
    assert_int_equal(errno, way->has_gone ? EBADF : 0);
    close(ends[0]);
    if (!way->has_gone)
        close(ends[1]);
}

static void
test_message_is_under_way_until_its_answer_is_said(void **state)
{
    static const struct way ways[] = {
        {.name = "an answer that arrives"},
        {.name = "an answer to nobody", .has_gone = true},
        {.name = "no answer, and the next step", .is_silent = true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        print_message("%s\n", ways[i].name);
        struct connections *all = connections_create(&quiet.guard);
        connections_enter(all);
        struct connection *connection = connections_add(all);
        assert_true(connection_begin_message(connection));
        answered_await(connection);
        assert_int_equal(connections_drain(all, deadline_after(0)), 1);
        assert_int_equal(connections_close(all, deadline_after(0)), 1);
        if (ways[i].is_silent)
            answered_settle();
        else
            say(&ways[i]);
        assert_int_equal(connections_drain(all, deadline_after(0)), 0);
        assert_int_equal(connections_close(all, deadline_after(0)), 0);
        connections_free(all);
    }
}

static void
test_other_answers_end_no_message(void **state)
{
    (void)state;
    struct connections *all = connections_create(&quiet.guard);
    connections_enter(all);
    struct connection *connection = connections_add(all);
    assert_true(connection_begin_message(connection));
    connections_leave(all);
    say(&(struct way){0});
    answered_settle();
    assert_int_equal(connections_drain(all, deadline_after(0)), 1);
    assert_int_equal(connections_close(all, deadline_after(0)), 0);
    connections_free(all);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_message_is_under_way_until_its_answer_is_said),
        cmocka_unit_test(test_other_answers_end_no_message),
    };
    return cmocka_run_group_tests(tests, quiet_begin, quiet_end);
}
