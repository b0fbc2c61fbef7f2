/*
 * The `rule` sections: each condition alone, match and no match, empty list and cannot tell; the
 * actions; the order. SMG's manual, "SMTP Authentication Settings":
 * 19: "Enable this option in a policy criteria to determine whether the policy should be used,
 *     based on the authenticated state of the connecting client."
 * 20: "Select the authenticated state of the message being scanned to decide whether to use this
 *     policy."
 */
#include "world.h"

/* A rule that refuses whatever meets it; a case adds a condition. */
static struct rule *
add_rule(struct world *world, const char *name, unsigned line)
{
    struct rule *rule = tenancy_add_rule(world->tenancy, name, world_line(line), NULL);
    rule->action = RULE_REFUSE;
    rule->code = "550 5.7.1";
    rule->text = "refused by local policy";
    return rule;
}

static const struct {
    const char *name;
    enum condition authenticated, tls;
    unsigned protocols;
    const char *listener, *organization; /* NULL: any */
    bool is_authenticated, has_tls;
    bool want; /* whether the rule holds */
    const char *want_detail;
} conditions[] = {
    {"no condition", CONDITION_ANY, CONDITION_ANY, 0, NULL, NULL, false, false, true, ""},
    {"authenticated yes, and so it is", CONDITION_YES, CONDITION_ANY, 0, NULL, NULL, true, true,
     true, ""},
    {"authenticated yes, and it is not", CONDITION_YES, CONDITION_ANY, 0, NULL, NULL, false, true,
     false, ": authenticated: does not hold"},
    {"authenticated no, and it is", CONDITION_NO, CONDITION_ANY, 0, NULL, NULL, true, true, false,
     ": authenticated: does not hold"},
    {"authenticated no, and it is not", CONDITION_NO, CONDITION_ANY, 0, NULL, NULL, false, true,
     true, ""},
    {"authenticated any, and it is", CONDITION_ANY, CONDITION_ANY, 0, NULL, NULL, true, true, true,
     ""},
    {"tls yes, with it", CONDITION_ANY, CONDITION_YES, 0, NULL, NULL, false, true, true, ""},
    {"tls yes, without it", CONDITION_ANY, CONDITION_YES, 0, NULL, NULL, false, false, false,
     ": tls: does not hold"},
    {"tls no, with it", CONDITION_ANY, CONDITION_NO, 0, NULL, NULL, false, true, false,
     ": tls: does not hold"},
    {"tls no, without it", CONDITION_ANY, CONDITION_NO, 0, NULL, NULL, false, false, true, ""},
    {"its protocol", CONDITION_ANY, CONDITION_ANY,
     PROTOCOL_BIT(PROTOCOL_SMTP) | PROTOCOL_BIT(PROTOCOL_IMAP), NULL, NULL, false, true, true, ""},
    {"another protocol", CONDITION_ANY, CONDITION_ANY, PROTOCOL_BIT(PROTOCOL_IMAP), NULL, NULL,
     false, true, false, ": protocol: does not hold"},
    {"its listener", CONDITION_ANY, CONDITION_ANY, 0, "submission", NULL, false, true, true, ""},
    {"another listener", CONDITION_ANY, CONDITION_ANY, 0, "mx", NULL, false, true, false,
     ": listeners: does not hold"},
    {"the recipient's organization", CONDITION_ANY, CONDITION_ANY, 0, NULL, "acme", false, true,
     true, ""},
    {"the sender's organization", CONDITION_ANY, CONDITION_ANY, 0, NULL, "bolt", false, true, true,
     ""},
    {"the user's organization", CONDITION_ANY, CONDITION_ANY, 0, NULL, "widgets", true, true, true,
     ""},
    {"another organization", CONDITION_ANY, CONDITION_ANY, 0, NULL, "widgets", false, true, false,
     ": organizations: does not hold"},
    {"all at once", CONDITION_YES, CONDITION_YES, PROTOCOL_BIT(PROTOCOL_SMTP), "submission", "acme",
     true, true, true, ""},
    {"all but one", CONDITION_YES, CONDITION_YES, PROTOCOL_BIT(PROTOCOL_SMTP), "submission", "acme",
     true, false, false, ": tls: does not hold"},
};

/* "rule "r"" with the detail stands in the trail, with that answer. */
static void
check_told(const char *name, const struct world *world, const char *answer, const char *detail)
{
    char want[512];
    snprintf(want, sizeof want, "%s conf:80 rule \"r\"%s\n", answer, detail);
    if (strstr(world->trail, want) == NULL)
        fail_msg("%s: want %sasked:\n%s", name, want, world->trail);
}

/* The sender is bolt's, the recipient acme's, the user, if any, widgets'. */
static void
test_conditions(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(conditions); i++) {
        struct world world;
        world_init(&world);
        struct organization *bolt =
            tenancy_add_organization(world.tenancy, "bolt", world_line(70), NULL);
        tenancy_claim_domain(world.tenancy, bolt, "bolt.example", world_line(71), NULL);
        struct rule *rule = add_rule(&world, "r", 80);
        rule->authenticated = conditions[i].authenticated;
        rule->tls = conditions[i].tls;
        rule->protocols = conditions[i].protocols;
        if (conditions[i].listener != NULL)
            nameset_add(&rule->listeners, conditions[i].listener);
        if (conditions[i].organization != NULL)
            nameset_add(&rule->organizations, conditions[i].organization);
        world_from(&world, "MAIL FROM:<x@bolt.example>");
        world_window(&world, conditions[i].is_authenticated ? "eve@widgets.example" : NULL);
        world.facts.tls = conditions[i].has_tls;
        world_ask_recipient(&world);
        CHECK(conditions[i].name,
              (world.decision.verdict.reason == REASON_RULE) == conditions[i].want);
        check_told(conditions[i].name, &world, conditions[i].want ? "refuse" : "next",
                   conditions[i].want_detail);
        world_fini(&world);
    }
}

enum which { CLIENTS, SENDERS, RECIPIENTS };
enum { ENTRIES_MAX = 2 };

#define FROM_STRANGER "MAIL FROM:<stranger@elsewhere.example>"
#define TO_BOSS       "RCPT TO:<boss@acme.example>"

static const struct {
    const char *name;
    enum which which;
    const char *entries[ENTRIES_MAX];
    const char *client, *from, *to; /* client NULL: not known */
    enum reason want;
    const char *want_detail;
} lists[] = {
    {"clients: match",
     CLIENTS,
     {"192.0.2.0/24"},
     "192.0.2.1",
     FROM_STRANGER,
     TO_BOSS,
     REASON_RULE,
     ": entry \"192.0.2.0/24\" at list:1: clients: in list \"addresses\""},
    {"clients: no match",
     CLIENTS,
     {"192.0.2.0/24"},
     "198.51.100.1",
     FROM_STRANGER,
     TO_BOSS,
     REASON_RECIPIENT_OK,
     ": clients: not in list \"addresses\""},
    {"clients: an empty list",
     CLIENTS,
     {NULL},
     "192.0.2.1",
     FROM_STRANGER,
     TO_BOSS,
     REASON_RECIPIENT_OK,
     ": clients: not in list \"addresses\""},
    {"clients: cannot tell",
     CLIENTS,
     {"192.0.2.0/24"},
     NULL,
     FROM_STRANGER,
     TO_BOSS,
     REASON_INTERNAL,
     ": clients: list \"addresses\" cannot tell: the client has no address"},
    {"senders: match",
     SENDERS,
     {"*@elsewhere.example"},
     "192.0.2.1",
     FROM_STRANGER,
     TO_BOSS,
     REASON_RULE,
     ": entry \"*@elsewhere.example\" at list:1: senders: in list \"names\""},
    {"senders: no match",
     SENDERS,
     {"*@bolt.example"},
     "192.0.2.1",
     FROM_STRANGER,
     TO_BOSS,
     REASON_RECIPIENT_OK,
     ": senders: not in list \"names\""},
    {"senders: an empty list",
     SENDERS,
     {NULL},
     "192.0.2.1",
     FROM_STRANGER,
     TO_BOSS,
     REASON_RECIPIENT_OK,
     ": senders: not in list \"names\""},
    {"senders: a bounce has none, whatever the list says",
     SENDERS,
     {"*", "/^/"},
     "192.0.2.1",
     "MAIL FROM:<>",
     TO_BOSS,
     REASON_RECIPIENT_OK,
     ": senders: there is none"},
    {"senders: cannot tell",
     SENDERS,
     {WORLD_DOUBT},
     "192.0.2.1",
     "MAIL FROM:<" WORLD_DOUBTFUL ">",
     TO_BOSS,
     REASON_INTERNAL,
     ": senders: list \"names\" cannot tell: a regular expression ran into its limit"},
    {"senders: as they would have to be quoted",
     SENDERS,
     {"\"a?b\"@elsewhere.example"},
     "192.0.2.1",
     "MAIL FROM:<\"a\\ b\"@elsewhere.example>",
     TO_BOSS,
     REASON_RULE,
     ": entry \"\"a?b\"@elsewhere.example\" at list:1: senders: in list \"names\""},
    {"recipients: match",
     RECIPIENTS,
     {"boss@acme.example"},
     "192.0.2.1",
     FROM_STRANGER,
     "RCPT TO:<Boss@ACME.example>",
     REASON_RULE,
     ": entry \"boss@acme.example\" at list:1: recipients: in list \"names\""},
    {"recipients: no match",
     RECIPIENTS,
     {"anna@acme.example"},
     "192.0.2.1",
     FROM_STRANGER,
     TO_BOSS,
     REASON_RECIPIENT_OK,
     ": recipients: not in list \"names\""},
    {"recipients: an empty list",
     RECIPIENTS,
     {NULL},
     "192.0.2.1",
     FROM_STRANGER,
     TO_BOSS,
     REASON_RECIPIENT_OK,
     ": recipients: not in list \"names\""},
    {"recipients: cannot tell",
     RECIPIENTS,
     {WORLD_DOUBT},
     "192.0.2.1",
     FROM_STRANGER,
     "RCPT TO:<" WORLD_DOUBTFUL ">",
     REASON_INTERNAL,
     ": recipients: list \"names\" cannot tell: a regular expression ran into its limit"},
    {"recipients: <postmaster> is the default domain's",
     RECIPIENTS,
     {"postmaster@acme.example"},
     "192.0.2.1",
     FROM_STRANGER,
     "RCPT TO:<Postmaster>",
     REASON_RULE,
     ": entry \"postmaster@acme.example\" at list:1: recipients: in list \"names\""},
};

static void
set_list(struct world *world, struct rule *rule, enum which which)
{
    switch (which) {
    case CLIENTS:
        rule->clients = world->addresses;
        break;
    case SENDERS:
        rule->senders = world->names;
        break;
    case RECIPIENTS:
        rule->recipients = world->names;
        break;
    }
}

static void
test_lists(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(lists); i++) {
        struct world world;
        world_init(&world);
        world_fill(lists[i].which == CLIENTS ? world.addresses : world.names, lists[i].entries,
                   ENTRIES_MAX);
        world_freeze(&world);
        world.listener->default_domain = "acme.example";
        set_list(&world, add_rule(&world, "r", 80), lists[i].which);
        world_client(&world, lists[i].client);
        world_from(&world, lists[i].from);
        world_to(&world, lists[i].to);
        world_ask_recipient(&world);
        CHECK(lists[i].name, world.decision.verdict.reason == lists[i].want);
        const char *answer = "next";
        if (lists[i].want != REASON_RECIPIENT_OK)
            answer = lists[i].want == REASON_RULE ? "refuse" : "defer";
        check_told(lists[i].name, &world, answer, lists[i].want_detail);
        world_fini(&world);
    }
}

/* What cannot be told counts only where nothing else settles it. */
static void
test_a_condition_that_does_not_hold_settles_it(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    world_fill(world.addresses, (const char *const[]){"192.0.2.0/24"}, 1);
    world_fill(world.names, (const char *const[]){"anna@acme.example"}, 1);
    world_freeze(&world);
    struct rule *rule = add_rule(&world, "r", 80);
    rule->clients = world.addresses;
    world_client(&world, NULL);
    rule->authenticated = CONDITION_YES;
    world_ask_recipient(&world);
    world_check("a fact", &world, REASON_RECIPIENT_OK);

    rule->authenticated = CONDITION_ANY;
    rule->recipients = world.names;
    world_ask_recipient(&world);
    world_check("a list", &world, REASON_RECIPIENT_OK);
    check_told("a list", &world, "next", ": recipients: not in list \"names\"");

    world_to(&world, "RCPT TO:<anna@acme.example>");
    world_ask_recipient(&world);
    world_check("nothing", &world, REASON_INTERNAL);
    check_told("nothing", &world, "defer",
               ": clients: list \"addresses\" cannot tell: the client has no address");
    world_fini(&world);
}

static const struct {
    const char *name;
    enum rule_action action;
    const char *code;
    enum verdict_action want;
    unsigned want_wait_s;
    bool want_tag;
} actions[] = {
    {"accept", RULE_ACCEPT, NULL, VERDICT_ACCEPT, 0, false},
    {"tag accepts", RULE_TAG, NULL, VERDICT_ACCEPT, 0, true},
    {"refuse, and the next recipient may be tried", RULE_REFUSE, "550 5.7.1", VERDICT_REFUSE, 1,
     false},
    {"defer, and the next recipient may be tried", RULE_DEFER, "450 4.7.1", VERDICT_TEMPFAIL, 1,
     false},
    {"a 421 closes the session", RULE_DEFER, "421 4.7.0", VERDICT_TEMPFAIL, 0, false},
};

static void
test_actions_for_recipients(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(actions); i++) {
        struct world world;
        world_init(&world);
        struct rule *rule = add_rule(&world, "r", 80);
        rule->action = actions[i].action;
        rule->code = actions[i].code;
        world_ask_recipient(&world);
        const struct decision *decision = &world.decision;
        CHECK(actions[i].name, decision->verdict.action == actions[i].want);
        CHECK(actions[i].name, decision->verdict.reason == REASON_RULE);
        CHECK(actions[i].name, decision->verdict.decided_by == rule);
        CHECK(actions[i].name, decision->verdict.wait_s == actions[i].want_wait_s);
        CHECK(actions[i].name, (decision->tagged_by == rule) == actions[i].want_tag);
        bool accepts = actions[i].want == VERDICT_ACCEPT;
        CHECK(actions[i].name, (decision->upstream == world.listener->upstream_inbound) == accepts);
        world_check_rule(actions[i].name, &world, "conf:80 rule \"r\"");
        world_fini(&world);
    }
}

static void
test_actions_for_logins(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(actions); i++) {
        struct world world;
        world_init(&world);
        struct rule *rule = add_rule(&world, "r", 80);
        rule->authenticated = CONDITION_YES;
        rule->action = actions[i].action;
        rule->code = actions[i].code;
        world_ask_login(&world);
        const struct decision *decision = &world.decision;
        CHECK(actions[i].name, decision->verdict.action == actions[i].want);
        CHECK(actions[i].name, decision->verdict.decided_by == rule);
        /* failure_delay where recipients have a second */
        CHECK(actions[i].name, decision->verdict.wait_s == 2 * actions[i].want_wait_s);
        CHECK(actions[i].name, (decision->tagged_by == rule) == actions[i].want_tag);
        bool accepts = actions[i].want == VERDICT_ACCEPT;
        CHECK(actions[i].name, (decision->upstream == world.listener->upstream) == accepts);
        world_fini(&world);
    }
}

/* A login comes before the message: no list of senders or recipients holds yet. */
static void
test_a_login_has_no_sender_and_no_recipient(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    world_fill(world.names, (const char *const[]){"*"}, 1);
    world_freeze(&world);
    struct rule *rule = add_rule(&world, "r", 80);
    rule->senders = world.names;
    world_ask_login(&world);
    world_check("senders", &world, REASON_AUTH_OK);
    check_told("senders", &world, "next", ": senders: there is none");

    rule->senders = NULL;
    rule->recipients = world.names;
    world_ask_login(&world);
    world_check("recipients", &world, REASON_AUTH_OK);
    check_told("recipients", &world, "next", ": recipients: there is none");

    rule->recipients = NULL;
    nameset_add(&rule->organizations, "acme");
    world_ask_login(&world);
    assert_int_equal(world.decision.verdict.reason, REASON_RULE);
    world_fini(&world);
}

static void
test_the_first_match_decides(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    struct rule *imap = add_rule(&world, "imap", 80);
    imap->protocols = PROTOCOL_BIT(PROTOCOL_IMAP);
    struct rule *accept = add_rule(&world, "accept", 81);
    accept->action = RULE_ACCEPT;
    add_rule(&world, "refuse", 82);
    world_ask_recipient(&world);
    assert_ptr_equal(world.decision.verdict.decided_by, accept);
    assert_non_null(strstr(world.trail, "next conf:80 rule \"imap\": protocol: does not hold\n"
                                        "accept conf:81 rule \"accept\"\n"));
    assert_null(strstr(world.trail, "conf:82"));

    accept->tls = CONDITION_NO;
    world_ask_recipient(&world);
    assert_string_equal(world.decision.verdict.decided_by->name, "refuse");
    world_fini(&world);
}

static void
test_an_accepting_rule_undoes_no_refusal(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    add_rule(&world, "r", 80)->action = RULE_ACCEPT;
    world_to(&world, "RCPT TO:<x@elsewhere.example>");
    world_ask_recipient(&world);
    world_check("relay", &world, REASON_RELAY_DENIED);
    assert_null(strstr(world.trail, "rule \"r\""));
    world_fini(&world);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_conditions),
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_a_condition_that_does_not_hold_settles_it),
        cmocka_unit_test(test_actions_for_recipients),
        cmocka_unit_test(test_actions_for_logins),
        cmocka_unit_test(test_a_login_has_no_sender_and_no_recipient),
        cmocka_unit_test(test_the_first_match_decides),
        cmocka_unit_test(test_an_accepting_rule_undoes_no_refusal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
