#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "auth_reply.h"
#include "rule.h"

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

static const struct {
    const char *name;
    struct rule rule;
    enum protocol protocol;
    const char *want;
} rule_refusals[] = {
    {.name = "a rule section has its own code and text in SMTP",
     .rule = {.action = RULE_REFUSE, .code = "554 5.7.26", .text = "not here"},
     .protocol = PROTOCOL_SMTP,
     .want = "Status: 200 OK\r\nAuth-Status: not here\r\nAuth-Error-Code: 554 5.7.26\r\n\r\n"},
    {.name = "in IMAP the text alone, behind IMAP's own code",
     .rule = {.action = RULE_DEFER, .code = "450 4.7.1", .text = "not now"},
     .protocol = PROTOCOL_IMAP,
     .want = "Status: 200 OK\r\nAuth-Status: [UNAVAILABLE] not now\r\n\r\n"},
    {.name = "a refusal whose text is OK is none to nginx: it is another word",
     .rule = {.action = RULE_REFUSE, .code = "550 5.7.1", .text = "OK"},
     .protocol = PROTOCOL_SMTP,
     .want = "Status: 200 OK\r\nAuth-Status: OK.\r\nAuth-Error-Code: 550 5.7.1\r\n\r\n"},
    {.name = "a refusal whose text is WAIT does not make nginx wait",
     .rule = {.action = RULE_REFUSE, .code = "550 5.7.1", .text = "WAIT"},
     .protocol = PROTOCOL_SMTP,
     .want = "Status: 200 OK\r\nAuth-Status: WAIT.\r\nAuth-Error-Code: 550 5.7.1\r\n\r\n"},
};

static void
test_rule_refusals(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rule_refusals / sizeof rule_refusals[0]; i++) {
        struct verdict verdict = verdict_make_by_rule(&rule_refusals[i].rule, REASON_AUTH_OK);
        struct answer answer;
        auth_reply_refuse(&answer, &verdict, rule_refusals[i].protocol);
        if (strcmp(answer.header, rule_refusals[i].want) != 0)
            fail_msg("%s: %s", rule_refusals[i].name, answer.header);
        answer_fini(&answer);
    }
}

/* The longest text that a rule may have, with the longest codes. */
static void
test_a_long_text_of_a_rule_fits(void **state)
{
    (void)state;
    char text[201];
    memset(text, 't', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    const struct rule rule = {.action = RULE_REFUSE, .code = "599 5.999.999", .text = text};
    for (int protocol = PROTOCOL_SMTP; protocol <= PROTOCOL_IMAP; protocol++) {
        struct verdict verdict = verdict_make_by_rule(&rule, REASON_AUTH_OK);
        verdict.wait_s = 4000000000U;
        struct answer answer;
        auth_reply_refuse(&answer, &verdict, (enum protocol)protocol);
        assert_non_null(strstr(answer.header, text));
        assert_non_null(strstr(answer.header, "\r\nAuth-Wait: 4000000000\r\n"));
        assert_in_range(answer.header_length, 1, 699);
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
            if (verdict.action == VERDICT_ACCEPT || reason == REASON_RULE)
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
    enum auth_method method;
    const char *password; /* NULL: none */
    const char *want;     /* NULL: it is not said */
} acceptances[] = {
    {.name = "a login goes on as its canonical user",
     .address = "192.0.2.1",
     .port = 10587,
     .user = "anna@acme.example",
     .method = METHOD_PLAIN,
     .want = "Status: 200 OK\r\nAuth-Server: 192.0.2.1\r\nAuth-Port: 10587\r\nAuth-User: "
             "anna@acme.example\r\nAuth-Status: OK\r\n\r\n"},
    {.name = "a session without AUTH takes back the name of an earlier one",
     .address = "2001:db8::1",
     .port = 25,
     .user = "",
     .method = METHOD_NONE,
     .want = "Status: 200 OK\r\nAuth-Server: 2001:db8::1\r\nAuth-Port: 25\r\nAuth-User: "
             "\r\nAuth-Pass: \r\nAuth-Status: OK\r\n\r\n"},
    {.name = "a session of a relay window is its user's, and has no password",
     .address = "192.0.2.1",
     .port = 25,
     .user = "anna@acme.example",
     .method = METHOD_NONE,
     .want = "Status: 200 OK\r\nAuth-Server: 192.0.2.1\r\nAuth-Port: 25\r\nAuth-User: "
             "anna@acme.example\r\nAuth-Pass: \r\nAuth-Status: OK\r\n\r\n"},
    {.name = "with a challenge nginx gets the password, if it needs one",
     .address = "192.0.2.1",
     .port = 143,
     .user = "anna@acme.example",
     .method = METHOD_CRAM_MD5,
     .password = "an na's w\xc3\xb6rd",
     .want = "Status: 200 OK\r\nAuth-Server: 192.0.2.1\r\nAuth-Port: 143\r\nAuth-User: "
             "anna@acme.example\r\nAuth-Pass: an na's w\xc3\xb6rd\r\nAuth-Status: OK\r\n\r\n"},
    {.name = "with a challenge and no password nothing is said of one",
     .address = "192.0.2.1",
     .port = 25,
     .user = "anna@acme.example",
     .method = METHOD_CRAM_MD5,
     .want = "Status: 200 OK\r\nAuth-Server: 192.0.2.1\r\nAuth-Port: 25\r\nAuth-User: "
             "anna@acme.example\r\nAuth-Status: OK\r\n\r\n"},
    {.name = "a certificate takes back the password of the attempt before",
     .address = "192.0.2.1",
     .port = 25,
     .user = "anna@acme.example",
     .method = METHOD_EXTERNAL,
     .want = "Status: 200 OK\r\nAuth-Server: 192.0.2.1\r\nAuth-Port: 25\r\nAuth-User: "
             "anna@acme.example\r\nAuth-Pass: \r\nAuth-Status: OK\r\n\r\n"},
    {.name = "a password with a line break is never said",
     .address = "192.0.2.1",
     .port = 25,
     .user = "anna",
     .method = METHOD_APOP,
     .password = "x\r\nAuth-Server: 203.0.113.1"},
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
        struct secret password;
        secret_init(&password);
        if (acceptances[i].password != NULL)
            secret_set(&password, acceptances[i].password, strlen(acceptances[i].password));
        int result = auth_reply_accept(&answer, &route, acceptances[i].user, &password,
                                       acceptances[i].method);
        secret_fini(&password);
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
        int result =
            auth_reply_accept(&answer, &route, user, &(const struct secret){0}, METHOD_NONE);
        if (length <= USERNAME_ENCODED_MAX)
            assert_int_equal(result, 0);
        assert_in_range(strlen(answer.header), 1, 699);
        if (result == 0)
            assert_in_range(answer.header_length, 1, 699);
    }
}

/* nginx reads a header's value without the spaces around it. */
static void
test_passwords_that_nginx_hears_as_they_are(void **state)
{
    static const struct {
        const char *name, *bytes;
        size_t length; /* 0: strlen */
        bool want;
    } cases[] = {
        {"no password", "", 0, true},
        {"letters", "hunter2", 0, true},
        {"spaces inside", "correct horse  battery", 0, true},
        {"letters outside of ASCII", "pa\xc3\x9fwort", 0, true},
        {"bytes that are no UTF-8", "\xff\xfe", 0, true},
        {"colons and percent signs", ":%41:", 0, true},
        {"a space in front", " x", 0, false},
        {"a space behind", "x ", 0, false},
        {"a space alone", " ", 0, false},
        {"a line feed", "x\ny", 0, false},
        {"a carriage return", "x\ry", 0, false},
        {"a tabulator", "x\ty", 0, false},
        {"a NUL", "x\0y", 3, false},
        {"a DEL", "x\x7f", 0, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct secret password;
        secret_init(&password);
        secret_set(&password, cases[i].bytes,
                   cases[i].length != 0 ? cases[i].length : strlen(cases[i].bytes));
        if (auth_reply_takes_password(&password) != cases[i].want)
            fail_msg("%s", cases[i].name);
        secret_fini(&password);
    }
}

static void
test_a_long_password_is_not_said(void **state)
{
    (void)state;
    static char bytes[ANSWER_HEADER_MAX];
    struct route route = {.address = "192.0.2.1", .port = 143};
    memset(bytes, 'p', sizeof bytes);
    for (size_t length = 1; length <= sizeof bytes; length++) {
        struct secret password;
        secret_init(&password);
        secret_set(&password, bytes, length);
        struct answer answer;
        int result = auth_reply_accept(&answer, &route, "anna", &password, METHOD_CRAM_MD5);
        secret_fini(&password);
        if (length <= 512)
            assert_int_equal(result, 0);
        if (result == 0)
            assert_in_range(answer.header_length, length, 699);
        else
            assert_null(strstr(answer.header, "Auth-Status"));
    }
}

static void
test_a_password_is_wiped_with_the_answer(void **state)
{
    (void)state;
    struct route route = {.address = "192.0.2.1", .port = 143};
    struct secret password;
    secret_init(&password);
    secret_set(&password, "hunter2", 7);
    struct answer answer;
    memset(&answer, 0, sizeof answer);
    assert_int_equal(auth_reply_accept(&answer, &route, "anna", &password, METHOD_CRAM_MD5), 0);
    secret_fini(&password);
    assert_non_null(memmem(answer.header, sizeof answer.header, "hunter2", 7));
    answer_fini(&answer);
    for (size_t i = 0; i < sizeof answer.header; i++)
        assert_int_equal(answer.header[i], '\0');
    assert_int_equal(answer.header_length, 0);
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
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_rule_refusals),
        cmocka_unit_test(test_a_long_text_of_a_rule_fits),
        cmocka_unit_test(test_no_refusal_says_ok),
        cmocka_unit_test(test_acceptances),
        cmocka_unit_test(test_long_users),
        cmocka_unit_test(test_passwords_that_nginx_hears_as_they_are),
        cmocka_unit_test(test_a_long_password_is_not_said),
        cmocka_unit_test(test_a_password_is_wiped_with_the_answer),
        cmocka_unit_test(test_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
