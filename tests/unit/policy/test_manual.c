/* The truth tables of SMG's manual, "SMTP Authentication Settings", 1 to 4: what it calls interface
 * is our listener. Each table quotes the sentences that its cases come from. */
#include "world.h"

/*
 * 1: "Disabled: Authentication is disabled on the SMTP interface."
 *    "Enabled: Authentication is enabled on the SMTP interface."
 *    "Enabled when encrypted: Authentication is enabled for encrypted connections on the SMTP
 *    interface. Encryption is enabled by connecting to the SSL server or by switching to encrypted
 *    mode with the STARTTLS command."
 */
static const struct {
    const char *name;
    enum auth_availability auth;
    bool tls;
    enum reason want;
} availability[] = {
    {"disabled, without encryption", AUTH_OFF, false, REASON_AUTH_OFF},
    {"disabled, with encryption", AUTH_OFF, true, REASON_AUTH_OFF},
    {"enabled, without encryption", AUTH_ON, false, REASON_AUTH_OK},
    {"enabled, with encryption", AUTH_ON, true, REASON_AUTH_OK},
    {"enabled when encrypted, without encryption", AUTH_ENCRYPTED, false, REASON_AUTH_TLS_REQUIRED},
    {"enabled when encrypted, with encryption", AUTH_ENCRYPTED, true, REASON_AUTH_OK},
};

static void
test_smg_1_smtp_authentication(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(availability); i++) {
        struct world world;
        world_init(&world);
        world.listener->auth = availability[i].auth;
        world.facts.tls = availability[i].tls;
        world_ask_auth(&world);
        world_check(availability[i].name, &world, availability[i].want);
        if (availability[i].want != REASON_AUTH_OK)
            world_check_rule(availability[i].name, &world, "conf:11 listener \"submission\": auth");
        world_fini(&world);
    }
}

/*
 * 2: "Enabled: SMTP clients must authenticate to be able to send messages. Attempting to send mail
 *    without authenticating is rejected."
 *    "Disabled: SMTP client do not need to be authenticated to send email."
 */
static const struct {
    const char *name;
    bool require_auth, authenticates;
    enum reason want;
} requirement[] = {
    {"enabled, a client that does not authenticate", true, false, REASON_SESSION_AUTH_REQUIRED},
    {"enabled, a client that authenticates", true, true, REASON_AUTH_OK},
    {"disabled, a client that does not authenticate", false, false, REASON_RECIPIENT_OK},
    {"disabled, a client that authenticates", false, true, REASON_AUTH_OK},
};

static void
test_smg_2_require_authentication(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(requirement); i++) {
        struct world world;
        world_init(&world);
        world.listener->require_auth = requirement[i].require_auth;
        if (requirement[i].authenticates)
            world_ask_auth(&world);
        else
            world_ask_recipient(&world);
        world_check(requirement[i].name, &world, requirement[i].want);
        world_fini(&world);
    }
}

enum { ENTRIES_MAX = 4 };

/*
 * 3: "Disabled: IP address filtering is inactive."
 *    "Allow IP addresses in list: Only the IP addresses listed in AUTH IP filter are able to use
 *    SMTP AUTH (Whitelist)."
 *    "Deny IP addresses in list: Only the IP addresses not listed in AUTH IP filter are able to use
 *    SMTP AUTH (Blacklist)."
 * 4: "Entries in the list are give access to or denied access to SMTP authentication based on the
 *    setting in AUTH IP restriction. Accepts IP addresses, CIDR formatted addresses, wildcards, and
 *    regexes."
 */
static const struct {
    const char *name;
    enum access_mode mode;
    const char *entries[ENTRIES_MAX];
    const char *client; /* NULL: not known */
    enum reason want;
    const char *want_rule; /* NULL: not looked at */
} address_restriction[] = {
    {"disabled: an address in the list",
     ACCESS_ANY,
     {"192.0.2.1"},
     "192.0.2.1",
     REASON_AUTH_OK,
     NULL},
    {"disabled: an address not in the list",
     ACCESS_ANY,
     {"192.0.2.1"},
     "192.0.2.2",
     REASON_AUTH_OK,
     NULL},
    {"disabled: no address", ACCESS_ANY, {NULL}, NULL, REASON_AUTH_OK, NULL},
    {"allow: a listed address", ACCESS_ALLOW, {"192.0.2.1"}, "192.0.2.1", REASON_AUTH_OK, NULL},
    {"allow: an address that is not listed",
     ACCESS_ALLOW,
     {"192.0.2.1"},
     "192.0.2.2",
     REASON_AUTH_IP_DENIED,
     "conf:15 listener \"submission\": auth_ips: not in list \"addresses\""},
    {"allow: an empty list lists nobody",
     ACCESS_ALLOW,
     {NULL},
     "192.0.2.1",
     REASON_AUTH_IP_DENIED,
     "conf:15 listener \"submission\": auth_ips: not in list \"addresses\""},
    {"allow: no address is neither listed nor not",
     ACCESS_ALLOW,
     {"192.0.2.1"},
     NULL,
     REASON_INTERNAL,
     "conf:15 listener \"submission\": auth_ips: list \"addresses\" cannot tell: the client has no "
     "address"},
    {"deny: a listed address",
     ACCESS_DENY,
     {"192.0.2.9", "192.0.2.1"},
     "192.0.2.1",
     REASON_AUTH_IP_DENIED,
     "conf:15 listener \"submission\": auth_ips: entry \"192.0.2.1\" at list:2: in list "
     "\"addresses\""},
    {"deny: an address that is not listed",
     ACCESS_DENY,
     {"192.0.2.1"},
     "192.0.2.2",
     REASON_AUTH_OK,
     NULL},
    {"deny: an empty list denies nobody", ACCESS_DENY, {NULL}, "192.0.2.1", REASON_AUTH_OK, NULL},
    {"deny: no address is neither listed nor not",
     ACCESS_DENY,
     {"192.0.2.1"},
     NULL,
     REASON_INTERNAL,
     NULL},
    {"deny: a listed address in its mapped form",
     ACCESS_DENY,
     {"192.0.2.1"},
     "::ffff:192.0.2.1",
     REASON_AUTH_IP_DENIED,
     NULL},
    {"allow: CIDR, in", ACCESS_ALLOW, {"192.0.2.0/24"}, "192.0.2.255", REASON_AUTH_OK, NULL},
    {"allow: CIDR, not in",
     ACCESS_ALLOW,
     {"192.0.2.0/24"},
     "192.0.3.0",
     REASON_AUTH_IP_DENIED,
     NULL},
    {"deny: CIDR, in", ACCESS_DENY, {"2001:db8::/32"}, "2001:db8::1", REASON_AUTH_IP_DENIED, NULL},
    {"deny: CIDR, not in", ACCESS_DENY, {"2001:db8::/32"}, "2001:db9::1", REASON_AUTH_OK, NULL},
    {"allow: wildcard, match", ACCESS_ALLOW, {"10.1.*.*"}, "10.1.2.3", REASON_AUTH_OK, NULL},
    {"allow: wildcard, no match",
     ACCESS_ALLOW,
     {"10.1.*.*"},
     "10.2.2.3",
     REASON_AUTH_IP_DENIED,
     NULL},
    {"deny: wildcard, match", ACCESS_DENY, {"10.?.*"}, "10.1.2.3", REASON_AUTH_IP_DENIED, NULL},
    {"deny: wildcard, no match", ACCESS_DENY, {"10.?.*"}, "10.11.2.3", REASON_AUTH_OK, NULL},
    {"allow: regex, match", ACCESS_ALLOW, {"/^10\\.[12]\\./"}, "10.2.0.1", REASON_AUTH_OK, NULL},
    {"allow: regex, no match",
     ACCESS_ALLOW,
     {"/^10\\.[12]\\./"},
     "10.3.0.1",
     REASON_AUTH_IP_DENIED,
     NULL},
    {"deny: regex, match",
     ACCESS_DENY,
     {"/^2001:db8:/"},
     "2001:DB8:0::1",
     REASON_AUTH_IP_DENIED,
     NULL},
    {"deny: regex, no match", ACCESS_DENY, {"/^2001:db8:/"}, "2001:db9::1", REASON_AUTH_OK, NULL},
};

static void
test_smg_3_and_4_auth_ip_restriction(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(address_restriction); i++) {
        struct world world;
        world_init(&world);
        world_fill(world.addresses, address_restriction[i].entries, ENTRIES_MAX);
        list_freeze(world.addresses);
        world.listener->auth_ips.mode = address_restriction[i].mode;
        world.listener->auth_ips.list = world.addresses;
        world.facts.client = (struct netaddr){.family = NETADDR_NONE};
        if (address_restriction[i].client != NULL)
            netaddr_parse(address_restriction[i].client, &world.facts.client, NULL);
        world_ask_auth(&world);
        world_check(address_restriction[i].name, &world, address_restriction[i].want);
        if (address_restriction[i].want_rule != NULL)
            world_check_rule(address_restriction[i].name, &world, address_restriction[i].want_rule);
        world_fini(&world);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_smg_1_smtp_authentication),
        cmocka_unit_test(test_smg_2_require_authentication),
        cmocka_unit_test(test_smg_3_and_4_auth_ip_restriction),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
