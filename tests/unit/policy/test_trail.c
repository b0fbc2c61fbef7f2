/*
 * Every rule that is asked about a recipient, in its order, with its answer: what `mailreeve
 * explain --all` prints. The rules that another one settles are not there.
 */
#include "world.h"

#define ON        "listener \"submission\": "
#define OF        "organization \"acme\": "
#define EVERYBODY "entry \"0.0.0.0/0\" at conf:52: in list \"everybody\""

/* What is asked first and last of most sessions. */
#define REQUEST                              \
    "next conf:10 " ON "malformed request\n" \
    "next conf:10 " ON "ban\n"               \
    "next conf:13 " ON "require_tls\n"
#define BY_POP                                                                             \
    REQUEST "next conf:25 " ON "relay_window: one is open: the client has authenticated\n" \
            "next conf:14 " ON "require_auth: the client has authenticated\n"
#define STRANGER                                \
    REQUEST "next conf:25 " ON "relay_window\n" \
            "next conf:14 " ON "require_auth\n" \
            "next conf:19 " ON "roles_must_auth\n"
#define ACCEPTED                                                      \
    "next conf:17 " ON "relay: the recipient is in an organization\n" \
    "next conf:36 " OF "recipients\n"                                 \
    "accept conf:20 " OF "domains\n"
#define ACCEPTED_STRANGER "next conf:23 " ON "local_ips\n" ACCEPTED

static void
take_from_a_stranger(struct world *world)
{
    (void)world;
}

static void
log_in_by_pop(struct world *world)
{
    world_window(world, "boss@acme.example");
    world->listener->require_auth = true;
    world->acme->match_sender = true;
    world->acme->authenticate_senders = SENDERS_ALWAYS;
    world_from(world, "MAIL FROM:<boss@acme.example>");
}

static void
write_as_postmaster(struct world *world)
{
    nameset_add(&world->listener->roles_must_auth, "postmaster");
    log_in_by_pop(world);
    world_to(world, "RCPT TO:<x@elsewhere.example>");
    world_from(world, "MAIL FROM:<postmaster@acme.example>");
}

static void
write_as_colleague(struct world *world)
{
    static const struct organization *others[1];
    others[0] = world->widgets;
    world->acme->authenticate_inbound = INBOUND_ALWAYS;
    world->acme->shared_with = others;
    world->acme->shared_with_count = 1;
    world->facts.sender_elsewhere = KNOWLEDGE_UNKNOWN;
    world_from(world, "MAIL FROM:<boss@acme.example>");
}

static void
write_from_elsewhere(struct world *world)
{
    write_as_colleague(world);
    world->facts.sender_elsewhere = KNOWLEDGE_KNOWN;
}

static void
write_from_the_branch(struct world *world)
{
    world->acme->authenticate_senders = SENDERS_ALWAYS;
    world->acme->auth_exempt_ips.mode = ACCESS_ALLOW;
    world->acme->auth_exempt_ips.list = world->everybody;
    world_from(world, "MAIL FROM:<boss@acme.example>");
}

static void
write_to_a_neighbour(struct world *world)
{
    world->acme->authenticate_senders = SENDERS_UNLESS_LOCAL;
    world->acme->authenticate_inbound = INBOUND_ALWAYS;
    world_from(world, "MAIL FROM:<boss@acme.example>");
    world_to(world, "RCPT TO:<eve@widgets.example>");
}

static void
print(struct world *world)
{
    world->listener->require_auth = true;
    world->listener->relay_ips.list = world->everybody;
    world->listener->local_ips.list = world->everybody;
    world->listener->trusted_ips.list = world->everybody;
    world_to(world, "RCPT TO:<x@elsewhere.example>");
}

static void
take_the_unverifiable(struct world *world)
{
    world->acme->recipients = world_source();
    world->acme->unverifiable_recipient = UNVERIFIABLE_ACCEPT;
    world->facts.recipient = KNOWLEDGE_CANNOT_TELL;
}

static void
be_banned(struct world *world)
{
    world->facts.banned = true;
}

static const struct {
    const char *name;
    void (*set)(struct world *world);
    const char *want;
} sessions[] = {
    {"a stranger", take_from_a_stranger, STRANGER ACCEPTED_STRANGER},
    {"a user by POP", log_in_by_pop,
     BY_POP "next conf:19 " ON "roles_must_auth\n"
            "next conf:33 " OF "authenticate_senders: the client has authenticated\n"
            "next conf:39 " OF "match_sender\n"
            "next conf:23 " ON "local_ips: the client has authenticated\n" ACCEPTED},
    {"a user by POP who writes as postmaster", write_as_postmaster,
     BY_POP "next conf:19 " ON "roles_must_auth: the client has authenticated\n"
            "next conf:33 " OF "authenticate_senders: the client has authenticated\n"
            "next conf:41 " OF "match_exempt_senders\n"
            "refuse conf:39 " OF "match_sender: the sender is not the authenticated user\n"},
    {"a colleague's name", write_as_colleague,
     STRANGER "next conf:33 " OF "authenticate_senders\n"
              "next conf:35 " OF "auth_exempt_ips\n"
              "next conf:38 " OF "shared_with: none of them knows the sender\n"
              "refuse conf:34 " OF "authenticate_inbound\n"},
    {"a colleague on another server", write_from_elsewhere,
     STRANGER "next conf:33 " OF "authenticate_senders\n"
              "next conf:35 " OF "auth_exempt_ips\n"
              "next conf:38 " OF "shared_with: one of them knows the sender: exempt\n"
              "next conf:34 " OF "authenticate_inbound: exempt\n" ACCEPTED_STRANGER},
    {"an exempt client", write_from_the_branch,
     STRANGER "next conf:35 " OF "auth_exempt_ips: " EVERYBODY ": exempt\n"
              "next conf:33 " OF "authenticate_senders: exempt\n" ACCEPTED_STRANGER},
    {"a neighbour", write_to_a_neighbour,
     STRANGER "next conf:33 " OF "authenticate_senders: the recipient is local\n"
              "next conf:34 " OF
              "authenticate_inbound: the recipient is in another organization or in none\n"
              "next conf:23 " ON "local_ips\n"
              "next conf:17 " ON "relay: the recipient is in an organization\n"
              "next built-in organization \"widgets\": recipients\n"
              "accept conf:30 organization \"widgets\": domains\n"},
    {"a printer", print,
     REQUEST "next conf:25 " ON "relay_window\n"
             "next conf:18 " ON "relay_ips: " EVERYBODY ": exempt\n"
             "next conf:14 " ON "require_auth: exempt\n"
             "next conf:19 " ON "roles_must_auth\n"
             "next conf:24 " ON "trusted_ips: " EVERYBODY ": exempt\n"
             "next conf:23 " ON "local_ips: " EVERYBODY ": exempt\n"
             "next conf:18 " ON "relay_ips: " EVERYBODY "\n"
             "accept conf:18 " ON "relay_ips: " EVERYBODY "\n"},
    {"an unverifiable recipient", take_the_unverifiable,
     STRANGER "next conf:23 " ON "local_ips\n"
              "next conf:17 " ON "relay: the recipient is in an organization\n"
              "next conf:36 " OF "recipients: cannot tell whether the recipient exists\n"
              "next conf:37 " OF "unverifiable_recipient: accept\n"
              "accept conf:20 " OF "domains\n"},
    {"a banned client", be_banned,
     "next conf:10 " ON "malformed request\n"
     "defer conf:10 " ON "ban: the client's address is banned\n"},
};

static void
test_every_rule_is_told_in_its_order(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(sessions); i++) {
        struct world world;
        world_init(&world);
        sessions[i].set(&world);
        world_freeze(&world);
        world_ask_recipient(&world);
        CHECK_TEXT(sessions[i].name, world.trail, sessions[i].want);
        world_fini(&world);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_rule_is_told_in_its_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
