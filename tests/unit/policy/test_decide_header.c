/*
 * The message guard at the end of the header: addresses that organizations give to users, and what
 * is shown in another spelling, of a broken organization, or so that nobody can see it. MDaemon's
 * truth table is in test_manual_from.c.
 */
#include "world.h"

#include "owners.h"

#define BOSS  "boss@acme.example"
#define EVE   "eve@widgets.example"
#define MATCH "conf:44 organization \"acme\": match_from"

/* Shared mailboxes: sender_owners of acme and of widgets. */
static const struct {
    const char *name;
    const char *user, *from;
    const char *acmes, *widgets; /* NULL: no list */
    bool acme_matches, widgets_match, detail;
    enum knowledge owned;
    enum reason want;
} given[] = {
    {"given by his organization", BOSS, "sales@acme.example", "sales@acme.example " BOSS, NULL,
     true, false, false, KNOWLEDGE_CANNOT_TELL, REASON_MESSAGE_OK},
    {"given to another", BOSS, "sales@acme.example", "sales@acme.example anna@acme.example", NULL,
     true, false, false, KNOWLEDGE_UNKNOWN, REASON_FROM_MISMATCH},
    {"an address of nobody's domain", BOSS, "news@elsewhere.example", "*@elsewhere.example " BOSS,
     NULL, true, false, false, KNOWLEDGE_UNKNOWN, REASON_MESSAGE_OK},
    {"a list says nothing about another organization's addresses", BOSS, EVE, EVE " " BOSS, NULL,
     true, false, false, KNOWLEDGE_UNKNOWN, REASON_FROM_MISMATCH},
    {"nor where the other organization demands it", BOSS, EVE, EVE " " BOSS, NULL, false, true,
     false, KNOWLEDGE_UNKNOWN, REASON_FROM_MISMATCH},
    {"the other organization gives its address", BOSS, EVE, NULL, EVE " " BOSS, false, true, false,
     KNOWLEDGE_UNKNOWN, REASON_MESSAGE_OK},
    {"the other organization gives it to all of a domain", BOSS, EVE, NULL, EVE " *@acme.example",
     false, true, false, KNOWLEDGE_UNKNOWN, REASON_MESSAGE_OK},
    {"given by the other organization, but his own demands too", BOSS, EVE, NULL, EVE " " BOSS,
     true, true, false, KNOWLEDGE_UNKNOWN, REASON_FROM_MISMATCH},
    {"a user of no organization is given an address", "printer", "scan@acme.example",
     "scan@acme.example printer", NULL, true, false, false, KNOWLEDGE_UNKNOWN, REASON_MESSAGE_OK},
    {"detail off: of an address that was given", BOSS, "sales+x@acme.example",
     "sales@acme.example " BOSS, NULL, true, false, false, KNOWLEDGE_UNKNOWN, REASON_FROM_MISMATCH},
    {"detail on: of an address that was given", BOSS, "sales+x@acme.example",
     "sales@acme.example " BOSS, NULL, true, false, true, KNOWLEDGE_UNKNOWN, REASON_MESSAGE_OK},
    {"detail on: of his name", BOSS, "boss+any+thing@acme.example", NULL, NULL, true, false, true,
     KNOWLEDGE_UNKNOWN, REASON_MESSAGE_OK},
    {"detail on: of one of his addresses", BOSS, "info+x@acme.example", NULL, NULL, true, false,
     true, KNOWLEDGE_KNOWN, REASON_MESSAGE_OK},
    {"detail on: of another's name", BOSS, "anna+boss@acme.example", NULL, NULL, true, false, true,
     KNOWLEDGE_KNOWN, REASON_FROM_MISMATCH},
    {"detail on: of his name in another domain", BOSS, "boss+x@elsewhere.example", NULL, NULL, true,
     false, true, KNOWLEDGE_KNOWN, REASON_FROM_MISMATCH},
    {"detail on: not the other way round", "boss+x@acme.example", BOSS, NULL, NULL, true, false,
     true, KNOWLEDGE_UNKNOWN, REASON_FROM_MISMATCH},
    {"detail on: one detail is not another", "boss+x@acme.example", "boss+y@acme.example", NULL,
     NULL, true, false, true, KNOWLEDGE_UNKNOWN, REASON_FROM_MISMATCH},
    {"detail on: a detail of nothing", BOSS, "+boss@acme.example", NULL, NULL, true, false, true,
     KNOWLEDGE_UNKNOWN, REASON_FROM_MISMATCH},
    {"detail on: the other organization's setting counts for its addresses", BOSS,
     "eve+x@widgets.example", NULL, EVE " " BOSS, false, true, true, KNOWLEDGE_UNKNOWN,
     REASON_FROM_MISMATCH},
    {"the detail itself may be given", BOSS, "sales+x@acme.example", "sales+x@acme.example " BOSS,
     NULL, true, false, false, KNOWLEDGE_UNKNOWN, REASON_MESSAGE_OK},
};

static struct owners *
make_owners(const char *entry)
{
    if (entry == NULL)
        return NULL;
    struct owners *owners = owners_create();
    assert_int_equal(owners_add(owners, entry, world_line(61), NULL), 0);
    owners_freeze(owners);
    return owners;
}

/* The same at MAIL: what is shown and what is claimed are held against the same. */
static void
make_given(struct world *world, size_t i, struct owners *owners[2], char *mail_from, size_t size)
{
    static const char *const addresses[] = {"info@acme.example"};
    world_init(world);
    world_guard(world, given[i].user);
    owners[0] = make_owners(given[i].acmes);
    owners[1] = make_owners(given[i].widgets);
    world->acme->sender_owners = owners[0];
    world->widgets->sender_owners = owners[1];
    world->acme->match_detail = given[i].detail;
    world->acme->match_from = world->acme->match_sender = given[i].acme_matches;
    world->widgets->match_from = world->widgets->match_sender = given[i].widgets_match;
    world->facts.owned = (struct owned_addresses){given[i].owned, addresses,
                                                  given[i].owned == KNOWLEDGE_KNOWN ? 1 : 0};
    world_show(world, "From", given[i].from, true);
    snprintf(mail_from, size, "MAIL FROM:<%s>", given[i].from);
    world_from(world, mail_from);
}

static void
test_addresses_that_are_given(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(given); i++) {
        struct world world;
        struct owners *owners[2];
        char mail_from[256];
        make_given(&world, i, owners, mail_from, sizeof mail_from);
        world_ask(&world, decide_header);
        world_check(given[i].name, &world, given[i].want);
        world_ask(&world, decide_mail);
        world_check(given[i].name, &world,
                    given[i].want == REASON_FROM_MISMATCH ? REASON_SENDER_MISMATCH
                                                          : REASON_MESSAGE_OK);
        world_fini(&world);
        owners_free(owners[0]);
        owners_free(owners[1]);
    }
}

static void
test_who_gave_it_is_told(void **state)
{
    (void)state;
    struct world world;
    struct owners *owners[2];
    char mail_from[256];
    make_given(&world, 0, owners, mail_from, sizeof mail_from);
    world_ask(&world, decide_header);
    static const char want[] =
        "next conf:46 organization \"acme\": match_exempt_from\n"
        "next conf:45 organization \"acme\": sender_owners: entry \"sales@acme.example " BOSS
        "\" at conf:61: given to the user\n"
        "next " MATCH ": From: the user owns the address\n"
        "accept conf:10 listener \"submission\"\n";
    world_check_told("given", &world, want);
    world_fini(&world);
    owners_free(owners[0]);
    owners_free(owners[1]);
}

/* With letters outside of ASCII a domain has two spellings. */
static void
test_a_name_in_the_domains_other_spelling(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    tenancy_claim_domain(world.tenancy, world.acme,
                         "b\xc3\xbc"
                         "cher.example",
                         world_line(23), NULL);
    world.acme->match_from = true;
    world_guard(&world, "boss@b\xc3\xbc"
                        "cher.example");
    world_show(&world, "From", "boss@xn--bcher-kva.example", true);
    world.facts.owned.knowledge = KNOWLEDGE_UNKNOWN;
    world_ask(&world, decide_header);
    world_check("his own", &world, REASON_MESSAGE_OK);
    world_show(&world, "From", "anna@xn--bcher-kva.example", true);
    world_ask(&world, decide_header);
    world_check("another's", &world, REASON_FROM_MISMATCH);
    world_fini(&world);
}

static const struct {
    const char *name, *user, *from;
    bool acme_broken, widgets_broken;
    enum reason want;
} broken[] = {
    {"the user's organization", BOSS, BOSS, true, false, REASON_INTERNAL},
    {"the user's, whatever he shows", BOSS, EVE, true, false, REASON_INTERNAL},
    {"that of an address", BOSS, EVE, false, true, REASON_INTERNAL},
    {"neither", "x@elsewhere.example", "x@elsewhere.example", true, true, REASON_MESSAGE_OK},
    {"nobody has logged in", NULL, BOSS, true, true, REASON_MESSAGE_OK},
};

static void
test_a_broken_organization_is_not_now(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(broken); i++) {
        struct world world;
        world_init(&world);
        world_guard(&world, broken[i].user);
        world.acme->broken = broken[i].acme_broken;
        world.widgets->broken = broken[i].widgets_broken;
        world.acme->match_from = true;
        world_show(&world, "From", broken[i].from, true);
        world_ask(&world, decide_header);
        world_check(broken[i].name, &world, broken[i].want);
        CHECK(broken[i].name, world.decision.asks == ASKS_NOTHING);
        world_fini(&world);
    }
}

/* What cannot be seen is held against those whose address it may be. */
static const struct {
    const char *name, *user;
    bool acme_matches;
    enum reason want;
    const char *want_rule; /* NULL: not looked at */
} hidden[] = {
    {"it may be another organization's", EVE, true, REASON_FROM_MISMATCH, MATCH ": From: hidden"},
    {"nobody demands anything", EVE, false, REASON_MESSAGE_OK, NULL},
    {"who has not logged in may send what he wants", NULL, true, REASON_MESSAGE_OK, NULL},
};

static void
test_what_is_hidden(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(hidden); i++) {
        struct world world;
        world_init(&world);
        world_guard(&world, hidden[i].user);
        world.acme->match_from = hidden[i].acme_matches;
        world.facts.owned.knowledge = KNOWLEDGE_NOT_ASKED;
        world.message.header_hides = "From: hidden";
        world_ask(&world, decide_header);
        world_check(hidden[i].name, &world, hidden[i].want);
        if (hidden[i].want_rule != NULL)
            world_check_rule(hidden[i].name, &world, hidden[i].want_rule);
        world_fini(&world);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses_that_are_given),
        cmocka_unit_test(test_who_gave_it_is_told),
        cmocka_unit_test(test_a_name_in_the_domains_other_spelling),
        cmocka_unit_test(test_a_broken_organization_is_not_now),
        cmocka_unit_test(test_what_is_hidden),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
