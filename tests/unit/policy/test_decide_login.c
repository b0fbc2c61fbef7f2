#include "world.h"

enum { ENTRIES_MAX = 2 };

static const struct rule_ref source = {
    .origin = {"conf", 60}, .section_kind = "source", .section_name = "acme-ldap"};

static struct account
account_named(const char *name)
{
    struct account account = {.origin = {"users", 4}};
    snprintf(account.name, sizeof account.name, "%s", name);
    return account;
}

static void
ask_login(struct world *world, enum verify_outcome outcome, const struct account *account,
          const struct rule_ref *rule)
{
    struct trail trail = {.asked = world_hear, .context = world};
    world_ask_auth(world);
    assert_int_equal(world->decision.verdict.action, VERDICT_ACCEPT);
    world->trail[0] = '\0';
    decide_login(world->tenancy, &world->settings, &world->facts, outcome, account, rule, &trail,
                 &world->decision);
}

static const struct {
    enum verify_outcome outcome;
    enum reason want;
    const char *want_rule, *want_trail;
} outcomes[] = {
    {VERIFY_OK, REASON_AUTH_OK, "conf:60 source \"acme-ldap\"",
     "next conf:17 listener \"submission\": relay: whoever authenticates may relay\n"
     "accept conf:60 source \"acme-ldap\"\n"},
    {VERIFY_UNAVAILABLE, REASON_AUTH_SOURCE_UNAVAILABLE,
     "conf:60 source \"acme-ldap\": unavailable",
     "defer conf:60 source \"acme-ldap\": unavailable\n"},
    {VERIFY_WRONG_PASSWORD, REASON_AUTH_BAD_CREDENTIALS,
     "conf:60 source \"acme-ldap\": wrong password",
     "refuse conf:60 source \"acme-ldap\": wrong password\n"},
    {VERIFY_UNKNOWN_USER, REASON_AUTH_BAD_CREDENTIALS, "conf:60 source \"acme-ldap\": unknown user",
     "refuse conf:60 source \"acme-ldap\": unknown user\n"},
    {VERIFY_DISABLED, REASON_AUTH_BAD_CREDENTIALS, "conf:60 source \"acme-ldap\": disabled",
     "refuse conf:60 source \"acme-ldap\": disabled\n"},
    {VERIFY_AMBIGUOUS, REASON_AUTH_BAD_CREDENTIALS, "conf:60 source \"acme-ldap\": ambiguous",
     "refuse conf:60 source \"acme-ldap\": ambiguous\n"},
    {VERIFY_LOCKED, REASON_AUTH_BAD_CREDENTIALS, "conf:60 source \"acme-ldap\": locked",
     "refuse conf:60 source \"acme-ldap\": locked\n"},
    {VERIFY_ACCOUNT_EXPIRED, REASON_AUTH_BAD_CREDENTIALS,
     "conf:60 source \"acme-ldap\": account expired",
     "refuse conf:60 source \"acme-ldap\": account expired\n"},
    {VERIFY_PASSWORD_EXPIRED, REASON_AUTH_BAD_CREDENTIALS,
     "conf:60 source \"acme-ldap\": password expired",
     "refuse conf:60 source \"acme-ldap\": password expired\n"},
    {VERIFY_MUST_CHANGE, REASON_AUTH_BAD_CREDENTIALS,
     "conf:60 source \"acme-ldap\": password must be changed",
     "refuse conf:60 source \"acme-ldap\": password must be changed\n"},
    {VERIFY_NOT_ALLOWED, REASON_AUTH_BAD_CREDENTIALS, "conf:60 source \"acme-ldap\": not allowed",
     "refuse conf:60 source \"acme-ldap\": not allowed\n"},
    {VERIFY_NO_CLEAR_PASSWORD, REASON_AUTH_BAD_CREDENTIALS,
     "conf:60 source \"acme-ldap\": no clear password",
     "refuse conf:60 source \"acme-ldap\": no clear password\n"},
};

static void
test_outcomes(void **state)
{
    (void)state;
    assert_int_equal(COUNT_OF(outcomes), VERIFY_OUTCOMES);
    for (size_t i = 0; i < COUNT_OF(outcomes); i++) {
        const char *name = verify_outcome_name(outcomes[i].outcome);
        struct world world;
        world_init(&world);
        struct account account = {.name = ""};
        if (outcomes[i].outcome == VERIFY_OK)
            account = account_named("boss@acme.example");
        ask_login(&world, outcomes[i].outcome, &account, &source);
        world_check(name, &world, outcomes[i].want);
        world_check_rule(name, &world, outcomes[i].want_rule);
        CHECK_TEXT(name, world.trail, outcomes[i].want_trail);
        CHECK(name, world.decision.verdict.wait_s == (outcomes[i].outcome == VERIFY_OK ? 0 : 2));
        world_fini(&world);
    }
}

static void
test_what_the_source_said_stays(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    struct account account = {.name = ""};
    struct rule_ref rule = source;
    snprintf(rule.detail, sizeof rule.detail, "timeout");
    ask_login(&world, VERIFY_UNAVAILABLE, &account, &rule);
    world_check_rule("a detail", &world, "conf:60 source \"acme-ldap\": unavailable: timeout");
    world_fini(&world);
}

static void
test_where_there_is_no_source(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    struct account account = {.name = ""};
    struct rule_ref nobody = {.detail = ""};
    ask_login(&world, VERIFY_UNKNOWN_USER, &account, &nobody);
    world_check_rule("an organization without sources", &world,
                     "conf:20 organization \"acme\": sources: unknown user: there is none to ask");
    world.facts.user = "printer";
    world.facts.user_length = 7;
    ask_login(&world, VERIFY_UNKNOWN_USER, &account, &nobody);
    world_check_rule("no users file", &world,
                     "conf:10 listener \"submission\": unknown user: the name is in no "
                     "organization, and there is no source of type users");
    world_fini(&world);
}

/* All that a stranger must not tell apart: every outcome but two. */
static void
test_every_refusal_looks_like_a_wrong_password(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    world.facts.password_length = 0;
    world_ask_auth(&world);
    struct verdict empty = world.decision.verdict;
    world.facts.password_length = 6;
    struct account account = {.name = ""};
    for (int outcome = 0; outcome < VERIFY_OUTCOMES; outcome++) {
        if (outcome == VERIFY_OK || outcome == VERIFY_UNAVAILABLE)
            continue;
        ask_login(&world, (enum verify_outcome)outcome, &account, &source);
        const struct verdict *verdict = &world.decision.verdict;
        const char *name = verify_outcome_name((enum verify_outcome)outcome);
        CHECK(name, verdict->reason == empty.reason);
        CHECK(name, verdict->action == empty.action);
        CHECK(name, verdict->wait_s == empty.wait_s);
        CHECK_TEXT(name, verdict_text(verdict), verdict_text(&empty));
        for (int protocol = PROTOCOL_SMTP; protocol <= PROTOCOL_HTTP; protocol++)
            CHECK_TEXT(name, verdict_code(verdict, (enum protocol)protocol),
                       verdict_code(&empty, (enum protocol)protocol));
    }
    world_fini(&world);
}

static const struct {
    const char *name, *user, *account;
    enum username_encoding encoding;
    enum reason want;
    const char *want_rule; /* NULL: not looked at */
} names[] = {
    {"the login's own name", "boss@acme.example", "boss@acme.example", 0, REASON_AUTH_OK, NULL},
    {"another name of the same domain", "chief@acme.example", "boss@acme.example", 0,
     REASON_AUTH_OK, NULL},
    {"a name without a domain", "boss@acme.example", "boss", 0, REASON_AUTH_OK, NULL},
    {"a name of no organization for a login of none", "printer@elsewhere.example",
     "printer@elsewhere.example", 0, REASON_AUTH_OK, NULL},
    {"a name of another organization", "boss@acme.example", "boss@widgets.example", 0,
     REASON_INTERNAL,
     "users:4 source \"acme-ldap\": the account's own name belongs to organization \"widgets\", "
     "the login to \"acme\""},
    {"a name of another organization in upper case", "boss@acme.example", "BOSS@WIDGETS.example", 0,
     REASON_INTERNAL, NULL},
    {"a name of no organization for a login of one", "boss@acme.example", "boss@elsewhere.example",
     0, REASON_INTERNAL, NULL},
    {"a name of an organization for a login of none", "boss@elsewhere.example", "boss@acme.example",
     0, REASON_INTERNAL, NULL},
    {"no name", "boss@acme.example", "", 0, REASON_INTERNAL,
     "users:4 source \"acme-ldap\": the account's own name is unusable: the user name is empty"},
    {"a line break in the name", "boss@acme.example", "boss\r\nQUIT@acme.example", USERNAME_XTEXT,
     REASON_INTERNAL, NULL},
    {"a space in the name", "boss@acme.example", "boss ADDR=6.6.6.6", USERNAME_PLAIN,
     REASON_INTERNAL, NULL},
    {"'+' in the name where it would be sent raw", "boss@acme.example", "boss+x@acme.example",
     USERNAME_PLAIN, REASON_INTERNAL, NULL},
    {"'+' in the name with xtext", "boss@acme.example", "boss+x@acme.example", USERNAME_XTEXT,
     REASON_AUTH_OK, NULL},
};

static void
test_canonical_names(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        struct world world;
        world_init(&world);
        world.settings.encoding = names[i].encoding;
        world.facts.user = names[i].user;
        world.facts.user_length = strlen(names[i].user);
        struct account account = account_named(names[i].account);
        ask_login(&world, VERIFY_OK, &account, &source);
        world_check(names[i].name, &world, names[i].want);
        if (names[i].want_rule != NULL)
            world_check_rule(names[i].name, &world, names[i].want_rule);
        world_fini(&world);
    }
}

static const struct {
    const char *name;
    const char *networks[ENTRIES_MAX]; /* the first NULL: anywhere */
    const char *client;                /* NULL: not known */
    unsigned protocols;
    enum protocol protocol;
    enum reason want;
    const char *want_rule; /* NULL: not looked at */
} limits[] = {
    {"no limits", {NULL}, "192.0.2.1", 0, PROTOCOL_SMTP, REASON_AUTH_OK, NULL},
    {"no limits, no address", {NULL}, NULL, 0, PROTOCOL_IMAP, REASON_AUTH_OK, NULL},
    {"from one of its networks",
     {"10.0.0.0/8", "192.0.2.0/24"},
     "192.0.2.1",
     0,
     PROTOCOL_SMTP,
     REASON_AUTH_OK,
     NULL},
    {"from elsewhere",
     {"10.0.0.0/8"},
     "192.0.2.1",
     0,
     PROTOCOL_SMTP,
     REASON_AUTH_BAD_CREDENTIALS,
     "users:4 source \"acme-ldap\": networks: the client is in none of the account's networks"},
    {"from nobody knows where",
     {"10.0.0.0/8"},
     NULL,
     0,
     PROTOCOL_SMTP,
     REASON_INTERNAL,
     "users:4 source \"acme-ldap\": networks: cannot tell whether the client is in them"},
    {"with its protocol",
     {NULL},
     "192.0.2.1",
     PROTOCOL_BIT(PROTOCOL_IMAP),
     PROTOCOL_IMAP,
     REASON_AUTH_OK,
     NULL},
    {"with one of its protocols",
     {NULL},
     "192.0.2.1",
     PROTOCOL_BIT(PROTOCOL_IMAP) | PROTOCOL_BIT(PROTOCOL_SMTP),
     PROTOCOL_SMTP,
     REASON_AUTH_OK,
     NULL},
    {"with another protocol",
     {NULL},
     "192.0.2.1",
     PROTOCOL_BIT(PROTOCOL_IMAP) | PROTOCOL_BIT(PROTOCOL_SMTP),
     PROTOCOL_POP3,
     REASON_AUTH_BAD_CREDENTIALS,
     "users:4 source \"acme-ldap\": protocols: the account may not use pop3"},
    {"smtp is a protocol as well",
     {NULL},
     "192.0.2.1",
     PROTOCOL_BIT(PROTOCOL_IMAP),
     PROTOCOL_SMTP,
     REASON_AUTH_BAD_CREDENTIALS,
     NULL},
    {"networks are asked before protocols",
     {"10.0.0.0/8"},
     "192.0.2.1",
     PROTOCOL_BIT(PROTOCOL_IMAP),
     PROTOCOL_SMTP,
     REASON_AUTH_BAD_CREDENTIALS,
     "users:4 source \"acme-ldap\": networks: the client is in none of the account's networks"},
};

static void
test_account_limits(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(limits); i++) {
        struct world world;
        world_init(&world);
        struct account account = account_named("boss@acme.example");
        account.protocols = limits[i].protocols;
        if (limits[i].networks[0] != NULL) {
            world_fill(world.addresses, limits[i].networks, ENTRIES_MAX);
            list_freeze(world.addresses);
            account.networks = world.addresses;
        }
        world.facts.protocol = limits[i].protocol;
        world.facts.client = (struct netaddr){.family = NETADDR_NONE};
        if (limits[i].client != NULL)
            netaddr_parse(limits[i].client, &world.facts.client, NULL);
        ask_login(&world, VERIFY_OK, &account, &source);
        world_check(limits[i].name, &world, limits[i].want);
        if (limits[i].want_rule != NULL)
            world_check_rule(limits[i].name, &world, limits[i].want_rule);
        world_fini(&world);
    }
}

static void
test_limits_are_told(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    world_fill(world.addresses, (const char *const[]){"192.0.2.0/24"}, 1);
    list_freeze(world.addresses);
    struct account account = account_named("boss@acme.example");
    account.networks = world.addresses;
    account.protocols = PROTOCOL_BIT(PROTOCOL_SMTP);
    ask_login(&world, VERIFY_OK, &account, &source);
    assert_string_equal(
        world.trail,
        "next users:4 source \"acme-ldap\": networks: entry \"192.0.2.0/24\" at list:1\n"
        "next users:4 source \"acme-ldap\": protocols\n"
        "next conf:17 listener \"submission\": relay: whoever authenticates may relay\n"
        "accept conf:60 source \"acme-ldap\"\n");
    world_fini(&world);
}

/* SMG 7 and 8 are about mail that is sent. */
static void
test_only_smtp_is_asked_about_relaying(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    world.facts.protocol = PROTOCOL_IMAP;
    struct account account = account_named("boss@acme.example");
    ask_login(&world, VERIFY_OK, &account, &source);
    assert_string_equal(world.trail, "accept conf:60 source \"acme-ldap\"\n");
    world_fini(&world);
}

static void
test_upstreams(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    struct account account = account_named("boss@acme.example");
    ask_login(&world, VERIFY_OK, &account, &source);
    assert_ptr_equal(world.decision.upstream, world.listener->upstream);

    world.acme->upstream = world_upstream(2);
    ask_login(&world, VERIFY_OK, &account, &source);
    assert_ptr_equal(world.decision.upstream, world.acme->upstream);

    ask_login(&world, VERIFY_WRONG_PASSWORD, &account, &source);
    assert_null(world.decision.upstream);

    world.acme->upstream = NULL;
    world.listener->upstream = NULL;
    ask_login(&world, VERIFY_OK, &account, &source);
    world_check("no upstream", &world, REASON_AUTH_OK);
    assert_null(world.decision.upstream);
    struct trail trail = {.asked = world_hear, .context = &world};
    decide_no_route(&world.settings, &world.facts, &world.decision.verdict.rule, &trail,
                    &world.decision);
    world_check("no upstream", &world, REASON_ROUTE_NONE);
    world_check_rule("no upstream", &world,
                     "conf:10 listener \"submission\": upstream: none is set");
    assert_int_equal(world.decision.verdict.wait_s, 2);
    world_fini(&world);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_outcomes),
        cmocka_unit_test(test_what_the_source_said_stays),
        cmocka_unit_test(test_where_there_is_no_source),
        cmocka_unit_test(test_every_refusal_looks_like_a_wrong_password),
        cmocka_unit_test(test_canonical_names),
        cmocka_unit_test(test_account_limits),
        cmocka_unit_test(test_limits_are_told),
        cmocka_unit_test(test_only_smtp_is_asked_about_relaying),
        cmocka_unit_test(test_upstreams),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
