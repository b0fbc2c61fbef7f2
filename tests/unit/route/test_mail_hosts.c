/* Which server an account's mail host means: after servers came, went, went down, among many. */
#include "route_world.h"

/* "address:port server", or why there is none. */
static void
assert_host(struct world *world, const char *host, const char *want)
{
    struct route route;
    struct err err;
    char got[512];
    if (servers_choose_host(&world->servers, host, "bob", &route, &err) == 0)
        snprintf(got, sizeof got, "%s:%u %s", route.address, route.port, route.server);
    else
        snprintf(got, sizeof got, "%s", err.text);
    assert_string_equal(got, want);
}

static void
fail_checks(struct world *world, size_t index)
{
    struct member *member = world->servers.members[index];
    for (size_t i = 0; i < member->count; i++)
        member->addresses[i]->health = (struct health){.checked = true, .down = true};
    servers_arrange(&world->servers);
}

static void
test_servers_of_one_host(void **state)
{
    (void)state;
    struct world world;
    begin(&world, "server \"One\" { address = \"192.0.2.1:143\" }\n"
                  "server \"two\" { address = \"192.0.2.1:1143\" }\n"
                  "server \"again\" { address = \"192.0.2.1:1143\" }\n"
                  "server \"a\" { address = \"192.0.2.1:25\" }\n");
    assert_host(&world, "192.0.2.1", "192.0.2.1:143 One");
    assert_host(&world, "192.0.2.1:1143", "192.0.2.1:1143 two");
    assert_host(&world, "192.0.2.1:25", "192.0.2.1:25 a");
    assert_host(&world, "oNE", "192.0.2.1:143 One");
    assert_host(&world, "ONE:143", "mail host ONE:143 is no server of upstream \"u\"");
    assert_host(&world, "192.0.2.1 143",
                "mail host \"192.0.2.1 143\" is no server of upstream \"u\"");
    drain(&world, "one");
    assert_host(&world, "192.0.2.1", "192.0.2.1:1143 two");
    assert_host(&world, "one", "mail host one cannot be used: server \"One\": it is drained");
    fail_checks(&world, 1);
    assert_host(&world, "192.0.2.1", "192.0.2.1:1143 again");
    assert_host(&world, "192.0.2.1:1143", "192.0.2.1:1143 again");
    assert_host(&world, "TWO", "mail host TWO cannot be used: server \"two\": it is down");
    fail_checks(&world, 2);
    fail_checks(&world, 3);
    assert_host(&world, "192.0.2.1",
                "mail host 192.0.2.1 cannot be used: server \"a\": it is down");
    end(&world);
}

static void
test_servers_of_records_come_and_go(void **state)
{
    (void)state;
    struct world world;
    fake_srv("_s._tcp.test", "1 0 143 x.test\n1 0 143 y.test");
    fake_host("x.test", "192.0.2.11");
    fake_host("y.test", "192.0.2.12");
    fake_host("z.test", "192.0.2.13");
    begin(&world, SRV "server \"a\" { address = \"192.0.2.1:25\" }\n");
    assert_host(&world, "X.test", "192.0.2.11:143 x.test");
    assert_host(&world, "y.test:143", "192.0.2.12:143 y.test");
    assert_host(&world, "z.test", "mail host z.test is no server of upstream \"u\"");
    assert_host(&world, "dc", "mail host dc is no server of upstream \"u\"");
    fake_srv("_s._tcp.test", "1 0 143 z.test\n1 0 143 y.test");
    log_begin();
    members_refresh(&world.servers);
    log_end();
    assert_host(&world, "x.test", "mail host x.test is no server of upstream \"u\"");
    assert_host(&world, "y.test", "192.0.2.12:143 y.test");
    assert_host(&world, "z.test:143", "192.0.2.13:143 z.test");
    assert_host(&world, "192.0.2.1", "192.0.2.1:25 a");
    end(&world);
}

static void
test_a_thousand_servers(void **state)
{
    enum { COUNT = 1000, LINE_MAX = 80 };
    (void)state;
    struct host_table table = {.entries = NULL};
    struct member *members[COUNT];
    static const struct server server = {.name = "s"};
    for (unsigned i = 0; i < COUNT; i++) {
        char name[LINE_MAX], address[LINE_MAX];
        snprintf(name, sizeof name, "Mail%u", i);
        snprintf(address, sizeof address, "10.0.%u.%u:%u", i / 250, i % 250, 1000 + i);
        members[i] = member_create(&server, name, name_open(address, 0, NULL));
    }
    host_table_set(&table, members, COUNT);
    for (unsigned i = 0; i < COUNT; i++) {
        char name[LINE_MAX], host[LINE_MAX];
        snprintf(name, sizeof name, "mAIL%u", i);
        snprintf(host, sizeof host, "10.0.%u.%u", i / 250, i % 250);
        assert_int_equal(host_table_named(&table, name)->index, i);
        assert_int_equal(host_table_at(&table, host, ANY_PORT)->index, i);
        assert_int_equal(host_table_at(&table, host, 1000 + i)->index, i);
        assert_null(host_table_at(&table, host, 1001 + i));
        assert_null(host_table_named(&table, host));
    }
    host_table_set(&table, members, 1);
    assert_null(host_table_named(&table, "mail1"));
    host_table_fini(&table);
    for (unsigned i = 0; i < COUNT; i++)
        member_free(members[i]);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_servers_of_one_host),
        cmocka_unit_test(test_servers_of_records_come_and_go),
        cmocka_unit_test(test_a_thousand_servers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
