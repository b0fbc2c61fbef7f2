/* What counts as an attempt to log in, and attempts that are one too many. */
#include "world.h"

static struct rule_ref
throttle_rule(void)
{
    return (struct rule_ref){.origin = world_line(80),
                             .section_kind = "limits",
                             .setting = "logins_per_user",
                             .detail = "11 within 1min"};
}

static void
be_ordinary(struct world *world)
{
    (void)world;
}

static void
send_nonsense(struct world *world)
{
    world->facts.malformed = "a broken %-escape";
}

static void
be_banned(struct world *world)
{
    world->facts.banned = true;
}

static void
shut_auth(struct world *world)
{
    world->listener->auth = AUTH_OFF;
}

static void
be_clear(struct world *world)
{
    world->facts.tls = false;
}

static void
deny_names(struct world *world)
{
    world->listener->auth_users.mode = ACCESS_ALLOW;
    world->listener->auth_users.list = world->names;
}

static void
be_throttled(struct world *world)
{
    static struct rule_ref rule;
    rule = throttle_rule();
    world->facts.throttled_by = &rule;
}

static void
deny_own_names(struct world *world)
{
    world->acme->auth_users.mode = ACCESS_ALLOW;
    world->acme->auth_users.list = world->names;
}

static void
send_no_password(struct world *world)
{
    world->facts.password_length = 0;
}

/* What a listener refuses is no attempt; what comes after it is, whatever becomes of it. */
static const struct {
    const char *name;
    void (*set)(struct world *world);
    enum reason want;
    bool want_attempt;
} attempts[] = {
    {"a login", be_ordinary, REASON_AUTH_OK, true},
    {"a malformed request", send_nonsense, REASON_REQUEST_MALFORMED, false},
    {"a banned client", be_banned, REASON_AUTH_BANNED, false},
    {"a listener without auth", shut_auth, REASON_AUTH_OFF, false},
    {"a login without TLS", be_clear, REASON_AUTH_TLS_REQUIRED, false},
    {"a name that the listener denies", deny_names, REASON_AUTH_USER_DENIED, false},
    {"a throttled login", be_throttled, REASON_AUTH_THROTTLED, true},
    {"a name that its organization denies", deny_own_names, REASON_AUTH_ORG_USER_DENIED, true},
    {"an empty password", send_no_password, REASON_AUTH_BAD_CREDENTIALS, true},
};

static void
test_what_counts_as_an_attempt(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(attempts); i++) {
        struct world world;
        world_init(&world);
        list_freeze(world.names);
        attempts[i].set(&world);
        world_ask_auth(&world);
        world_check(attempts[i].name, &world, attempts[i].want);
        CHECK(attempts[i].name, world.decision.is_attempt == attempts[i].want_attempt);
        world_fini(&world);
    }
}

/* The connection closes (RFC 5321 3.8), whichever attempt it was. */
static void
test_a_throttled_login_is_hung_up_on(void **state)
{
    (void)state;
    for (unsigned attempt = 1; attempt <= 3; attempt++) {
        struct world world;
        world_init(&world);
        be_throttled(&world);
        world.facts.attempt = attempt;
        world_ask_auth(&world);
        world_check("throttled", &world, REASON_AUTH_THROTTLED);
        world_check_rule("throttled", &world, "conf:80 limits: logins_per_user: 11 within 1min");
        assert_int_equal(world.decision.verdict.wait_s, 0);
        assert_non_null(strstr(world.trail, "auth_users\ndefer conf:80 limits: logins_per_user"));
        world_fini(&world);
    }
}

/* As with `mailreeve explain`, which is not told which limit it is. */
static void
test_a_throttle_without_a_name(void **state)
{
    (void)state;
    static const struct rule_ref some = {.setting = NULL};
    struct world world;
    world_init(&world);
    world.facts.throttled_by = &some;
    world_ask_auth(&world);
    world_check("throttled", &world, REASON_AUTH_THROTTLED);
    world_check_rule(
        "throttled", &world,
        "conf:10 listener \"submission\": throttle: a limit is reached, or the account "
        "is closed");
    world_fini(&world);
}

/* What is found out about the account itself, after the sources were asked, has the same answer as
 * what was known before: for right and for wrong passwords. */
static void
test_an_account_found_closed(void **state)
{
    (void)state;
    static const enum verify_outcome outcomes[] = {VERIFY_OK, VERIFY_WRONG_PASSWORD};
    for (size_t i = 0; i < COUNT_OF(outcomes); i++) {
        struct world world;
        world_init(&world);
        world.outcome = outcomes[i];
        world_ask_login(&world);
        struct trail trail = {.asked = world_hear, .context = &world};
        struct rule_ref rule = throttle_rule();
        decide_throttled(&world.settings, &world.facts, &rule, &trail, &world.decision);
        world_check("closed", &world, REASON_AUTH_THROTTLED);
        world_check_rule("closed", &world, "conf:80 limits: logins_per_user: 11 within 1min");
        assert_int_equal(world.decision.verdict.wait_s, 0);
        assert_non_null(strstr(world.trail, "defer conf:80 limits: logins_per_user"));
        world_fini(&world);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_counts_as_an_attempt),
        cmocka_unit_test(test_a_throttled_login_is_hung_up_on),
        cmocka_unit_test(test_a_throttle_without_a_name),
        cmocka_unit_test(test_an_account_found_closed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
