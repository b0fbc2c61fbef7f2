/*
 * The message guard at MAIL: each rule, accept and refuse. What the front door asks as well has its
 * tables there; here it is asked of whom the mail server says has logged in.
 */
#include "world.h"

#include "guard_listener.h"

#define BOSS     "boss@acme.example"
#define STRANGER "MAIL FROM:<stranger@elsewhere.example>"

/* Who the session is. */
static const struct {
    const char *name;
    const char *authenticated; /* NULL: nobody, as the mail server says */
    const char *window;        /* NULL: none is open */
    enum reason want;
    const char *want_user, *want_organization; /* NULL: of none */
    const char *want_told;
} users[] = {
    {"nobody", NULL, NULL, REASON_MESSAGE_OK, "", NULL,
     "next conf:25 listener \"submission\": relay_window\n"},
    {"who the mail server says", BOSS, NULL, REASON_MESSAGE_OK, BOSS, "acme",
     "next conf:10 listener \"submission\": login: by the mail server: the client has "
     "authenticated\n"},
    {"in upper case", "BOSS@Acme.example", NULL, REASON_MESSAGE_OK, BOSS, "acme", NULL},
    {"who logged in by POP", NULL, BOSS, REASON_MESSAGE_OK, BOSS, "acme",
     "next conf:25 listener \"submission\": relay_window: one is open: the client has "
     "authenticated\n"},
    {"a login beats a window", "eve@widgets.example", BOSS, REASON_MESSAGE_OK,
     "eve@widgets.example", "widgets", NULL},
    {"a name without a domain is of no organization", "boss", NULL, REASON_MESSAGE_OK, "boss", NULL,
     NULL},
    {"a name that XCLIENT had in xtext", "boss+x@acme.example", NULL, REASON_MESSAGE_OK,
     "boss+x@acme.example", "acme", NULL},
    {"a window of such a name", NULL, "boss+x@acme.example", REASON_MESSAGE_OK,
     "boss+x@acme.example", "acme", NULL},
    {"an unusable name is nobody's", "boss@acme.example\n", NULL, REASON_INTERNAL, "", NULL,
     "defer conf:10 listener \"submission\": login: by the mail server: the name is unusable: the "
     "user name has a control character or is not UTF-8\n"},
    {"nor does a window help an unusable name", "boss @acme.example", BOSS, REASON_INTERNAL, "",
     NULL, NULL},
    {"nor an empty one", "", BOSS, REASON_INTERNAL, "", NULL, NULL},
};

static void
test_users(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(users); i++) {
        struct world world;
        world_init(&world);
        world_guard(&world, users[i].authenticated);
        world_window(&world, users[i].window);
        world.listener->default_domain = "acme.example";
        world_ask(&world, decide_mail);
        world_check(users[i].name, &world, users[i].want);
        CHECK_TEXT(users[i].name, world.decision.user.text, users[i].want_user);
        const struct organization *got = world.decision.organization;
        CHECK_TEXT(users[i].name, got != NULL ? got->name : "none",
                   users[i].want_organization != NULL ? users[i].want_organization : "none");
        CHECK(users[i].name, world.decision.upstream == NULL);
        if (users[i].want_told != NULL)
            world_check_told(users[i].name, &world, users[i].want_told);
        world_fini(&world);
    }
}

static void
test_a_window_counts_where_the_listener_says_so(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    world_guard(&world, NULL);
    world_window(&world, BOSS);
    world.listener->relay_window_ms = 0;
    world_ask(&world, decide_mail);
    world_check("no relay_window", &world, REASON_MESSAGE_OK);
    assert_string_equal(world.decision.user.text, "");
    world_fini(&world);
}

static const struct {
    const char *name;
    enum authenticate_senders setting;
    enum authenticate_inbound inbound;
    const char *user; /* NULL: nobody */
    const char *from;
    bool exempt;
    enum reason want;
} senders[] = {
    {"always: ours, nobody logged in", SENDERS_ALWAYS, INBOUND_NO, NULL, "MAIL FROM:<" BOSS ">",
     false, REASON_SENDER_AUTH_REQUIRED},
    {"always: ours, logged in", SENDERS_ALWAYS, INBOUND_NO, BOSS, "MAIL FROM:<" BOSS ">", false,
     REASON_MESSAGE_OK},
    {"always: a stranger", SENDERS_ALWAYS, INBOUND_NO, NULL, STRANGER, false, REASON_MESSAGE_OK},
    {"always: a bounce", SENDERS_ALWAYS, INBOUND_NO, NULL, "MAIL FROM:<>", false,
     REASON_MESSAGE_OK},
    {"always: from an exempt address", SENDERS_ALWAYS, INBOUND_NO, NULL, "MAIL FROM:<" BOSS ">",
     true, REASON_MESSAGE_OK},
    {"unless-local hangs on the recipient", SENDERS_UNLESS_LOCAL, INBOUND_NO, NULL,
     "MAIL FROM:<" BOSS ">", false, REASON_MESSAGE_OK},
    {"so does inbound", SENDERS_NO, INBOUND_ALWAYS, NULL, "MAIL FROM:<" BOSS ">", false,
     REASON_MESSAGE_OK},
};

static void
test_senders_that_must_log_in(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(senders); i++) {
        struct world world;
        world_init(&world);
        world_guard(&world, senders[i].user);
        world.acme->authenticate_senders = senders[i].setting;
        world.acme->authenticate_inbound = senders[i].inbound;
        world.acme->auth_exempt_ips.mode = senders[i].exempt ? ACCESS_ALLOW : ACCESS_ANY;
        world.acme->auth_exempt_ips.list = world.everybody;
        world_from(&world, senders[i].from);
        world_ask(&world, decide_mail);
        world_check(senders[i].name, &world, senders[i].want);
        world_fini(&world);
    }
}

/* Found only where nothing else has decided before. */
static void
test_a_sender_elsewhere_is_asked_for(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    world_guard(&world, NULL);
    const struct organization *others[] = {world.widgets};
    world.acme->shared_with = others;
    world.acme->shared_with_count = 1;
    world.acme->authenticate_senders = SENDERS_ALWAYS;
    world_from(&world, "MAIL FROM:<" BOSS ">");
    world_ask(&world, decide_mail);
    assert_int_equal(world.decision.asks, ASKS_SENDER_ELSEWHERE);
    assert_int_equal(world.decision.verdict.action, VERDICT_TEMPFAIL);
    world.facts.sender_elsewhere = KNOWLEDGE_KNOWN;
    world_ask(&world, decide_mail);
    world_check("found elsewhere", &world, REASON_MESSAGE_OK);
    world_fini(&world);
}

static const struct {
    const char *name;
    const char *user, *from;
    bool users_match, senders_match, matching_sender; /* acme's, widgets', the account's */
    enum knowledge owned;
    enum reason want;
    const char *want_rule; /* NULL: not looked at */
} matches[] = {
    {"his own name", BOSS, "MAIL FROM:<" BOSS ">", true, false, true, KNOWLEDGE_NOT_ASKED,
     REASON_MESSAGE_OK, "conf:10 listener \"submission\""},
    {"another's", BOSS, "MAIL FROM:<anna@acme.example>", true, false, false, KNOWLEDGE_UNKNOWN,
     REASON_SENDER_MISMATCH,
     "conf:39 organization \"acme\": match_sender: the sender is not the authenticated user"},
    {"another organization's", BOSS, "MAIL FROM:<eve@widgets.example>", false, true, false,
     KNOWLEDGE_KNOWN, REASON_SENDER_MISMATCH, NULL},
    {"a stranger's", BOSS, STRANGER, true, false, false, KNOWLEDGE_UNKNOWN, REASON_SENDER_MISMATCH,
     NULL},
    {"a bounce", BOSS, "MAIL FROM:<>", true, false, true, KNOWLEDGE_NOT_ASKED, REASON_MESSAGE_OK,
     NULL},
    {"an account that may send as itself only", BOSS, "MAIL FROM:<anna@acme.example>", false, false,
     true, KNOWLEDGE_UNKNOWN, REASON_SENDER_MISMATCH,
     "conf:10 listener \"submission\": smtp_auth: matching-sender: the sender is not the "
     "authenticated user"},
    {"the directory is down: nobody is accused", BOSS, "MAIL FROM:<anna@acme.example>", true, false,
     false, KNOWLEDGE_CANNOT_TELL, REASON_AUTH_SOURCE_UNAVAILABLE, NULL},
    {"nobody has logged in", NULL, "MAIL FROM:<anna@acme.example>", true, true, true,
     KNOWLEDGE_NOT_ASKED, REASON_MESSAGE_OK, NULL},
};

static void
test_senders_that_must_match(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(matches); i++) {
        struct world world;
        world_init(&world);
        world_guard(&world, matches[i].user);
        world.acme->match_sender = matches[i].users_match;
        world.widgets->match_sender = matches[i].senders_match;
        world.facts.matching_sender = matches[i].matching_sender;
        world.facts.owned.knowledge = matches[i].owned;
        world_from(&world, matches[i].from);
        world_ask(&world, decide_mail);
        world_check(matches[i].name, &world, matches[i].want);
        if (matches[i].want_rule != NULL)
            world_check_rule(matches[i].name, &world, matches[i].want_rule);
        world_fini(&world);
    }
}

static const struct {
    const char *name;
    unsigned most_messages, messages; /* per session: the limit, and those begun before */
    int64_t most_bytes, bytes;
    enum reason want;
    const char *want_rule; /* NULL: not looked at */
} limits[] = {
    {"none is set", 0, 1000000, 0, INT64_MAX, REASON_MESSAGE_OK, NULL},
    {"the last message of the session", 3, 2, 0, 0, REASON_MESSAGE_OK, NULL},
    {"one more", 3, 3, 0, 0, REASON_SESSION_MESSAGES,
     "conf:90 limits: messages_per_session: reached"},
    {"as large as may be", 0, 0, 1000, 1000, REASON_MESSAGE_OK, NULL},
    {"one byte more", 0, 0, 1000, 1001, REASON_MESSAGE_SIZE,
     "conf:92 limits: message_size: reached"},
    {"its size is not declared", 0, 0, 1000, 0, REASON_MESSAGE_OK, NULL},
};

static void
test_limits(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(limits); i++) {
        struct world world;
        world_init(&world);
        world_guard(&world, NULL);
        world.settings.limits.messages_per_session = limits[i].most_messages;
        world.settings.limits.message_size = limits[i].most_bytes;
        world.message.messages = limits[i].messages;
        world.message.size = limits[i].bytes;
        world_ask(&world, decide_mail);
        world_check(limits[i].name, &world, limits[i].want);
        if (limits[i].want_rule != NULL)
            world_check_rule(limits[i].name, &world, limits[i].want_rule);
        world_fini(&world);
    }
}

static void
test_a_user_has_sent_enough(void **state)
{
    (void)state;
    static const struct rule_ref limit = {.origin = {"conf", 93},
                                          .section_kind = "limits",
                                          .setting = "messages_per_user",
                                          .detail = "101 messages in 1h"};
    struct world world;
    world_init(&world);
    world_guard(&world, BOSS);
    world.message.limited_by = &limit;
    world_ask(&world, decide_mail);
    world_check("over", &world, REASON_USER_THROTTLED);
    world_check_rule("over", &world, "conf:93 limits: messages_per_user: 101 messages in 1h");
    world_fini(&world);
}

/* nginx ends TLS, so that the mail server mostly knows nothing of it. */
static void
test_tls_is_asked_where_the_mail_server_knows(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    world_guard(&world, NULL);
    world.listener->require_tls = true;
    world_ask(&world, decide_mail);
    world_check("not known", &world, REASON_MESSAGE_OK);
    world.message.tls_known = true;
    world_ask(&world, decide_mail);
    world_check("known to be without", &world, REASON_SESSION_TLS_REQUIRED);
    world.facts.tls = true;
    world_ask(&world, decide_mail);
    world_check("known to be with it", &world, REASON_MESSAGE_OK);
    world_fini(&world);
}

static void
test_no_listener_says_what_to_set(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    world_guard(&world, BOSS);
    world.facts.listener = NULL;
    world_ask(&world, decide_mail);
    world_check("none", &world, REASON_INTERNAL);
    char want[RULE_DETAIL_MAX + 32];
    snprintf(want, sizeof want, "conf:1 listener: %s", guard_listener_advice);
    world_check_rule("none", &world, want);
    world_fini(&world);
}

/* The rule sections wait for the recipient. */
static void
test_every_rule_is_told(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    world_guard(&world, BOSS);
    tenancy_add_rule(world.tenancy, "r", world_line(80), NULL)->action = RULE_REFUSE;
    world_from(&world, "MAIL FROM:<" BOSS "> SIZE=10");
    world.facts.rcpt_to = NULL;
    world_ask(&world, decide_mail);
    assert_string_equal(
        world.trail,
        "next conf:10 listener \"submission\": malformed request\n"
        "next conf:10 listener \"submission\": ban\n"
        "next conf:13 listener \"submission\": require_tls: asked by the front door\n"
        "next conf:10 listener \"submission\": login: by the mail server: the client has "
        "authenticated\n"
        "next conf:14 listener \"submission\": require_auth\n"
        "next conf:90 limits: messages_per_session\n"
        "next conf:19 listener \"submission\": roles_must_auth\n"
        "next conf:33 organization \"acme\": authenticate_senders: the client has authenticated\n"
        "next conf:39 organization \"acme\": match_sender\n"
        "next conf:23 listener \"submission\": local_ips: the client has authenticated\n"
        "next conf:92 limits: message_size\n"
        "accept conf:10 listener \"submission\"\n");
    world_fini(&world);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_users),
        cmocka_unit_test(test_a_window_counts_where_the_listener_says_so),
        cmocka_unit_test(test_senders_that_must_log_in),
        cmocka_unit_test(test_a_sender_elsewhere_is_asked_for),
        cmocka_unit_test(test_senders_that_must_match),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_a_user_has_sent_enough),
        cmocka_unit_test(test_tls_is_asked_where_the_mail_server_knows),
        cmocka_unit_test(test_no_listener_says_what_to_set),
        cmocka_unit_test(test_every_rule_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
