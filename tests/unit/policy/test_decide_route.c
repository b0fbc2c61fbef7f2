/* Which of the upstreams that a listener and an organization name a session of each protocol goes
 * to. */
#include "world.h"

/* What is set, and where a session may end up. */
enum {
    ANY = 1,
    IMAP = 2,
    POP3 = 4,
    INBOUND = 8, /* only a listener has it */
    ACMES_ANY = 16,
    ACMES_IMAP = 32,
    ACMES_POP3 = 64,
    ALL = 127,
    NOWHERE = 0,
};

#define BOSS "boss@acme.example"
#define EVE  "eve@widgets.example"

static struct upstream *
upstream_of(unsigned bit)
{
    size_t number = 0;
    while ((1u << number) < bit)
        number++;
    return world_upstream(number);
}

static struct upstream *
if_set(unsigned set, unsigned bit)
{
    return (set & bit) != 0 ? upstream_of(bit) : NULL;
}

static void
set_upstreams(struct world *world, unsigned set)
{
    world->listener->upstream = if_set(set, ANY);
    world->listener->upstream_imap = if_set(set, IMAP);
    world->listener->upstream_pop3 = if_set(set, POP3);
    world->listener->upstream_inbound = if_set(set, INBOUND);
    world->acme->upstream = if_set(set, ACMES_ANY);
    world->acme->upstream_imap = if_set(set, ACMES_IMAP);
    world->acme->upstream_pop3 = if_set(set, ACMES_POP3);
}

static bool
goes_to(const struct world *world, unsigned want)
{
    return world->decision.upstream == (want != NOWHERE ? upstream_of(want) : NULL);
}

static const struct {
    const char *name;
    const char *user;
    enum protocol protocol;
    unsigned set;
    unsigned want;
} logins[] = {
    {"imap has the organization's upstream for imap before all others", BOSS, PROTOCOL_IMAP, ALL,
     ACMES_IMAP},
    {"pop3 has the organization's upstream for pop3 before all others", BOSS, PROTOCOL_POP3, ALL,
     ACMES_POP3},
    {"smtp has the organization's upstream before all others", BOSS, PROTOCOL_SMTP, ALL, ACMES_ANY},
    {"an organization's upstream is before the listener's for imap", BOSS, PROTOCOL_IMAP,
     ANY | IMAP | POP3 | INBOUND | ACMES_ANY | ACMES_POP3, ACMES_ANY},
    {"an organization's upstream is before the listener's for pop3", BOSS, PROTOCOL_POP3,
     ANY | IMAP | POP3 | INBOUND | ACMES_ANY | ACMES_IMAP, ACMES_ANY},
    {"imap has the listener's upstream for imap before the one for all", BOSS, PROTOCOL_IMAP,
     ANY | IMAP | POP3 | INBOUND | ACMES_POP3, IMAP},
    {"pop3 has the listener's upstream for pop3 before the one for all", BOSS, PROTOCOL_POP3,
     ANY | IMAP | POP3 | INBOUND | ACMES_IMAP, POP3},
    {"imap has the listener's upstream for all at last", BOSS, PROTOCOL_IMAP,
     ANY | POP3 | INBOUND | ACMES_POP3, ANY},
    {"pop3 has the listener's upstream for all at last", BOSS, PROTOCOL_POP3,
     ANY | IMAP | INBOUND | ACMES_IMAP, ANY},
    {"what an organization has is for its own users", EVE, PROTOCOL_IMAP, ALL, IMAP},
    {"a user of no organization has the listener's", "printer", PROTOCOL_POP3, ALL, POP3},
    {"imap goes to no other protocol's upstream", BOSS, PROTOCOL_IMAP, POP3 | INBOUND | ACMES_POP3,
     NOWHERE},
    {"pop3 goes to no other protocol's upstream", BOSS, PROTOCOL_POP3, IMAP | INBOUND | ACMES_IMAP,
     NOWHERE},
    {"smtp goes to no other protocol's upstream", BOSS, PROTOCOL_SMTP,
     IMAP | POP3 | INBOUND | ACMES_IMAP | ACMES_POP3, NOWHERE},
    {"a web page goes nowhere", BOSS, PROTOCOL_HTTP, ALL, NOWHERE},
};

static void
test_each_protocol_has_its_upstream(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(logins); i++) {
        struct world world;
        world_init(&world);
        world.facts.protocol = logins[i].protocol;
        set_upstreams(&world, logins[i].set);
        world_user(&world, logins[i].user);
        world_ask_login(&world);
        world_check(logins[i].name, &world, REASON_AUTH_OK);
        CHECK(logins[i].name, goes_to(&world, logins[i].want));
        world_fini(&world);
    }
}

static void
test_an_upstream_that_lacks_is_named(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    world.facts.protocol = PROTOCOL_IMAP;
    set_upstreams(&world, POP3 | INBOUND);
    world_ask_login(&world);
    decide_no_route(&world.settings, &world.facts, &world.decision.verdict.rule, NULL,
                    &world.decision);
    world_check("imap", &world, REASON_ROUTE_NONE);
    world_check_rule("imap", &world, "conf:10 listener \"submission\": upstream: none is set");
    world_fini(&world);
}

static const struct {
    const char *name;
    enum relay relay;
    const char *user; /* NULL: a recipient without AUTH */
} without_right[] = {
    {"a login where nobody may relay", RELAY_NONE, BOSS},
    {"a login where other organizations may relay", RELAY_ORGANIZATIONS, BOSS},
    {"a login of no organization", RELAY_ORGANIZATIONS, "printer"},
    {"a stranger", RELAY_ALL, NULL},
};

static void
test_nobody_without_the_right_gets_to_an_upstream_that_trusts(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(without_right); i++)
        for (unsigned set = 0; set <= ALL; set++) {
            struct world world;
            world_init(&world);
            world.listener->relay = without_right[i].relay;
            nameset_add(&world.listener->relay_organizations, "widgets");
            set_upstreams(&world, set);
            if (without_right[i].user != NULL) {
                world_user(&world, without_right[i].user);
                world_ask_login(&world);
            } else {
                world_ask_recipient(&world);
            }
            CHECK(without_right[i].name, world.decision.verdict.action == VERDICT_ACCEPT);
            CHECK(without_right[i].name, goes_to(&world, set & INBOUND));
            world_fini(&world);
        }
}

/* A relay window makes a user of whoever comes by SMTP, whatever the login was that opened it. */
static void
test_mail_goes_to_no_mailbox_upstream(void **state)
{
    (void)state;
    for (unsigned set = 0; set <= ALL; set++) {
        struct world world;
        world_init(&world);
        set_upstreams(&world, set);
        world_window(&world, BOSS);
        world_to(&world, "RCPT TO:<x@elsewhere.example>");
        world_ask_recipient(&world);
        unsigned want = (set & ACMES_ANY) != 0 ? ACMES_ANY : set & ANY;
        CHECK("a user's mail", world.decision.verdict.action == VERDICT_ACCEPT);
        CHECK("a user's mail", goes_to(&world, want));
        world_fini(&world);
    }
}

/* Nothing but SMTP has sessions without a login, whatever says that it is one. */
static void
test_no_mailbox_is_reached_without_a_login(void **state)
{
    (void)state;
    static const enum protocol protocols[] = {PROTOCOL_IMAP, PROTOCOL_POP3};
    for (size_t i = 0; i < COUNT_OF(protocols); i++) {
        struct world world;
        world_init(&world);
        world.facts.protocol = protocols[i];
        set_upstreams(&world, ALL);
        world_window(&world, BOSS);
        world_ask_recipient(&world);
        world_check("no login", &world, REASON_REQUEST_MALFORMED);
        CHECK("no login", world.decision.upstream == NULL);
        world_fini(&world);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_protocol_has_its_upstream),
        cmocka_unit_test(test_an_upstream_that_lacks_is_named),
        cmocka_unit_test(test_nobody_without_the_right_gets_to_an_upstream_that_trusts),
        cmocka_unit_test(test_mail_goes_to_no_mailbox_upstream),
        cmocka_unit_test(test_no_mailbox_is_reached_without_a_login),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
