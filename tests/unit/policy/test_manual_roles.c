/*
 * The truth tables about roles and networks that must authenticate: MDaemon's page "SMTP
 * Authentication". Each table quotes the sentences that its cases come from.
 */
#include "world.h"

#define FROM_BOSS   "MAIL FROM:<boss@acme.example>"
#define FROM_NOBODY "MAIL FROM:<>"

static const char *const user = "boss@acme.example";

enum { ENTRIES_MAX = 2 };

/*
 * MDaemon: "Mail from 'Postmaster', 'abuse', 'webmaster' must be authenticated: Click this checkbox
 * to require messages claiming to be from one of your "postmaster@...", "abuse@..." or
 * "webmaster@..." aliases or accounts to be authenticated before MDaemon will accept them."
 */
static const struct {
    const char *name;
    bool set;
    const char *from;
    bool authenticated;
    enum reason want;
} roles[] = {
    {"our postmaster", true, "MAIL FROM:<postmaster@acme.example>", false,
     REASON_ROLE_AUTH_REQUIRED},
    {"our abuse in upper case", true, "MAIL FROM:<ABUSE@acme.example>", false,
     REASON_ROLE_AUTH_REQUIRED},
    {"our webmaster in quotes", true, "MAIL FROM:<\"webmaster\"@acme.example>", false,
     REASON_ROLE_AUTH_REQUIRED},
    {"another organization's", true, "MAIL FROM:<abuse@widgets.example>", false,
     REASON_ROLE_AUTH_REQUIRED},
    {"our postmaster, authenticated", true, "MAIL FROM:<postmaster@acme.example>", true,
     REASON_RECIPIENT_OK},
    {"elsewhere's postmaster", true, "MAIL FROM:<postmaster@elsewhere.example>", false,
     REASON_RECIPIENT_OK},
    {"a name that begins so", true, "MAIL FROM:<postmaster2@acme.example>", false,
     REASON_RECIPIENT_OK},
    {"another account", true, FROM_BOSS, false, REASON_RECIPIENT_OK},
    {"a bounce", true, FROM_NOBODY, false, REASON_RECIPIENT_OK},
    {"not set: our postmaster", false, "MAIL FROM:<postmaster@acme.example>", false,
     REASON_RECIPIENT_OK},
};

static void
test_mdaemon_roles(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(roles); i++) {
        struct world world;
        world_init(&world);
        struct nameset *names = &world.listener->roles_must_auth;
        if (roles[i].set) {
            nameset_add(names, "postmaster");
            nameset_add(names, "abuse");
            nameset_add(names, "webmaster");
        }
        world_from(&world, roles[i].from);
        world_window(&world, roles[i].authenticated ? user : NULL);
        world_ask_recipient(&world);
        world_check(roles[i].name, &world, roles[i].want);
        if (roles[i].want == REASON_ROLE_AUTH_REQUIRED)
            world_check_rule(roles[i].name, &world,
                             "conf:19 listener \"submission\": roles_must_auth: the sender is "
                             "among them");
        world_fini(&world);
    }
}

/* Nobody's address and no other server makes a role anything else. */
static void
test_roles_have_no_exemptions(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    world_fill(world.addresses, (const char *const[]){"192.0.2.1"}, 1);
    world_freeze(&world);
    const struct organization *others[] = {world.widgets};
    world.acme->shared_with = others;
    world.acme->shared_with_count = 1;
    world.facts.sender_elsewhere = KNOWLEDGE_KNOWN;
    world.acme->auth_exempt_ips.mode = ACCESS_ALLOW;
    world.acme->auth_exempt_ips.list = world.addresses;
    nameset_add(&world.listener->roles_must_auth, "postmaster");
    world_from(&world, "MAIL FROM:<postmaster@acme.example>");
    world_ask_recipient(&world);
    world_check("exempt elsewhere", &world, REASON_ROLE_AUTH_REQUIRED);
    world_fini(&world);
}

/*
 * MDaemon: "Authentication is always required when mail is sent from local IPs: Enable this option
 * if you wish to require authentication when an incoming message is being sent from a local IP
 * address. If unauthenticated the message will be rejected. Trusted IPs are exempt".
 */
static const struct {
    const char *name;
    const char *local[ENTRIES_MAX], *trusted[ENTRIES_MAX]; /* the first "unset": no list */
    const char *client;                                    /* NULL: not known */
    bool authenticated;
    enum reason want;
    const char *want_rule; /* NULL: not looked at */
} local_addresses[] = {
    {"a local address",
     {"192.0.2.0/24"},
     {"unset"},
     "192.0.2.1",
     false,
     REASON_IP_AUTH_REQUIRED,
     "conf:23 listener \"submission\": local_ips: entry \"192.0.2.0/24\" at list:1: in list "
     "\"local\""},
    {"a local address, authenticated",
     {"192.0.2.0/24"},
     {"unset"},
     "192.0.2.1",
     true,
     REASON_RECIPIENT_OK,
     NULL},
    {"another address",
     {"192.0.2.0/24"},
     {"unset"},
     "198.51.100.1",
     false,
     REASON_RECIPIENT_OK,
     NULL},
    {"a local address that is trusted",
     {"192.0.2.0/24"},
     {"192.0.2.1"},
     "192.0.2.1",
     false,
     REASON_RECIPIENT_OK,
     NULL},
    {"a local address, and others are trusted",
     {"192.0.2.0/24"},
     {"192.0.2.9"},
     "192.0.2.1",
     false,
     REASON_IP_AUTH_REQUIRED,
     NULL},
    {"a trusted address that is not local",
     {"192.0.2.0/24"},
     {"198.51.100.1"},
     "198.51.100.1",
     false,
     REASON_RECIPIENT_OK,
     NULL},
    {"nothing is local", {NULL}, {"unset"}, "192.0.2.1", false, REASON_RECIPIENT_OK, NULL},
    {"an empty list of trusted addresses",
     {"192.0.2.0/24"},
     {NULL},
     "192.0.2.1",
     false,
     REASON_IP_AUTH_REQUIRED,
     NULL},
    {"not set", {"unset"}, {"unset"}, "192.0.2.1", false, REASON_RECIPIENT_OK, NULL},
    {"not set, no address", {"unset"}, {"unset"}, NULL, false, REASON_RECIPIENT_OK, NULL},
    {"no address is neither local nor not",
     {"192.0.2.0/24"},
     {"unset"},
     NULL,
     false,
     REASON_INTERNAL,
     "conf:23 listener \"submission\": local_ips: list \"local\" cannot tell: the client has no "
     "address"},
    {"no address, but authenticated",
     {"192.0.2.0/24"},
     {"unset"},
     NULL,
     true,
     REASON_RECIPIENT_OK,
     NULL},
};

/* The list of a case, or NULL. */
static struct list *
list_of(const char *name, const char *const entries[ENTRIES_MAX])
{
    if (entries[0] != NULL && strcmp(entries[0], "unset") == 0)
        return NULL;
    struct list *list = list_create(name, LIST_IP, world_line(43));
    world_fill(list, entries, ENTRIES_MAX);
    list_freeze(list);
    return list;
}

static void
test_mdaemon_local_addresses(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(local_addresses); i++) {
        struct world world;
        world_init(&world);
        struct list *local = list_of("local", local_addresses[i].local);
        struct list *trusted = list_of("trusted", local_addresses[i].trusted);
        world.listener->local_ips.list = local;
        world.listener->trusted_ips.list = trusted;
        world_client(&world, local_addresses[i].client);
        world_window(&world, local_addresses[i].authenticated ? user : NULL);
        world_ask_recipient(&world);
        world_check(local_addresses[i].name, &world, local_addresses[i].want);
        if (local_addresses[i].want_rule != NULL)
            world_check_rule(local_addresses[i].name, &world, local_addresses[i].want_rule);
        world_fini(&world);
        list_free(local);
        list_free(trusted);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mdaemon_roles),
        cmocka_unit_test(test_roles_have_no_exemptions),
        cmocka_unit_test(test_mdaemon_local_addresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
