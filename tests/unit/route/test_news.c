/* What checks have found out: slow starts, lines in the log, flapping. */
#include "route_world.h"

static void
test_slow_start(void **state)
{
    (void)state;
    struct world world;
    size_t counts[8];
    begin(&world, "slow_start = 100s\n" A B);
    log_begin();
    check(&world, "a", NULL, true); /* the first check: it was never down */
    check(&world, "b", NULL, true);
    assert_int_equal(server_at(&world, 0).warm_percent, 100);
    bring(&world, "a", NULL, false);
    world.now_ms += 50 * SECOND_MS;
    bring(&world, "a", NULL, true);
    assert_in_range(server_at(&world, 0).warm_percent, 5, 15);
    count_choices(&world, 1000, counts);
    assert_in_range(counts[0], 50, 150); /* a tenth against a whole */
    world.now_ms += 50 * SECOND_MS;
    assert_in_range(server_at(&world, 0).warm_percent, 45, 65);
    count_choices(&world, 1000, counts);
    assert_in_range(counts[0], 290, 400);
    world.now_ms += 50 * SECOND_MS;
    assert_int_equal(server_at(&world, 0).warm_percent, 100);
    count_choices(&world, 1000, counts);
    assert_in_range(counts[0], 499, 501);

    drain(&world, "b");
    assert_used(&world, "a");
    world.now_ms += 50 * SECOND_MS;
    drain(&world, NULL);
    assert_in_range(server_at(&world, 1).warm_percent, 5, 15);
    count_choices(&world, 1000, counts);
    assert_in_range(counts[1], 50, 150);

    /* nobody else can: then it has to take them all */
    bring(&world, "a", NULL, false);
    assert_used(&world, "b");
    log_end();
    end(&world);

    begin(&world, A B); /* off is the default */
    log_begin();
    bring(&world, "a", NULL, false);
    bring(&world, "a", NULL, true);
    log_end();
    assert_int_equal(server_at(&world, 0).warm_percent, 100);
    end(&world);
}

/* A record that changes in the midst of it makes nobody warm. */
static void
test_slow_start_goes_on(void **state)
{
    (void)state;
    struct world world;
    fake_srv("_s._tcp.test", "1 0 25 x.test");
    fake_host("x.test", "192.0.2.11");
    fake_host("y.test", "192.0.2.12");
    begin(&world, "slow_start = 100s\n" SRV A);
    log_begin();
    bring(&world, "x.test", NULL, false);
    bring(&world, "x.test", NULL, true);
    fake_srv("_s._tcp.test", "1 0 25 x.test\n1 0 25 y.test");
    members_refresh(&world.servers);
    log_end();
    assert_in_range(server_at(&world, 0).warm_percent, 5, 15);
    assert_int_equal(server_at(&world, 1).warm_percent, 100);
    end(&world);
}

static void
test_lines_about_addresses(void **state)
{
    (void)state;
    struct world world;
    char line[1024];
    fake_host("x.test", "192.0.2.1 192.0.2.2");
    begin(&world, "server \"a\" { address = \"x.test:25\" }");
    log_begin();
    bring(&world, "a", "192.0.2.1", false);
    assert_int_equal(log_count("event=upstream.address-down", line), 1);
    assert_string_equal(line, "level=warn event=upstream.address-down upstream=u server=a "
                              "address=192.0.2.1:25 error=\"it is dead\"");
    assert_int_equal(log_count("event=upstream.down", line), 0);
    bring(&world, "a", "192.0.2.2", false);
    assert_int_equal(log_count("event=upstream.down", line), 1);
    bring(&world, "a", "192.0.2.2", true);
    assert_int_equal(log_count("event=upstream.up", line), 1);
    bring(&world, "a", "192.0.2.1", true);
    assert_int_equal(log_count("event=upstream.address-up", line), 1);
    assert_string_equal(
        line, "level=info event=upstream.address-up upstream=u server=a address=192.0.2.1:25");
    log_end();
    end(&world);
}

static void
test_flapping_is_told_once(void **state)
{
    (void)state;
    struct world world;
    char line[1024];
    begin(&world, A B);
    log_begin();
    const uint64_t alarms = alarm_count(ALARM_UPSTREAM_DOWN);
    for (int i = 0; i < 20; i++) {
        world.now_ms += INTERVAL_MS;
        bring(&world, "a", NULL, i % 2 == 1);
        assert_servers(&world, i % 2 == 1 ? "a b" : "(a) b"); /* it gets no sessions meanwhile */
    }
    assert_int_equal(log_count("event=upstream.down", line), 2);
    assert_int_equal(log_count("event=upstream.up", line), 2);
    assert_int_equal(alarm_count(ALARM_UPSTREAM_DOWN) - alarms, 2);
    assert_int_equal(log_count("event=upstream.flapping", line), 1);
    assert_string_equal(line, "level=warn event=upstream.flapping upstream=u server=a "
                              "address=192.0.2.1:25 changes=5 within_s=300");
    assert_true(server_at(&world, 0).is_flapping);
    assert_false(server_at(&world, 1).is_flapping);

    world.now_ms += WINDOW_MS - 1;
    check(&world, "a", NULL, true);
    assert_int_equal(log_count("event=upstream.steady", line), 0);
    world.now_ms++;
    check(&world, "a", NULL, true);
    check(&world, "a", NULL, true);
    assert_int_equal(log_count("event=upstream.steady", line), 1);
    assert_string_equal(line, "level=info event=upstream.steady upstream=u server=a "
                              "address=192.0.2.1:25 state=up");
    assert_false(server_at(&world, 0).is_flapping);
    bring(&world, "a", NULL, false);
    assert_int_equal(log_count("event=upstream.down", line), 3);
    log_end();
    end(&world);
}

/* While sessions of before a reload end, two upstreams of a name check the same servers. */
static void
test_news_are_told_by_the_newest_upstream(void **state)
{
    (void)state;
    struct world before, after;
    char line[1024];
    fake_host("x.test", "192.0.2.9");
    begin(&before, A "server \"x\" { address = \"x.test:25\" }");
    begin(&after, A "server \"x\" { address = \"x.test:25\" }");
    log_begin();
    const uint64_t alarms = alarm_count(ALARM_UPSTREAM_DOWN);
    bring(&before, "a", NULL, true);
    servers_adopt(&after.servers, &before.servers);
    bring(&before, "a", NULL, false);
    assert_servers(&before, "(a) x"); /* its own sessions go by it */
    assert_int_equal(log_count("event=upstream.", line), 0);
    bring(&after, "a", NULL, false);
    bring(&before, "a", NULL, true);
    bring(&after, "a", NULL, true);
    assert_int_equal(log_count("event=upstream.down", line), 1);
    assert_int_equal(log_count("event=upstream.up", line), 1);
    assert_int_equal(alarm_count(ALARM_UPSTREAM_DOWN) - alarms, 1);
    log_end();
    end(&before);
    end(&after);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slow_start),
        cmocka_unit_test(test_slow_start_goes_on),
        cmocka_unit_test(test_lines_about_addresses),
        cmocka_unit_test(test_flapping_is_told_once),
        cmocka_unit_test(test_news_are_told_by_the_newest_upstream),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
