#include "world.h"

#define SENDER "MAIL FROM:<stranger@elsewhere.example>"

static const struct {
    const char *name;
    const char *mail_from;
    size_t mail_from_length;
    const char *rcpt_to;
    size_t rcpt_to_length;
    const char *default_domain;
    enum reason want;
    const char *want_rule; /* NULL: not looked at */
} recipients[] = {
    {"a recipient of an organization", BYTES(SENDER), BYTES("RCPT TO:<boss@acme.example>"), NULL,
     REASON_RECIPIENT_OK, "conf:20 organization \"acme\": domains"},
    {"upper case", BYTES(SENDER), BYTES("RCPT TO:<Boss@ACME.Example>"), NULL, REASON_RECIPIENT_OK,
     "conf:20 organization \"acme\": domains"},
    {"a bounce", BYTES("MAIL FROM:<> SIZE=100"), BYTES("RCPT TO:<boss@acme.example>"), NULL,
     REASON_RECIPIENT_OK, NULL},
    {"a sender of an organization needs no login yet", BYTES("MAIL FROM:<boss@acme.example>"),
     BYTES("RCPT TO:<eve@widgets.example>"), NULL, REASON_RECIPIENT_OK,
     "conf:30 organization \"widgets\": domains"},
    {"a recipient of no organization", BYTES(SENDER), BYTES("RCPT TO:<x@elsewhere.example>"), NULL,
     REASON_RELAY_DENIED,
     "conf:17 listener \"submission\": relay: the recipient's domain is in no organization: "
     "the client has not authenticated"},
    {"a sender of an organization may not relay", BYTES("MAIL FROM:<boss@acme.example>"),
     BYTES("RCPT TO:<x@elsewhere.example>"), NULL, REASON_RELAY_DENIED, NULL},
    {"an organization's name in quotes", BYTES(SENDER),
     BYTES("RCPT TO:<\"boss@acme.example\"@elsewhere.example>"), NULL, REASON_RELAY_DENIED, NULL},
    {"an organization's domain in a source route", BYTES(SENDER),
     BYTES("RCPT TO:<@acme.example:x@elsewhere.example>"), NULL, REASON_RELAY_DENIED, NULL},
    {"an address literal", BYTES(SENDER), BYTES("RCPT TO:<x@[192.0.2.1]>"), NULL,
     REASON_RELAY_DENIED, NULL},
    {"postmaster where the default domain is an organization's", BYTES(SENDER),
     BYTES("RCPT TO:<Postmaster>"), "acme.example", REASON_RECIPIENT_OK,
     "conf:20 organization \"acme\": domains"},
    {"postmaster where the default domain is nobody's", BYTES(SENDER),
     BYTES("RCPT TO:<Postmaster>"), "elsewhere.example", REASON_RELAY_DENIED, NULL},
    {"postmaster where there is no default domain", BYTES(SENDER), BYTES("RCPT TO:<Postmaster>"),
     NULL, REASON_RELAY_DENIED, NULL},
    {"a malformed sender", BYTES("MAIL FROM:stranger"), BYTES("RCPT TO:<boss@acme.example>"), NULL,
     REASON_REQUEST_MALFORMED,
     "conf:10 listener \"submission\": malformed request: sender: the path is not in angle "
     "brackets"},
    {"a malformed recipient", BYTES(SENDER), BYTES("RCPT TO:<boss@acme.example"), NULL,
     REASON_REQUEST_MALFORMED,
     "conf:10 listener \"submission\": malformed request: recipient: the path is not in angle "
     "brackets"},
    {"a NUL in the sender", BYTES("MAIL FROM:<a\0@elsewhere.example>"),
     BYTES("RCPT TO:<boss@acme.example>"), NULL, REASON_REQUEST_MALFORMED, NULL},
    {"a NUL behind the recipient's domain", BYTES(SENDER),
     BYTES("RCPT TO:<boss@acme.example\0.elsewhere.example>"), NULL, REASON_REQUEST_MALFORMED,
     NULL},
    {"a null recipient", BYTES(SENDER), BYTES("RCPT TO:<>"), NULL, REASON_REQUEST_MALFORMED,
     "conf:10 listener \"submission\": malformed request: recipient: the recipient is empty"},
    {"no sender", NULL, 0, BYTES("RCPT TO:<boss@acme.example>"), NULL, REASON_REQUEST_MALFORMED,
     "conf:10 listener \"submission\": malformed request: no sender or no recipient was sent"},
    {"no recipient", BYTES(SENDER), NULL, 0, NULL, REASON_REQUEST_MALFORMED,
     "conf:10 listener \"submission\": malformed request: no sender or no recipient was sent"},
};

static void
test_recipients(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(recipients); i++) {
        struct world world;
        world_init(&world);
        world.listener->default_domain = recipients[i].default_domain;
        world.facts.mail_from = recipients[i].mail_from;
        world.facts.mail_from_length = recipients[i].mail_from_length;
        world.facts.rcpt_to = recipients[i].rcpt_to;
        world.facts.rcpt_to_length = recipients[i].rcpt_to_length;
        world_ask_recipient(&world);
        world_check(recipients[i].name, &world, recipients[i].want);
        if (recipients[i].want_rule != NULL)
            world_check_rule(recipients[i].name, &world, recipients[i].want_rule);
        bool accepted = recipients[i].want == REASON_RECIPIENT_OK;
        CHECK(recipients[i].name, world.decision.verdict.wait_s == (accepted ? 0 : 1));
        CHECK(recipients[i].name, (world.decision.upstream != NULL) == accepted);
        world_fini(&world);
    }
}

/* nginx sends the name and the password of the last failed AUTH (measured). */
static void
test_the_failed_logins_name_is_not_looked_at(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    world.facts.user = "boss@acme.example\r\nLOGIN=x";
    world.facts.user_length = strlen(world.facts.user);
    world.facts.password = "\0";
    world.facts.password_length = 1;
    world_ask_recipient(&world);
    world_check("a stale name", &world, REASON_RECIPIENT_OK);
    assert_string_equal(world.decision.user.text, "");
    world_fini(&world);
}

static void
test_sessions_without_auth_never_get_the_upstream_that_trusts(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    world.acme->upstream = world_upstream(2);
    world_ask_recipient(&world);
    assert_ptr_equal(world.decision.upstream, world.listener->upstream_inbound);

    world.listener->upstream_inbound = NULL;
    world_ask_recipient(&world);
    assert_null(world.decision.upstream);
    struct trail trail = {.asked = world_hear, .context = &world};
    world.trail[0] = '\0';
    decide_no_route(&world.settings, &world.facts, &world.decision.verdict.rule, &trail,
                    &world.decision);
    world_check("no upstream", &world, REASON_ROUTE_NONE);
    assert_string_equal(world.trail,
                        "defer conf:10 listener \"submission\": upstream_inbound: none is set\n");
    assert_int_equal(world.decision.verdict.wait_s, 1);
    world_fini(&world);
}

static void
test_no_server_is_up(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    world_ask_recipient(&world);
    struct rule_ref rule = {
        .origin = {"conf", 70}, .section_kind = "upstream", .section_name = "mx"};
    decide_no_route(&world.settings, &world.facts, &rule, NULL, &world.decision);
    world_check("none up", &world, REASON_ROUTE_NONE);
    world_check_rule("none up", &world, "conf:70 upstream \"mx\": none is up");
    world_fini(&world);
}

static void
test_refusals_go_on_whatever_the_attempt(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    world.facts.attempt = 99;
    world.listener->require_auth = true;
    world_ask_recipient(&world);
    assert_int_equal(world.decision.verdict.wait_s, 1);
    world.facts.banned = true;
    world_ask_recipient(&world);
    assert_int_equal(world.decision.verdict.wait_s, 0);
    world_fini(&world);
}

static void
test_only_smtp_has_recipients(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    world.facts.protocol = PROTOCOL_IMAP;
    world_ask_recipient(&world);
    world_check("imap", &world, REASON_REQUEST_MALFORMED);
    world_fini(&world);
}

static void
test_every_rule_is_told(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    world_ask_recipient(&world);
    assert_string_equal(world.trail, "next conf:10 listener \"submission\": malformed request\n"
                                     "next conf:10 listener \"submission\": ban\n"
                                     "next conf:13 listener \"submission\": require_tls\n"
                                     "next conf:25 listener \"submission\": relay_window\n"
                                     "next conf:14 listener \"submission\": require_auth\n"
                                     "next conf:19 listener \"submission\": roles_must_auth\n"
                                     "next conf:23 listener \"submission\": local_ips\n"
                                     "next conf:17 listener \"submission\": relay: the recipient "
                                     "is in an organization\n"
                                     "next conf:36 organization \"acme\": recipients\n"
                                     "accept conf:20 organization \"acme\": domains\n");
    world_fini(&world);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_recipients),
        cmocka_unit_test(test_the_failed_logins_name_is_not_looked_at),
        cmocka_unit_test(test_sessions_without_auth_never_get_the_upstream_that_trusts),
        cmocka_unit_test(test_no_server_is_up),
        cmocka_unit_test(test_refusals_go_on_whatever_the_attempt),
        cmocka_unit_test(test_only_smtp_has_recipients),
        cmocka_unit_test(test_every_rule_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
