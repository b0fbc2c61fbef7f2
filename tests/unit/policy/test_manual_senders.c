/*
 * The truth tables about senders without AUTH: SMG's manual, "SMTP Authentication Settings", 9, 10,
 * 12 and 13, and MDaemon's page "SMTP Authentication". Each table quotes the sentences that its
 * cases come from. What they call OU, domain or local is our organization.
 */
#include "world.h"

#define FROM_BOSS     "MAIL FROM:<boss@acme.example>"
#define FROM_WIDGETS  "MAIL FROM:<eve@widgets.example>"
#define FROM_STRANGER "MAIL FROM:<stranger@elsewhere.example>"
#define FROM_NOBODY   "MAIL FROM:<>"
#define TO_ACME       "RCPT TO:<anna@acme.example>"
#define TO_WIDGETS    "RCPT TO:<eve@widgets.example>"
#define TO_ELSEWHERE  "RCPT TO:<x@elsewhere.example>"

static const char *const user = "boss@acme.example";

/*
 * SMG 10: "Enabled: SMTP clients that claim to be from a domain within this OU must authenticate to
 *     be able to send messages. All attempts to send mail without authenticating will be rejected."
 *     "Disabled: The setting has no effect."
 *     "This setting only tests the MAIL FROM command for conformance to the rule".
 * MDaemon: "Authentication is always required when mail is from local accounts: When this option is
 *     enabled and an incoming message claims to be from one of MDaemon's domains, the account must
 *     first be authenticated or MDaemon will refuse to accept the message for delivery."
 *     "...unless message is to a local account: If you are requiring authentication when a message
 *     is from a local sender, but wish to skip the authentication restriction when the recipient is
 *     local as well, then click this option."
 */
static const struct {
    const char *name;
    enum authenticate_senders setting;
    const char *from, *to;
    bool authenticated;
    enum reason want;
} sending[] = {
    {"always: ours to us", SENDERS_ALWAYS, FROM_BOSS, TO_ACME, false, REASON_SENDER_AUTH_REQUIRED},
    {"always: ours to another organization", SENDERS_ALWAYS, FROM_BOSS, TO_WIDGETS, false,
     REASON_SENDER_AUTH_REQUIRED},
    {"always: ours to the world", SENDERS_ALWAYS, FROM_BOSS, TO_ELSEWHERE, false,
     REASON_SENDER_AUTH_REQUIRED},
    {"always: ours, authenticated", SENDERS_ALWAYS, FROM_BOSS, TO_ACME, true, REASON_RECIPIENT_OK},
    {"always: ours to the world, authenticated", SENDERS_ALWAYS, FROM_BOSS, TO_ELSEWHERE, true,
     REASON_RECIPIENT_OK},
    {"always: upper case is still ours", SENDERS_ALWAYS, "MAIL FROM:<Boss@ACME.Example>", TO_ACME,
     false, REASON_SENDER_AUTH_REQUIRED},
    {"always: a stranger", SENDERS_ALWAYS, FROM_STRANGER, TO_ACME, false, REASON_RECIPIENT_OK},
    {"always: another organization's is none of ours", SENDERS_ALWAYS, FROM_WIDGETS, TO_ACME, false,
     REASON_RECIPIENT_OK},
    {"always: a bounce", SENDERS_ALWAYS, FROM_NOBODY, TO_ACME, false, REASON_RECIPIENT_OK},
    {"unless local: ours to us", SENDERS_UNLESS_LOCAL, FROM_BOSS, TO_ACME, false,
     REASON_RECIPIENT_OK},
    {"unless local: another organization is local as well", SENDERS_UNLESS_LOCAL, FROM_BOSS,
     TO_WIDGETS, false, REASON_RECIPIENT_OK},
    {"unless local: ours to the world", SENDERS_UNLESS_LOCAL, FROM_BOSS, TO_ELSEWHERE, false,
     REASON_SENDER_AUTH_REQUIRED},
    {"unless local: ours to the world, authenticated", SENDERS_UNLESS_LOCAL, FROM_BOSS,
     TO_ELSEWHERE, true, REASON_RECIPIENT_OK},
    {"unless local: a stranger", SENDERS_UNLESS_LOCAL, FROM_STRANGER, TO_ACME, false,
     REASON_RECIPIENT_OK},
    {"no: ours to us", SENDERS_NO, FROM_BOSS, TO_ACME, false, REASON_RECIPIENT_OK},
    {"no: ours to the world has no right to relay", SENDERS_NO, FROM_BOSS, TO_ELSEWHERE, false,
     REASON_RELAY_DENIED},
};

static void
test_smg_10_and_mdaemon_local_senders(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(sending); i++) {
        struct world world;
        world_init(&world);
        world.acme->authenticate_senders = sending[i].setting;
        world_from(&world, sending[i].from);
        world_to(&world, sending[i].to);
        world_window(&world, sending[i].authenticated ? user : NULL);
        world_ask_recipient(&world);
        world_check(sending[i].name, &world, sending[i].want);
        if (sending[i].want == REASON_SENDER_AUTH_REQUIRED)
            world_check_rule(sending[i].name, &world,
                             "conf:33 organization \"acme\": authenticate_senders");
        world_fini(&world);
    }
}

/*
 * SMG 9: "the authentication requirements for SMTP clients that issue a MAIL FROM command for this
 *    domain and a RCPT TO command for this domain. ... In the same case, if the SMTP client issues
 *    the command 'MAIL FROM:<user@external.com>, then the setting becomes redundant."
 *    "Not Required: Senders from this domain do not need to be authenticated to send to this
 * domain." "Required when SMTP interface AUTH is enabled: Authentication is required according to
 * the conditions mentioned in the description if SMTP Authentication is enabled on the SMTP
 * interface." "Required always: Authentication is required according to the conditions mentioned in
 * the description." "this setting can be used to require authentication even if AUTH is not
 * enabled."
 */
static const struct {
    const char *name;
    enum authenticate_inbound setting;
    enum auth_availability auth;
    const char *from, *to;
    bool authenticated;
    enum reason want;
} inbound[] = {
    {"no: ours to us", INBOUND_NO, AUTH_ON, FROM_BOSS, TO_ACME, false, REASON_RECIPIENT_OK},
    {"when auth: ours to us where AUTH is on", INBOUND_WHEN_AUTH, AUTH_ON, FROM_BOSS, TO_ACME,
     false, REASON_SENDER_AUTH_REQUIRED},
    {"when auth: ours to us where AUTH needs TLS", INBOUND_WHEN_AUTH, AUTH_ENCRYPTED, FROM_BOSS,
     TO_ACME, false, REASON_SENDER_AUTH_REQUIRED},
    {"when auth: ours to us where AUTH is off", INBOUND_WHEN_AUTH, AUTH_OFF, FROM_BOSS, TO_ACME,
     false, REASON_RECIPIENT_OK},
    {"when auth: authenticated", INBOUND_WHEN_AUTH, AUTH_ON, FROM_BOSS, TO_ACME, true,
     REASON_RECIPIENT_OK},
    {"always: where AUTH is off, nobody can spoof us", INBOUND_ALWAYS, AUTH_OFF, FROM_BOSS, TO_ACME,
     false, REASON_SENDER_AUTH_REQUIRED},
    {"always: where AUTH is on", INBOUND_ALWAYS, AUTH_ON, FROM_BOSS, TO_ACME, false,
     REASON_SENDER_AUTH_REQUIRED},
    {"always: authenticated", INBOUND_ALWAYS, AUTH_ON, FROM_BOSS, TO_ACME, true,
     REASON_RECIPIENT_OK},
    {"always: a sender of elsewhere", INBOUND_ALWAYS, AUTH_ON, FROM_STRANGER, TO_ACME, false,
     REASON_RECIPIENT_OK},
    {"always: ours to another organization", INBOUND_ALWAYS, AUTH_ON, FROM_BOSS, TO_WIDGETS, false,
     REASON_RECIPIENT_OK},
    {"always: another organization's sender to us", INBOUND_ALWAYS, AUTH_ON, FROM_WIDGETS, TO_ACME,
     false, REASON_RECIPIENT_OK},
    {"always: a bounce to us", INBOUND_ALWAYS, AUTH_ON, FROM_NOBODY, TO_ACME, false,
     REASON_RECIPIENT_OK},
};

static void
test_smg_9_inbound_domain_authentication(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(inbound); i++) {
        struct world world;
        world_init(&world);
        world.acme->authenticate_inbound = inbound[i].setting;
        world.listener->auth = inbound[i].auth;
        world_from(&world, inbound[i].from);
        world_to(&world, inbound[i].to);
        world_window(&world, inbound[i].authenticated ? user : NULL);
        world_ask_recipient(&world);
        world_check(inbound[i].name, &world, inbound[i].want);
        if (inbound[i].want == REASON_SENDER_AUTH_REQUIRED)
            world_check_rule(inbound[i].name, &world,
                             "conf:34 organization \"acme\": authenticate_inbound");
        world_fini(&world);
    }
}

enum { ENTRIES_MAX = 2 };

/*
 * SMG 12: "An empty list in SMTP IP authentication exceptions deactivates the exception mode."
 *     "Where an SMTP client would have its RCPT TO command rejected due to authentication
 *     requirements, this setting overrides the rejection if the connecting IP address matches an
 *     entry in SMTP IP authentication exceptions."
 *     "Allow: The addresses in the SMTP IP authentication exceptions list are not subjected to
 *     authentication based addressing restrictions."
 *     "Deny: Addresses that do not match the SMTP IP authentication exceptions list are not
 *     subjected to authentication based addressing restrictions."
 * 13: "The formate of addresses may be raw IP address, CIDR format, widlcards, or regexes."
 */
static const struct {
    const char *name;
    enum access_mode mode;
    const char *entries[ENTRIES_MAX];
    const char *client; /* NULL: not known */
    enum reason want;
    const char *want_trail; /* the exemption's line; NULL: not looked at */
} exceptions[] = {
    {"none: nobody is exempt",
     ACCESS_ANY,
     {"192.0.2.1"},
     "192.0.2.1",
     REASON_SENDER_AUTH_REQUIRED,
     "next conf:35 organization \"acme\": auth_exempt_ips\n"},
    {"none: no address", ACCESS_ANY, {"192.0.2.1"}, NULL, REASON_SENDER_AUTH_REQUIRED, NULL},
    {"allow: a listed address",
     ACCESS_ALLOW,
     {"192.0.2.1"},
     "192.0.2.1",
     REASON_RECIPIENT_OK,
     "next conf:35 organization \"acme\": auth_exempt_ips: entry \"192.0.2.1\" at list:1: in list "
     "\"addresses\": exempt\nnext conf:33 organization \"acme\": authenticate_senders: exempt\n"},
    {"allow: an address that is not listed",
     ACCESS_ALLOW,
     {"192.0.2.1"},
     "192.0.2.2",
     REASON_SENDER_AUTH_REQUIRED,
     "next conf:35 organization \"acme\": auth_exempt_ips: not in list \"addresses\"\n"},
    {"allow: an empty list",
     ACCESS_ALLOW,
     {NULL},
     "192.0.2.1",
     REASON_SENDER_AUTH_REQUIRED,
     "next conf:35 organization \"acme\": auth_exempt_ips: list \"addresses\" is empty\n"},
    {"allow: an empty list, no address",
     ACCESS_ALLOW,
     {NULL},
     NULL,
     REASON_SENDER_AUTH_REQUIRED,
     NULL},
    {"allow: no address is neither listed nor not",
     ACCESS_ALLOW,
     {"192.0.2.1"},
     NULL,
     REASON_INTERNAL,
     "defer conf:35 organization \"acme\": auth_exempt_ips: list \"addresses\" cannot tell: the "
     "client has no address\n"},
    {"deny: a listed address",
     ACCESS_DENY,
     {"192.0.2.1"},
     "192.0.2.1",
     REASON_SENDER_AUTH_REQUIRED,
     "next conf:35 organization \"acme\": auth_exempt_ips: entry \"192.0.2.1\" at list:1: in list "
     "\"addresses\"\n"},
    {"deny: an address that is not listed",
     ACCESS_DENY,
     {"192.0.2.1"},
     "192.0.2.2",
     REASON_RECIPIENT_OK,
     "next conf:35 organization \"acme\": auth_exempt_ips: not in list \"addresses\": exempt\n"},
    {"deny: an empty list exempts nobody either",
     ACCESS_DENY,
     {NULL},
     "192.0.2.1",
     REASON_SENDER_AUTH_REQUIRED,
     NULL},
    {"deny: no address is neither listed nor not",
     ACCESS_DENY,
     {"192.0.2.1"},
     NULL,
     REASON_INTERNAL,
     NULL},
    {"allow: CIDR, in", ACCESS_ALLOW, {"192.0.2.0/24"}, "192.0.2.9", REASON_RECIPIENT_OK, NULL},
    {"allow: CIDR, not in",
     ACCESS_ALLOW,
     {"192.0.2.0/24"},
     "192.0.3.9",
     REASON_SENDER_AUTH_REQUIRED,
     NULL},
    {"allow: wildcard, match", ACCESS_ALLOW, {"10.1.*.*"}, "10.1.2.3", REASON_RECIPIENT_OK, NULL},
    {"deny: wildcard, match",
     ACCESS_DENY,
     {"10.1.*.*"},
     "10.1.2.3",
     REASON_SENDER_AUTH_REQUIRED,
     NULL},
    {"allow: regex, match",
     ACCESS_ALLOW,
     {"/^2001:db8:/"},
     "2001:db8::1",
     REASON_RECIPIENT_OK,
     NULL},
    {"deny: regex, no match",
     ACCESS_DENY,
     {"/^2001:db8:/"},
     "2001:db9::1",
     REASON_RECIPIENT_OK,
     NULL},
};

static void
test_smg_12_and_13_exceptions(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(exceptions); i++) {
        struct world world;
        world_init(&world);
        world_fill(world.addresses, exceptions[i].entries, ENTRIES_MAX);
        world_freeze(&world);
        world.acme->authenticate_senders = SENDERS_ALWAYS;
        world.acme->auth_exempt_ips.mode = exceptions[i].mode;
        world.acme->auth_exempt_ips.list = world.addresses;
        world_from(&world, FROM_BOSS);
        world_client(&world, exceptions[i].client);
        world_ask_recipient(&world);
        world_check(exceptions[i].name, &world, exceptions[i].want);
        if (exceptions[i].want_trail != NULL)
            world_check_told(exceptions[i].name, &world, exceptions[i].want_trail);
        world_fini(&world);
    }
}

/* SMG 12: "The core purpose of this setting is to allow senders from specific IP addresses to send
 * from this domain into the SMG system, bypassing anti-spoofing measures": it exempts from 9 as it
 * does from 10, and from nothing else. */
static void
test_smg_12_exempts_from_what_the_organization_demands_alone(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    world_fill(world.addresses, (const char *const[]){"192.0.2.1"}, 1);
    world_freeze(&world);
    world.acme->authenticate_inbound = INBOUND_ALWAYS;
    world.acme->auth_exempt_ips.mode = ACCESS_ALLOW;
    world.acme->auth_exempt_ips.list = world.addresses;
    world_from(&world, FROM_BOSS);
    world_ask_recipient(&world);
    world_check("authenticate_inbound", &world, REASON_RECIPIENT_OK);

    world.listener->require_auth = true;
    world_ask_recipient(&world);
    world_check("require_auth", &world, REASON_SESSION_AUTH_REQUIRED);
    world.listener->require_auth = false;

    nameset_add(&world.listener->roles_must_auth, "boss");
    world_ask_recipient(&world);
    world_check("roles_must_auth", &world, REASON_ROLE_AUTH_REQUIRED);
    world_from(&world, "MAIL FROM:<anna@acme.example>");

    world.listener->local_ips.list = world.addresses;
    world_ask_recipient(&world);
    world_check("local_ips", &world, REASON_IP_AUTH_REQUIRED);
    world.listener->local_ips.list = NULL;

    world_to(&world, TO_ELSEWHERE);
    world_ask_recipient(&world);
    world_check("relay", &world, REASON_RELAY_DENIED);
    world_fini(&world);
}

/*
 * MDaemon: "...unless Domain Sharing finds the sender on another server: By default, when Domain
 * Sharing finds the sender on another server, that sender will be exempt from the Authentication is
 * always required... option above. Clear this checkbox if you wish to require authentication from
 * those senders as well."
 */
static const struct {
    const char *name;
    bool shared;
    enum authenticate_senders senders;
    enum knowledge elsewhere;
    enum decision_asks want_asks;
    enum reason want;
    const char *want_rule; /* NULL: not looked at */
} sharing[] = {
    {"found elsewhere", true, SENDERS_ALWAYS, KNOWLEDGE_KNOWN, ASKS_NOTHING, REASON_RECIPIENT_OK,
     NULL},
    {"not found elsewhere", true, SENDERS_ALWAYS, KNOWLEDGE_UNKNOWN, ASKS_NOTHING,
     REASON_SENDER_AUTH_REQUIRED, "conf:33 organization \"acme\": authenticate_senders"},
    {"the other server does not answer", true, SENDERS_ALWAYS, KNOWLEDGE_CANNOT_TELL, ASKS_NOTHING,
     REASON_AUTH_SOURCE_UNAVAILABLE,
     "conf:38 organization \"acme\": shared_with: cannot tell whether one of them knows the "
     "sender"},
    {"not asked yet", true, SENDERS_ALWAYS, KNOWLEDGE_NOT_ASKED, ASKS_SENDER_ELSEWHERE,
     REASON_INTERNAL, "conf:38 organization \"acme\": shared_with"},
    {"nothing is demanded, so nobody is asked", true, SENDERS_NO, KNOWLEDGE_NOT_ASKED, ASKS_NOTHING,
     REASON_RECIPIENT_OK, NULL},
    {"no sharing: found elsewhere all the same", false, SENDERS_ALWAYS, KNOWLEDGE_KNOWN,
     ASKS_NOTHING, REASON_SENDER_AUTH_REQUIRED, NULL},
    {"no sharing: nobody is asked", false, SENDERS_ALWAYS, KNOWLEDGE_NOT_ASKED, ASKS_NOTHING,
     REASON_SENDER_AUTH_REQUIRED, NULL},
};

static void
test_mdaemon_domain_sharing(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(sharing); i++) {
        struct world world;
        world_init(&world);
        const struct organization *others[] = {world.widgets};
        world.acme->shared_with = others;
        world.acme->shared_with_count = sharing[i].shared ? 1 : 0;
        world.acme->authenticate_senders = sharing[i].senders;
        world.facts.sender_elsewhere = sharing[i].elsewhere;
        world_from(&world, FROM_BOSS);
        world_ask_recipient(&world);
        world_check(sharing[i].name, &world, sharing[i].want);
        CHECK(sharing[i].name, world.decision.asks == sharing[i].want_asks);
        if (sharing[i].want_rule != NULL)
            world_check_rule(sharing[i].name, &world, sharing[i].want_rule);
        world_fini(&world);
    }
}

static void
test_an_exempt_address_spares_the_question_elsewhere(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    world_fill(world.addresses, (const char *const[]){"192.0.2.1"}, 1);
    world_freeze(&world);
    const struct organization *others[] = {world.widgets};
    world.acme->shared_with = others;
    world.acme->shared_with_count = 1;
    world.acme->authenticate_senders = SENDERS_ALWAYS;
    world.acme->auth_exempt_ips.mode = ACCESS_ALLOW;
    world.acme->auth_exempt_ips.list = world.addresses;
    world_from(&world, FROM_BOSS);
    world_ask_recipient(&world);
    world_check("exempt", &world, REASON_RECIPIENT_OK);
    assert_int_equal(world.decision.asks, ASKS_NOTHING);
    world_fini(&world);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_smg_10_and_mdaemon_local_senders),
        cmocka_unit_test(test_smg_9_inbound_domain_authentication),
        cmocka_unit_test(test_smg_12_and_13_exceptions),
        cmocka_unit_test(test_smg_12_exempts_from_what_the_organization_demands_alone),
        cmocka_unit_test(test_mdaemon_domain_sharing),
        cmocka_unit_test(test_an_exempt_address_spares_the_question_elsewhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
