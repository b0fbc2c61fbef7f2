/*
 * The truth tables about what a message shows, MDaemon's page "SMTP Authentication":
 *     "By default, the credentials used during SMTP authentication must match those of the address
 *     found in the message's "From:" header."
 *     "To be exempt from the "...must match those of the 'From:' header address" option, the white
 *     listed address must match the address in the message's From: header."
 * A user owns his name, what his directory says, and what sender_owners gives him. The directory
 * and the lists of one organization have no say about another's addresses.
 */
#include "world.h"

#include "owners.h"

#define BOSS   "boss@acme.example"
#define EVE    "eve@widgets.example"
#define MATCH  "conf:44 organization \"acme\": match_from"
#define THEIRS "conf:47 organization \"widgets\": match_from"
#define OTHER  "shows an address that is not the authenticated user's"

enum { ADDRESSES_MAX = 3 };

/* "From a@b" is an author, "from a@b" looks like one; "Sender a@b" is of another header. */
struct shown_case {
    const char *name;
    const char *user; /* NULL: nobody is authenticated */
    const char *shown[ADDRESSES_MAX];
    const char *fault;
    bool users_match, others_match; /* match_from of acme, of widgets */
    const char *exempt;             /* acme's, or widgets' if acme does not demand; NULL: no list */
    enum knowledge owned; /* KNOWLEDGE_KNOWN: sales@acme.example and eve@widgets.example */
    enum reason want;
    const char *want_rule; /* NULL: not looked at */
};

static void
show(struct world *world, const char *const shown[ADDRESSES_MAX])
{
    for (size_t i = 0; i < ADDRESSES_MAX && shown[i] != NULL; i++) {
        bool is_author = strncmp(shown[i], "From ", 5) == 0;
        bool is_from = is_author || strncmp(shown[i], "from ", 5) == 0;
        world_show(world, is_from ? "From" : "Sender", strchr(shown[i], ' ') + 1, is_author);
    }
}

static void
make(struct world *world, const struct shown_case *of)
{
    static const char *const addresses[] = {"sales@acme.example", EVE};
    world_init(world);
    world_fill(world->names, &of->exempt, 1);
    world_freeze(world);
    world_guard(world, of->user);
    world->acme->match_from = of->users_match;
    world->widgets->match_from = of->others_match;
    if (of->exempt != NULL && of->users_match)
        world->acme->match_exempt_from.list = world->names;
    else if (of->exempt != NULL)
        world->widgets->match_exempt_from.list = world->names;
    world->facts.owned =
        (struct owned_addresses){of->owned, addresses, of->owned == KNOWLEDGE_KNOWN ? 2 : 0};
    world->message.header_fault = of->fault;
    show(world, of->shown);
}

static const struct shown_case shown[] = {
    {"his own name",
     BOSS,
     {"From " BOSS},
     NULL,
     true,
     true,
     NULL,
     KNOWLEDGE_NOT_ASKED,
     REASON_MESSAGE_OK,
     "conf:10 listener \"submission\""},
    {"another's",
     BOSS,
     {"From anna@acme.example"},
     NULL,
     true,
     false,
     NULL,
     KNOWLEDGE_UNKNOWN,
     REASON_FROM_MISMATCH,
     MATCH ": From: " OTHER},
    {"an address of elsewhere",
     BOSS,
     {"From boss@elsewhere.example"},
     NULL,
     true,
     false,
     NULL,
     KNOWLEDGE_UNKNOWN,
     REASON_FROM_MISMATCH,
     MATCH ": From: " OTHER},
    {"one of his addresses",
     BOSS,
     {"From sales@acme.example"},
     NULL,
     true,
     false,
     NULL,
     KNOWLEDGE_KNOWN,
     REASON_MESSAGE_OK,
     NULL},
    {"his directory is asked",
     BOSS,
     {"From sales@acme.example"},
     NULL,
     true,
     false,
     NULL,
     KNOWLEDGE_NOT_ASKED,
     REASON_INTERNAL,
     MATCH ": From"},
    {"his directory is down: nobody is accused",
     BOSS,
     {"From sales@acme.example"},
     NULL,
     true,
     false,
     NULL,
     KNOWLEDGE_CANNOT_TELL,
     REASON_AUTH_SOURCE_UNAVAILABLE,
     MATCH ": From: cannot tell whether the user owns the address"},
    {"two, both his",
     BOSS,
     {"From " BOSS, "From sales@acme.example"},
     NULL,
     true,
     false,
     NULL,
     KNOWLEDGE_KNOWN,
     REASON_MESSAGE_OK,
     NULL},
    {"two, the second another's",
     BOSS,
     {"From " BOSS, "From anna@acme.example"},
     NULL,
     true,
     false,
     NULL,
     KNOWLEDGE_UNKNOWN,
     REASON_FROM_MISMATCH,
     MATCH ": From: " OTHER},
    {"two, the first another's",
     BOSS,
     {"From anna@acme.example", "From " BOSS},
     NULL,
     true,
     false,
     NULL,
     KNOWLEDGE_UNKNOWN,
     REASON_FROM_MISMATCH,
     MATCH ": From: " OTHER},
    {"a display name that holds another's",
     BOSS,
     {"From " BOSS, "from anna@acme.example"},
     NULL,
     true,
     false,
     NULL,
     KNOWLEDGE_UNKNOWN,
     REASON_FROM_MISMATCH,
     MATCH ": From: " OTHER},
    {"a display name that holds his own",
     BOSS,
     {"From " BOSS, "from " BOSS},
     NULL,
     true,
     false,
     NULL,
     KNOWLEDGE_NOT_ASKED,
     REASON_MESSAGE_OK,
     NULL},
    {"only a display name holds his own",
     BOSS,
     {"from " BOSS},
     NULL,
     true,
     false,
     NULL,
     KNOWLEDGE_NOT_ASKED,
     REASON_FROM_MISMATCH,
     MATCH ": From: shows no author"},
    {"a Sender that is another's",
     BOSS,
     {"From " BOSS, "Sender anna@acme.example"},
     NULL,
     true,
     false,
     NULL,
     KNOWLEDGE_UNKNOWN,
     REASON_FROM_MISMATCH,
     MATCH ": Sender: " OTHER},
    {"a Sender that is his",
     BOSS,
     {"From " BOSS, "Sender sales@acme.example"},
     NULL,
     true,
     false,
     NULL,
     KNOWLEDGE_KNOWN,
     REASON_MESSAGE_OK,
     NULL},
    {"his own in Sender and no author",
     BOSS,
     {"Sender " BOSS},
     NULL,
     true,
     false,
     NULL,
     KNOWLEDGE_NOT_ASKED,
     REASON_FROM_MISMATCH,
     MATCH ": From: shows no author"},
    {"no address at all",
     BOSS,
     {NULL},
     NULL,
     true,
     false,
     NULL,
     KNOWLEDGE_NOT_ASKED,
     REASON_FROM_MISMATCH,
     MATCH ": From: shows no author"},
    {"his own, but it can be read in another way",
     BOSS,
     {"From " BOSS},
     "From: two of them",
     true,
     false,
     NULL,
     KNOWLEDGE_NOT_ASKED,
     REASON_FROM_MISMATCH,
     MATCH ": From: two of them"},
    {"disabled: another's",
     BOSS,
     {"From anna@acme.example"},
     NULL,
     false,
     false,
     NULL,
     KNOWLEDGE_NOT_ASKED,
     REASON_MESSAGE_OK,
     NULL},
    {"disabled: what can be read in another way",
     BOSS,
     {"From " BOSS},
     "From: two of them",
     false,
     true,
     NULL,
     KNOWLEDGE_NOT_ASKED,
     REASON_MESSAGE_OK,
     NULL},
    {"nobody has logged in: mailing lists",
     NULL,
     {"From " BOSS},
     "From: two of them",
     true,
     true,
     NULL,
     KNOWLEDGE_NOT_ASKED,
     REASON_MESSAGE_OK,
     NULL},

    {"white list: the address is in it",
     BOSS,
     {"From news@acme.example"},
     NULL,
     true,
     false,
     "news@*",
     KNOWLEDGE_CANNOT_TELL,
     REASON_MESSAGE_OK,
     NULL},
    {"white list: it exempts that address only",
     BOSS,
     {"From news@acme.example", "From anna@acme.example"},
     NULL,
     true,
     false,
     "news@*",
     KNOWLEDGE_UNKNOWN,
     REASON_FROM_MISMATCH,
     NULL},
    {"white list: the user's name in it exempts nothing else",
     BOSS,
     {"From anna@acme.example"},
     NULL,
     true,
     false,
     BOSS,
     KNOWLEDGE_UNKNOWN,
     REASON_FROM_MISMATCH,
     NULL},
    {"white list: it does not mend what can be read in another way",
     BOSS,
     {"From news@acme.example"},
     "From: two of them",
     true,
     false,
     "*",
     KNOWLEDGE_UNKNOWN,
     REASON_FROM_MISMATCH,
     NULL},
    {"white list: it cannot tell",
     BOSS,
     {"From " WORLD_DOUBTFUL},
     NULL,
     true,
     false,
     WORLD_DOUBT,
     KNOWLEDGE_UNKNOWN,
     REASON_INTERNAL,
     "conf:46 organization \"acme\": match_exempt_from: list \"names\" cannot tell: a regular "
     "expression ran into its limit"},

    {"another organization's",
     BOSS,
     {"From " EVE},
     NULL,
     false,
     true,
     NULL,
     KNOWLEDGE_NOT_ASKED,
     REASON_FROM_MISMATCH,
     THEIRS ": From: " OTHER},
    {"his directory has no say about another organization's",
     BOSS,
     {"From " EVE},
     NULL,
     true,
     true,
     NULL,
     KNOWLEDGE_KNOWN,
     REASON_FROM_MISMATCH,
     THEIRS ": From: " OTHER},
    {"an organization that does not mind",
     BOSS,
     {"From " EVE},
     NULL,
     true,
     false,
     NULL,
     KNOWLEDGE_KNOWN,
     REASON_MESSAGE_OK,
     NULL},
    {"another organization's in a display name",
     BOSS,
     {"From " BOSS, "from " EVE},
     NULL,
     false,
     true,
     NULL,
     KNOWLEDGE_NOT_ASKED,
     REASON_FROM_MISMATCH,
     THEIRS ": From: " OTHER},
    {"another organization's in Sender",
     BOSS,
     {"From " BOSS, "Sender " EVE},
     NULL,
     false,
     true,
     NULL,
     KNOWLEDGE_NOT_ASKED,
     REASON_FROM_MISMATCH,
     THEIRS ": Sender: " OTHER},
    {"another organization's behind what can be read in another way",
     BOSS,
     {"From " EVE},
     "From: two of them",
     false,
     true,
     NULL,
     KNOWLEDGE_NOT_ASKED,
     REASON_FROM_MISMATCH,
     THEIRS ": From: " OTHER},
    {"another organization exempts the address",
     BOSS,
     {"From " EVE},
     NULL,
     false,
     true,
     EVE,
     KNOWLEDGE_NOT_ASKED,
     REASON_MESSAGE_OK,
     NULL},
    {"a user of no organization as himself",
     "x@elsewhere.example",
     {"From x@elsewhere.example"},
     NULL,
     true,
     true,
     NULL,
     KNOWLEDGE_NOT_ASKED,
     REASON_MESSAGE_OK,
     NULL},
    {"a user of no organization as anybody else",
     "x@elsewhere.example",
     {"From y@elsewhere.example"},
     "From: two of them",
     true,
     true,
     NULL,
     KNOWLEDGE_NOT_ASKED,
     REASON_MESSAGE_OK,
     NULL},
    {"a user of no organization as somebody of one",
     "x@elsewhere.example",
     {"From " EVE},
     NULL,
     false,
     true,
     NULL,
     KNOWLEDGE_NOT_ASKED,
     REASON_FROM_MISMATCH,
     THEIRS ": From: " OTHER},
    {"a user without a domain as somebody of one",
     "boss",
     {"From " BOSS},
     NULL,
     true,
     false,
     NULL,
     KNOWLEDGE_KNOWN,
     REASON_FROM_MISMATCH,
     MATCH ": From: " OTHER},
    {"his name hidden in a quoted local part",
     BOSS,
     {"From \"boss@acme.example\"@elsewhere.example"},
     NULL,
     true,
     false,
     NULL,
     KNOWLEDGE_UNKNOWN,
     REASON_FROM_MISMATCH,
     NULL},
    {"his name in quotes",
     BOSS,
     {"From \"boss\"@acme.example"},
     NULL,
     true,
     false,
     NULL,
     KNOWLEDGE_NOT_ASKED,
     REASON_MESSAGE_OK,
     NULL},
    {"in another case",
     BOSS,
     {"From BOSS@Acme.Example"},
     NULL,
     true,
     false,
     NULL,
     KNOWLEDGE_NOT_ASKED,
     REASON_MESSAGE_OK,
     NULL},
    {"a detail is another address",
     BOSS,
     {"From boss+x@acme.example"},
     NULL,
     true,
     false,
     NULL,
     KNOWLEDGE_UNKNOWN,
     REASON_FROM_MISMATCH,
     NULL},
};

static void
test_mdaemon_from_header(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(shown); i++) {
        struct world world;
        make(&world, &shown[i]);
        world_ask(&world, decide_header);
        world_check(shown[i].name, &world, shown[i].want);
        bool asks = shown[i].want == REASON_INTERNAL && shown[i].owned == KNOWLEDGE_NOT_ASKED;
        CHECK(shown[i].name, world.decision.asks == (asks ? ASKS_OWNED : ASKS_NOTHING));
        if (shown[i].want_rule != NULL)
            world_check_rule(shown[i].name, &world, shown[i].want_rule);
        world_fini(&world);
    }
}

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
    if (strstr(world.trail, want) == NULL)
        fail_msg("asked:\n%s", world.trail);
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
static void
test_what_is_hidden(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct shown_case of;
    } cases[] = {
        {"it may be another organization's",
         {.user = EVE,
          .users_match = true,
          .want = REASON_FROM_MISMATCH,
          .want_rule = MATCH ": From: hidden"}},
        {"nobody demands anything", {.user = EVE, .want = REASON_MESSAGE_OK}},
        {"who has not logged in may send what he wants",
         {.user = NULL, .users_match = true, .want = REASON_MESSAGE_OK}},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct world world;
        make(&world, &cases[i].of);
        world.message.header_hides = "From: hidden";
        world_ask(&world, decide_header);
        world_check(cases[i].name, &world, cases[i].of.want);
        if (cases[i].of.want_rule != NULL)
            world_check_rule(cases[i].name, &world, cases[i].of.want_rule);
        world_fini(&world);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mdaemon_from_header),
        cmocka_unit_test(test_what_is_hidden),
        cmocka_unit_test(test_addresses_that_are_given),
        cmocka_unit_test(test_who_gave_it_is_told),
        cmocka_unit_test(test_a_name_in_the_domains_other_spelling),
        cmocka_unit_test(test_a_broken_organization_is_not_now),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
