#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "http_reply.h"
#include "rule.h"

static const struct {
    enum reason reason;
    const char *want;
} reasons[] = {
    {REASON_AUTH_OK, "204"},
    {REASON_REQUEST_MALFORMED, "401"},
    {REASON_AUTH_BAD_CREDENTIALS, "401"},
    {REASON_AUTH_OFF, "403"},
    {REASON_AUTH_TLS_REQUIRED, "403"},
    {REASON_AUTH_METHOD, "403"},
    {REASON_AUTH_IP_DENIED, "403"},
    {REASON_AUTH_USER_DENIED, "403"},
    {REASON_AUTH_ORG_USER_DENIED, "403"},
    {REASON_AUTH_BANNED, "429"},
    {REASON_AUTH_THROTTLED, "429"},
    {REASON_AUTH_SOURCE_UNAVAILABLE, "503"},
    {REASON_INTERNAL, "503"},
    {REASON_ROUTE_NONE, "503"},
};

static const struct listener open_listener = {.auth = AUTH_ON};

static const char *
code_of(struct verdict verdict, const struct listener *listener, bool tls)
{
    const struct decision decision = {.verdict = verdict, .listener = listener};
    const struct facts facts = {.protocol = PROTOCOL_HTTP, .tls = tls};
    return http_reply_code(http_reply_status(&decision, &facts));
}

static void
test_reasons(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
        const char *code = code_of(verdict_make(reasons[i].reason), &open_listener, true);
        if (strcmp(code, reasons[i].want) != 0)
            fail_msg("%s is %s", reason_id(reasons[i].reason), code);
    }
}

/* A reason that only mail has, and one that will be added without a thought of HTTP. */
static void
test_no_other_reason_lets_anybody_in(void **state)
{
    (void)state;
    for (int reason = 0; reason < REASON_COUNT; reason++) {
        if (reason == REASON_AUTH_OK || reason == REASON_RULE)
            continue;
        const char *code = code_of(verdict_make((enum reason)reason), &open_listener, true);
        assert_string_not_equal(code, "204");
    }
    assert_string_equal(code_of((struct verdict){0}, &open_listener, true), "503");
}

static const struct {
    const char *name;
    enum rule_action action;
    const char *want;
} rules[] = {
    {"a rule that refuses", RULE_REFUSE, "403"},
    {"a rule that defers", RULE_DEFER, "503"},
    {"a rule that accepts", RULE_ACCEPT, "204"},
    {"a rule that tags", RULE_TAG, "204"},
};

static void
test_rules(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        const struct rule rule = {.action = rules[i].action, .code = "550 5.7.1", .text = "no"};
        const char *code =
            code_of(verdict_make_by_rule(&rule, REASON_AUTH_OK), &open_listener, true);
        if (strcmp(code, rules[i].want) != 0)
            fail_msg("%s is %s", rules[i].name, code);
    }
}

/* No browser is asked for a password that would be refused, or be read on its way. */
static const struct {
    const char *name;
    bool has_listener;
    struct listener listener;
    bool tls;
    const char *want;
} challenges[] = {
    {"an unknown listener", false, {.auth = AUTH_OFF}, true, "503"},
    {"a listener without logins", true, {.auth = AUTH_OFF}, true, "403"},
    {"logins with TLS only, with TLS", true, {.auth = AUTH_ENCRYPTED}, true, "401"},
    {"logins with TLS only, without TLS", true, {.auth = AUTH_ENCRYPTED}, false, "403"},
    {"logins always, without TLS", true, {.auth = AUTH_ON}, false, "401"},
    {"logins always, without the TLS that all need",
     true,
     {.auth = AUTH_ON, .require_tls = true},
     false,
     "403"},
};

static void
test_challenges(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof challenges / sizeof challenges[0]; i++) {
        const struct listener *listener =
            challenges[i].has_listener ? &challenges[i].listener : NULL;
        const char *code =
            code_of(verdict_make(REASON_REQUEST_MALFORMED), listener, challenges[i].tls);
        if (strcmp(code, challenges[i].want) != 0)
            fail_msg("%s: %s", challenges[i].name, code);
    }
}

static void
test_a_login_is_asked_for(void **state)
{
    (void)state;
    struct answer answer;
    http_reply_refuse(&answer, HTTP_LOGIN_WANTED);
    assert_string_equal(answer.header,
                        "Status: 401 Unauthorized\r\nContent-Type: text/plain; charset=utf-8\r\n"
                        "WWW-Authenticate: Basic realm=\"mail\", charset=\"UTF-8\"\r\n\r\n");
    assert_string_equal(answer.body, "a login is required\n");
    answer_fini(&answer);
}

static void
test_other_refusals_ask_for_nothing(void **state)
{
    (void)state;
    static const enum http_status others[] = {HTTP_FORBIDDEN, HTTP_TOO_MANY, HTTP_UNAVAILABLE};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        struct answer answer;
        http_reply_refuse(&answer, others[i]);
        assert_memory_equal(answer.header + strlen("Status: "), http_reply_code(others[i]), 3);
        assert_null(strstr(answer.header, "WWW-Authenticate"));
        assert_null(strstr(answer.header, "X-Auth-User"));
        answer_fini(&answer);
    }
}

static const struct {
    const char *name, *user;
    const char *want; /* NULL: it is not said */
} acceptances[] = {
    {"the page hears who it is", "anna@acme.example",
     "Status: 204 No Content\r\nX-Auth-User: anna@acme.example\r\n\r\n"},
    {"letters outside of ASCII are UTF-8, in no other encoding", "j\xc3\xb6rg+x@acme.example",
     "Status: 204 No Content\r\nX-Auth-User: j\xc3\xb6rg+x@acme.example\r\n\r\n"},
    {"a name with a line break is never said", "a\r\nX-Auth-User: boss", NULL},
};

static void
test_acceptances(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof acceptances / sizeof acceptances[0]; i++) {
        struct answer answer;
        int result = http_reply_accept(&answer, acceptances[i].user);
        if ((result != 0) != (acceptances[i].want == NULL) ||
            (result == 0 && strcmp(answer.header, acceptances[i].want) != 0))
            fail_msg("%s: %s", acceptances[i].name, answer.header);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reasons),
        cmocka_unit_test(test_no_other_reason_lets_anybody_in),
        cmocka_unit_test(test_rules),
        cmocka_unit_test(test_challenges),
        cmocka_unit_test(test_a_login_is_asked_for),
        cmocka_unit_test(test_other_refusals_ask_for_nothing),
        cmocka_unit_test(test_acceptances),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
