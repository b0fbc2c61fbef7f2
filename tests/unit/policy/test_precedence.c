/*
 * The fixed order of the rules: "malformed request, ban, listener (auth, TLS, method, address list,
 * name list), organization's name list", then the password that no source may see. Every rule is
 * made to fire alone, and together with every later one: the earlier one must answer.
 */
#include "world.h"

/* A way to make one rule fire. */
struct fault {
    const char *name;
    enum reason want;
    void (*make)(struct world *world);
};

static void
make_malformed(struct world *world)
{
    world->facts.malformed = "a broken %-escape";
}

static void
make_bad_name(struct world *world)
{
    world->facts.user = "boss\0@acme.example";
    world->facts.user_length = 18;
}

static void
make_ban(struct world *world)
{
    world->facts.banned = true;
}

static void
make_unknown_listener(struct world *world)
{
    world->facts.listener = "unknown";
}

static void
make_auth_off(struct world *world)
{
    world->listener->auth = AUTH_OFF;
}

static void
make_tls_required(struct world *world)
{
    world->listener->auth = AUTH_ON;
    world->listener->require_tls = true;
    world->facts.tls = false;
}

static void
make_method(struct world *world)
{
    world->facts.method = METHOD_CRAM_MD5;
}

static void
make_address_denied(struct world *world)
{
    world->listener->auth_ips.mode = ACCESS_ALLOW;
}

static void
make_name_denied(struct world *world)
{
    world->listener->auth_users.mode = ACCESS_ALLOW;
}

static void
make_organization_name_denied(struct world *world)
{
    world->acme->auth_users.mode = ACCESS_ALLOW;
}

static void
make_empty_password(struct world *world)
{
    world->facts.password_length = 0;
}

static const struct fault auth_faults[] = {
    {"malformed", REASON_REQUEST_MALFORMED, make_malformed},
    {"malformed name", REASON_REQUEST_MALFORMED, make_bad_name},
    {"ban", REASON_AUTH_BANNED, make_ban},
    {"unknown listener", REASON_INTERNAL, make_unknown_listener},
    {"auth off", REASON_AUTH_OFF, make_auth_off},
    {"TLS required", REASON_AUTH_TLS_REQUIRED, make_tls_required},
    {"method", REASON_AUTH_METHOD, make_method},
    {"address denied", REASON_AUTH_IP_DENIED, make_address_denied},
    {"name denied", REASON_AUTH_USER_DENIED, make_name_denied},
    {"organization's name denied", REASON_AUTH_ORG_USER_DENIED, make_organization_name_denied},
    {"empty password", REASON_AUTH_BAD_CREDENTIALS, make_empty_password},
};

static void
make_bad_path(struct world *world)
{
    world->facts.rcpt_to = "RCPT TO:boss";
    world->facts.rcpt_to_length = 12;
}

static void
make_auth_required(struct world *world)
{
    world->listener->require_auth = true;
}

static void
make_relay(struct world *world)
{
    world->facts.rcpt_to = "RCPT TO:<x@elsewhere.example>";
    world->facts.rcpt_to_length = 29;
}

static const struct fault recipient_faults[] = {
    {"malformed", REASON_REQUEST_MALFORMED, make_malformed},
    {"malformed path", REASON_REQUEST_MALFORMED, make_bad_path},
    {"ban", REASON_AUTH_BANNED, make_ban},
    {"unknown listener", REASON_INTERNAL, make_unknown_listener},
    {"TLS required", REASON_SESSION_TLS_REQUIRED, make_tls_required},
    {"authentication required", REASON_SESSION_AUTH_REQUIRED, make_auth_required},
    {"relay", REASON_RELAY_DENIED, make_relay},
};

static void
check_pair(const struct fault *earlier, const struct fault *later, void (*ask)(struct world *world))
{
    struct world world;
    world_init(&world);
    list_freeze(world.addresses);
    list_freeze(world.names);
    world.listener->auth_ips.list = world.addresses;
    world.listener->auth_users.list = world.names;
    world.acme->auth_users.list = world.names;
    /* The later one first: where both change the same thing, the earlier one has the last word. */
    later->make(&world);
    earlier->make(&world);
    ask(&world);
    char name[128];
    snprintf(name, sizeof name, "%s before %s", earlier->name, later->name);
    world_check(name, &world, earlier->want);
    world_fini(&world);
}

static void
check_order(const struct fault *faults, size_t count, void (*ask)(struct world *world))
{
    for (size_t i = 0; i < count; i++)
        for (size_t j = i; j < count; j++)
            check_pair(&faults[i], &faults[j], ask);
}

static void
test_order_of_auth(void **state)
{
    (void)state;
    check_order(auth_faults, COUNT_OF(auth_faults), world_ask_auth);
}

static void
test_order_of_recipients(void **state)
{
    (void)state;
    check_order(recipient_faults, COUNT_OF(recipient_faults), world_ask_recipient);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order_of_auth),
        cmocka_unit_test(test_order_of_recipients),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
