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

/*
 * Netmail Secure: "If LDAP query finds a matching object, we know the recipient is valid, if no
 *     matching objects are found, the recipient is not valid."
 */
static const struct {
    const char *name;
    bool has_source;
    const char *to;
    enum knowledge recipient;
    enum unverifiable_recipient unverifiable;
    enum decision_asks want_asks;
    enum reason want;
    const char *want_rule; /* NULL: not looked at */
} knowledge[] = {
    {"known", true, "RCPT TO:<boss@acme.example>", KNOWLEDGE_KNOWN, UNVERIFIABLE_DEFER,
     ASKS_NOTHING, REASON_RECIPIENT_OK, NULL},
    {"unknown", true, "RCPT TO:<boss@acme.example>", KNOWLEDGE_UNKNOWN, UNVERIFIABLE_DEFER,
     ASKS_NOTHING, REASON_RECIPIENT_UNKNOWN,
     "conf:36 organization \"acme\": recipients: the recipient does not exist"},
    {"unknown, whatever is done with the unverifiable", true, "RCPT TO:<boss@acme.example>",
     KNOWLEDGE_UNKNOWN, UNVERIFIABLE_ACCEPT, ASKS_NOTHING, REASON_RECIPIENT_UNKNOWN, NULL},
    {"cannot tell, defer", true, "RCPT TO:<boss@acme.example>", KNOWLEDGE_CANNOT_TELL,
     UNVERIFIABLE_DEFER, ASKS_NOTHING, REASON_RECIPIENT_UNVERIFIABLE,
     "conf:37 organization \"acme\": unverifiable_recipient: defer"},
    {"cannot tell, accept", true, "RCPT TO:<boss@acme.example>", KNOWLEDGE_CANNOT_TELL,
     UNVERIFIABLE_ACCEPT, ASKS_NOTHING, REASON_RECIPIENT_OK, NULL},
    {"not asked yet", true, "RCPT TO:<boss@acme.example>", KNOWLEDGE_NOT_ASKED, UNVERIFIABLE_ACCEPT,
     ASKS_RECIPIENT, REASON_INTERNAL, "conf:36 organization \"acme\": recipients"},
    {"no source", false, "RCPT TO:<boss@acme.example>", KNOWLEDGE_NOT_ASKED, UNVERIFIABLE_DEFER,
     ASKS_NOTHING, REASON_RECIPIENT_OK, NULL},
    {"another organization's recipient is none of this source's", true,
     "RCPT TO:<eve@widgets.example>", KNOWLEDGE_NOT_ASKED, UNVERIFIABLE_DEFER, ASKS_NOTHING,
     REASON_RECIPIENT_OK, NULL},
    {"nor is one of no organization", true, "RCPT TO:<x@elsewhere.example>", KNOWLEDGE_NOT_ASKED,
     UNVERIFIABLE_DEFER, ASKS_NOTHING, REASON_RELAY_DENIED, NULL},
    {"<postmaster> is reserved (RFC 5321 4.5.1)", true, "RCPT TO:<Postmaster>", KNOWLEDGE_NOT_ASKED,
     UNVERIFIABLE_DEFER, ASKS_NOTHING, REASON_RECIPIENT_OK, NULL},
    {"postmaster with a domain is a name like others", true, "RCPT TO:<postmaster@acme.example>",
     KNOWLEDGE_UNKNOWN, UNVERIFIABLE_DEFER, ASKS_NOTHING, REASON_RECIPIENT_UNKNOWN, NULL},
};

static void
test_recipients_that_a_source_knows(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(knowledge); i++) {
        struct world world;
        world_init(&world);
        world.listener->default_domain = "acme.example";
        world.acme->recipients = knowledge[i].has_source ? world_source() : NULL;
        world.acme->unverifiable_recipient = knowledge[i].unverifiable;
        world.facts.recipient = knowledge[i].recipient;
        world_to(&world, knowledge[i].to);
        world_ask_recipient(&world);
        world_check(knowledge[i].name, &world, knowledge[i].want);
        CHECK(knowledge[i].name, world.decision.asks == knowledge[i].want_asks);
        if (knowledge[i].want_rule != NULL)
            world_check_rule(knowledge[i].name, &world, knowledge[i].want_rule);
        world_fini(&world);
    }
}

/* Strangers must not make us ask about recipients that they may not write to. */
static void
test_nobody_is_asked_about_what_is_refused_anyway(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    world.acme->recipients = world_source();
    world.acme->authenticate_senders = SENDERS_ALWAYS;
    world_from(&world, "MAIL FROM:<boss@acme.example>");
    world_ask_recipient(&world);
    world_check("a refused sender", &world, REASON_SENDER_AUTH_REQUIRED);
    assert_int_equal(world.decision.asks, ASKS_NOTHING);
    world_fini(&world);
}

/* The caller finds out what is asked for, one fact at a time. */
static void
test_facts_are_asked_for_in_turn(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    const struct organization *others[] = {world.widgets};
    world.acme->shared_with = others;
    world.acme->shared_with_count = 1;
    world.acme->authenticate_senders = SENDERS_ALWAYS;
    world.acme->recipients = world_source();
    world_from(&world, "MAIL FROM:<boss@acme.example>");
    world_to(&world, "RCPT TO:<Anna@acme.example>");
    world_ask_recipient(&world);
    assert_int_equal(world.decision.asks, ASKS_SENDER_ELSEWHERE);
    assert_int_equal(world.decision.verdict.action, VERDICT_TEMPFAIL);
    assert_ptr_equal(world.decision.sender_organization, world.acme);
    assert_string_equal(world.decision.sender.mailbox.local, "boss");
    assert_null(strstr(world.trail, "shared_with"));

    world.facts.sender_elsewhere = KNOWLEDGE_KNOWN;
    world_ask_recipient(&world);
    assert_int_equal(world.decision.asks, ASKS_RECIPIENT);
    assert_int_equal(world.decision.verdict.action, VERDICT_TEMPFAIL);
    assert_ptr_equal(world.decision.recipient_organization, world.acme);
    assert_string_equal(world.decision.recipient_address.local, "anna");
    assert_null(strstr(world.trail, "recipients"));
    assert_null(world.decision.upstream);

    world.facts.recipient = KNOWLEDGE_KNOWN;
    world_ask_recipient(&world);
    world_check("all facts are known", &world, REASON_RECIPIENT_OK);
    assert_int_equal(world.decision.asks, ASKS_NOTHING);
    world_fini(&world);
}

static const struct {
    const char *name, *window, *from, *to;
    enum reason want;
} broken[] = {
    {"the recipient's organization", NULL, "MAIL FROM:<x@elsewhere.example>",
     "RCPT TO:<boss@acme.example>", REASON_INTERNAL},
    {"the sender's", NULL, "MAIL FROM:<boss@acme.example>", "RCPT TO:<eve@widgets.example>",
     REASON_INTERNAL},
    {"the user's", "boss@acme.example", "MAIL FROM:<x@elsewhere.example>",
     "RCPT TO:<eve@widgets.example>", REASON_INTERNAL},
    {"a sender of a broken organization may not relay either", NULL,
     "MAIL FROM:<boss@acme.example>", "RCPT TO:<x@elsewhere.example>", REASON_INTERNAL},
    {"nobody's", NULL, "MAIL FROM:<eve@widgets.example>", "RCPT TO:<eve@widgets.example>",
     REASON_RECIPIENT_OK},
    {"a bounce is nobody's", NULL, "MAIL FROM:<>", "RCPT TO:<eve@widgets.example>",
     REASON_RECIPIENT_OK},
};

static void
test_a_broken_organization_is_not_now(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(broken); i++) {
        struct world world;
        world_init(&world);
        world.acme->broken = true;
        world_window(&world, broken[i].window);
        world_from(&world, broken[i].from);
        world_to(&world, broken[i].to);
        world_ask_recipient(&world);
        world_check(broken[i].name, &world, broken[i].want);
        if (broken[i].want == REASON_INTERNAL)
            world_check_rule(broken[i].name, &world,
                             "conf:42 organization \"acme\": delegated: the delegated file is "
                             "broken, and there are no earlier settings");
        world_fini(&world);
    }
}

static void
test_bare_postmaster_has_the_default_domain(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    world.listener->default_domain = "acme.example";
    world_to(&world, "RCPT TO:<PostMaster>");
    world_ask_recipient(&world);
    assert_string_equal(world.decision.recipient_address.local, "postmaster");
    assert_string_equal(world.decision.recipient_address.domain, "acme.example");
    assert_string_equal(world.decision.recipient.mailbox.domain, "");
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
        cmocka_unit_test(test_recipients_that_a_source_knows),
        cmocka_unit_test(test_nobody_is_asked_about_what_is_refused_anyway),
        cmocka_unit_test(test_facts_are_asked_for_in_turn),
        cmocka_unit_test(test_a_broken_organization_is_not_now),
        cmocka_unit_test(test_bare_postmaster_has_the_default_domain),
        cmocka_unit_test(test_every_rule_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
