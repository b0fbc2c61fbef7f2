#include "cases.h"

#include "outcome.h"
#include "rule.h"
#include "verdict.h"

/* The table of the design, line by line. */
static const struct {
    enum reason reason;
    const char *id, *smtp, *pop3, *imap, *text;
    enum verdict_action action;
} reasons[] = {
    {REASON_INTERNAL, "internal", "454 4.7.0", "[SYS/TEMP]", "[UNAVAILABLE]",
     "temporary failure, try again later", VERDICT_TEMPFAIL},
    {REASON_AUTH_OK, "auth.ok", "235 2.7.0", "", "", "authentication succeeded", VERDICT_ACCEPT},
    {REASON_RECIPIENT_OK, "recipient.ok", "250 2.1.5", "", "", "ok", VERDICT_ACCEPT},
    {REASON_REQUEST_MALFORMED, "request.malformed", "501 5.5.2", "[AUTH]", "[CLIENTBUG]",
     "malformed name, password or address", VERDICT_REFUSE},
    {REASON_AUTH_BANNED, "auth.banned", "421 4.7.0", "[LOGIN-DELAY]", "[LIMIT]",
     "too many failures, try again later", VERDICT_TEMPFAIL},
    {REASON_AUTH_THROTTLED, "auth.throttled", "421 4.7.0", "[LOGIN-DELAY]", "[LIMIT]",
     "too many logins, try again later", VERDICT_TEMPFAIL},
    {REASON_AUTH_OFF, "auth.off", "502 5.5.1", "[AUTH]", "[AUTHENTICATIONFAILED]",
     "authentication is not available here", VERDICT_REFUSE},
    {REASON_AUTH_TLS_REQUIRED, "auth.tls-required", "538 5.7.11", "[AUTH]", "[PRIVACYREQUIRED]",
     "encryption is required for authentication", VERDICT_REFUSE},
    {REASON_AUTH_METHOD, "auth.method", "504 5.5.4", "[AUTH]", "[AUTHENTICATIONFAILED]",
     "this authentication method is not available here", VERDICT_REFUSE},
    {REASON_AUTH_IP_DENIED, "auth.ip-denied", "535 5.7.8", "[AUTH]", "[AUTHORIZATIONFAILED]",
     "authentication is not allowed", VERDICT_REFUSE},
    {REASON_AUTH_USER_DENIED, "auth.user-denied", "535 5.7.8", "[AUTH]", "[AUTHORIZATIONFAILED]",
     "authentication is not allowed", VERDICT_REFUSE},
    {REASON_AUTH_ORG_USER_DENIED, "auth.org-user-denied", "535 5.7.8", "[AUTH]",
     "[AUTHORIZATIONFAILED]", "authentication is not allowed", VERDICT_REFUSE},
    {REASON_AUTH_BAD_CREDENTIALS, "auth.bad-credentials", "535 5.7.8", "[AUTH]",
     "[AUTHENTICATIONFAILED]", "authentication failed", VERDICT_REFUSE},
    {REASON_AUTH_SOURCE_UNAVAILABLE, "auth.source-unavailable", "454 4.7.0", "[SYS/TEMP]",
     "[UNAVAILABLE]", "temporary failure, try again later", VERDICT_TEMPFAIL},
    {REASON_SESSION_TLS_REQUIRED, "session.tls-required", "530 5.7.0", "", "",
     "encryption is required, use STARTTLS first", VERDICT_REFUSE},
    {REASON_SESSION_AUTH_REQUIRED, "session.auth-required", "530 5.7.0", "", "",
     "authentication is required", VERDICT_REFUSE},
    {REASON_SENDER_AUTH_REQUIRED, "sender.auth-required", "530 5.7.0", "", "",
     "authentication is required for this sender", VERDICT_REFUSE},
    {REASON_ROLE_AUTH_REQUIRED, "role.auth-required", "530 5.7.0", "", "",
     "authentication is required for this sender", VERDICT_REFUSE},
    {REASON_IP_AUTH_REQUIRED, "ip.auth-required", "530 5.7.0", "", "",
     "authentication is required from this address", VERDICT_REFUSE},
    {REASON_SENDER_MISMATCH, "sender.mismatch", "553 5.7.1", "", "",
     "the sender is not the authenticated user", VERDICT_REFUSE},
    {REASON_RELAY_DENIED, "relay.denied", "550 5.7.1", "", "", "relaying is not allowed",
     VERDICT_REFUSE},
    {REASON_RECIPIENT_UNKNOWN, "recipient.unknown", "550 5.1.1", "", "", "no such recipient",
     VERDICT_REFUSE},
    {REASON_RECIPIENT_UNVERIFIABLE, "recipient.unverifiable", "450 4.1.1", "", "",
     "the recipient cannot be verified now, try again later", VERDICT_TEMPFAIL},
    {REASON_MESSAGE_OK, "message.ok", "250 2.0.0", "", "", "ok", VERDICT_ACCEPT},
    {REASON_FROM_MISMATCH, "from.mismatch", "550 5.7.1", "", "",
     "the From: header is not the authenticated user's", VERDICT_REFUSE},
    {REASON_MESSAGE_SIZE, "message.size", "552 5.3.4", "", "", "the message is too large",
     VERDICT_REFUSE},
    {REASON_MESSAGE_RECIPIENTS, "message.recipients", "452 4.5.3", "", "",
     "too many recipients in one message", VERDICT_TEMPFAIL},
    {REASON_SESSION_MESSAGES, "session.messages", "421 4.7.0", "", "",
     "too many messages in one connection, come again", VERDICT_TEMPFAIL},
    {REASON_USER_THROTTLED, "user.throttled", "452 4.7.1", "", "",
     "too many messages, try again later", VERDICT_TEMPFAIL},
    {REASON_RULE, "rule", "", "", "", "", VERDICT_TEMPFAIL},
    {REASON_ROUTE_NONE, "route.none", "451 4.4.1", "[SYS/TEMP]", "[UNAVAILABLE]",
     "no server is available, try again later", VERDICT_TEMPFAIL},
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
        CHECK_TEXT(id, reason_text(reasons[i].reason), reasons[i].text);
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
        if (reason == REASON_RULE) /* the section has the text */
            continue;
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

static const struct rule refusal = {
    .name = "night", .action = RULE_REFUSE, .code = "554 5.7.1", .text = "not at night"};
static const struct rule deferral = {
    .name = "later", .action = RULE_DEFER, .code = "450 4.7.1", .text = "not yet"};
static const struct rule acceptance = {.name = "friend", .action = RULE_ACCEPT};
static const struct rule tag = {.name = "mark", .action = RULE_TAG};

/* A `rule` section speaks SMTP; other protocols have the codes of a like reason. */
static const struct {
    const struct rule *rule;
    enum reason accepted_as;
    enum verdict_action action;
    const char *id, *smtp, *pop3, *imap, *text;
} sections[] = {
    {&refusal, REASON_AUTH_OK, VERDICT_REFUSE, "rule.night", "554 5.7.1", "[AUTH]",
     "[AUTHORIZATIONFAILED]", "not at night"},
    {&deferral, REASON_AUTH_OK, VERDICT_TEMPFAIL, "rule.later", "450 4.7.1", "[SYS/TEMP]",
     "[UNAVAILABLE]", "not yet"},
    {&acceptance, REASON_RECIPIENT_OK, VERDICT_ACCEPT, "rule.friend", "250 2.1.5", "", "", "ok"},
    {&tag, REASON_RECIPIENT_OK, VERDICT_ACCEPT, "rule.mark", "250 2.1.5", "", "", "ok"},
    {&acceptance, REASON_AUTH_OK, VERDICT_ACCEPT, "rule.friend", "235 2.7.0", "", "",
     "authentication succeeded"},
    {&tag, REASON_AUTH_OK, VERDICT_ACCEPT, "rule.mark", "235 2.7.0", "", "",
     "authentication succeeded"},
};

static void
test_a_rule_sections_own_words(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(sections); i++) {
        struct verdict verdict = verdict_make_by_rule(sections[i].rule, sections[i].accepted_as);
        char id[VERDICT_ID_MAX];
        verdict_id(&verdict, id);
        CHECK_TEXT(sections[i].id, id, sections[i].id);
        CHECK(id, verdict.action == sections[i].action && verdict.reason == REASON_RULE);
        CHECK(id, verdict.decided_by == sections[i].rule && verdict.wait_s == 0);
        CHECK_TEXT(id, verdict_code(&verdict, PROTOCOL_SMTP), sections[i].smtp);
        CHECK_TEXT(id, verdict_code(&verdict, PROTOCOL_POP3), sections[i].pop3);
        CHECK_TEXT(id, verdict_code(&verdict, PROTOCOL_IMAP), sections[i].imap);
        CHECK_TEXT(id, verdict_code(&verdict, PROTOCOL_HTTP), "");
        CHECK_TEXT(id, verdict_text(&verdict), sections[i].text);
    }
}

static void
test_other_verdicts_have_their_reasons_words(void **state)
{
    (void)state;
    struct verdict verdict = verdict_make(REASON_RELAY_DENIED);
    char id[VERDICT_ID_MAX];
    verdict_id(&verdict, id);
    assert_string_equal(id, "relay.denied");
    assert_string_equal(verdict_code(&verdict, PROTOCOL_SMTP), "550 5.7.1");
    assert_string_equal(verdict_text(&verdict), "relaying is not allowed");
}

static void
test_a_rules_long_name_is_cut(void **state)
{
    (void)state;
    static const struct rule wordy = {.name = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                                              "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                                      .action = RULE_ACCEPT};
    struct verdict verdict = verdict_make_by_rule(&wordy, REASON_AUTH_OK);
    char id[VERDICT_ID_MAX];
    verdict_id(&verdict, id);
    assert_int_equal(strlen(id), VERDICT_ID_MAX - 1);
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
        cmocka_unit_test(test_a_rule_sections_own_words),
        cmocka_unit_test(test_other_verdicts_have_their_reasons_words),
        cmocka_unit_test(test_a_rules_long_name_is_cut),
        cmocka_unit_test(test_rules_are_written_on_one_line),
        cmocka_unit_test(test_outcome_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
