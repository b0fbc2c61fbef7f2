#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "policy_request.h"

static const struct {
    const char *name, *query;
    enum policy_command want;
} commands[] = {
    {"the question before and after a login", "command=allow", POLICY_ALLOW},
    {"the report", "command=report", POLICY_REPORT},
    {"whether anybody is there", "command=ping", POLICY_PING},
    {"among others, as Dovecot writes it behind a '&'", "key=1&command=report", POLICY_REPORT},
    {"before others", "command=allow&key=command", POLICY_ALLOW},
    {"no query", NULL, POLICY_UNKNOWN},
    {"an empty one", "", POLICY_UNKNOWN},
    {"another command of weakforced", "command=reset", POLICY_UNKNOWN},
    {"no value", "command=", POLICY_UNKNOWN},
    {"only the beginning of one", "command=all", POLICY_UNKNOWN},
    {"more than one", "command=allowed", POLICY_UNKNOWN},
    {"two: which would hold?", "command=allow&command=report", POLICY_UNKNOWN},
    {"the same twice", "command=allow&command=allow", POLICY_UNKNOWN},
    {"inside of another name", "mycommand=allow", POLICY_UNKNOWN},
    {"commands have one spelling", "command=ALLOW", POLICY_UNKNOWN},
};

static void
test_commands(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        if (policy_command_parse(commands[i].query) != commands[i].want)
            fail_msg("%s", commands[i].name);
}

/* What Dovecot 2.3.19 sent, word for word. */
#define DOVECOT_TRACED                                                      \
    "\"device_id\":\"\",\"login\":\"leo@x.example\",\"protocol\":\"imap\"," \
    "\"pwhash\":\"04f8\",\"remote\":\"192.0.2.1\",\"session_id\":\"DHQqgtxgyp5/AAAB\""
#define WHO "\"login\":\"leo\",\"remote\":\"192.0.2.1\""

static const struct {
    const char *name, *body;
    enum policy_command command;
    const char *want_error;                                           /* NULL: it is taken */
    const char *want_login, *want_hash, *want_client, *want_protocol; /* NULL: not looked at */
    bool want_tls, want_success, want_policy_reject;
} bodies[] = {
    {.name = "Dovecot's question",
     .command = POLICY_ALLOW,
     .body = "{" DOVECOT_TRACED ",\"tls\":false}",
     .want_login = "leo@x.example",
     .want_hash = "04f8",
     .want_client = "192.0.2.1",
     .want_protocol = "imap"},
    {.name = "Dovecot's report of a login",
     .command = POLICY_REPORT,
     .body = "{" DOVECOT_TRACED ",\"success\":true,\"policy_reject\":false,\"tls\":true}",
     .want_login = "leo@x.example",
     .want_tls = true,
     .want_success = true},
    {.name = "Dovecot's report of a login that we refused",
     .command = POLICY_REPORT,
     .body = "{" DOVECOT_TRACED ",\"success\":false,\"policy_reject\":true,\"tls\":false}",
     .want_policy_reject = true},
    {.name = "weakforced's own example",
     .command = POLICY_REPORT,
     .body = "{\"login\":\"ahu\", \"remote\": \"127.0.0.1\", \"pwhash\":\"1234\", "
             "\"success\":\"false\"}",
     .want_login = "ahu",
     .want_hash = "1234",
     .want_client = "127.0.0.1",
     .want_protocol = ""},
    {.name = "attributes of its own, of whatever kind",
     .command = POLICY_ALLOW,
     .body = "{" WHO ",\"attrs\":{\"a\":\"1\",\"b\":[\"2\",\"3\"]},\"unknown\":[{}]}",
     .want_login = "leo"},
    {.name = "a text for true",
     .command = POLICY_REPORT,
     .body = "{" WHO ",\"success\":\"TRUE\",\"tls\":\"true\"}",
     .want_success = true,
     .want_tls = true},
    {.name = "a number for true",
     .command = POLICY_REPORT,
     .body = "{" WHO ",\"success\":1,\"policy_reject\":0}",
     .want_success = true},
    {.name = "numbers for a name and a hash",
     .command = POLICY_REPORT,
     .body = "{\"login\":4711,\"remote\":\"192.0.2.1\",\"pwhash\":-12,\"success\":0}",
     .want_login = "4711",
     .want_hash = "-12"},
    {.name = "an IPv4 address in IPv6 is the IPv4 address",
     .command = POLICY_ALLOW,
     .body = "{\"login\":\"leo\",\"remote\":\"::ffff:192.0.2.1\"}",
     .want_client = "192.0.2.1"},
    {.name = "an IPv6 address",
     .command = POLICY_ALLOW,
     .body = "{\"login\":\"leo\",\"remote\":\"2001:DB8::1\"}",
     .want_client = "2001:db8::1"},
    {.name = "Dovecot has no address for a login by a unix socket",
     .command = POLICY_ALLOW,
     .body = "{\"login\":\"leo\",\"remote\":\"\"}",
     .want_client = ""},
    {.name = "an empty name, as Dovecot sends where it refused the name itself",
     .command = POLICY_REPORT,
     .body = "{\"login\":\"\",\"remote\":\"192.0.2.1\",\"success\":false}",
     .want_login = ""},
    {.name = "no name",
     .command = POLICY_ALLOW,
     .body = "{\"remote\":\"192.0.2.1\"}",
     .want_error = "read the body: login is missing or no text"},
    {.name = "a name that is null",
     .command = POLICY_ALLOW,
     .body = "{\"login\":null,\"remote\":\"192.0.2.1\"}",
     .want_error = "read the body: login is missing or no text"},
    {.name = "a name that is a list",
     .command = POLICY_ALLOW,
     .body = "{\"login\":[\"leo\"],\"remote\":\"192.0.2.1\"}",
     .want_error = "read the body: login is missing or no text"},
    {.name = "a hash that is an object",
     .command = POLICY_ALLOW,
     .body = "{" WHO ",\"pwhash\":{}}",
     .want_error = "read the body: pwhash is no text"},
    {.name = "no address",
     .command = POLICY_ALLOW,
     .body = "{\"login\":\"leo\"}",
     .want_error = "read the body: remote is missing or no address"},
    {.name = "an address that is none",
     .command = POLICY_ALLOW,
     .body = "{\"login\":\"leo\",\"remote\":\"host.example\"}",
     .want_error = "read the body: remote is missing or no address"},
    {.name = "an address with something behind it",
     .command = POLICY_ALLOW,
     .body = "{\"login\":\"leo\",\"remote\":\"192.0.2.1 \"}",
     .want_error = "read the body: remote is missing or no address"},
    {.name = "a report without a result",
     .command = POLICY_REPORT,
     .body = "{" WHO "}",
     .want_error = "read the body: success is missing, or neither true nor false"},
    {.name = "a result that is neither",
     .command = POLICY_REPORT,
     .body = "{" WHO ",\"success\":\"maybe\"}",
     .want_error = "read the body: success is missing, or neither true nor false"},
    {.name = "a result that is another number",
     .command = POLICY_REPORT,
     .body = "{" WHO ",\"success\":2}",
     .want_error = "read the body: success is missing, or neither true nor false"},
    {.name = "a result that is an object",
     .command = POLICY_REPORT,
     .body = "{" WHO ",\"success\":{\"a\":true}}",
     .want_error = "read the body: success is missing, or neither true nor false"},
    {.name = "policy_reject that is neither",
     .command = POLICY_REPORT,
     .body = "{" WHO ",\"success\":true,\"policy_reject\":\"\"}",
     .want_error = "read the body: policy_reject is neither true nor false"},
    {.name = "tls that is neither",
     .command = POLICY_ALLOW,
     .body = "{" WHO ",\"tls\":\"TLSv1.3\"}",
     .want_error = "read the body: tls is neither true nor false"},
    {.name = "no JSON",
     .command = POLICY_ALLOW,
     .body = "login=leo",
     .want_error = "read the body: it is not JSON (line 1, column 5)"},
};

static void
expect_text(const char *name, const char *what, const char *text, const char *want)
{
    if (want != NULL && strcmp(text, want) != 0)
        fail_msg("%s: %s is %s", name, what, text);
}

static void
test_bodies(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        const char *name = bodies[i].name, *want = bodies[i].want_error;
        struct err err = {.text = ""};
        struct policy_request request;
        int result = policy_request_decode(&request, bodies[i].command, bodies[i].body,
                                           strlen(bodies[i].body), &err);
        expect_text(name, "the error", err.text, want != NULL ? want : "");
        if ((result == 0) != (want == NULL))
            fail_msg("%s: %s", name, result == 0 ? "was taken" : "was not taken");
        if (result == 0) {
            char client[NETADDR_TEXT_MAX];
            netaddr_format(&request.client, client);
            expect_text(name, "the login", request.login, bodies[i].want_login);
            expect_text(name, "the hash", request.password_hash, bodies[i].want_hash);
            expect_text(name, "the client", client, bodies[i].want_client);
            expect_text(name, "the protocol", request.protocol, bodies[i].want_protocol);
            if (request.tls != bodies[i].want_tls || request.success != bodies[i].want_success ||
                request.policy_reject != bodies[i].want_policy_reject)
                fail_msg("%s: tls %d, success %d, policy_reject %d", name, request.tls,
                         request.success, request.policy_reject);
        }
        policy_request_fini(&request);
    }
}

static const struct {
    const char *name, *more; /* of the body */
    enum verify_outcome want_outcome;
    bool want_password, want_reading;
} meanings[] = {
    {"a login", "\"success\":true,\"protocol\":\"imap\",\"pwhash\":\"01\"", VERIFY_OK, true, true},
    {"by POP3", "\"success\":true,\"protocol\":\"POP3\",\"pwhash\":\"01\"", VERIFY_OK, true, true},
    {"by POP3 over TLS, where a server says so", "\"success\":true,\"protocol\":\"pop3s\"",
     VERIFY_OK, false, true},
    {"by SMTP, which reads no mail", "\"success\":true,\"protocol\":\"smtp\",\"pwhash\":\"01\"",
     VERIFY_OK, true, false},
    {"by Sieve neither", "\"success\":true,\"protocol\":\"sieve\"", VERIFY_OK, false, false},
    {"by who knows what", "\"success\":true", VERIFY_OK, false, false},
    {"a failure of which no more is known is a wrong password",
     "\"success\":false,\"pwhash\":\"01\"", VERIFY_WRONG_PASSWORD, true, false},
    {"a failure that a server says is one", "\"success\":false,\"fail_type\":\"credentials\"",
     VERIFY_WRONG_PASSWORD, false, false},
    {"an unknown account", "\"success\":false,\"fail_type\":\"account\"", VERIFY_UNKNOWN_USER,
     false, false},
    {"a disabled account", "\"success\":false,\"fail_type\":\"disabled\"", VERIFY_DISABLED, false,
     false},
    {"an expired password", "\"success\":false,\"fail_type\":\"expired\"", VERIFY_PASSWORD_EXPIRED,
     false, false},
    {"an outage of the server's own sources", "\"success\":false,\"fail_type\":\"internal\"",
     VERIFY_UNAVAILABLE, false, false},
    {"a refusal of ours in Dovecot 2.4's words", "\"success\":false,\"fail_type\":\"policy\"",
     VERIFY_UNAVAILABLE, false, false},
    {"a reason that we do not know", "\"success\":false,\"fail_type\":\"weather\"",
     VERIFY_UNAVAILABLE, false, false},
    {"the right password, and refused for another reason", "\"success\":false,\"fail_type\":\"\"",
     VERIFY_UNAVAILABLE, false, false},
    {"why it failed does not matter to who did not fail",
     "\"success\":true,\"fail_type\":\"internal\"", VERIFY_OK, false, false},
    {"a refusal of ours is nobody's failure", "\"success\":false,\"policy_reject\":true",
     VERIFY_UNAVAILABLE, false, false},
    {"and no login", "\"success\":true,\"policy_reject\":true", VERIFY_UNAVAILABLE, false, false},
    {"a password by its mechanism", "\"success\":false,\"pwhash\":\"01\",\"mech\":\"PLAIN\"",
     VERIFY_WRONG_PASSWORD, true, false},
    {"the same in lower case", "\"success\":false,\"pwhash\":\"01\",\"mech\":\"login\"",
     VERIFY_WRONG_PASSWORD, true, false},
    {"a challenge has no password that could be the same again",
     "\"success\":false,\"pwhash\":\"01\",\"mech\":\"CRAM-MD5\"", VERIFY_WRONG_PASSWORD, false,
     false},
    {"an empty hash is that of no password", "\"success\":false,\"pwhash\":\"\"",
     VERIFY_WRONG_PASSWORD, false, false},
};

static void
test_meanings(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof meanings / sizeof meanings[0]; i++) {
        char body[512];
        snprintf(body, sizeof body, "{" WHO ",%s}", meanings[i].more);
        struct policy_request request;
        struct err err;
        if (policy_request_decode(&request, POLICY_REPORT, body, strlen(body), &err) != 0)
            fail_msg("%s: %s", meanings[i].name, err.text);
        if (policy_request_outcome(&request) != meanings[i].want_outcome)
            fail_msg("%s: %s", meanings[i].name,
                     verify_outcome_name(policy_request_outcome(&request)));
        if (policy_request_has_password(&request) != meanings[i].want_password)
            fail_msg("%s: the password", meanings[i].name);
        if (policy_request_is_reading(&request) != meanings[i].want_reading)
            fail_msg("%s: the protocol", meanings[i].name);
        policy_request_fini(&request);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_commands),
        cmocka_unit_test(test_bodies),
        cmocka_unit_test(test_meanings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
