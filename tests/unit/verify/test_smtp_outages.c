/* A source of type smtp whose servers fail, stall or are full: who is asked instead, and who is
 * held up. */
#include <poll.h>

#include "smtp_auth_scripts.h"

static void
test_failover(void **state)
{
    (void)state;
    static const struct {
        const char *name, *settings, *first, *second; /* scripts; NULL: refuses */
        enum verify_outcome want;
        bool want_second_asked;
        const char *want_detail;
    } cases[] = {
        {"the second is not asked if the first says yes", CLEAR, AUTH_PLAIN "S 235 ok\n",
         AUTH_PLAIN "S 235 ok\n", VERIFY_OK, false, NULL},
        {"nor if the first says no", CLEAR, AUTH_PLAIN "S 535 no\n", AUTH_PLAIN "S 235 ok\n",
         VERIFY_WRONG_PASSWORD, false, "535"},
        {"the first refuses the connection", CLEAR, NULL, AUTH_PLAIN "S 235 ok\n", VERIFY_OK, true,
         NULL},
        {"the first refuses the connection, the second the password", CLEAR, NULL,
         AUTH_PLAIN "S 535 no\n", VERIFY_WRONG_PASSWORD, true, "535"},
        {"the first greets with 421", CLEAR, "S 421 no\nclose\n", AUTH_PLAIN "S 235 ok\n",
         VERIFY_OK, true, NULL},
        {"the first says nothing", HASTY, "stall\n", AUTH_PLAIN "S 235 ok\n", VERIFY_OK, true,
         NULL},
        {"the first breaks off instead of judging", CLEAR, AUTH_PLAIN "close\n",
         AUTH_PLAIN "S 235 ok\n", VERIFY_OK, true, NULL},
        {"the first cannot judge just now", CLEAR, AUTH_PLAIN "S 454 4.7.0 later\n",
         AUTH_PLAIN "S 535 no\n", VERIFY_WRONG_PASSWORD, true, "535"},
        {"both refuse the connection", CLEAR, NULL, NULL, VERIFY_UNAVAILABLE, false,
         "Connection refused; 127.0.0.1:"},
    };
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
        if (cases[i].want_detail == NULL)
            assert_string_equal(result.detail, "");
        else if (strstr(result.detail, cases[i].want_detail) == NULL)
            assert_string_equal(result.detail, cases[i].want_detail);
        close_source(&opened);
        smtp_script_stop(&servers[0]);
        smtp_script_stop(&servers[1]);
        assert_int_equal(servers[1].connections, cases[i].want_second_asked);
        assert_string_equal(servers[0].trouble, "");
        assert_string_equal(servers[1].trouble, "");
    }
}

/* An account may be shut in words of its own: an older yes must not stand for that. */
static void
test_which_answers_are_no_outages(void **state)
{
    (void)state;
    static const struct {
        const char *name, *first, *second;
        bool want;
    } cases[] = {
        {"an account that is disabled", AUTH_PLAIN "S 525 5.7.13 disabled\n", NULL, true},
        {"a user who is blocked", AUTH_PLAIN "S 550 5.7.1 blocked\n", NULL, true},
        {"blocked, and the second server is down", AUTH_PLAIN "S 550 5.7.1 blocked\n", "close\n",
         true},
        {"the first server is down, and blocked at the second", "close\n",
         AUTH_PLAIN "S 554 5.7.1 blocked\n", true},
        {"a directory that is down", AUTH_PLAIN "S 454 4.7.0 later\n", NULL, false},
        {"a no that calls itself temporary", AUTH_PLAIN "S 550 4.7.0 later\n", NULL, false},
        {"a server that refuses us", "S 554 5.7.1 go away\nclose\n", NULL, false},
        {"a command that it does not know", AUTH_PLAIN "S 500 5.5.1 what\n", NULL, false},
        {"a refusal before the name",
         "S 220 mx\nC EHLO *\nS 250-mx\nS 250 AUTH LOGIN\nC AUTH LOGIN\nS 550 5.7.1 no\n", NULL,
         false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *const first[] = {cases[i].first, NULL}, *const second[] = {cases[i].second,
                                                                               NULL};
        struct smtp_script servers[2];
        struct opened opened;
        struct verify_result result;
        print_message("%s\n", cases[i].name);
        smtp_script_start(&servers[0], first, NULL);
        smtp_script_start(&servers[1], second, NULL);
        const unsigned ports[] = {servers[0].port, servers[1].port};
        open_at(&opened, CLEAR " mechanisms = {\"plain\", \"login\"}", ports,
                cases[i].second != NULL ? 2 : 1);
        verify(&opened, PASSWORD, &result);
        assert_int_equal(result.outcome, VERIFY_UNAVAILABLE);
        assert_int_equal(result.has_answered, cases[i].want);
        close_source(&opened);
        smtp_script_stop(&servers[0]);
        smtp_script_stop(&servers[1]);
        assert_string_equal(servers[0].trouble, "");
    }
}

static void
test_a_server_that_is_down_is_passed_over_until_it_is_back(void **state)
{
    (void)state;
    static const char *const of_first[] = {"close\n", AUTH_PLAIN "S 535 no\n", NULL};
    static const char *const of_second[] = {AUTH_PLAIN "S 235 ok\n", NULL};
    struct smtp_script servers[2];
    struct opened opened;
    struct verify_result result;
    smtp_script_start(&servers[0], of_first, NULL);
    smtp_script_start(&servers[1], of_second, NULL);
    servers[1].repeats = true;
    const unsigned ports[] = {servers[0].port, servers[1].port};
    open_at(&opened, CLEAR, ports, 2);

    verify(&opened, PASSWORD, &result);
    assert_int_equal(result.outcome, VERIFY_OK);
    verify(&opened, PASSWORD, &result);
    assert_int_equal(result.outcome, VERIFY_OK);
    assert_int_equal(servers[0].connections, 1);

    const struct deadline give_up = deadline_after(60000);
    while (result.outcome == VERIFY_OK && !deadline_is_over(give_up)) {
        poll(NULL, 0, 20);
        verify(&opened, PASSWORD, &result);
    }
    assert_int_equal(result.outcome, VERIFY_WRONG_PASSWORD);

    close_source(&opened);
    smtp_script_stop(&servers[0]);
    smtp_script_stop(&servers[1]);
    assert_int_equal(servers[0].connections, 2);
    assert_string_equal(servers[0].trouble, "");
    assert_string_equal(servers[1].trouble, "");
}

/* Nobody else's session must suffer from it once there are descriptors again. */
static void
test_our_own_shortage_shuts_no_server(void **state)
{
    (void)state;
    static const char *const scripts[] = {AUTH_PLAIN "S 235 ok\n", NULL};
    struct smtp_script server;
    struct opened opened;
    struct verify_result result;
    struct rlimit had;
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
        {"421", CLEAR, AUTH_PLAIN "S 421 4.7.0 you again\nclose\n"},
        {"breaking off", CLEAR, AUTH_PLAIN "close\n"},
        {"saying nothing", HASTY, AUTH_PLAIN "stall\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *const scripts[] = {cases[i].script, AUTH_PLAIN "S 235 ok\n", NULL};
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
    static const char *const scripts[] = {AUTH_PLAIN "stall\n", NULL};
    struct smtp_script server;
    struct opened opened;
    struct verify_result result;
    smtp_script_start(&server, scripts, NULL);
    open_at(&opened, CLEAR, &server.port, 1);
    verify_within(&opened, PASSWORD, 150, &result);
    assert_int_equal(result.outcome, VERIFY_UNAVAILABLE);
    assert_non_null(strstr(result.detail, "timed out"));
    close_source(&opened);
    smtp_script_stop(&server);
}

static void *
verify_beside(void *opened)
{
    struct verify_result result;
    verify(opened, PASSWORD, &result);
    assert_int_equal(result.outcome, VERIFY_UNAVAILABLE);
    return NULL;
}

static void
test_no_more_connections_than_allowed(void **state)
{
    (void)state;
    static const char *const scripts[] = {AUTH_PLAIN "stall\n", NULL};
    struct smtp_script server;
    struct opened opened;
    struct verify_result result;
    pthread_t beside;
    smtp_script_start(&server, scripts, NULL);
    open_at(&opened, CLEAR " connections = 1", &server.port, 1);
    assert_int_equal(pthread_create(&beside, NULL, verify_beside, &opened), 0);
    await_stall(&server);

    verify_within(&opened, PASSWORD, 50, &result);
    assert_int_equal(result.outcome, VERIFY_UNAVAILABLE);
    assert_non_null(strstr(result.detail, "all 1 connections stayed in use"));

    shutdown(server.stalling_fd, SHUT_RDWR);
    pthread_join(beside, NULL);
    close_source(&opened);
    smtp_script_stop(&server);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_failover),
        cmocka_unit_test(test_which_answers_are_no_outages),
        cmocka_unit_test(test_a_server_that_is_down_is_passed_over_until_it_is_back),
        cmocka_unit_test(test_our_own_shortage_shuts_no_server),
        cmocka_unit_test(test_what_follows_a_name_never_shuts_the_server),
        cmocka_unit_test(test_the_sessions_deadline_holds),
        cmocka_unit_test(test_no_more_connections_than_allowed),
    };
    return cmocka_run_group_tests(tests, bench_set_up, bench_tear_down);
}
