/* Who an upstream's servers are, as names and records come and go, and what the next site knows. */
#include "route_world.h"

static void
test_levels(void **state)
{
    static const struct {
        const char *name, *settings, *record;
        const char *down[4], *want; /* who gets sessions while those are down */
    } cases[] = {
        {"servers share", A B, NULL, {NULL}, "a b"},
        {"a backup rests",
         A "server \"b\" { address = \"192.0.2.2:25\" backup = true }",
         NULL,
         {NULL},
         "a"},
        {"until it is needed",
         A "server \"b\" { address = \"192.0.2.2:25\" backup = true }",
         NULL,
         {"a"},
         "b"},
        {"the first priority of a record comes first",
         SRV,
         "10 0 25 x.test\n10 0 25 y.test\n20 0 25 z.test",
         {NULL},
         "x.test y.test"},
        {"whoever is left of it",
         SRV,
         "10 0 25 x.test\n10 0 25 y.test\n20 0 25 z.test",
         {"x.test"},
         "y.test"},
        {"then the next one",
         SRV,
         "10 0 25 x.test\n10 0 25 y.test\n20 0 25 z.test",
         {"x.test", "y.test"},
         "z.test"},
        {"a record's first priority is beside a plain server",
         A SRV,
         "10 1 25 x.test\n20 1 25 y.test",
         {NULL},
         "a x.test"},
        {"all priorities come before a backup",
         "server \"a\" { address = \"192.0.2.1:25\" backup = true }" SRV,
         "10 1 25 x.test\n20 1 25 y.test",
         {"x.test"},
         "y.test"},
        {"and the priorities of backups in their order",
         A "server \"dc\" { srv = \"_s._tcp.test\" backup = true }",
         "10 1 25 x.test\n20 1 25 y.test",
         {"a"},
         "x.test"},
        {"up to the last",
         A "server \"dc\" { srv = \"_s._tcp.test\" backup = true }",
         "10 1 25 x.test\n20 1 25 y.test",
         {"a", "x.test"},
         "y.test"},
    };
    static const char *const balances[] = {"round-robin", "least-recent", "hash"};
    (void)state;
    log_begin();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (size_t n = 0; n < sizeof balances / sizeof balances[0]; n++) {
            struct world world;
            char settings[1024];
            print_message("%s, %s\n", cases[i].name, balances[n]);
            if (cases[i].record != NULL)
                fake_srv("_s._tcp.test", cases[i].record);
            fake_host("x.test", "192.0.2.11");
            fake_host("y.test", "192.0.2.12");
            fake_host("z.test", "192.0.2.13");
            snprintf(settings, sizeof settings, "balance = \"%s\"\n%s", balances[n],
                     cases[i].settings);
            begin(&world, settings);
            for (size_t d = 0; cases[i].down[d] != NULL; d++)
                bring(&world, cases[i].down[d], NULL, false);
            assert_used(&world, cases[i].want);
            end(&world);
        }
    log_end();
}

static void
test_weights(void **state)
{
    static const struct {
        const char *name, *settings, *record;
        size_t want[3]; /* of 1000 sessions */
    } cases[] = {
        {"of sections",
         "server \"a\" { address = \"192.0.2.1:25\" weight = 3 }\n" B,
         NULL,
         {750, 250}},
        {"of a record", SRV, "1 60 25 x.test\n1 40 25 y.test", {600, 400}},
        {"none at all is equal shares", SRV, "1 0 25 x.test\n1 0 25 y.test", {500, 500}},
        {"0 beside 1 is a hundredth of it", SRV, "1 1 25 x.test\n1 0 25 y.test", {990, 10}},
        {"a record's times its section's",
         "server \"a\" { address = \"192.0.2.1:25\" }\n"
         "server \"dc\" { srv = \"_s._tcp.test\" weight = 2 }",
         "1 1 25 x.test\n1 2 25 y.test",
         {143, 286, 571}},
        {"the greatest that there can be",
         "server \"dc\" { srv = \"_s._tcp.test\" weight = 1000 }",
         "1 65534 25 x.test\n1 32767 25 y.test",
         {667, 333}},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct world world;
        size_t counts[8];
        print_message("%s\n", cases[i].name);
        if (cases[i].record != NULL)
            fake_srv("_s._tcp.test", cases[i].record);
        fake_host("x.test", "192.0.2.11");
        fake_host("y.test", "192.0.2.12");
        begin(&world, cases[i].settings);
        count_choices(&world, 1000, counts);
        for (size_t n = 0; n < 3; n++)
            assert_in_range(counts[n] + 1, cases[i].want[n], cases[i].want[n] + 2);
        end(&world);
    }
}

static void
test_a_record_changes(void **state)
{
    (void)state;
    struct world world;
    char line[1024];
    begin(&world, SRV A);
    assert_true(members_refresh(&world.servers)); /* still to come */
    assert_servers(&world, "a");
    assert_used(&world, "a");

    fake_srv("_s._tcp.test", "1 0 25 x.test\n1 0 25 y.test");
    fake_host("x.test", "192.0.2.11");
    log_begin();
    assert_true(members_refresh(&world.servers)); /* y.test's address */
    assert_servers(&world, "x.test [y.test] a");
    assert_used(&world, "x.test a");
    fake_host("y.test", "192.0.2.12");
    assert_false(members_refresh(&world.servers));
    bring(&world, "x.test", NULL, false);
    assert_servers(&world, "(x.test) y.test a");
    assert_used(&world, "y.test a");

    /* another order, another weight, one more; what is known of x.test stays known */
    fake_srv("_s._tcp.test", "1 0 25 y.test\n1 5 25 x.test\n2 0 25 z.test");
    fake_host("z.test", "192.0.2.13");
    assert_false(members_refresh(&world.servers));
    assert_servers(&world, "y.test (x.test) z.test a");
    fake_srv("_s._tcp.test", "1 0 25 z.test");
    members_refresh(&world.servers);
    assert_servers(&world, "z.test a");
    assert_int_equal(log_count("event=upstream.joined", line), 3);
    assert_string_equal(line, "level=info event=upstream.joined upstream=u server=z.test");
    assert_int_equal(log_count("event=upstream.left", line), 2);

    /* no such service any more, and then again */
    fake_srv("_s._tcp.test", "");
    members_refresh(&world.servers);
    members_refresh(&world.servers);
    assert_servers(&world, "a");
    assert_int_equal(log_count("event=upstream.down upstream=u server=dc", line), 1);
    assert_non_null(strstr(line, "there is no such service"));
    fake_srv("_s._tcp.test", "1 0 25 z.test");
    members_refresh(&world.servers);
    assert_int_equal(log_count("event=upstream.up upstream=u server=dc", line), 1);
    assert_servers(&world, "z.test a");
    log_end();
    end(&world);
}

static void
test_names_of_targets(void **state)
{
    static const struct {
        const char *name, *settings, *record, *want;
    } cases[] = {
        {"a host", SRV, "1 0 25 x.test", "[x.test]"},
        {"two ports of it", SRV, "1 0 25 x.test\n1 0 26 x.test", "[x.test:25] [x.test:26]"},
        {"a server is called so already", "server \"X.test\" { address = \"192.0.2.1:25\" }\n" SRV,
         "1 0 26 x.test", "X.test [x.test:26]"},
        {"also further down", SRV "server \"x.test\" { address = \"192.0.2.1:25\" }\n",
         "1 0 26 x.test", "[x.test:26] x.test"},
        {"two sections of one record", SRV "server \"too\" { srv = \"_s._tcp.test\" }",
         "1 0 25 x.test", "[x.test] [x.test:25]"},
        {"what can be no host is nobody", SRV, "1 0 25 -x-\n1 0 25 y.test", "[y.test]"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct world world;
        print_message("%s\n", cases[i].name);
        fake_srv("_s._tcp.test", cases[i].record);
        begin(&world, cases[i].settings);
        assert_servers(&world, cases[i].want);
        end(&world);
    }
}

static void
test_addresses_change(void **state)
{
    (void)state;
    struct world world;
    char line[1024];
    fake_host("x.test", "192.0.2.1");
    begin(&world, "server \"a\" { address = \"x.test:25\" }");
    log_begin();
    assert_addresses(&world, "bob", 1, "192.0.2.1");
    fake_host("x.test", "192.0.2.2");
    members_refresh(&world.servers);
    assert_addresses(&world, "bob", 1, "192.0.2.2");
    check(&world, "a", NULL, true);

    /* one more: it is used once a check has found it well */
    fake_host("x.test", "192.0.2.3 192.0.2.2");
    members_refresh(&world.servers);
    assert_addresses(&world, "bob", 2, "192.0.2.2 192.0.2.2");
    check(&world, "a", "192.0.2.3", true);
    assert_addresses(&world, "bob", 2, "192.0.2.2 192.0.2.3");

    /* the one that was up is gone, the other was down: so is the server */
    bring(&world, "a", "192.0.2.3", false);
    fake_host("x.test", "192.0.2.3");
    members_refresh(&world.servers);
    assert_int_equal(log_count("event=upstream.down", line), 1);
    assert_string_equal(line,
                        "level=warn event=upstream.down upstream=u server=a error=\"it is dead\"");
    assert_servers(&world, "(a)");

    /* new addresses of a server that is down have to prove themselves */
    fake_host("x.test", "192.0.2.4");
    members_refresh(&world.servers);
    assert_servers(&world, "(a)");
    check(&world, "a", NULL, true);
    assert_servers(&world, "(a)");
    check(&world, "a", NULL, true);
    assert_servers(&world, "a");
    assert_int_equal(log_count("event=upstream.up", line), 1);
    log_end();
    end(&world);
}

static void
test_several_addresses(void **state)
{
    static const struct {
        const char *name, *balance, *down, *want;
    } cases[] = {
        {"they take turns", "round-robin", NULL, "192.0.2.1 192.0.2.2 192.0.2.3 192.0.2.1"},
        {"those that are up do", "round-robin", "192.0.2.2",
         "192.0.2.1 192.0.2.3 192.0.2.1 192.0.2.3"},
        {"also where the servers do not", "least-recent", NULL,
         "192.0.2.1 192.0.2.2 192.0.2.3 192.0.2.1"},
        {"the first is the first", "first", NULL, "192.0.2.1 192.0.2.1 192.0.2.1 192.0.2.1"},
        {"that is up", "first", "192.0.2.1", "192.0.2.2 192.0.2.2 192.0.2.2 192.0.2.2"},
    };
    (void)state;
    log_begin();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct world world;
        char settings[256];
        print_message("%s\n", cases[i].name);
        fake_host("x.test", "192.0.2.1 192.0.2.2 192.0.2.3");
        snprintf(settings, sizeof settings,
                 "balance = \"%s\"\nserver \"a\" { address = \"x.test:25\" }", cases[i].balance);
        begin(&world, settings);
        bring(&world, "a", "192.0.2.1", true);
        bring(&world, "a", "192.0.2.2", true);
        bring(&world, "a", "192.0.2.3", true);
        if (cases[i].down != NULL)
            bring(&world, "a", cases[i].down, false);
        assert_addresses(&world, "bob", 4, cases[i].want);
        fake_host("x.test", "192.0.2.3 192.0.2.2 192.0.2.1"); /* turned around by the DNS server */
        members_refresh(&world.servers);
        const struct upstream_server server = server_at(&world, 0);
        assert_int_equal(server.addresses, 3);
        assert_int_equal(server.up, cases[i].down != NULL ? 2 : 3);
        assert_true(server.is_up);
        assert_string_equal(server.error, cases[i].down != NULL ? "it is dead" : "");
        end(&world);
    }
    log_end();
}

/* A user keeps his address, and one that goes moves only its own users. */
static void
test_addresses_by_hash(void **state)
{
    enum { USERS = 300 };
    (void)state;
    struct world world;
    char before[USERS][64];
    fake_host("x.test", "192.0.2.1 192.0.2.2 192.0.2.3");
    begin(&world, "balance = \"hash\"\nserver \"a\" { address = \"x.test:25\" }");
    size_t counts[3] = {0}, moved = 0;
    for (int round = 0; round < 2; round++)
        for (size_t i = 0; i < USERS; i++) {
            struct route route;
            char user[24];
            snprintf(user, sizeof user, round == 0 ? "user%zu" : "USER%zu", i);
            assert_int_equal(servers_choose(&world.servers, user, world.now_ms, &route, NULL), 0);
            if (round == 1)
                assert_string_equal(before[i], route.address);
            snprintf(before[i], sizeof before[i], "%s", route.address);
            counts[route.address[8] - '1']++;
        }
    for (size_t i = 0; i < 3; i++)
        assert_in_range(counts[i], 2 * USERS / 3 - 80, 2 * USERS / 3 + 80);
    log_begin();
    bring(&world, "a", "192.0.2.2", false);
    bring(&world, "a", "192.0.2.1", true);
    bring(&world, "a", "192.0.2.3", true);
    log_end();
    for (size_t i = 0; i < USERS; i++) {
        struct route route;
        char user[24];
        snprintf(user, sizeof user, "user%zu", i);
        assert_int_equal(servers_choose(&world.servers, user, world.now_ms, &route, NULL), 0);
        moved += strcmp(before[i], route.address) != 0 ? 1 : 0;
    }
    assert_int_equal(moved, counts[1] / 2);
    end(&world);
}

static void
test_without_checks_the_first_family_counts(void **state)
{
    (void)state;
    struct world world;
    fake_host("x.test", "2001:db8::1 192.0.2.1 2001:db8::2");
    begin(&world, "check = \"none\"\nserver \"a\" { address = \"x.test:25\" }");
    assert_addresses(&world, "bob", 3, "2001:db8::1 2001:db8::2 2001:db8::1");
    fake_host("x.test", "192.0.2.1 2001:db8::1");
    members_refresh(&world.servers);
    assert_addresses(&world, "bob", 2, "192.0.2.1 192.0.2.1");
    end(&world);
    fake_host("x.test", "2001:db8::1 192.0.2.1");
    begin(&world, "server \"a\" { address = \"x.test:25\" }");
    assert_addresses(&world, "bob", 2, "2001:db8::1 192.0.2.1");
    end(&world);
}

static void
test_checks_have_a_port_of_their_own(void **state)
{
    (void)state;
    struct world world;
    char text[64];
    fake_host("x.test", "2001:db8::1");
    begin(&world, "server \"a\" { address = \"192.0.2.1:25\" check_port = 10025 }\n"
                  "server \"b\" { address = \"x.test:25\" check_port = 10026 }\n" C);
    static const char *const want[] = {"192.0.2.1:10025", "[2001:db8::1]:10026", "192.0.2.3:25"};
    for (size_t i = 0; i < 3; i++) {
        const struct address *address = world.servers.members[i]->addresses[0];
        endpoint_format(&address->checked, text, sizeof text);
        assert_string_equal(text, want[i]);
        assert_int_equal(endpoint_port(&address->endpoint), 25);
    }
    end(&world);
}

static void
test_adoption(void **state)
{
    static const struct {
        const char *name, *before, *after;
        const char *want; /* the servers afterwards; a was down */
    } cases[] = {
        {"what is known stays known", A B, A B, "(a) b"},
        {"whatever it is called", A, "server \"z\" { address = \"192.0.2.1:25\" }", "(z)"},
        {"in another place", A B, C A, "c (a)"},
        {"another address is another server", A, "server \"a\" { address = \"192.0.2.9:25\" }",
         "a"},
        {"as is another port", A, "server \"a\" { address = \"192.0.2.1:26\" }", "a"},
        {"another check is another question", A, "check = \"none\"\n" A, "a"},
        {"as is one at another port", A,
         "server \"a\" { address = \"192.0.2.1:25\" check_port = 26 }", "a"},
        {"or under TLS", A, "check_tls = \"implicit\"\n" A, "a"},
    };
    (void)state;
    log_begin();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct world before, after;
        print_message("%s\n", cases[i].name);
        begin(&before, cases[i].before);
        bring(&before, "a", NULL, false);
        begin(&after, cases[i].after);
        servers_adopt(&after.servers, &before.servers);
        assert_servers(&after, cases[i].want);
        end(&before);
        end(&after);
    }
    log_end();
}

static void
test_a_slow_start_is_adopted(void **state)
{
    (void)state;
    struct world before, after;
    begin(&before, "slow_start = 100s\n" A B);
    log_begin();
    bring(&before, "a", NULL, false);
    bring(&before, "a", NULL, true);
    begin(&after, "slow_start = 100s\n" A B);
    servers_adopt(&after.servers, &before.servers);
    log_end();
    assert_in_range(server_at(&after, 0).warm_percent, 5, 15);
    assert_int_equal(server_at(&after, 1).warm_percent, 100);
    end(&before);
    end(&after);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_levels),
        cmocka_unit_test(test_weights),
        cmocka_unit_test(test_a_record_changes),
        cmocka_unit_test(test_names_of_targets),
        cmocka_unit_test(test_addresses_change),
        cmocka_unit_test(test_several_addresses),
        cmocka_unit_test(test_addresses_by_hash),
        cmocka_unit_test(test_without_checks_the_first_family_counts),
        cmocka_unit_test(test_checks_have_a_port_of_their_own),
        cmocka_unit_test(test_adoption),
        cmocka_unit_test(test_a_slow_start_is_adopted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
