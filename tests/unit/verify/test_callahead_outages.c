/* Servers that fail when they are asked for a recipient: who is asked instead, what is kept, and
 * who is held up. */
#include "callahead_bench.h"

static void
test_failover(void **state)
{
    (void)state;
    static const struct {
        const char *name, *settings, *first, *second; /* scripts; NULL: refuses */
        enum knowledge want;
        bool want_second_asked;
        const char *want_detail;
    } cases[] = {
        {"the second is not asked if the first knows", CLEAR, KNOWN, UNKNOWN, KNOWLEDGE_KNOWN,
         false, NULL},
        {"nor if the first says unknown", CLEAR, UNKNOWN, KNOWN, KNOWLEDGE_UNKNOWN, false, "550"},
        {"the first refuses the connection", CLEAR, NULL, UNKNOWN, KNOWLEDGE_UNKNOWN, true, "550"},
        {"the first greets with 554", CLEAR, "S 554 no\nclose\n", KNOWN, KNOWLEDGE_KNOWN, true,
         NULL},
        {"the first refuses the sender", CLEAR, HELLO "C MAIL *\nS 550 no\n", KNOWN,
         KNOWLEDGE_KNOWN, true, NULL},
        {"the first says nothing", HASTY, "stall\n", KNOWN, KNOWLEDGE_KNOWN, true, NULL},
        {"the first breaks off at RCPT", CLEAR, ASKED "close\n", KNOWN, KNOWLEDGE_KNOWN, true,
         NULL},
        {"the first cannot tell just now", CLEAR, ASKED "S 450 later\n", UNKNOWN, KNOWLEDGE_UNKNOWN,
         true, "550"},
        {"the first blames us", CLEAR, ASKED "S 550 5.7.1 listed\n", KNOWN, KNOWLEDGE_KNOWN, true,
         NULL},
        {"neither can tell", CLEAR, ASKED "S 450 later\n", ASKED "S 451 busy\n",
         KNOWLEDGE_CANNOT_TELL, true, "\"450 later\"; 127.0.0.1:"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *const first[] = {cases[i].first, NULL};
        const char *const second[] = {cases[i].second, NULL};
        struct smtp_script servers[2];
        struct opened opened;
        struct recipient_result result;
        print_message("%s\n", cases[i].name);
        smtp_script_start(&servers[0], first, NULL);
        smtp_script_start(&servers[1], second, NULL);
        const unsigned ports[] = {servers[0].port, servers[1].port};
        open_at(&opened, cases[i].settings, ports, 2);
        ask(&opened, "boss@acme.example", &result);
        assert_int_equal(result.knowledge, cases[i].want);
        assert_detail(&result, cases[i].want_detail);
        close_source(&opened);
        smtp_script_stop(&servers[0]);
        smtp_script_stop(&servers[1]);
        assert_int_equal(servers[1].connections, cases[i].want_second_asked);
        assert_string_equal(servers[0].trouble, "");
        assert_string_equal(servers[1].trouble, "");
    }
}

/* Whoever can choose addresses must not be able to shut a server for the others. */
static void
test_what_follows_an_address_never_shuts_the_server(void **state)
{
    (void)state;
    static const struct {
        const char *name, *settings, *script;
    } cases[] = {
        {"421", CLEAR, ASKED "S 421 4.7.0 you again\nclose\n"},
        {"breaking off", CLEAR, ASKED "close\n"},
        {"saying nothing", HASTY, ASKED "stall\n"},
        {"blaming us", CLEAR, ASKED "S 550 5.7.1 no\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *const scripts[] = {cases[i].script,
                                       TAKEN "C RCPT TO:<anna@acme.example>\nS 250 ok\n", NULL};
        struct smtp_script server;
        struct opened opened;
        struct recipient_result result;
        print_message("%s\n", cases[i].name);
        smtp_script_start(&server, scripts, NULL);
        open_at(&opened, cases[i].settings, &server.port, 1);
        ask(&opened, "boss@acme.example", &result);
        assert_int_equal(result.knowledge, KNOWLEDGE_CANNOT_TELL);
        ask(&opened, "anna@acme.example", &result);
        assert_int_equal(result.knowledge, KNOWLEDGE_KNOWN);
        close_source(&opened);
        smtp_script_stop(&server);
        assert_string_equal(server.trouble, "");
    }
}

static void
test_an_answer_is_kept_and_an_outage_is_not(void **state)
{
    (void)state;
    static const struct {
        const char *name, *settings, *script;
        enum knowledge want;
        unsigned want_connections; /* after two questions */
    } cases[] = {
        {"known is kept", CLEAR, KNOWN, KNOWLEDGE_KNOWN, 1},
        {"unknown is kept", CLEAR, UNKNOWN, KNOWLEDGE_UNKNOWN, 1},
        {"temporary is not", CLEAR, ASKED "S 450 later\n", KNOWLEDGE_CANNOT_TELL, 2},
        {"being refused is not", CLEAR, ASKED "S 550 5.7.1 no\n", KNOWLEDGE_CANNOT_TELL, 2},
        {"a refused sender is not", CLEAR, HELLO "C MAIL *\nS 550 no\n", KNOWLEDGE_CANNOT_TELL, 2},
        {"known, if it is not to be kept", CLEAR " recipient_cache = 0", KNOWN, KNOWLEDGE_KNOWN, 2},
        {"unknown, if it is not to be kept", CLEAR " recipient_negative_cache = 0", UNKNOWN,
         KNOWLEDGE_UNKNOWN, 2},
        {"known, if only unknown is not to be kept", CLEAR " recipient_negative_cache = 0", KNOWN,
         KNOWLEDGE_KNOWN, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *const scripts[] = {cases[i].script, NULL};
        struct smtp_script server;
        struct opened opened;
        struct recipient_result first, again;
        print_message("%s\n", cases[i].name);
        smtp_script_start(&server, scripts, NULL);
        server.repeats = true;
        open_at(&opened, cases[i].settings, &server.port, 1);
        ask(&opened, "boss@acme.example", &first);
        ask(&opened, "BOSS@acme.example", &again);
        assert_int_equal(first.knowledge, cases[i].want);
        assert_int_equal(again.knowledge, cases[i].want);
        assert_int_equal(again.was_cached, cases[i].want_connections == 1);
        close_source(&opened);
        smtp_script_stop(&server);
        assert_int_equal(server.connections, cases[i].want_connections);
        assert_string_equal(server.trouble, "");
    }
}

static void
test_the_sessions_deadline_holds(void **state)
{
    (void)state;
    static const char *const scripts[] = {ASKED "stall\n", NULL};
    struct smtp_script server;
    struct opened opened;
    struct recipient_result result;
    smtp_script_start(&server, scripts, NULL);
    open_at(&opened, CLEAR, &server.port, 1);
    ask_within(&opened, "boss@acme.example", 150, &result);
    assert_int_equal(result.knowledge, KNOWLEDGE_CANNOT_TELL);
    assert_detail(&result, "timed out");
    close_source(&opened);
    smtp_script_stop(&server);
}

static void *
ask_beside(void *opened)
{
    struct recipient_result result;
    ask(opened, "boss@acme.example", &result);
    assert_int_equal(result.knowledge, KNOWLEDGE_CANNOT_TELL);
    return NULL;
}

/* A login and a question about a recipient stand in the same line. */
static void
test_the_cap_is_shared_with_logins(void **state)
{
    (void)state;
    static const char *const scripts[] = {ASKED "stall\n", NULL};
    struct smtp_script server;
    struct opened opened;
    struct recipient_result result;
    pthread_t beside;
    smtp_script_start(&server, scripts, NULL);
    open_at(&opened, CLEAR " connections = 1", &server.port, 1);
    assert_int_equal(pthread_create(&beside, NULL, ask_beside, &opened), 0);
    await_stall(&server);

    ask_within(&opened, "anna@acme.example", 50, &result);
    assert_int_equal(result.knowledge, KNOWLEDGE_CANNOT_TELL);
    assert_detail(&result, "all 1 connections stayed in use");

    const struct username user = {.text = "boss@acme.example", .local_length = 4};
    struct secret secret;
    struct verify_result verified;
    secret_init(&secret);
    secret_set(&secret, "word", 4);
    const struct verify_request request = {
        .user = &user, .password = &secret, .deadline = deadline_after(50)};
    source_verify(opened.source, &request, &verified);
    assert_int_equal(verified.outcome, VERIFY_UNAVAILABLE);
    assert_non_null(strstr(verified.detail, "all 1 connections stayed in use"));
    secret_fini(&secret);

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
        cmocka_unit_test(test_what_follows_an_address_never_shuts_the_server),
        cmocka_unit_test(test_an_answer_is_kept_and_an_outage_is_not),
        cmocka_unit_test(test_the_sessions_deadline_holds),
        cmocka_unit_test(test_the_cap_is_shared_with_logins),
    };
    return cmocka_run_group_tests(tests, bench_set_up, bench_tear_down);
}
