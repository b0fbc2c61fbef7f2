/* Servers that people have drained, and why nobody can be used. */
#include "route_world.h"

static void
test_drains(void **state)
{
    static const char *const balances[] = {"round-robin", "least-recent", "hash", "first"};
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct world world;
        struct route route;
        struct err err;
        char settings[512];
        size_t counts[8];
        print_message("%s\n", balances[i]);
        snprintf(settings, sizeof settings, "balance = \"%s\"\n" A B, balances[i]);
        begin(&world, settings);
        drain(&world, "A"); /* in any case */
        assert_used(&world, "b");
        assert_true(server_at(&world, 0).is_drained);
        assert_true(server_at(&world, 0).is_up);
        assert_false(server_at(&world, 1).is_drained);
        count_choices(&world, 1000, counts);
        assert_int_equal(counts[0], 0);
        assert_int_equal(server_at(&world, 0).sessions, 0);
        assert_int_equal(server_at(&world, 1).sessions, 1200);
        assert_int_equal(servers_choose_host(&world.servers, "a", "bob", &route, &err), -1);
        assert_string_equal(err.text, "mail host a cannot be used: server \"a\": it is drained");
        assert_int_equal(servers_choose_host(&world.servers, "192.0.2.1", "bob", &route, &err), -1);
        assert_int_equal(servers_choose_host(&world.servers, "b", "bob", &route, &err), 0);
        const char *const all[] = {"a", "b", "nobody-of-this-upstream"};
        servers_set_drained(&world.servers, all, 3, world.now_ms);
        assert_nobody(&world, "no server of upstream \"u\" can be used: every server is drained");
        drain(&world, NULL);
        assert_used(&world, i == 3 ? "a" : "a b");
        end(&world);
    }
}

static void
test_drains_of_records(void **state)
{
    (void)state;
    struct world world;
    fake_srv("_s._tcp.test", "1 0 25 x.test\n1 0 25 y.test");
    fake_host("x.test", "192.0.2.11");
    fake_host("y.test", "192.0.2.12");
    begin(&world, SRV A);
    drain(&world, "x.test");
    assert_used(&world, "y.test a");
    drain(&world, "DC"); /* the whole record, and who joins it later */
    assert_used(&world, "a");
    fake_srv("_s._tcp.test", "1 0 25 x.test\n1 0 25 z.test");
    fake_host("z.test", "192.0.2.13");
    log_begin();
    members_refresh(&world.servers);
    log_end();
    assert_used(&world, "a");
    assert_true(server_at(&world, 1).is_drained);
    drain(&world, NULL);
    assert_used(&world, "x.test z.test a");
    end(&world);
}

static void
test_why_nobody_can_be_used(void **state)
{
    static const struct {
        const char *name, *settings;
        const char *down, *drained, *want;
    } cases[] = {
        {"one is down", A, "a", NULL, "every server is down"},
        {"one is drained", A, NULL, "a", "every server is drained"},
        {"one is both", A, "a", "a", "every server is drained"},
        {"one of each", A B, "a", "b", "1 down, 1 drained, 0 without an address"},
        {"a name that nobody knows", "server \"a\" { address = \"no.test:25\" }", NULL, NULL,
         "cannot resolve no.test: there is no such name"},
        {"a name that has no answer yet", "server \"a\" { address = \"later.test:25\" }", NULL,
         NULL, "cannot resolve later.test: no answer yet"},
        {"all of it", A B "server \"n\" { address = \"no.test:25\" }", "a", "b",
         "1 down, 1 drained, 1 without an address: cannot resolve no.test: there is no such name"},
        {"a record that has no answer yet", SRV, NULL, NULL,
         "cannot find the servers of _s._tcp.test: no answer yet"},
        {"a record that nobody knows", "server \"DC\" { srv = \"_no._tcp.test\" }", NULL, NULL,
         "cannot find the servers of _no._tcp.test: there is no such service"},
    };
    (void)state;
    log_begin();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct world world;
        char want[300];
        print_message("%s\n", cases[i].name);
        fake_host("no.test", "");
        fake_srv("_no._tcp.test", "");
        begin(&world, cases[i].settings);
        if (cases[i].down != NULL)
            bring(&world, cases[i].down, NULL, false);
        drain(&world, cases[i].drained);
        snprintf(want, sizeof want, "no server of upstream \"u\" can be used: %s", cases[i].want);
        assert_nobody(&world, want);
        end(&world);
    }
    log_end();
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_drains),
        cmocka_unit_test(test_drains_of_records),
        cmocka_unit_test(test_why_nobody_can_be_used),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
