/*
 * What an account says about itself beside networks and protocols: smtp_auth (SMG 18), the networks
 * of the app password that was given, and the account that a certificate alone stands for.
 */
#include "world.h"

#define LINE "users:4 source \"acme-ldap\": "

/* SMG 18: "Disabled: This user cannot be used for SMTP authentication." */
static const struct {
    const char *name;
    enum smtp_auth smtp_auth;
    enum protocol protocol;
    enum reason want;
    const char *want_trail; /* in it */
} smtp_auths[] = {
    {"any sender, by SMTP", SMTP_AUTH_ANY_SENDER, PROTOCOL_SMTP, REASON_AUTH_OK, "accept"},
    {"matching sender, by SMTP", SMTP_AUTH_MATCHING_SENDER, PROTOCOL_SMTP, REASON_AUTH_OK,
     "accept"},
    {"no, by SMTP", SMTP_AUTH_NO, PROTOCOL_SMTP, REASON_AUTH_BAD_CREDENTIALS,
     "refuse " LINE "smtp_auth: the account may not log in by SMTP\n"},
    {"no, by POP", SMTP_AUTH_NO, PROTOCOL_POP3, REASON_AUTH_OK, "next " LINE "smtp_auth\n"},
    {"no, by IMAP", SMTP_AUTH_NO, PROTOCOL_IMAP, REASON_AUTH_OK, "next " LINE "smtp_auth\n"},
    {"no, at a web page", SMTP_AUTH_NO, PROTOCOL_HTTP, REASON_AUTH_OK, "next " LINE "smtp_auth\n"},
};

static void
test_smg_18_smtp_auth(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(smtp_auths); i++) {
        struct world world;
        world_init(&world);
        world.account.smtp_auth = smtp_auths[i].smtp_auth;
        world.facts.protocol = smtp_auths[i].protocol;
        world_ask_login(&world);
        world_check(smtp_auths[i].name, &world, smtp_auths[i].want);
        CHECK(smtp_auths[i].name, strstr(world.trail, smtp_auths[i].want_trail) != NULL);
        world_fini(&world);
    }
}

static const struct {
    const char *name;
    const char *account, *app; /* networks; NULL: anywhere */
    const char *client;        /* NULL: not known */
    enum reason want;
    const char *want_rule; /* NULL: not looked at */
} networks[] = {
    {"the app password from anywhere", NULL, NULL, "192.0.2.1", REASON_AUTH_OK, NULL},
    {"from the app password's networks", NULL, "192.0.2.0/24", "192.0.2.1", REASON_AUTH_OK, NULL},
    {"from elsewhere", NULL, "10.0.0.0/8", "192.0.2.1", REASON_AUTH_BAD_CREDENTIALS,
     LINE "app password: \"phone\": the client is in none of its networks"},
    {"from nobody knows where", NULL, "10.0.0.0/8", NULL, REASON_INTERNAL,
     LINE "app password: \"phone\": cannot tell whether the client is in them"},
    {"from both networks", "192.0.0.0/16", "192.0.2.0/24", "192.0.2.1", REASON_AUTH_OK, NULL},
    {"from the account's networks alone", "192.0.0.0/16", "192.0.2.0/24", "192.0.3.1",
     REASON_AUTH_BAD_CREDENTIALS,
     LINE "app password: \"phone\": the client is in none of its networks"},
    {"from the app password's networks alone", "192.0.2.0/24", "192.0.0.0/16", "192.0.3.1",
     REASON_AUTH_BAD_CREDENTIALS, LINE "networks: the client is in none of the account's networks"},
};

static void
test_app_passwords_have_networks(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(networks); i++) {
        struct world world;
        world_init(&world);
        struct list *app = list_create("app", LIST_IP, world_line(90));
        world_fill(world.addresses, &networks[i].account, 1);
        world_fill(app, &networks[i].app, 1);
        world_freeze(&world);
        list_freeze(app);
        if (networks[i].account != NULL)
            world.account.networks = world.addresses;
        if (networks[i].app != NULL)
            world.account.app_networks = app;
        world.account.app_password = "phone";
        world_client(&world, networks[i].client);
        world_ask_login(&world);
        world_check(networks[i].name, &world, networks[i].want);
        if (networks[i].want_rule != NULL)
            world_check_rule(networks[i].name, &world, networks[i].want_rule);
        list_free(app);
        world_fini(&world);
    }
}

static const struct rule_ref ldap = {
    .origin = {"conf", 60}, .section_kind = "source", .section_name = "acme-ldap"};
static const struct rule_ref nobody = {.section_kind = NULL};

#define CERTIFICATE                                                                               \
    "conf:27 listener \"submission\": certificates: entry \"boss@acme.example " WORLD_FINGERPRINT \
    "\" at phones:1"

/* The certificate says who it is, the sources whether he has an account. */
static const struct {
    const char *name;
    const struct rule_ref *source;
    enum verify_outcome outcome;
    enum reason want;
    const char *want_rule;
} external[] = {
    {"the source has the account", &ldap, VERIFY_OK, REASON_AUTH_OK,
     "conf:60 source \"acme-ldap\""},
    {"the source has no such account", &ldap, VERIFY_UNKNOWN_USER, REASON_AUTH_BAD_CREDENTIALS,
     "conf:60 source \"acme-ldap\": unknown user"},
    {"the account is disabled", &ldap, VERIFY_DISABLED, REASON_AUTH_BAD_CREDENTIALS,
     "conf:60 source \"acme-ldap\": disabled"},
    {"the source is down", &ldap, VERIFY_UNAVAILABLE, REASON_AUTH_SOURCE_UNAVAILABLE,
     "conf:60 source \"acme-ldap\": unavailable"},
    {"no source can tell: the certificate suffices", &nobody, VERIFY_UNKNOWN_USER, REASON_AUTH_OK,
     CERTIFICATE},
    {"nobody to ask, but not known: no certificate makes up for an outage", &nobody,
     VERIFY_UNAVAILABLE, REASON_AUTH_SOURCE_UNAVAILABLE,
     "conf:20 organization \"acme\": sources: unavailable: there is none to ask"},
};

static void
test_external(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(external); i++) {
        struct world world;
        world_init(&world);
        world_external(&world);
        world_ask_auth(&world);
        decide_login(world.tenancy, &world.settings, &world.facts, external[i].outcome,
                     &world.account, external[i].source, NULL, &world.decision);
        world_check(external[i].name, &world, external[i].want);
        world_check_rule(external[i].name, &world, external[i].want_rule);
        world_fini(&world);
    }
}

/* Only a certificate stands for an account: with a password somebody must have known it. */
static void
test_a_password_never_suffices_alone(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    world_ask_auth(&world);
    decide_login(world.tenancy, &world.settings, &world.facts, VERIFY_UNKNOWN_USER, &world.account,
                 &nobody, NULL, &world.decision);
    world_check("plain", &world, REASON_AUTH_BAD_CREDENTIALS);
    world_fini(&world);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_smg_18_smtp_auth),
        cmocka_unit_test(test_app_passwords_have_networks),
        cmocka_unit_test(test_external),
        cmocka_unit_test(test_a_password_never_suffices_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
