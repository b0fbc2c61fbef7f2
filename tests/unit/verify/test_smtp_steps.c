/*
 * Whatever a server does in the place of any of its steps, no password becomes right or wrong by it
 * but by 235 and 535 behind the password, and what it does once it has heard the name never shuts
 * it for others. And what is told by XCLIENT.
 */
#include <stdlib.h>

#include "smtp_bench.h"

/* EHLO's reply has one line that offers, so that each line is a step. */
#define HELLO       "S 220 mx\nC EHLO *\nS 250-mx\nS 250 "
#define HELLO_AGAIN "C EHLO *\nS 250-mx\nS 250 "
#define TOLD        "C XCLIENT ADDR=192.0.2.1 NAME=[UNAVAILABLE] PROTO=ESMTP HELO=phone.example\n"

static const struct {
    const char *name, *settings, *script;
} conversations[] = {
    {"PLAIN", CLEAR, HELLO "AUTH PLAIN\nC AUTH PLAIN " PLAIN64 "\nS 235 2.7.0 ok\n"},
    {"LOGIN", CLEAR,
     HELLO "AUTH LOGIN\nC AUTH LOGIN\nS 334 VXNlcm5hbWU6\nC " USER64
           "\nS 334 UGFzc3dvcmQ6\nC " PASSWORD64 "\nS 235 2.7.0 ok\n"},
    {"CRAM-MD5", CLEAR,
     HELLO "AUTH CRAM-MD5\nC AUTH CRAM-MD5\nS 334 " CHALLENGE64 "\nC " ANSWER64
           "\nS 235 2.7.0 ok\n"},
    {"XCLIENT", CLEAR " forward_client = true",
     "S 220 mx\nC EHLO *\nS 250-mx\nS 250 XCLIENT NAME ADDR PROTO HELO\n" TOLD
     "S 220 mx again\n" HELLO_AGAIN "AUTH PLAIN\nC AUTH PLAIN " PLAIN64 "\nS 235 2.7.0 ok\n"},
    {"XCLIENT and CRAM-MD5 within TLS", "forward_client = true",
     HELLO "STARTTLS\nC STARTTLS\nS 220 go\nT\n" HELLO_AGAIN "XCLIENT ADDR NAME PROTO HELO\n" TOLD
           "S 220 mx again\n" HELLO_AGAIN "AUTH CRAM-MD5\nC AUTH CRAM-MD5\nS 334 " CHALLENGE64
           "\nC " ANSWER64 "\nS 235 2.7.0 ok\n"},
};

enum { HALF = 1, STALL = 2 }; /* what kind of step stands in the place of another */

static const struct {
    const char *name, *steps;
    unsigned flags;
} instead[] = {
    {"stalls", "stall\n", STALL},
    {"half an answer, then nothing", "stall\n", HALF | STALL},
    {"half an answer, then the end", "close\n", HALF},
    {"closes", "close\n", 0},
    {"resets", "reset\n", 0},
    {"421", "S 421 4.3.2 going down\nclose\n", 0},
    {"454", "S 454 4.7.0 later\nclose\n", 0},
    {"451", "S 451 4.3.0 directory is down\nclose\n", 0},
    {"550", "S 550 5.7.1 no\nclose\n", 0},
    {"500", "S 500 5.5.1 what\nclose\n", 0},
    {"535 that calls itself temporary", "S 535 4.7.0 directory is down\nclose\n", 0},
    {"535 that never ends", "S 535-5.7.8 no\nclose\n", 0},
    {"250", "S 250 ok\nclose\n", 0},
    {"garbage", "S what is this\nclose\n", 0},
    {"an empty line", "S \nclose\n", 0},
};

/* Copies the script up to the step at which it is changed, and what stands in its place. */
static void
change(const char *script, const char *step, size_t i, char *changed_r, size_t size)
{
    size_t length = (size_t)(step - script);
    snprintf(changed_r, size, "%.*s", (int)length, script);
    if ((instead[i].flags & HALF) != 0) {
        const size_t whole = strcspn(step, "\n") - strlen("S ");
        snprintf(changed_r + length, size - length, "R %.*s\n", (int)(whole / 2), step + 2);
        length = strlen(changed_r);
    }
    snprintf(changed_r + length, size - length, "%s", instead[i].steps);
}

static void
ask(const char *script, const char *settings, bool stalls, struct verify_result *result_r)
{
    const char *const scripts[] = {script, NULL};
    struct smtp_script server;
    struct opened opened;
    char text[256];
    snprintf(text, sizeof text, "%s ca_file = \"%s\" connect_timeout = 10s %s", settings, ca_path,
             stalls ? "timeout = 60ms" : "");
    smtp_script_start(&server, scripts, tls_of_this_host);
    open_at(&opened, text, &server.port, 1);
    verify_for(&opened, PASSWORD, "192.0.2.1", "phone.example", 60000, result_r);
    close_source(&opened);
    smtp_script_stop(&server);
    if (!stalls) /* a client in haste may leave before */
        assert_string_equal(server.trouble, "");
}

/* The steps of the server, one after the other. */
static const char *
next_step(const char *at)
{
    for (at = strchr(at, '\n'); at != NULL && at[1] != '\0'; at = strchr(at + 1, '\n'))
        if (at[1] == 'S')
            return at + 1;
    return NULL;
}

static void
check_instead(size_t conversation, const char *step, size_t i)
{
    char script[2048];
    struct verify_result result;
    const char *whole = conversations[conversation].script;
    change(whole, step, i, script, sizeof script);
    ask(script, conversations[conversation].settings, (instead[i].flags & STALL) != 0, &result);
    if (result.outcome != VERIFY_UNAVAILABLE || result.detail[0] == '\0')
        print_error("%s in the place of \"%.*s\"\n", instead[i].name, (int)strcspn(step, "\n"),
                    step);
    assert_int_equal(result.outcome, VERIFY_UNAVAILABLE);
    assert_string_not_equal(result.detail, "");
    static const char *const secrets[] = {PASSWORD, PASSWORD64, PLAIN64, ANSWER64};
    for (size_t j = 0; j < sizeof secrets / sizeof secrets[0]; j++)
        assert_null(strstr(result.detail, secrets[j]));
    verify_result_fini(&result);
}

static void
test_whatever_stands_in_the_place_of_a_step_is_temporary(void **state)
{
    (void)state;
    for (size_t c = 0; c < sizeof conversations / sizeof conversations[0]; c++) {
        struct verify_result result;
        print_message("%s\n", conversations[c].name);
        ask(conversations[c].script, conversations[c].settings, false, &result);
        assert_string_equal(result.detail, "");
        assert_int_equal(result.outcome, VERIFY_OK);
        verify_result_fini(&result);
        for (const char *step = conversations[c].script; step != NULL; step = next_step(step))
            for (size_t i = 0; i < sizeof instead / sizeof instead[0]; i++)
                check_instead(c, step, i);
    }
}

static void
test_535_is_wrong_only_behind_name_or_password(void **state)
{
    (void)state;
    static const char *const of_credentials[] = {PLAIN64, USER64, PASSWORD64, ANSWER64};
    for (size_t c = 0; c < sizeof conversations / sizeof conversations[0]; c++) {
        print_message("%s\n", conversations[c].name);
        for (const char *step = conversations[c].script; step != NULL; step = next_step(step)) {
            char script[2048];
            const size_t length = (size_t)(step - conversations[c].script);
            snprintf(script, sizeof script, "%.*sS 535 5.7.8 no\nclose\n", (int)length,
                     conversations[c].script);
            bool was_shown = false;
            for (size_t i = 0; i < sizeof of_credentials / sizeof of_credentials[0]; i++)
                was_shown = was_shown || strstr(script, of_credentials[i]) != NULL;
            struct verify_result result;
            ask(script, conversations[c].settings, false, &result);
            assert_int_equal(result.outcome,
                             was_shown ? VERIFY_WRONG_PASSWORD : VERIFY_UNAVAILABLE);
            assert_int_equal(result.wrong_may_be_unknown, was_shown);
            verify_result_fini(&result);
        }
    }
}

#define OFFERS_XCLIENT "S 220 mx\nC EHLO *\nS 250-mx\nS 250-XCLIENT ADDR HELO\nS 250 AUTH PLAIN\n"
#define GREETS_ANEW    "S 220 mx\n" HELLO_AGAIN "AUTH PLAIN\n"
#define AUTH_RIGHT     "C AUTH PLAIN " PLAIN64 "\nS 235 ok\n"

static void
test_whom_xclient_names(void **state)
{
    (void)state;
    static const struct {
        const char *name, *settings, *client, *helo, *script;
        enum verify_outcome want;
        const char *want_detail;
    } cases[] = {
        {"the client and what it said", "forward_client = true", "192.0.2.1", "phone.example",
         OFFERS_XCLIENT "C XCLIENT ADDR=192.0.2.1 HELO=phone.example\n" GREETS_ANEW AUTH_RIGHT,
         VERIFY_OK, NULL},
        {"a client by IPv6", "forward_client = true", "2001:db8::1", "a+b",
         OFFERS_XCLIENT "C XCLIENT ADDR=IPV6:2001:db8::1 HELO=a+2Bb\n" GREETS_ANEW AUTH_RIGHT,
         VERIFY_OK, NULL},
        {"a client that would add a command", "forward_client = true", "192.0.2.1",
         "a\r\nAUTH PLAIN x",
         OFFERS_XCLIENT "C XCLIENT ADDR=192.0.2.1 HELO=[UNAVAILABLE]\n" GREETS_ANEW AUTH_RIGHT,
         VERIFY_OK, NULL},
        {"nobody if it is not wanted", "", "192.0.2.1", "phone.example", OFFERS_XCLIENT AUTH_RIGHT,
         VERIFY_OK, NULL},
        {"nobody if it is not offered", "forward_client = true", "192.0.2.1", "phone.example",
         HELLO "AUTH PLAIN\n" AUTH_RIGHT, VERIFY_OK, NULL},
        {"nobody if no address is taken", "forward_client = true", "192.0.2.1", "phone.example",
         "S 220 mx\nC EHLO *\nS 250-mx\nS 250-XCLIENT NAME HELO\nS 250 AUTH PLAIN\n" AUTH_RIGHT,
         VERIFY_OK, NULL},
        {"nobody if the client is not known", "forward_client = true", NULL, NULL,
         OFFERS_XCLIENT AUTH_RIGHT, VERIFY_OK, NULL},
        {"what was offered before is forgotten", "forward_client = true", "192.0.2.1",
         "phone.example", OFFERS_XCLIENT "C XCLIENT *\nS 220 mx\n" HELLO_AGAIN "SIZE 1000\n",
         VERIFY_UNAVAILABLE, "the server does not offer AUTH on this port"},
        {"refused: 550", "forward_client = true", "192.0.2.1", "phone.example",
         OFFERS_XCLIENT "C XCLIENT *\nS 550 5.7.0 insufficient authorization\n", VERIFY_UNAVAILABLE,
         "XCLIENT: the server said \"550 5.7.0 insufficient authorization\""},
        {"250 is no new greeting", "forward_client = true", "192.0.2.1", "phone.example",
         OFFERS_XCLIENT "C XCLIENT *\nS 250 ok\n", VERIFY_UNAVAILABLE, "XCLIENT"},
        {"a yes behind the new greeting answers nothing", "forward_client = true", "192.0.2.1",
         "phone.example", OFFERS_XCLIENT "C XCLIENT *\nR 220 mx^|250 AUTH PLAIN^|235 ok^|\n",
         VERIFY_UNAVAILABLE, "said more than it was asked for"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *const scripts[] = {cases[i].script, NULL};
        struct smtp_script server;
        struct opened opened;
        struct verify_result result;
        char settings[128];
        print_message("%s\n", cases[i].name);
        snprintf(settings, sizeof settings, CLEAR " %s", cases[i].settings);
        smtp_script_start(&server, scripts, NULL);
        open_at(&opened, settings, &server.port, 1);
        verify_for(&opened, PASSWORD, cases[i].client, cases[i].helo, 60000, &result);
        assert_int_equal(result.outcome, cases[i].want);
        if (cases[i].want_detail == NULL)
            assert_string_equal(result.detail, "");
        else if (strstr(result.detail, cases[i].want_detail) == NULL)
            assert_string_equal(result.detail, cases[i].want_detail);
        verify_result_fini(&result);
        close_source(&opened);
        smtp_script_stop(&server);
        assert_string_equal(server.trouble, "");
    }
}

/* Clients choose what they are called. */
static void
test_a_refused_xclient_does_not_shut_the_server(void **state)
{
    (void)state;
    static const char *const scripts[] = {
        OFFERS_XCLIENT "C XCLIENT *\nS 421 4.7.0 you again\nclose\n",
        OFFERS_XCLIENT "C XCLIENT *\nS 550 5.7.0 no\n", OFFERS_XCLIENT "C XCLIENT *\nclose\n",
        OFFERS_XCLIENT "C XCLIENT *\n" GREETS_ANEW AUTH_RIGHT, NULL};
    struct smtp_script server;
    struct opened opened;
    struct verify_result result;
    smtp_script_start(&server, scripts, NULL);
    open_at(&opened, CLEAR " forward_client = true", &server.port, 1);
    for (int i = 0; i < 3; i++) {
        verify_for(&opened, PASSWORD, "192.0.2.1", "x", 60000, &result);
        assert_int_equal(result.outcome, VERIFY_UNAVAILABLE);
    }
    verify_for(&opened, PASSWORD, "192.0.2.1", "x", 60000, &result);
    assert_int_equal(result.outcome, VERIFY_OK);
    close_source(&opened);
    smtp_script_stop(&server);
    assert_string_equal(server.trouble, "");
}

struct beside {
    struct opened opened;
    struct verify_result result;
};

static void *
verify_beside(void *argument)
{
    struct beside *beside = argument;
    verify(&beside->opened, PASSWORD, &beside->result);
    return NULL;
}

/* A front door that asks us would now ask whether the question is our own. */
static void
test_a_question_is_our_own_while_it_is_asked(void **state)
{
    (void)state;
    static const char *const scripts[] = {HELLO "AUTH PLAIN\nC AUTH PLAIN " PLAIN64 "\nstall\n",
                                          NULL};
    const struct netaddr here = {.family = NETADDR_IPV4, .bytes = {127, 0, 0, 1}};
    const struct netaddr elsewhere = {.family = NETADDR_IPV4, .bytes = {192, 0, 2, 1}};
    struct smtp_script server;
    struct beside beside;
    pthread_t thread;
    smtp_script_start(&server, scripts, NULL);
    open_at(&beside.opened, CLEAR, &server.port, 1);
    assert_false(verify_is_own_login(&here, "boss@acme.example", PASSWORD, strlen(PASSWORD)));

    assert_int_equal(pthread_create(&thread, NULL, verify_beside, &beside), 0);
    await_stall(&server);
    assert_true(verify_is_own_login(&here, "boss@acme.example", PASSWORD, strlen(PASSWORD)));
    assert_false(verify_is_own_login(&here, "aide@acme.example", PASSWORD, strlen(PASSWORD)));
    assert_false(verify_is_own_login(&elsewhere, "boss@acme.example", PASSWORD, strlen(PASSWORD)));

    shutdown(server.stalling_fd, SHUT_RDWR);
    pthread_join(thread, NULL);
    assert_int_equal(beside.result.outcome, VERIFY_UNAVAILABLE);
    assert_false(verify_is_own_login(&here, "boss@acme.example", PASSWORD, strlen(PASSWORD)));
    close_source(&beside.opened);
    smtp_script_stop(&server);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whatever_stands_in_the_place_of_a_step_is_temporary),
        cmocka_unit_test(test_535_is_wrong_only_behind_name_or_password),
        cmocka_unit_test(test_whom_xclient_names),
        cmocka_unit_test(test_a_refused_xclient_does_not_shut_the_server),
        cmocka_unit_test(test_a_question_is_our_own_while_it_is_asked),
    };
    return cmocka_run_group_tests(tests, bench_set_up, bench_tear_down);
}
