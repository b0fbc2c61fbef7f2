/*
 * The fixed order of the rules. AUTH: malformed request, ban, listener (auth, TLS, method,
 * certificate, address list, name list), throttle, organization's delegated file and name list,
 * then the password that no source may see; then what the sources say, the account's own limits and
 * the `rule` sections. Without AUTH: design section 5. Every rule is made to fire alone, and
 * together with every later one: the earlier one must answer.
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

/* With a name, as faults before this one need it. */
static void
log_in_by_certificate(struct world *world)
{
    const char *user = world->facts.user;
    size_t length = world->facts.user_length;
    world_external(world);
    world->facts.user = user;
    world->facts.user_length = length;
}

static void
make_unverified_certificate(struct world *world)
{
    log_in_by_certificate(world);
    world->facts.certificate_verified = false;
}

static void
make_nobodys_certificate(struct world *world)
{
    log_in_by_certificate(world);
    world->facts.certificate_fingerprint = NULL;
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
make_throttled(struct world *world)
{
    static const struct rule_ref limit = {.section_kind = "limits", .setting = "logins_per_user"};
    world->facts.throttled_by = &limit;
}

static void
make_broken_organization(struct world *world)
{
    world->acme->broken = true;
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
    {"unverified certificate", REASON_AUTH_BAD_CREDENTIALS, make_unverified_certificate},
    {"nobody's certificate", REASON_AUTH_BAD_CREDENTIALS, make_nobodys_certificate},
    {"address denied", REASON_AUTH_IP_DENIED, make_address_denied},
    {"name denied", REASON_AUTH_USER_DENIED, make_name_denied},
    {"throttled", REASON_AUTH_THROTTLED, make_throttled},
    {"broken organization", REASON_INTERNAL, make_broken_organization},
    {"organization's name denied", REASON_AUTH_ORG_USER_DENIED, make_organization_name_denied},
    {"empty password", REASON_AUTH_BAD_CREDENTIALS, make_empty_password},
};

static void
make_unavailable(struct world *world)
{
    world->outcome = VERIFY_UNAVAILABLE;
}

static void
make_wrong_password(struct world *world)
{
    world->outcome = VERIFY_WRONG_PASSWORD;
}

static void
make_foreign_account(struct world *world)
{
    snprintf(world->account.name, sizeof world->account.name, "eve@widgets.example");
}

static void
make_other_networks(struct world *world)
{
    world->account.networks = world->addresses;
}

static void
make_other_protocols(struct world *world)
{
    world->account.protocols = PROTOCOL_BIT(PROTOCOL_IMAP);
}

static void
make_other_app_networks(struct world *world)
{
    world->account.app_networks = world->addresses;
}

static void
make_no_smtp(struct world *world)
{
    world->account.smtp_auth = SMTP_AUTH_NO;
}

static void
make_rule(struct world *world)
{
    struct rule *rule = tenancy_add_rule(world->tenancy, "r", world_line(80), NULL);
    rule->action = RULE_REFUSE;
    rule->code = "550 5.7.1";
    rule->text = "no";
}

static void
make_no_upstream(struct world *world)
{
    world->listener->upstream = world->listener->upstream_inbound = NULL;
}

static const struct fault login_faults[] = {
    {"unavailable", REASON_AUTH_SOURCE_UNAVAILABLE, make_unavailable},
    {"wrong password", REASON_AUTH_BAD_CREDENTIALS, make_wrong_password},
    {"another organization's account", REASON_INTERNAL, make_foreign_account},
    {"the account's networks", REASON_AUTH_BAD_CREDENTIALS, make_other_networks},
    {"the app password's networks", REASON_AUTH_BAD_CREDENTIALS, make_other_app_networks},
    {"the account's protocols", REASON_AUTH_BAD_CREDENTIALS, make_other_protocols},
    {"the account's smtp_auth", REASON_AUTH_BAD_CREDENTIALS, make_no_smtp},
    {"rule section", REASON_RULE, make_rule},
    {"no upstream", REASON_ROUTE_NONE, make_no_upstream},
};

static void
make_bad_path(struct world *world)
{
    world_to(world, "RCPT TO:boss");
}

/* Earlier faults are of sessions that have not authenticated. */
static void
make_unusable_window(struct world *world)
{
    world_window(world, "boss\r\n");
}

static void
make_auth_required(struct world *world)
{
    world_window(world, NULL);
    world->listener->require_auth = true;
}

static void
make_broken_sender(struct world *world)
{
    world_from(world, "MAIL FROM:<anna@acme.example>");
    world->acme->broken = true;
}

static void
make_role(struct world *world)
{
    world_window(world, NULL);
    world_from(world, "MAIL FROM:<abuse@acme.example>");
    nameset_add(&world->listener->roles_must_auth, "abuse");
}

/* The sender of the fault before is as much acme's. */
static void
make_sender(struct world *world)
{
    world_window(world, NULL);
    world_from(world, "MAIL FROM:<boss@acme.example>");
    world->acme->authenticate_senders = SENDERS_ALWAYS;
}

static void
make_mismatch(struct world *world)
{
    world_window(world, "boss@acme.example");
    world_from(world, "MAIL FROM:<anna@acme.example>");
    world->acme->match_sender = true;
}

static void
make_matching_account(struct world *world)
{
    world_window(world, "boss@acme.example");
    world_from(world, "MAIL FROM:<anna@acme.example>");
    world->facts.matching_sender = true;
}

static void
make_local_address(struct world *world)
{
    world_window(world, NULL);
    world->listener->local_ips.list = world->everybody;
}

static void
make_relay(struct world *world)
{
    world_to(world, "RCPT TO:<x@elsewhere.example>");
}

static void
make_unknown_recipient(struct world *world)
{
    world->acme->recipients = world_source();
    world->facts.recipient = KNOWLEDGE_UNKNOWN;
}

static void
make_unverifiable_recipient(struct world *world)
{
    world->acme->recipients = world_source();
    world->facts.recipient = KNOWLEDGE_CANNOT_TELL;
}

static const struct fault recipient_faults[] = {
    {"malformed", REASON_REQUEST_MALFORMED, make_malformed},
    {"malformed path", REASON_REQUEST_MALFORMED, make_bad_path},
    {"ban", REASON_AUTH_BANNED, make_ban},
    {"unknown listener", REASON_INTERNAL, make_unknown_listener},
    {"TLS required", REASON_SESSION_TLS_REQUIRED, make_tls_required},
    {"unusable window", REASON_INTERNAL, make_unusable_window},
    {"authentication required", REASON_SESSION_AUTH_REQUIRED, make_auth_required},
    {"sender's broken organization", REASON_INTERNAL, make_broken_sender},
    {"role", REASON_ROLE_AUTH_REQUIRED, make_role},
    {"sender", REASON_SENDER_AUTH_REQUIRED, make_sender},
    {"the account's mismatch", REASON_SENDER_MISMATCH, make_matching_account},
    {"mismatch", REASON_SENDER_MISMATCH, make_mismatch},
    {"local address", REASON_IP_AUTH_REQUIRED, make_local_address},
    {"relay", REASON_RELAY_DENIED, make_relay},
    {"unknown recipient", REASON_RECIPIENT_UNKNOWN, make_unknown_recipient},
    {"unverifiable recipient", REASON_RECIPIENT_UNVERIFIABLE, make_unverifiable_recipient},
    {"rule section", REASON_RULE, make_rule},
    {"no upstream", REASON_ROUTE_NONE, make_no_upstream},
};

/* The message guard's. */
static void
make_unusable_login(struct world *world)
{
    world->message.authenticated = "boss\n";
}

static void
make_reached(struct world *world)
{
    world->settings.limits.messages_per_session = 1;
    world->message.messages = 1;
}

static void
make_large(struct world *world)
{
    world->settings.limits.message_size = 1;
    world->message.size = 2;
}

static void
make_crowded(struct world *world)
{
    world->settings.limits.recipients_per_message = 1;
    world->message.recipients = 1;
}

static void
make_limited(struct world *world)
{
    static const struct rule_ref limit = {.section_kind = "limits", .setting = "messages_per_user"};
    world->message.limited_by = &limit;
}

static void
make_tls_known(struct world *world)
{
    world->listener->require_tls = true;
    world->message.tls_known = true;
}

static void
make_bad_sender(struct world *world)
{
    world_from(world, "MAIL FROM:boss");
}

static const struct fault mail_faults[] = {
    {"malformed", REASON_REQUEST_MALFORMED, make_malformed},
    {"malformed path", REASON_REQUEST_MALFORMED, make_bad_sender},
    {"ban", REASON_AUTH_BANNED, make_ban},
    {"unknown listener", REASON_INTERNAL, make_unknown_listener},
    {"TLS required", REASON_SESSION_TLS_REQUIRED, make_tls_known},
    {"unusable login", REASON_INTERNAL, make_unusable_login},
    {"unusable window", REASON_INTERNAL, make_unusable_window},
    {"authentication required", REASON_SESSION_AUTH_REQUIRED, make_auth_required},
    {"sender's broken organization", REASON_INTERNAL, make_broken_sender},
    {"messages of the session", REASON_SESSION_MESSAGES, make_reached},
    {"role", REASON_ROLE_AUTH_REQUIRED, make_role},
    {"sender", REASON_SENDER_AUTH_REQUIRED, make_sender},
    {"the account's mismatch", REASON_SENDER_MISMATCH, make_matching_account},
    {"mismatch", REASON_SENDER_MISMATCH, make_mismatch},
    {"local address", REASON_IP_AUTH_REQUIRED, make_local_address},
    {"size", REASON_MESSAGE_SIZE, make_large},
    {"the user's limit", REASON_USER_THROTTLED, make_limited},
};

static const struct fault guarded_faults[] = {
    {"malformed path", REASON_REQUEST_MALFORMED, make_bad_path},
    {"ban", REASON_AUTH_BANNED, make_ban},
    {"mismatch", REASON_SENDER_MISMATCH, make_mismatch},
    {"relay", REASON_RELAY_DENIED, make_relay},
    {"unknown recipient", REASON_RECIPIENT_UNKNOWN, make_unknown_recipient},
    {"unverifiable recipient", REASON_RECIPIENT_UNVERIFIABLE, make_unverifiable_recipient},
    {"recipients of the message", REASON_MESSAGE_RECIPIENTS, make_crowded},
    {"the user's limit", REASON_USER_THROTTLED, make_limited},
    {"rule section", REASON_RULE, make_rule},
};

static const struct fault message_faults[] = {
    {"malformed path", REASON_REQUEST_MALFORMED, make_bad_path},
    {"unknown listener", REASON_INTERNAL, make_unknown_listener},
    {"unusable login", REASON_INTERNAL, make_unusable_login},
    {"size", REASON_MESSAGE_SIZE, make_large},
    {"rule section", REASON_RULE, make_rule},
};

static void
check_pair(const struct fault *earlier, const struct fault *later, void (*ask)(struct world *world),
           bool guarded)
{
    struct world world;
    world_init(&world);
    list_freeze(world.addresses);
    list_freeze(world.names);
    world.listener->auth_ips.list = world.addresses;
    world.listener->auth_users.list = world.names;
    world.acme->auth_users.list = world.names;
    if (guarded)
        world_guard(&world, NULL);
    /* The later one first: where both change the same thing, the earlier one has the last word. */
    if (later != earlier)
        later->make(&world);
    earlier->make(&world);
    ask(&world);
    if (world.decision.verdict.action == VERDICT_ACCEPT && world.decision.upstream == NULL &&
        !guarded)
        decide_no_route(&world.settings, &world.facts, &world.decision.verdict.rule, NULL,
                        &world.decision);
    char name[128];
    snprintf(name, sizeof name, "%s before %s", earlier->name, later->name);
    if (earlier->want == REASON_RULE)
        CHECK(name, world.decision.verdict.reason == REASON_RULE);
    else
        world_check(name, &world, earlier->want);
    world_fini(&world);
}

static void
check_order(const struct fault *faults, size_t count, void (*ask)(struct world *world),
            bool guarded)
{
    for (size_t i = 0; i < count; i++)
        for (size_t j = i; j < count; j++)
            check_pair(&faults[i], &faults[j], ask, guarded);
}

static void
test_order_of_auth(void **state)
{
    (void)state;
    check_order(auth_faults, COUNT_OF(auth_faults), world_ask_auth, false);
}

static void
test_order_of_logins(void **state)
{
    (void)state;
    check_order(login_faults, COUNT_OF(login_faults), world_ask_login, false);
}

static void
test_order_of_recipients(void **state)
{
    (void)state;
    check_order(recipient_faults, COUNT_OF(recipient_faults), world_ask_recipient, false);
}

static void
ask_mail(struct world *world)
{
    world_ask(world, decide_mail);
}

static void
ask_message(struct world *world)
{
    world_ask(world, decide_message);
}

static void
test_order_at_the_message_guard(void **state)
{
    (void)state;
    check_order(mail_faults, COUNT_OF(mail_faults), ask_mail, true);
    check_order(guarded_faults, COUNT_OF(guarded_faults), world_ask_recipient, true);
    check_order(message_faults, COUNT_OF(message_faults), ask_message, true);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order_of_auth),
        cmocka_unit_test(test_order_of_logins),
        cmocka_unit_test(test_order_of_recipients),
        cmocka_unit_test(test_order_at_the_message_guard),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
