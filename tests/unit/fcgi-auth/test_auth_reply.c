#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "auth_reply.h"

static const struct {
    const char *name;
    enum reason reason;
    enum protocol protocol;
    unsigned wait_s;
    const char *want;
} refusals[] = {
    {.name = "SMTP hears the code in a header of its own",
     .reason = REASON_AUTH_BAD_CREDENTIALS,
     .protocol = PROTOCOL_SMTP,
     .wait_s = 2,
     .want = "Status: 200 OK\r\nAuth-Status: authentication failed\r\nAuth-Error-Code: 535 "
             "5.7.8\r\nAuth-Wait: 2\r\n\r\n"},
    {.name = "without a wait nginx closes the session",
     .reason = REASON_AUTH_BAD_CREDENTIALS,
     .protocol = PROTOCOL_SMTP,
     .want = "Status: 200 OK\r\nAuth-Status: authentication failed\r\nAuth-Error-Code: 535 "
             "5.7.8\r\n\r\n"},
    {.name = "POP3 hears its code in the text",
     .reason = REASON_AUTH_BAD_CREDENTIALS,
     .protocol = PROTOCOL_POP3,
     .wait_s = 2,
     .want = "Status: 200 OK\r\nAuth-Status: [AUTH] authentication failed\r\nAuth-Wait: "
             "2\r\n\r\n"},
    {.name = "IMAP hears its own code in the text",
     .reason = REASON_AUTH_BAD_CREDENTIALS,
     .protocol = PROTOCOL_IMAP,
     .want = "Status: 200 OK\r\nAuth-Status: [AUTHENTICATIONFAILED] authentication "
             "failed\r\n\r\n"},
    {.name = "an outage is temporary in SMTP",
     .reason = REASON_AUTH_SOURCE_UNAVAILABLE,
     .protocol = PROTOCOL_SMTP,
     .want = "Status: 200 OK\r\nAuth-Status: temporary failure, try again "
             "later\r\nAuth-Error-Code: 454 4.7.0\r\n\r\n"},
    {.name = "an outage is temporary in IMAP",
     .reason = REASON_AUTH_SOURCE_UNAVAILABLE,
     .protocol = PROTOCOL_IMAP,
     .want = "Status: 200 OK\r\nAuth-Status: [UNAVAILABLE] temporary failure, try again "
             "later\r\n\r\n"},
    {.name = "a reason that has no code in POP3 is text alone",
     .reason = REASON_RELAY_DENIED,
     .protocol = PROTOCOL_POP3,
     .want = "Status: 200 OK\r\nAuth-Status: relaying is not allowed\r\n\r\n"},
};

static void
test_refusals(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        struct verdict verdict = verdict_make(refusals[i].reason);
        verdict.wait_s = refusals[i].wait_s;
        struct answer answer;
        auth_reply_refuse(&answer, &verdict, refusals[i].protocol);
        if (strcmp(answer.header, refusals[i].want) != 0)
            fail_msg("%s: %s", refusals[i].name, answer.header);
        assert_int_equal(answer.header_length, strlen(refusals[i].want));
        answer_fini(&answer);
    }
}

/* Every reason that is not a yes, in every protocol: no OK, no line break in a text, under 700. */
static void
test_no_refusal_says_ok(void **state)
{
    (void)state;
    for (int reason = 0; reason < REASON_COUNT; reason++)
        for (int protocol = PROTOCOL_SMTP; protocol <= PROTOCOL_IMAP; protocol++) {
            struct verdict verdict = verdict_make((enum reason)reason);
            if (verdict.action == VERDICT_ACCEPT)
                continue;
            struct answer answer;
            auth_reply_refuse(&answer, &verdict, (enum protocol)protocol);
            assert_null(strstr(answer.header, "Auth-Status: OK"));
            assert_null(strstr(answer.header, "Auth-Status: WAIT"));
            assert_non_null(strstr(answer.header, "\r\nAuth-Status: "));
            assert_in_range(answer.header_length, 1, 699);
            answer_fini(&answer);
        }
}

static const struct {
    const char *name;
    const char *address;
    unsigned port;
    const char *user;
    const char *want; /* NULL: it is not said */
} acceptances[] = {
    {.name = "a login goes on as its canonical user",
     .address = "192.0.2.1",
     .port = 10587,
     .user = "anna@acme.example",
     .want = "Status: 200 OK\r\nAuth-Server: 192.0.2.1\r\nAuth-Port: 10587\r\nAuth-User: "
             "anna@acme.example\r\nAuth-Status: OK\r\n\r\n"},
    {.name = "a session without AUTH takes back the name of an earlier one",
     .address = "2001:db8::1",
     .port = 25,
     .want = "Status: 200 OK\r\nAuth-Server: 2001:db8::1\r\nAuth-Port: 25\r\nAuth-User: "
             "\r\nAuth-Pass: \r\nAuth-Status: OK\r\n\r\n"},
    {.name = "a name with a line break is never said",
     .address = "192.0.2.1",
     .port = 25,
     .user = "u\r\nAuth-Status: OK"},
    {.name = "an address with a line break is never said",
     .address = "192.0.2.1\r\nX: y",
     .port = 25,
     .user = "anna"},
};

static void
test_acceptances(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof acceptances / sizeof acceptances[0]; i++) {
        struct route route = {.port = acceptances[i].port};
        snprintf(route.address, sizeof route.address, "%s", acceptances[i].address);
        struct answer answer;
        int result = auth_reply_accept(&answer, &route, acceptances[i].user);
        if (acceptances[i].want == NULL)
            assert_int_equal(result, -1);
        else if (result != 0 || strcmp(answer.header, acceptances[i].want) != 0)
            fail_msg("%s: %s", acceptances[i].name, answer.header);
        if (result != 0)
            assert_null(strstr(answer.header, "Auth-Status: OK"));
    }
}

/* The longest name there is fits; one of any length does not overflow. */
static void
test_long_users(void **state)
{
    (void)state;
    static char user[2000];
    struct route route = {.address = "2001:db8:1111:2222:3333:4444:5555:6666", .port = 65535};
    for (size_t length = 1; length < sizeof user; length++) {
        memset(user, 'u', length);
        user[length] = '\0';
        struct answer answer;
        int result = auth_reply_accept(&answer, &route, user);
        if (length <= USERNAME_ENCODED_MAX)
            assert_int_equal(result, 0);
        assert_in_range(strlen(answer.header), 1, 699);
        if (result == 0)
            assert_in_range(answer.header_length, 1, 699);
    }
}

static void
test_wait(void **state)
{
    (void)state;
    struct answer answer;
    auth_reply_wait(&answer, 1);
    assert_string_equal(answer.header,
                        "Status: 200 OK\r\nAuth-Status: WAIT\r\nAuth-Wait: 1\r\n\r\n");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refusals),    cmocka_unit_test(test_no_refusal_says_ok),
        cmocka_unit_test(test_acceptances), cmocka_unit_test(test_long_users),
        cmocka_unit_test(test_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
