#include "cases.h"

#include "outcome.h"
#include "verdict.h"

/* The table of the design, line by line. */
static const struct {
    enum reason reason;
    const char *id, *smtp, *pop3, *imap;
    enum verdict_action action;
} reasons[] = {
    {REASON_INTERNAL, "internal", "454 4.7.0", "[SYS/TEMP]", "[UNAVAILABLE]", VERDICT_TEMPFAIL},
    {REASON_AUTH_OK, "auth.ok", "235 2.7.0", "", "", VERDICT_ACCEPT},
    {REASON_RECIPIENT_OK, "recipient.ok", "250 2.1.5", "", "", VERDICT_ACCEPT},
    {REASON_REQUEST_MALFORMED, "request.malformed", "501 5.5.2", "[AUTH]", "[CLIENTBUG]",
     VERDICT_REFUSE},
    {REASON_AUTH_BANNED, "auth.banned", "421 4.7.0", "[LOGIN-DELAY]", "[LIMIT]", VERDICT_TEMPFAIL},
    {REASON_AUTH_OFF, "auth.off", "502 5.5.1", "[AUTH]", "[AUTHENTICATIONFAILED]", VERDICT_REFUSE},
    {REASON_AUTH_TLS_REQUIRED, "auth.tls-required", "538 5.7.11", "[AUTH]", "[PRIVACYREQUIRED]",
     VERDICT_REFUSE},
    {REASON_AUTH_METHOD, "auth.method", "504 5.5.4", "[AUTH]", "[AUTHENTICATIONFAILED]",
     VERDICT_REFUSE},
    {REASON_AUTH_IP_DENIED, "auth.ip-denied", "535 5.7.8", "[AUTH]", "[AUTHORIZATIONFAILED]",
     VERDICT_REFUSE},
    {REASON_AUTH_USER_DENIED, "auth.user-denied", "535 5.7.8", "[AUTH]", "[AUTHORIZATIONFAILED]",
     VERDICT_REFUSE},
    {REASON_AUTH_ORG_USER_DENIED, "auth.org-user-denied", "535 5.7.8", "[AUTH]",
     "[AUTHORIZATIONFAILED]", VERDICT_REFUSE},
    {REASON_AUTH_BAD_CREDENTIALS, "auth.bad-credentials", "535 5.7.8", "[AUTH]",
     "[AUTHENTICATIONFAILED]", VERDICT_REFUSE},
    {REASON_AUTH_SOURCE_UNAVAILABLE, "auth.source-unavailable", "454 4.7.0", "[SYS/TEMP]",
     "[UNAVAILABLE]", VERDICT_TEMPFAIL},
    {REASON_SESSION_TLS_REQUIRED, "session.tls-required", "530 5.7.0", "", "", VERDICT_REFUSE},
    {REASON_SESSION_AUTH_REQUIRED, "session.auth-required", "530 5.7.0", "", "", VERDICT_REFUSE},
    {REASON_RELAY_DENIED, "relay.denied", "550 5.7.1", "", "", VERDICT_REFUSE},
    {REASON_ROUTE_NONE, "route.none", "451 4.4.1", "[SYS/TEMP]", "[UNAVAILABLE]", VERDICT_TEMPFAIL},
};

static void
test_reasons(void **state)
{
    (void)state;
    assert_int_equal(COUNT_OF(reasons), REASON_COUNT);
    for (size_t i = 0; i < COUNT_OF(reasons); i++) {
        const char *id = reasons[i].id;
        assert_int_equal(reasons[i].reason, i);
        CHECK_TEXT(id, reason_id(reasons[i].reason), id);
        CHECK_TEXT(id, reason_code(reasons[i].reason, PROTOCOL_SMTP), reasons[i].smtp);
        CHECK_TEXT(id, reason_code(reasons[i].reason, PROTOCOL_POP3), reasons[i].pop3);
        CHECK_TEXT(id, reason_code(reasons[i].reason, PROTOCOL_IMAP), reasons[i].imap);
        struct verdict verdict = verdict_make(reasons[i].reason);
        CHECK(id, verdict.action == reasons[i].action);
        CHECK(id, verdict.reason == reasons[i].reason);
        CHECK(id, verdict.wait_s == 0 && verdict.rule.section_kind == NULL);
    }
}

static void
test_texts_are_short_and_printable(void **state)
{
    (void)state;
    for (unsigned reason = 0; reason < REASON_COUNT; reason++) {
        const char *text = reason_text(reason);
        CHECK(reason_id(reason), text[0] != '\0' && strlen(text) <= 64);
        for (const char *c = text; *c != '\0'; c++)
            CHECK(reason_id(reason), *c >= 0x20 && *c < 0x7f);
    }
}

static void
test_a_zeroed_verdict_is_a_temporary_failure(void **state)
{
    (void)state;
    struct verdict verdict = {0};
    assert_int_equal(verdict.action, VERDICT_TEMPFAIL);
    assert_string_equal(reason_id(verdict.reason), "internal");
    assert_string_equal(verdict_action_name(verdict.action), "defer");
    assert_string_equal(verdict_action_name(VERDICT_REFUSE), "refuse");
    assert_string_equal(verdict_action_name(VERDICT_ACCEPT), "accept");
}

static const struct {
    const char *name;
    struct rule_ref rule;
    const char *want;
} rules[] = {
    {"everything",
     {.origin = {"mailreeve.conf", 12},
      .section_kind = "listener",
      .section_name = "submission",
      .setting = "auth_ips",
      .hit = {.entry = "192.0.2.0/24", .origin = {"lists/office", 3}},
      .detail = "in list \"office\""},
     "mailreeve.conf:12 listener \"submission\": auth_ips: entry \"192.0.2.0/24\" at "
     "lists/office:3: in list \"office\""},
    {"no entry",
     {.origin = {"mailreeve.conf", 12},
      .section_kind = "listener",
      .section_name = "submission",
      .setting = "auth_ips",
      .detail = "not in list \"office\""},
     "mailreeve.conf:12 listener \"submission\": auth_ips: not in list \"office\""},
    {"a section as a whole",
     {.origin = {"mailreeve.conf", 5}, .section_kind = "source", .section_name = "users"},
     "mailreeve.conf:5 source \"users\""},
    {"a rule of no file",
     {.section_kind = "request", .detail = "the user name is empty"},
     "built-in request: the user name is empty"},
    {"nothing", {.detail = ""}, "built-in"},
    {"an entry of no file", {.hit = {.entry = "a@b"}}, "built-in: entry \"a@b\""},
    {"a line break cannot leave the line",
     {.section_kind = "request", .detail = "a\r\nb\x7f\x1b[1m"},
     "built-in request: a??b??[1m"},
};

static void
test_rules_are_written_on_one_line(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rules); i++) {
        char text[512];
        int length = rule_format(&rules[i].rule, text, sizeof text);
        CHECK_TEXT(rules[i].name, text, rules[i].want);
        CHECK(rules[i].name, length == (int)strlen(rules[i].want));
        char cut[10];
        CHECK(rules[i].name, rule_format(&rules[i].rule, cut, sizeof cut) == length);
        CHECK(rules[i].name, strncmp(cut, rules[i].want, strlen(cut)) == 0);
        CHECK(rules[i].name, rule_format(&rules[i].rule, NULL, 0) == length);
    }
}

static void
test_outcome_names(void **state)
{
    (void)state;
    assert_string_equal(verify_outcome_name(VERIFY_UNAVAILABLE), "unavailable");
    assert_string_equal(verify_outcome_name(VERIFY_OK), "ok");
    assert_string_equal(verify_outcome_name(VERIFY_WRONG_PASSWORD), "wrong password");
    assert_string_equal(verify_outcome_name(VERIFY_UNKNOWN_USER), "unknown user");
    assert_string_equal(verify_outcome_name(VERIFY_DISABLED), "disabled");
    assert_string_equal(verify_outcome_name(VERIFY_AMBIGUOUS), "ambiguous");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reasons),
        cmocka_unit_test(test_texts_are_short_and_printable),
        cmocka_unit_test(test_a_zeroed_verdict_is_a_temporary_failure),
        cmocka_unit_test(test_rules_are_written_on_one_line),
        cmocka_unit_test(test_outcome_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
