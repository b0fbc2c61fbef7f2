/* Sources of types imap and pop3 whose servers fail or stall: who is asked instead, and who is held
 * up. */
#include <poll.h>

#include "login_scripts.h"

static void
test_failover(void **state)
{
    (void)state;
    static const char yes[] = IMAP_PLAIN "S " TAG "OK in\n" IMAP_BYE;
    static const char no[] = IMAP_PLAIN "S " TAG "NO no\n" IMAP_BYE;
    static const struct {
        const char *name, *settings, *first, *second; /* scripts; NULL: refuses */
        enum verify_outcome want;
        bool want_second_asked;
    } cases[] = {
        {"the second is not asked if the first says yes", CLEAR, yes, yes, VERIFY_OK, false},
        {"nor if the first says no", CLEAR, no, yes, VERIFY_WRONG_PASSWORD, false},
        {"the first refuses the connection", CLEAR, NULL, yes, VERIFY_OK, true},
        {"the first refuses the connection, the second the password", CLEAR, NULL, no,
         VERIFY_WRONG_PASSWORD, true},
        {"the first says nothing", HASTY, "stall\n", yes, VERIFY_OK, true},
        {"the first breaks off instead of judging", CLEAR, IMAP_PLAIN "close\n", yes, VERIFY_OK,
         true},
        {"both refuse the connection", CLEAR, NULL, NULL, VERIFY_UNAVAILABLE, false},
    };
    bench_type = "imap";
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *const first[] = {cases[i].first, NULL};
        const char *const second[] = {cases[i].second, NULL};
        struct smtp_script servers[2];
        struct opened opened;
        struct verify_result result;
        print_message("%s\n", cases[i].name);
        smtp_script_start(&servers[0], first, NULL);
        smtp_script_start(&servers[1], second, NULL);
        const unsigned ports[] = {servers[0].port, servers[1].port};
        open_at(&opened, cases[i].settings, ports, 2);
        verify(&opened, PASSWORD, &result);
        assert_int_equal(result.outcome, cases[i].want);
        close_source(&opened);
        smtp_script_stop(&servers[0]);
        smtp_script_stop(&servers[1]);
        assert_int_equal(servers[1].connections, cases[i].want_second_asked);
        assert_string_equal(servers[0].trouble, "");
        assert_string_equal(servers[1].trouble, "");
    }
}

static void
test_a_server_that_is_down_is_passed_over_until_it_is_back(void **state)
{
    (void)state;
    static const char *const scripts[] = {"close\n", POP3_PLAIN "S -ERR [AUTH] no\n", NULL};
    struct smtp_script server;
    struct opened opened;
    struct verify_result result;
    bench_type = "pop3";
    smtp_script_start(&server, scripts, NULL);
    open_at(&opened, CLEAR, &server.port, 1);

    verify(&opened, PASSWORD, &result);
    verify(&opened, PASSWORD, &result);
    assert_int_equal(result.outcome, VERIFY_UNAVAILABLE);
    assert_non_null(strstr(result.detail, "failed a moment ago"));

    const struct deadline give_up = deadline_after(60000);
    while (result.outcome == VERIFY_UNAVAILABLE && !deadline_is_over(give_up)) {
        poll(NULL, 0, 20);
        verify(&opened, PASSWORD, &result);
    }
    assert_int_equal(result.outcome, VERIFY_WRONG_PASSWORD);
    close_source(&opened);
    smtp_script_stop(&server);
    assert_int_equal(server.connections, 2);
    assert_string_equal(server.trouble, "");
}

/* Nobody else's session must suffer from it once there are descriptors again. */
static void
test_our_own_shortage_shuts_no_server(void **state)
{
    (void)state;
    static const char *const scripts[] = {IMAP_PLAIN "S " TAG "OK in\n" IMAP_BYE, NULL};
    struct smtp_script server;
    struct opened opened;
    struct verify_result result;
    struct rlimit had;
    bench_type = "imap";
    smtp_script_start(&server, scripts, NULL);
    open_at(&opened, CLEAR, &server.port, 1);
    take_descriptors(&had);
    verify(&opened, PASSWORD, &result);
    setrlimit(RLIMIT_NOFILE, &had);
    assert_int_equal(result.outcome, VERIFY_UNAVAILABLE);
    assert_non_null(strstr(result.detail, "a limit of this host: cannot connect"));
    verify(&opened, PASSWORD, &result);
    assert_int_equal(result.outcome, VERIFY_OK);
    close_source(&opened);
    smtp_script_stop(&server);
    assert_string_equal(server.trouble, "");
}

/* Whoever can choose names must not be able to shut a server for the others. */
static void
test_what_follows_a_name_never_shuts_the_server(void **state)
{
    (void)state;
    static const struct {
        const char *name, *settings, *script;
    } cases[] = {
        {"BYE", CLEAR, IMAP_PLAIN "S * BYE you again\nclose\n"},
        {"breaking off", CLEAR, IMAP_PLAIN "close\n"},
        {"saying nothing", HASTY, IMAP_PLAIN "stall\n"},
    };
    bench_type = "imap";
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *const scripts[] = {cases[i].script, IMAP_PLAIN "S " TAG "OK in\n" IMAP_BYE,
                                       NULL};
        struct smtp_script server;
        struct opened opened;
        struct verify_result result;
        print_message("%s\n", cases[i].name);
        smtp_script_start(&server, scripts, NULL);
        open_at(&opened, cases[i].settings, &server.port, 1);
        verify(&opened, PASSWORD, &result);
        assert_int_equal(result.outcome, VERIFY_UNAVAILABLE);
        verify(&opened, PASSWORD, &result);
        assert_int_equal(result.outcome, VERIFY_OK);
        close_source(&opened);
        smtp_script_stop(&server);
    }
}

static void
test_the_sessions_deadline_holds(void **state)
{
    (void)state;
    static const char *const stalls[] = {"stall\n", IMAP_PLAIN "stall\n",
                                         IMAP_PLAIN "S " TAG "OK in\nstall\n"};
    bench_type = "imap";
    for (size_t i = 0; i < sizeof stalls / sizeof stalls[0]; i++) {
        const char *const scripts[] = {stalls[i], NULL};
        struct smtp_script server;
        struct opened opened;
        struct verify_result result;
        smtp_script_start(&server, scripts, NULL);
        open_at(&opened, CLEAR, &server.port, 1);
        const struct deadline patience = deadline_after(10000);
        verify_within(&opened, PASSWORD, 150, &result);
        /* A server that says nothing to LOGOUT holds nobody up either. */
        assert_false(deadline_is_over(patience));
        assert_int_equal(result.outcome, i == 2 ? VERIFY_OK : VERIFY_UNAVAILABLE);
        verify_result_fini(&result);
        close_source(&opened);
        smtp_script_stop(&server);
    }
}

static void
test_load_is_told(void **state)
{
    (void)state;
    static const char *const scripts[] = {"close\n", NULL};
    struct smtp_script server;
    struct opened opened;
    struct verify_result result;
    struct source_stats stats;
    bench_type = "imap";
    smtp_script_start(&server, scripts, NULL);
    open_at(&opened, CLEAR " connections = 7", &server.port, 1);
    verify(&opened, PASSWORD, &result);
    source_stats(opened.source, &stats);
    assert_int_equal(stats.load.servers, 1);
    assert_int_equal(stats.load.servers_down, 1);
    assert_int_equal(stats.load.places, 7);
    assert_int_equal(stats.load.inside, 0);
    close_source(&opened);
    smtp_script_stop(&server);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_failover),
        cmocka_unit_test(test_a_server_that_is_down_is_passed_over_until_it_is_back),
        cmocka_unit_test(test_our_own_shortage_shuts_no_server),
        cmocka_unit_test(test_what_follows_a_name_never_shuts_the_server),
        cmocka_unit_test(test_the_sessions_deadline_holds),
        cmocka_unit_test(test_load_is_told),
    };
    return cmocka_run_group_tests(tests, bench_set_up, bench_tear_down);
}
