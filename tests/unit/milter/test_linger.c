#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "answered.h"
#include "clock.h"
#include "linger.h"

enum { TRIES = 1000 };

static const int64_t linger_us = (int64_t)LINGER_MS * 1000;

struct wait {
    const char *name;
    enum { SAID_NOTHING = 0, SAID_THERE, SAID_ELSEWHERE, SAID_AND_CLOSED } said;
    short events;
    nfds_t count;
    int timeout_ms;
    bool want_lingers;
};

static void
say(int fd)
{
    char letter = 'c';
    answered_settle(); /* as each step does first */
    const struct iovec answer = {.iov_base = &letter, .iov_len = 1};
    assert_int_equal(writev(fd, &answer, 1), 1);
}

/* Waits for what never comes; returns how long it took. */
static int64_t
wait_once(const struct wait *wait, int fd)
{
    struct pollfd polled[2] = {{.fd = fd, .events = wait->events}, {.fd = -1}};
    int64_t began_us = clock_now_us();
    assert_int_equal(linger_poll(polled, wait->count, wait->timeout_ms), 0);
    return clock_now_us() - began_us;
}

static void
say_before(const struct wait *wait, int fd, int other)
{
    linger_no_more();
    switch (wait->said) {
    case SAID_NOTHING:
        break;
    case SAID_THERE:
        say(fd);
        break;
    case SAID_ELSEWHERE:
        say(other);
        break;
    case SAID_AND_CLOSED:
        say(fd);
        linger_no_more();
        break;
    }
}

static bool
lingers(const struct wait *wait, int fd)
{
    int64_t took_us = wait_once(wait, fd);
    /* A busy machine makes any wait long, but not all of them. */
    for (int i = 0; i < TRIES && !wait->want_lingers && took_us >= linger_us; i++)
        took_us = wait_once(wait, fd);
    return took_us >= linger_us;
}

static void
test_a_thread_lingers_where_it_has_said_something(void **state)
{
    static const struct wait waits[] = {
        {"behind an answer", SAID_THERE, POLLIN, 1, 1, true},
        {"without an answer", SAID_NOTHING, POLLIN, 1, 1, false},
        {"behind an answer to somebody else", SAID_ELSEWHERE, POLLIN, 1, 1, false},
        {"behind the last answer", SAID_AND_CLOSED, POLLIN, 1, 1, false},
        {"with another connection", SAID_THERE, POLLIN, 2, 1, false},
        {"for more than something to read", SAID_THERE, POLLIN | POLLPRI, 1, 1, false},
        {"another time", SAID_THERE, POLLIN, 1, 2, false},
        {"no time", SAID_THERE, POLLIN, 1, 0, false},
    };
    (void)state;
    int pairs[2][2];
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pairs[i]), 0);
    for (size_t i = 0; i < sizeof waits / sizeof waits[0]; i++) {
        print_message("%s\n", waits[i].name);
        say_before(&waits[i], pairs[0][0], pairs[1][0]);
        assert_int_equal(lingers(&waits[i], pairs[0][0]), waits[i].want_lingers);
    }
    for (size_t i = 0; i < 4; i++)
        close(pairs[i / 2][i % 2]);
}

static void
test_the_next_step_ends_the_wait(void **state)
{
    static const int timeouts_ms[] = {1, -1};
    (void)state;
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    say(pair[0]);
    say(pair[1]);
    linger_on(pair[0]);
    for (size_t i = 0; i < sizeof timeouts_ms / sizeof timeouts_ms[0]; i++) {
        struct pollfd polled = {.fd = pair[0], .events = POLLIN};
        assert_int_equal(linger_poll(&polled, 1, timeouts_ms[i]), 1);
        assert_int_equal(polled.revents, POLLIN);
    }
    close(pair[0]);
    close(pair[1]);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_thread_lingers_where_it_has_said_something),
        cmocka_unit_test(test_the_next_step_ends_the_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
