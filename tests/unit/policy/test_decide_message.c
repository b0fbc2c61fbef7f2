/*
 * The message guard at RCPT and at the end of a message: what it asks beside or in the place of
 * what the front door does, and the `rule` sections that hang on the whole message.
 */
#include "world.h"

#define BOSS "boss@acme.example"

static struct rule *
add_rule(struct world *world, const char *name, unsigned line, enum rule_action action)
{
    struct rule *rule = tenancy_add_rule(world->tenancy, name, world_line(line), NULL);
    rule->action = action;
    rule->code = "550 5.7.1";
    rule->text = "no";
    return rule;
}

static const struct {
    const char *name;
    const char *user; /* NULL: nobody, as the mail server says */
    const char *from, *to;
    enum reason want;
} recipients[] = {
    {"a stranger to one of ours", NULL, "MAIL FROM:<x@elsewhere.example>", "RCPT TO:<" BOSS ">",
     REASON_RECIPIENT_OK},
    {"a stranger to strangers", NULL, "MAIL FROM:<x@elsewhere.example>",
     "RCPT TO:<y@elsewhere.example>", REASON_RELAY_DENIED},
    {"a user to strangers", BOSS, "MAIL FROM:<" BOSS ">", "RCPT TO:<y@elsewhere.example>",
     REASON_RECIPIENT_OK},
    {"a user as another", BOSS, "MAIL FROM:<anna@acme.example>", "RCPT TO:<y@elsewhere.example>",
     REASON_SENDER_MISMATCH},
    {"ours, and nobody has logged in", NULL, "MAIL FROM:<" BOSS ">", "RCPT TO:<anna@acme.example>",
     REASON_SENDER_AUTH_REQUIRED},
    {"ours to others: inbound demands nothing", NULL, "MAIL FROM:<" BOSS ">",
     "RCPT TO:<eve@widgets.example>", REASON_RECIPIENT_OK},
    {"a malformed recipient", BOSS, "MAIL FROM:<" BOSS ">", "RCPT TO:boss",
     REASON_REQUEST_MALFORMED},
};

/* The front door's rules hold at every RCPT; where the message goes is not looked for. */
static void
test_recipients_at_the_guard(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(recipients); i++) {
        struct world world;
        world_init(&world);
        world.acme->match_sender = true;
        world.acme->authenticate_inbound = INBOUND_ALWAYS;
        world.listener->require_tls = true;
        world_guard(&world, recipients[i].user);
        world_from(&world, recipients[i].from);
        world_to(&world, recipients[i].to);
        world_ask_recipient(&world);
        world_check(recipients[i].name, &world, recipients[i].want);
        CHECK(recipients[i].name, world.decision.upstream == NULL);
        world_fini(&world);
    }
}

static void
test_a_recipient_too_many(void **state)
{
    (void)state;
    static const struct rule_ref limit = {
        .origin = {"conf", 94}, .section_kind = "limits", .setting = "recipients_per_user"};
    struct world world;
    world_init(&world);
    world_guard(&world, BOSS);
    world.settings.limits.recipients_per_message = 2;
    world.message.recipients = 1;
    world_ask_recipient(&world);
    world_check("the last", &world, REASON_RECIPIENT_OK);

    world.message.limited_by = &limit;
    world_ask_recipient(&world);
    world_check("the user has had enough", &world, REASON_USER_THROTTLED);
    world_check_rule("the user has had enough", &world, "conf:94 limits: recipients_per_user");

    world.message.recipients = 2;
    world_ask_recipient(&world);
    world_check("one more", &world, REASON_MESSAGE_RECIPIENTS);
    world_check_rule("one more", &world, "conf:91 limits: recipients_per_message: reached");

    world.acme->recipients = world_source();
    world.facts.recipient = KNOWLEDGE_UNKNOWN;
    world_ask_recipient(&world);
    world_check("one that does not exist", &world, REASON_RECIPIENT_UNKNOWN);

    world.facts.message = NULL;
    world.facts.tls = true;
    world.facts.recipient = KNOWLEDGE_KNOWN;
    world_ask_recipient(&world);
    world_check("the front door counts nothing", &world, REASON_RECIPIENT_OK);
    world_fini(&world);
}

static const struct {
    const char *name;
    int64_t size_over;
    unsigned recipients_over;
    const char *header_from; /* NULL: any */
    int64_t size;
    unsigned recipients;
    const char *author, *seeming; /* addresses that From: shows; NULL: none */
    enum reason want;
    const char *want_told;
} whole[] = {
    {"larger", 1000, 0, NULL, 1001, 1, BOSS, NULL, REASON_RULE, "refuse conf:80 rule \"r\"\n"},
    {"as large", 1000, 0, NULL, 1000, 1, BOSS, NULL, REASON_MESSAGE_OK,
     "next conf:80 rule \"r\": size_over: does not hold\n"},
    {"more recipients", 0, 2, NULL, 1, 3, BOSS, NULL, REASON_RULE, "refuse conf:80 rule \"r\"\n"},
    {"as many recipients", 0, 2, NULL, 1, 2, BOSS, NULL, REASON_MESSAGE_OK,
     "next conf:80 rule \"r\": recipients_over: does not hold\n"},
    {"an author in the list", 0, 0, "*@acme.example", 1, 1, BOSS, NULL, REASON_RULE,
     "refuse conf:80 rule \"r\": entry \"*@acme.example\" at list:1: header_from: in list "
     "\"names\"\n"},
    {"no author in the list", 0, 0, "*@acme.example", 1, 1, "x@elsewhere.example", NULL,
     REASON_MESSAGE_OK, "next conf:80 rule \"r\": header_from: none of From: is in it\n"},
    {"a display name is no author", 0, 0, "*@acme.example", 1, 1, "x@elsewhere.example", BOSS,
     REASON_MESSAGE_OK, NULL},
    {"no author at all", 0, 0, "*", 1, 1, NULL, NULL, REASON_MESSAGE_OK,
     "next conf:80 rule \"r\": header_from: none of From: is in it\n"},
    {"a list that cannot tell", 0, 0, WORLD_DOUBT, 1, 1, WORLD_DOUBTFUL, NULL, REASON_INTERNAL,
     NULL},
    {"all at once", 1000, 2, "*@acme.example", 1001, 3, BOSS, NULL, REASON_RULE, NULL},
    {"all but the size", 1000, 2, "*@acme.example", 1000, 3, BOSS, NULL, REASON_MESSAGE_OK, NULL},
};

static void
test_rules_about_the_whole_message(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(whole); i++) {
        struct world world;
        world_init(&world);
        world_guard(&world, NULL);
        world_fill(world.names, &whole[i].header_from, 1);
        world_freeze(&world);
        struct rule *rule = add_rule(&world, "r", 80, RULE_REFUSE);
        rule->size_over = whole[i].size_over;
        rule->recipients_over = whole[i].recipients_over;
        rule->header_from = whole[i].header_from != NULL ? world.names : NULL;
        world.message.size = whole[i].size;
        world.message.recipients = whole[i].recipients;
        if (whole[i].author != NULL)
            world_show(&world, "From", whole[i].author, true);
        if (whole[i].seeming != NULL)
            world_show(&world, "From", whole[i].seeming, false);
        world_ask(&world, decide_message);
        CHECK(whole[i].name, world.decision.verdict.reason == whole[i].want);
        if (whole[i].want_told != NULL)
            world_check_told(whole[i].name, &world, whole[i].want_told);
        world_fini(&world);
    }
}

/* An author that is in the list decides, whatever the list cannot tell of another. */
static void
test_one_author_in_the_list_is_enough(void **state)
{
    (void)state;
    for (size_t first = 0; first < 2; first++) {
        struct world world;
        world_init(&world);
        world_guard(&world, NULL);
        world_fill(world.names, (const char *const[]){WORLD_DOUBT, BOSS}, 2);
        world_freeze(&world);
        add_rule(&world, "r", 80, RULE_REFUSE)->header_from = world.names;
        world_show(&world, "From", first == 0 ? BOSS : WORLD_DOUBTFUL, true);
        world_show(&world, "From", first == 0 ? WORLD_DOUBTFUL : BOSS, true);
        world_ask(&world, decide_message);
        assert_int_equal(world.decision.verdict.reason, REASON_RULE);
        world_fini(&world);
    }
}

/* Nobody can tell whether one that has not been found is in the list; one that has been decides. */
static void
test_authors_that_are_missed(void **state)
{
    (void)state;
    static const struct {
        const char *name, *author;
        bool missed;
        enum reason want;
    } cases[] = {
        {"all are known, none is in the list", "x@elsewhere.example", false, REASON_MESSAGE_OK},
        {"some are missed, none is in the list", "x@elsewhere.example", true, REASON_INTERNAL},
        {"some are missed, one is in the list", BOSS, true, REASON_RULE},
        {"all are missed", NULL, true, REASON_INTERNAL},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct world world;
        world_init(&world);
        world_guard(&world, NULL);
        world_fill(world.names, (const char *const[]){BOSS}, 1);
        world_freeze(&world);
        struct rule *rule = add_rule(&world, "r", 80, RULE_REFUSE);
        rule->header_from = world.names;
        if (cases[i].author != NULL)
            world_show(&world, "From", cases[i].author, true);
        world.message.misses_authors = cases[i].missed;
        world_ask(&world, decide_message);
        CHECK(cases[i].name, world.decision.verdict.reason == cases[i].want);
        if (cases[i].want == REASON_INTERNAL)
            world_check_told(cases[i].name, &world,
                             "conf:80 rule \"r\": header_from: more in From: than is looked at\n");
        world.message.size = 1;
        rule->size_over = 1;
        world_ask(&world, decide_message);
        CHECK(cases[i].name, world.decision.verdict.reason == REASON_MESSAGE_OK);
        rule->size_over = 0;
        rule->header_from = NULL;
        world_ask(&world, decide_message);
        CHECK("a rule about anything", world.decision.verdict.reason == REASON_RULE);
        world_fini(&world);
    }
}

/* Before the end such a rule may still come to hold. */
static const struct {
    const char *name;
    enum rule_action action;
    bool others_hold, others_doubt; /* its other conditions: a list of recipients */
    enum reason want;               /* a rule behind it refuses everything */
    const char *want_told;
} pending[] = {
    {"one that would accept keeps those behind it", RULE_ACCEPT, true, false, REASON_RECIPIENT_OK,
     "next conf:80 rule \"r\": entry \"" BOSS "\" at list:2: recipients: in list \"names\": the "
     "message guard decides\n"},
    {"and so does one that tags", RULE_TAG, true, false, REASON_RECIPIENT_OK, NULL},
    {"one that would refuse is passed over", RULE_REFUSE, true, false, REASON_RULE,
     "the message guard decides\n"},
    {"and so is one that would defer", RULE_DEFER, true, false, REASON_RULE, NULL},
    {"one that cannot hold any more is none", RULE_ACCEPT, false, false, REASON_RULE,
     "next conf:80 rule \"r\": recipients: not in list \"names\"\n"},
    {"one that would accept, if it could be told", RULE_ACCEPT, true, true, REASON_INTERNAL, NULL},
    {"one that would refuse, if it could be told", RULE_REFUSE, true, true, REASON_RULE, NULL},
};

static void
test_rules_wait_for_the_message(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(pending); i++)
        for (int guard = 0; guard < 2; guard++) {
            struct world world;
            world_init(&world);
            if (guard == 1)
                world_guard(&world, NULL);
            world_fill(world.names, (const char *const[]){WORLD_DOUBT, BOSS}, 2);
            world_freeze(&world);
            struct rule *rule = add_rule(&world, "r", 80, pending[i].action);
            rule->size_over = 1000;
            rule->recipients = world.names;
            add_rule(&world, "all", 81, RULE_REFUSE);
            const char *to =
                pending[i].others_hold ? "RCPT TO:<" BOSS ">" : "RCPT TO:<anna@acme.example>";
            world_to(&world, pending[i].others_doubt ? "RCPT TO:<" WORLD_DOUBTFUL ">" : to);
            world_ask_recipient(&world);
            CHECK(pending[i].name, world.decision.verdict.reason == pending[i].want);
            CHECK(pending[i].name, world.decision.tagged_by == NULL);
            if (pending[i].want == REASON_RULE)
                CHECK_TEXT(pending[i].name, world.decision.verdict.decided_by->name, "all");
            if (pending[i].want_told != NULL)
                world_check_told(pending[i].name, &world, pending[i].want_told);
            world_fini(&world);
        }
}

static void
test_they_are_asked_at_the_end(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    world_guard(&world, NULL);
    struct rule *large = add_rule(&world, "large", 80, RULE_TAG);
    large->size_over = 1000;
    add_rule(&world, "all", 81, RULE_REFUSE);
    world.message.size = 1001;
    world_ask(&world, decide_message);
    assert_int_equal(world.decision.verdict.action, VERDICT_ACCEPT);
    assert_ptr_equal(world.decision.tagged_by, large);
    assert_string_equal(verdict_code(&world.decision.verdict, PROTOCOL_SMTP), "250 2.0.0");

    world.message.size = 1000;
    world_ask(&world, decide_message);
    assert_int_equal(world.decision.verdict.action, VERDICT_REFUSE);
    assert_string_equal(world.decision.verdict.decided_by->name, "all");
    world_fini(&world);
}

/* A login comes before the message. */
static void
test_they_never_hold_at_a_login(void **state)
{
    (void)state;
    static const enum rule_action actions[] = {RULE_ACCEPT, RULE_REFUSE};
    for (size_t i = 0; i < COUNT_OF(actions); i++) {
        struct world world;
        world_init(&world);
        add_rule(&world, "r", 80, actions[i])->recipients_over = 1;
        add_rule(&world, "all", 81, RULE_REFUSE);
        world_ask_login(&world);
        assert_string_equal(world.decision.verdict.decided_by->name, "all");
        world_check_told("login", &world, "next conf:80 rule \"r\": message: does not hold\n");
        world_fini(&world);
    }
}

/* nginx ends TLS: what the mail server does not know is as the listener demands it, else it cannot
 * be told, and no condition about it holds. */
static const struct {
    const char *name;
    enum condition condition;
    bool require_tls, known, tls;
    bool want;
} encrypted[] = {
    {"yes, not known", CONDITION_YES, false, false, false, false},
    {"no, not known", CONDITION_NO, false, false, false, false},
    {"any, not known", CONDITION_ANY, false, false, false, true},
    {"yes, not known but demanded", CONDITION_YES, true, false, false, true},
    {"no, not known but demanded", CONDITION_NO, true, false, false, false},
    {"yes, known to be", CONDITION_YES, false, true, true, true},
    {"no, known to be", CONDITION_NO, false, true, true, false},
    {"yes, known not to be", CONDITION_YES, false, true, false, false},
    {"no, known not to be", CONDITION_NO, false, true, false, true},
};

static void
test_conditions_about_tls(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(encrypted); i++) {
        struct world world;
        world_init(&world);
        world_guard(&world, NULL);
        add_rule(&world, "r", 80, RULE_REFUSE)->tls = encrypted[i].condition;
        world.listener->require_tls = encrypted[i].require_tls;
        world.message.tls_known = encrypted[i].known;
        world.facts.tls = encrypted[i].tls;
        world_ask(&world, decide_message);
        CHECK(encrypted[i].name,
              (world.decision.verdict.reason == REASON_RULE) == encrypted[i].want);
        world_fini(&world);
    }
}

static void
test_the_size_that_came(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    world_guard(&world, BOSS);
    world.settings.limits.message_size = 1000;
    world.message.size = 1000;
    add_rule(&world, "r", 80, RULE_ACCEPT);
    world_ask(&world, decide_message);
    assert_int_equal(world.decision.verdict.action, VERDICT_ACCEPT);
    world.message.size = 1001;
    world_ask(&world, decide_message);
    world_check("an accepting rule undoes no refusal", &world, REASON_MESSAGE_SIZE);
    world_fini(&world);
}

static void
test_every_rule_is_told(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    world_guard(&world, BOSS);
    add_rule(&world, "r", 80, RULE_REFUSE)->authenticated = CONDITION_NO;
    world_ask(&world, decide_message);
    assert_string_equal(world.trail,
                        "next conf:10 listener \"submission\": malformed request\n"
                        "next conf:10 listener \"submission\": login: by the mail server: the "
                        "client has authenticated\n"
                        "next conf:92 limits: message_size\n"
                        "next conf:80 rule \"r\": authenticated: does not hold\n"
                        "accept conf:10 listener \"submission\"\n");
    world_check("accepted", &world, REASON_MESSAGE_OK);
    world_fini(&world);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_recipients_at_the_guard),
        cmocka_unit_test(test_a_recipient_too_many),
        cmocka_unit_test(test_rules_about_the_whole_message),
        cmocka_unit_test(test_one_author_in_the_list_is_enough),
        cmocka_unit_test(test_authors_that_are_missed),
        cmocka_unit_test(test_rules_wait_for_the_message),
        cmocka_unit_test(test_they_are_asked_at_the_end),
        cmocka_unit_test(test_they_never_hold_at_a_login),
        cmocka_unit_test(test_conditions_about_tls),
        cmocka_unit_test(test_the_size_that_came),
        cmocka_unit_test(test_every_rule_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
