#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "background.h"
#include "connections.h"
#include "quiet.h"

static struct deadline
at_once(void)
{
    return deadline_after(0);
}

static void
test_messages_are_counted_once(void **state)
{
    (void)state;
    struct connections *all = connections_create(&quiet.guard);
    connections_enter(all);
    struct connection *first = connections_add(all), *second = connections_add(all);
    assert_true(connection_begin_message(first));
    assert_true(connection_begin_message(first));
    assert_true(connection_begin_message(second));
    connection_end_message(second);
    connection_end_message(second);
    assert_int_equal(connections_inside(all), 1);
    connections_leave(all);
    assert_int_equal(connections_inside(all), 0);
    assert_int_equal(connections_drain(all, at_once()), 1);
    connections_enter(all);
    connection_end_message(first);
    connections_leave(all);
    assert_int_equal(connections_drain(all, at_once()), 0);
    assert_int_equal(connections_close(all, at_once()), 0);
    connections_free(all);
}

static void
test_no_message_begins_once_it_drains(void **state)
{
    (void)state;
    struct connections *all = connections_create(&quiet.guard);
    struct connection *busy = connections_add(all), *idle = connections_add(all);
    assert_true(connection_begin_message(busy));
    assert_int_equal(connections_drain(all, at_once()), 1);
    assert_false(connection_begin_message(idle));
    assert_false(connection_begin_message(busy));
    /* it was refused, but the message before it is over, too */
    connection_end_message(busy);
    assert_int_equal(connections_drain(all, at_once()), 0);
    assert_int_equal(connections_close(all, at_once()), 0);
    connections_free(all);
}

static void
test_connection_that_ends_takes_its_message_along(void **state)
{
    (void)state;
    struct connections *all = connections_create(&quiet.guard);
    struct connection *connections[3];
    for (size_t i = 0; i < 3; i++) {
        connections[i] = connections_add(all);
        assert_true(connection_begin_message(connections[i]));
    }
    connections_remove(connections[1]);
    assert_int_equal(connections_drain(all, at_once()), 2);
    connections_remove(connections[2]);
    assert_int_equal(connections_drain(all, at_once()), 1);
    connections_remove(connections[0]);
    assert_int_equal(connections_drain(all, at_once()), 0);
    assert_int_equal(connections_close(all, at_once()), 0);
    connections_free(all);
}

static void
test_close_waits_for_who_is_in(void **state)
{
    (void)state;
    struct connections *all = connections_create(&quiet.guard);
    struct connection *connection = connections_add(all);
    connections_enter(all);
    assert_true(connection_begin_message(connection));
    assert_int_equal(connections_close(all, at_once()), 1);
    /* nothing was taken from under him */
    connection_end_message(connection);
    connections_leave(all);
    assert_int_equal(connections_close(all, at_once()), 0);
    connections_free(all);
}

static int
end_the_message(void *context)
{
    connection_end_message(context);
    return 1000;
}

static void
test_drain_ends_with_the_last_message(void **state)
{
    (void)state;
    struct connections *all = connections_create(&quiet.guard);
    struct connection *connection = connections_add(all);
    assert_true(connection_begin_message(connection));
    struct background *other = background_start("message", end_the_message, connection);
    assert_int_equal(connections_drain(all, deadline_after(10000)), 0);
    background_stop(other);
    assert_int_equal(connections_close(all, at_once()), 0);
    connections_free(all);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_messages_are_counted_once),
        cmocka_unit_test(test_no_message_begins_once_it_drains),
        cmocka_unit_test(test_connection_that_ends_takes_its_message_along),
        cmocka_unit_test(test_close_waits_for_who_is_in),
        cmocka_unit_test(test_drain_ends_with_the_last_message),
    };
    return cmocka_run_group_tests(tests, quiet_begin, quiet_end);
}
