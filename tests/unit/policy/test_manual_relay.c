/*
 * The truth tables about relaying: SMG's manual, "SMTP Authentication Settings", 2, 7 and 8, and
 * NetMail's "Authenticating SMTP Connections"; and where a session goes. Each table quotes the
 * sentences that its cases come from.
 */
#include "world.h"

#define FROM_BOSS     "MAIL FROM:<boss@acme.example>"
#define FROM_STRANGER "MAIL FROM:<stranger@elsewhere.example>"
#define TO_ACME       "RCPT TO:<anna@acme.example>"
#define TO_ELSEWHERE  "RCPT TO:<x@elsewhere.example>"

/* What is done with the list of addresses that may relay without AUTH. */
enum addresses { UNSET, EMPTY, LISTED, OTHERS };

static void
set_relay_ips(struct world *world, enum addresses addresses)
{
    static const char *const entries[] = {
        [UNSET] = NULL, [EMPTY] = NULL, [LISTED] = "192.0.2.0/24", [OTHERS] = "198.51.100.0/24"};
    world_fill(world->addresses, &entries[addresses], 1);
    world_freeze(world);
    world->listener->relay_ips.list = addresses == UNSET ? NULL : world->addresses;
}

/*
 * SMG 2: "Enabled: SMTP clients must authenticate to be able to send messages. Attempting to send
 *    mail without authenticating is rejected."
 *    "Disabled: SMTP client do not need to be authenticated to send email."
 * NetMail: "If both SMTP-after-POP and SMTP authentication are enabled, they function as an
 *    either/or option."
 */
static const struct {
    const char *name;
    bool require_auth;
    const char *window; /* NULL: none is open */
    enum addresses relay_ips;
    const char *client; /* NULL: not known */
    enum reason want;
} requirement[] = {
    {"disabled", false, NULL, UNSET, "192.0.2.1", REASON_RECIPIENT_OK},
    {"enabled", true, NULL, UNSET, "192.0.2.1", REASON_SESSION_AUTH_REQUIRED},
    {"enabled, logged in by POP before", true, "boss@acme.example", UNSET, "192.0.2.1",
     REASON_RECIPIENT_OK},
    {"enabled, a client that may relay", true, NULL, LISTED, "192.0.2.1", REASON_RECIPIENT_OK},
    {"enabled, others may relay", true, NULL, OTHERS, "192.0.2.1", REASON_SESSION_AUTH_REQUIRED},
    {"enabled, an empty list may relay", true, NULL, EMPTY, "192.0.2.1",
     REASON_SESSION_AUTH_REQUIRED},
    {"enabled, no address is neither listed nor not", true, NULL, LISTED, NULL, REASON_INTERNAL},
    {"enabled, no address, logged in by POP before", true, "boss@acme.example", UNSET, NULL,
     REASON_RECIPIENT_OK},
    {"enabled, no address and no list", true, NULL, UNSET, NULL, REASON_SESSION_AUTH_REQUIRED},
};

static void
test_smg_2_require_authentication(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(requirement); i++) {
        struct world world;
        world_init(&world);
        world.listener->require_auth = requirement[i].require_auth;
        set_relay_ips(&world, requirement[i].relay_ips);
        world_window(&world, requirement[i].window);
        world_client(&world, requirement[i].client);
        world_ask_recipient(&world);
        world_check(requirement[i].name, &world, requirement[i].want);
        world_fini(&world);
    }
}

/*
 * SMG 7: "This settings allows any user that has authentication to relay mail via SMG."
 * 8: "This set of checkboxes enables relaying for individually selected OU's, and interacts with
 *    the authenticated state of users from those OU's. When a sender claims to be from an SMG
 *    defined domain, but has not authenticated, they are considered external for the purpose of
 *    determining relaying status."
 *    "Relaying is defined as a message that is from a sender outside your system, to a user outside
 *    your system."
 * NetMail: "If selected, the e-mail client must authenticate through the ESMTP protocol before the
 *    SMTP Agent relays its messages to remote recipients."
 */
static const struct {
    const char *name;
    enum relay relay; /* RELAY_ORGANIZATIONS: acme's */
    const char *user; /* NULL: not authenticated */
    const char *from, *to;
    enum reason want;
    const char *want_rule; /* NULL: not looked at */
} relaying[] = {
    {"all: a user", RELAY_ALL, "boss@acme.example", FROM_BOSS, TO_ELSEWHERE, REASON_RECIPIENT_OK,
     "conf:17 listener \"submission\": relay: whoever authenticates may relay"},
    {"all: a user of no organization", RELAY_ALL, "printer", FROM_STRANGER, TO_ELSEWHERE,
     REASON_RECIPIENT_OK, NULL},
    {"all: nobody", RELAY_ALL, NULL, FROM_STRANGER, TO_ELSEWHERE, REASON_RELAY_DENIED,
     "conf:17 listener \"submission\": relay: the recipient's domain is in no organization: the "
     "client has not authenticated"},
    {"all: a sender that claims to be ours is external", RELAY_ALL, NULL, FROM_BOSS, TO_ELSEWHERE,
     REASON_RELAY_DENIED, NULL},
    {"all: nobody, to a recipient of ours", RELAY_ALL, NULL, FROM_STRANGER, TO_ACME,
     REASON_RECIPIENT_OK, "conf:20 organization \"acme\": domains"},
    {"organizations: a user of a selected one", RELAY_ORGANIZATIONS, "boss@acme.example", FROM_BOSS,
     TO_ELSEWHERE, REASON_RECIPIENT_OK,
     "conf:17 listener \"submission\": relay: the user's organization may relay"},
    {"organizations: a user of a selected one under any sender", RELAY_ORGANIZATIONS,
     "boss@acme.example", FROM_STRANGER, TO_ELSEWHERE, REASON_RECIPIENT_OK, NULL},
    {"organizations: a user of another one", RELAY_ORGANIZATIONS, "eve@widgets.example", FROM_BOSS,
     TO_ELSEWHERE, REASON_RELAY_DENIED,
     "conf:17 listener \"submission\": relay: the recipient's domain is in no organization: the "
     "user's organization is not in relay_organizations"},
    {"organizations: a user of another one, to a recipient of ours", RELAY_ORGANIZATIONS,
     "eve@widgets.example", "MAIL FROM:<eve@widgets.example>", TO_ACME, REASON_RECIPIENT_OK, NULL},
    {"organizations: a user of none", RELAY_ORGANIZATIONS, "printer", FROM_BOSS, TO_ELSEWHERE,
     REASON_RELAY_DENIED, NULL},
    {"organizations: a sender that claims to be of a selected one", RELAY_ORGANIZATIONS, NULL,
     FROM_BOSS, TO_ELSEWHERE, REASON_RELAY_DENIED, NULL},
    {"none: a user", RELAY_NONE, "boss@acme.example", FROM_BOSS, TO_ELSEWHERE, REASON_RELAY_DENIED,
     "conf:17 listener \"submission\": relay: the recipient's domain is in no organization: nobody "
     "may relay by authenticating"},
    {"none: a user, to a recipient of ours", RELAY_NONE, "boss@acme.example", FROM_BOSS, TO_ACME,
     REASON_RECIPIENT_OK, NULL},
};

static void
test_smg_7_and_8_relay(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(relaying); i++) {
        struct world world;
        world_init(&world);
        world.listener->relay = relaying[i].relay;
        nameset_add(&world.listener->relay_organizations, "acme");
        world_from(&world, relaying[i].from);
        world_to(&world, relaying[i].to);
        world_window(&world, relaying[i].user);
        world_ask_recipient(&world);
        world_check(relaying[i].name, &world, relaying[i].want);
        if (relaying[i].want_rule != NULL)
            world_check_rule(relaying[i].name, &world, relaying[i].want_rule);
        world_fini(&world);
    }
}

static void
test_smg_8_an_empty_set_selects_nobody(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    world.listener->relay = RELAY_ORGANIZATIONS;
    world_to(&world, TO_ELSEWHERE);
    world_window(&world, "boss@acme.example");
    world_ask_recipient(&world);
    world_check("an empty set", &world, REASON_RELAY_DENIED);
    world_fini(&world);
}

/* Addresses that may relay without AUTH. */
static const struct {
    const char *name;
    enum addresses relay_ips;
    const char *client; /* NULL: not known */
    const char *user;   /* NULL: not authenticated */
    const char *to;
    enum reason want;
    const char *want_rule; /* NULL: not looked at */
} addresses[] = {
    {"a listed address", LISTED, "192.0.2.1", NULL, TO_ELSEWHERE, REASON_RECIPIENT_OK,
     "conf:18 listener \"submission\": relay_ips: entry \"192.0.2.0/24\" at list:1: in list "
     "\"addresses\""},
    {"an address that is not listed", OTHERS, "192.0.2.1", NULL, TO_ELSEWHERE, REASON_RELAY_DENIED,
     NULL},
    {"an empty list", EMPTY, "192.0.2.1", NULL, TO_ELSEWHERE, REASON_RELAY_DENIED, NULL},
    {"no list", UNSET, "192.0.2.1", NULL, TO_ELSEWHERE, REASON_RELAY_DENIED, NULL},
    {"no list and no address", UNSET, NULL, NULL, TO_ELSEWHERE, REASON_RELAY_DENIED, NULL},
    {"no address is neither listed nor not", LISTED, NULL, NULL, TO_ELSEWHERE, REASON_INTERNAL,
     "conf:18 listener \"submission\": relay_ips: list \"addresses\" cannot tell: the client has "
     "no "
     "address"},
    {"no address, but a user with the right", LISTED, NULL, "boss@acme.example", TO_ELSEWHERE,
     REASON_RECIPIENT_OK, NULL},
};

static void
test_addresses_that_may_relay(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(addresses); i++) {
        struct world world;
        world_init(&world);
        set_relay_ips(&world, addresses[i].relay_ips);
        world_client(&world, addresses[i].client);
        world_window(&world, addresses[i].user);
        world_to(&world, addresses[i].to);
        world_ask_recipient(&world);
        world_check(addresses[i].name, &world, addresses[i].want);
        if (addresses[i].want_rule != NULL)
            world_check_rule(addresses[i].name, &world, addresses[i].want_rule);
        world_fini(&world);
    }
}

/* Where a session goes: 0 and 1 are the listener's upstream and upstream_inbound, 2 is acme's. */
enum { TRUSTING = 0, INBOUND = 1, ACMES = 2, NOWHERE = -1, NOT_NOW = -2 };

static const struct {
    const char *name;
    const char *user; /* NULL: not authenticated */
    enum addresses relay_ips;
    const char *client; /* NULL: not known */
    const char *to;
    bool has_upstream, has_inbound, acme_has_upstream;
    enum relay relay;
    int want;
    const char *want_setting; /* which is missing; NULL: none */
} routes[] = {
    {"a stranger's mail to us", NULL, UNSET, "192.0.2.1", TO_ACME, true, true, true, RELAY_ALL,
     INBOUND, NULL},
    {"a stranger never gets to the upstream that trusts", NULL, UNSET, "192.0.2.1", TO_ACME, true,
     false, true, RELAY_ALL, NOWHERE, "upstream_inbound"},
    {"a user's mail to the world", "boss@acme.example", UNSET, "192.0.2.1", TO_ELSEWHERE, true,
     true, false, RELAY_ALL, TRUSTING, NULL},
    {"a user's mail to us", "boss@acme.example", UNSET, "192.0.2.1", TO_ACME, true, true, false,
     RELAY_ALL, TRUSTING, NULL},
    {"a user's mail by his organization's upstream", "boss@acme.example", UNSET, "192.0.2.1",
     TO_ACME, true, true, true, RELAY_ALL, ACMES, NULL},
    {"another organization's user has the listener's", "eve@widgets.example", UNSET, "192.0.2.1",
     TO_ACME, true, true, true, RELAY_ALL, TRUSTING, NULL},
    {"a user of no organization has the listener's", "printer", UNSET, "192.0.2.1", TO_ACME, true,
     true, true, RELAY_ALL, TRUSTING, NULL},
    {"a user where there is no upstream", "boss@acme.example", UNSET, "192.0.2.1", TO_ACME, false,
     true, false, RELAY_ALL, NOWHERE, "upstream"},
    {"a user without the right", "boss@acme.example", UNSET, "192.0.2.1", TO_ACME, true, true, true,
     RELAY_NONE, INBOUND, NULL},
    {"a user without the right where no other upstream is", "boss@acme.example", UNSET, "192.0.2.1",
     TO_ACME, true, false, true, RELAY_NONE, NOWHERE, "upstream_inbound"},
    {"a user without the right from an address that has it", "boss@acme.example", LISTED,
     "192.0.2.1", TO_ELSEWHERE, true, true, false, RELAY_NONE, TRUSTING, NULL},
    {"a printer's mail to the world", NULL, LISTED, "192.0.2.1", TO_ELSEWHERE, true, true, true,
     RELAY_NONE, TRUSTING, NULL},
    {"a printer's mail to us", NULL, LISTED, "192.0.2.1", TO_ACME, true, true, true, RELAY_NONE,
     TRUSTING, NULL},
    {"a printer's mail to us needs no upstream that relays", NULL, LISTED, "192.0.2.1", TO_ACME,
     false, true, true, RELAY_NONE, INBOUND, NULL},
    {"a printer's mail to the world does", NULL, LISTED, "192.0.2.1", TO_ELSEWHERE, false, true,
     true, RELAY_NONE, NOWHERE, "upstream"},
    {"no address is neither a printer's nor a stranger's", NULL, LISTED, NULL, TO_ACME, true, true,
     true, RELAY_NONE, NOT_NOW, NULL},
    {"no address, where both go the same way", NULL, LISTED, NULL, TO_ACME, false, true, true,
     RELAY_NONE, INBOUND, NULL},
    {"no address, a user with the right", "boss@acme.example", LISTED, NULL, TO_ACME, true, true,
     false, RELAY_ALL, TRUSTING, NULL},
};

static void
check_route(const char *name, struct world *world, int want, const char *want_setting)
{
    if (want == NOT_NOW) {
        world_check(name, world, REASON_INTERNAL);
        return;
    }
    world_check(name, world,
                world->facts.method == METHOD_NONE ? REASON_RECIPIENT_OK : REASON_AUTH_OK);
    if (want >= 0) {
        CHECK(name, world->decision.upstream == world_upstream((size_t)want));
        return;
    }
    CHECK(name, world->decision.upstream == NULL);
    decide_no_route(&world->settings, &world->facts, &world->decision.verdict.rule, NULL,
                    &world->decision);
    world_check(name, world, REASON_ROUTE_NONE);
    char rule[128];
    snprintf(rule, sizeof rule, "conf:10 listener \"submission\": %s: none is set", want_setting);
    world_check_rule(name, world, rule);
}

static void
test_routes_of_recipients(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(routes); i++) {
        struct world world;
        world_init(&world);
        set_relay_ips(&world, routes[i].relay_ips);
        world.listener->relay = routes[i].relay;
        world.listener->upstream = routes[i].has_upstream ? world_upstream(TRUSTING) : NULL;
        world.listener->upstream_inbound = routes[i].has_inbound ? world_upstream(INBOUND) : NULL;
        world.acme->upstream = routes[i].acme_has_upstream ? world_upstream(ACMES) : NULL;
        world_client(&world, routes[i].client);
        world_window(&world, routes[i].user);
        world_to(&world, routes[i].to);
        world_ask_recipient(&world);
        check_route(routes[i].name, &world, routes[i].want, routes[i].want_setting);
        world_fini(&world);
    }
}

static const struct {
    const char *name;
    const char *user;
    enum protocol protocol;
    enum relay relay; /* RELAY_ORGANIZATIONS: acme's */
    bool has_upstream, has_inbound, acme_has_upstream;
    int want;
    const char *want_setting; /* which is missing; NULL: none */
} logins[] = {
    {"smtp with the right", "boss@acme.example", PROTOCOL_SMTP, RELAY_ALL, true, true, false,
     TRUSTING, NULL},
    {"smtp with the right, by the organization's upstream", "boss@acme.example", PROTOCOL_SMTP,
     RELAY_ORGANIZATIONS, true, true, true, ACMES, NULL},
    {"smtp without the right", "eve@widgets.example", PROTOCOL_SMTP, RELAY_ORGANIZATIONS, true,
     true, true, INBOUND, NULL},
    {"smtp where nobody has the right", "boss@acme.example", PROTOCOL_SMTP, RELAY_NONE, true, true,
     true, INBOUND, NULL},
    {"smtp without the right, and no upstream for such", "boss@acme.example", PROTOCOL_SMTP,
     RELAY_NONE, true, false, true, NOWHERE, "upstream_inbound"},
    {"smtp with the right, and no upstream for such", "boss@acme.example", PROTOCOL_SMTP, RELAY_ALL,
     false, true, false, NOWHERE, "upstream"},
    {"imap has nothing to relay", "boss@acme.example", PROTOCOL_IMAP, RELAY_NONE, true, true, false,
     TRUSTING, NULL},
    {"pop3 has nothing to relay", "eve@widgets.example", PROTOCOL_POP3, RELAY_ORGANIZATIONS, true,
     true, true, TRUSTING, NULL},
    {"imap by the organization's upstream", "boss@acme.example", PROTOCOL_IMAP, RELAY_NONE, true,
     true, true, ACMES, NULL},
    {"imap never gets to upstream_inbound", "boss@acme.example", PROTOCOL_IMAP, RELAY_NONE, false,
     true, false, NOWHERE, "upstream"},
};

static void
test_routes_of_logins(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(logins); i++) {
        struct world world;
        world_init(&world);
        world.facts.protocol = logins[i].protocol;
        world.listener->relay = logins[i].relay;
        nameset_add(&world.listener->relay_organizations, "acme");
        world.listener->upstream = logins[i].has_upstream ? world_upstream(TRUSTING) : NULL;
        world.listener->upstream_inbound = logins[i].has_inbound ? world_upstream(INBOUND) : NULL;
        world.acme->upstream = logins[i].acme_has_upstream ? world_upstream(ACMES) : NULL;
        world_user(&world, logins[i].user);
        world_ask_login(&world);
        check_route(logins[i].name, &world, logins[i].want, logins[i].want_setting);
        world_fini(&world);
    }
}

static void
test_a_web_pages_login_needs_no_upstream(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    world.facts.protocol = PROTOCOL_HTTP;
    world.listener->upstream = world.listener->upstream_inbound = NULL;
    world_ask_login(&world);
    world_check("http", &world, REASON_AUTH_OK);
    assert_null(world.decision.upstream);
    world_check_rule("http", &world, "conf:60 source \"acme-ldap\"");
    decide_no_route(&world.settings, &world.facts, &world.decision.verdict.rule, NULL,
                    &world.decision);
    world_check("http is never route.none", &world, REASON_AUTH_OK);
    world_fini(&world);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_smg_2_require_authentication),
        cmocka_unit_test(test_smg_7_and_8_relay),
        cmocka_unit_test(test_smg_8_an_empty_set_selects_nobody),
        cmocka_unit_test(test_addresses_that_may_relay),
        cmocka_unit_test(test_routes_of_recipients),
        cmocka_unit_test(test_routes_of_logins),
        cmocka_unit_test(test_a_web_pages_login_needs_no_upstream),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
