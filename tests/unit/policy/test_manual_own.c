/*
 * The truth tables about senders that are the user's though they are not his name, and about
 * accounts that may send as themselves only. Each quotes the sentences that its cases come from.
 */
#include "world.h"

#define MATCH   "conf:39 organization \"acme\": match_sender"
#define ACCOUNT "conf:25 listener \"submission\": smtp_auth: matching-sender"
#define OTHER   "the sender is not the authenticated user"
#define OUTAGE  "cannot tell whether the user owns the sender"

/*
 * MDaemon: "By default, the credentials used during SMTP authentication must match those of the
 *     address found in the message's return-path." A user owns his name and all that his directory
 *     says are his addresses; the directory of one organization has no say about another's.
 */
static const struct {
    const char *name;
    bool users_match, senders_match; /* match_sender of acme, of widgets */
    const char *from;
    enum knowledge owned;
    const char *exempt; /* NULL: no list */
    enum reason want;
    enum decision_asks want_asks;
    const char *want_rule; /* NULL: not looked at */
} owned[] = {
    {"his directory knows the address", true, false, "MAIL FROM:<sales@acme.example>",
     KNOWLEDGE_KNOWN, NULL, REASON_RECIPIENT_OK, ASKS_NOTHING, NULL},
    {"his directory does not", true, false, "MAIL FROM:<sales@acme.example>", KNOWLEDGE_UNKNOWN,
     NULL, REASON_SENDER_MISMATCH, ASKS_NOTHING, MATCH ": " OTHER},
    {"his directory is down", true, false, "MAIL FROM:<sales@acme.example>", KNOWLEDGE_CANNOT_TELL,
     NULL, REASON_AUTH_SOURCE_UNAVAILABLE, ASKS_NOTHING, MATCH ": " OUTAGE},
    {"his directory is asked", true, false, "MAIL FROM:<sales@acme.example>", KNOWLEDGE_NOT_ASKED,
     NULL, REASON_INTERNAL, ASKS_OWNED, MATCH},
    {"about his own name nobody is asked", true, false, "MAIL FROM:<boss@acme.example>",
     KNOWLEDGE_NOT_ASKED, NULL, REASON_RECIPIENT_OK, ASKS_NOTHING, NULL},
    {"about a bounce nobody is asked", true, false, "MAIL FROM:<>", KNOWLEDGE_NOT_ASKED, NULL,
     REASON_RECIPIENT_OK, ASKS_NOTHING, NULL},
    {"where nothing must match nobody is asked", false, false, "MAIL FROM:<sales@acme.example>",
     KNOWLEDGE_NOT_ASKED, NULL, REASON_RECIPIENT_OK, ASKS_NOTHING, NULL},
    {"about an exempt sender nobody is asked", true, false, "MAIL FROM:<news@acme.example>",
     KNOWLEDGE_NOT_ASKED, "news@*", REASON_RECIPIENT_OK, ASKS_NOTHING, NULL},
    {"an exempt sender does not wait for his directory", true, false,
     "MAIL FROM:<news@acme.example>", KNOWLEDGE_CANNOT_TELL, "news@*", REASON_RECIPIENT_OK,
     ASKS_NOTHING, NULL},
    {"an address that is not exempt may be his", true, false, "MAIL FROM:<sales@acme.example>",
     KNOWLEDGE_KNOWN, "news@*", REASON_RECIPIENT_OK, ASKS_NOTHING, NULL},
    {"an address of elsewhere may be his", true, false, "MAIL FROM:<boss@elsewhere.example>",
     KNOWLEDGE_KNOWN, NULL, REASON_RECIPIENT_OK, ASKS_NOTHING, NULL},
    {"his directory has no say about another organization's names", false, true,
     "MAIL FROM:<eve@widgets.example>", KNOWLEDGE_KNOWN, NULL, REASON_SENDER_MISMATCH, ASKS_NOTHING,
     "conf:43 organization \"widgets\": match_sender: " OTHER},
    {"so it is not asked about them", false, true, "MAIL FROM:<eve@widgets.example>",
     KNOWLEDGE_NOT_ASKED, NULL, REASON_SENDER_MISMATCH, ASKS_NOTHING, NULL},
    {"nor has it where his own organization believes it", true, true,
     "MAIL FROM:<eve@widgets.example>", KNOWLEDGE_KNOWN, NULL, REASON_SENDER_MISMATCH, ASKS_NOTHING,
     "conf:43 organization \"widgets\": match_sender: " OTHER},
    {"another organization that does not mind", true, false, "MAIL FROM:<eve@widgets.example>",
     KNOWLEDGE_KNOWN, NULL, REASON_RECIPIENT_OK, ASKS_NOTHING, NULL},
};

/* NULL: no list. */
static void
exempt_senders(struct world *world, const char *entry)
{
    world_fill(world->names, &entry, 1);
    world_freeze(world);
    if (entry != NULL)
        world->acme->match_exempt_senders.list = world->names;
}

/* What the sources say: with KNOWLEDGE_KNOWN, that the sender is one of the user's addresses. */
static void
owns(struct world *world, enum knowledge knowledge, const char *mail_from)
{
    static char address[MAILBOX_TEXT_MAX];
    static const char *const addresses[] = {"other@acme.example", address};
    struct smtp_path path;
    if (smtp_path_parse(PATH_MAIL_FROM, mail_from, strlen(mail_from), &path, NULL) == PATH_MAILBOX)
        mailbox_format(&path.mailbox, address);
    world->facts.owned =
        (struct owned_addresses){knowledge, addresses, knowledge == KNOWLEDGE_KNOWN ? 2 : 0};
}

static void
test_owned_senders(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(owned); i++) {
        struct world world;
        world_init(&world);
        exempt_senders(&world, owned[i].exempt);
        world.acme->match_sender = owned[i].users_match;
        world.widgets->match_sender = owned[i].senders_match;
        world.widgets->match_sender_origin = world_line(43);
        owns(&world, owned[i].owned, owned[i].from);
        world_window(&world, "boss@acme.example");
        world_from(&world, owned[i].from);
        world_ask_recipient(&world);
        world_check(owned[i].name, &world, owned[i].want);
        CHECK(owned[i].name, world.decision.asks == owned[i].want_asks);
        if (owned[i].want_rule != NULL)
            world_check_rule(owned[i].name, &world, owned[i].want_rule);
        world_fini(&world);
    }
}

/*
 * SMG 18, "Enable for SMTP Auth": "Enabled for any sender address: This user can be used for
 *     authentication, and can issue a MAIL FROM command using any email address permitted by the
 *     OU." "Enabled for matching sender address: This user can be used for authentication, and it
 *     may only issue a MAIL FROM command that matches the user name. ... Address matches are case
 *     insensitive."
 */
static const struct {
    const char *name;
    bool matching_sender;
    bool match_sender;  /* of the user's organization */
    const char *window; /* NULL: nobody is authenticated */
    const char *from;
    enum knowledge owned;
    const char *exempt; /* NULL: no list */
    enum reason want;
    const char *want_rule; /* NULL: not looked at */
} accounts[] = {
    {"any sender: whatever the OU permits", false, false, "boss@acme.example",
     "MAIL FROM:<anna@acme.example>", KNOWLEDGE_UNKNOWN, NULL, REASON_RECIPIENT_OK, NULL},
    {"any sender: not what the OU does not permit", false, true, "boss@acme.example",
     "MAIL FROM:<anna@acme.example>", KNOWLEDGE_UNKNOWN, NULL, REASON_SENDER_MISMATCH,
     MATCH ": " OTHER},
    {"matching sender: the user name", true, false, "boss@acme.example",
     "MAIL FROM:<boss@acme.example>", KNOWLEDGE_UNKNOWN, NULL, REASON_RECIPIENT_OK, NULL},
    {"matching sender: in another case", true, false, "boss@acme.example",
     "MAIL FROM:<BOSS@Acme.Example>", KNOWLEDGE_UNKNOWN, NULL, REASON_RECIPIENT_OK, NULL},
    {"matching sender: another name, though the OU permits it", true, false, "boss@acme.example",
     "MAIL FROM:<anna@acme.example>", KNOWLEDGE_UNKNOWN, NULL, REASON_SENDER_MISMATCH,
     ACCOUNT ": " OTHER},
    {"matching sender: another domain", true, false, "boss@acme.example",
     "MAIL FROM:<boss@elsewhere.example>", KNOWLEDGE_UNKNOWN, NULL, REASON_SENDER_MISMATCH,
     ACCOUNT ": " OTHER},
    {"matching sender: another organization's", true, false, "boss@acme.example",
     "MAIL FROM:<boss@widgets.example>", KNOWLEDGE_UNKNOWN, NULL, REASON_SENDER_MISMATCH, NULL},
    {"matching sender: a bounce", true, false, "boss@acme.example", "MAIL FROM:<>",
     KNOWLEDGE_UNKNOWN, NULL, REASON_RECIPIENT_OK, NULL},
    {"matching sender: an address that the user owns", true, false, "boss@acme.example",
     "MAIL FROM:<sales@acme.example>", KNOWLEDGE_KNOWN, NULL, REASON_RECIPIENT_OK, NULL},
    {"matching sender: the source cannot tell", true, false, "boss@acme.example",
     "MAIL FROM:<sales@acme.example>", KNOWLEDGE_CANNOT_TELL, NULL, REASON_AUTH_SOURCE_UNAVAILABLE,
     ACCOUNT ": " OUTAGE},
    {"matching sender: exempt in the organization", true, false, "boss@acme.example",
     "MAIL FROM:<news@acme.example>", KNOWLEDGE_UNKNOWN, "news@*", REASON_RECIPIENT_OK, NULL},
    {"matching sender: both demand it, and the exemption holds for both", true, true,
     "boss@acme.example", "MAIL FROM:<news@acme.example>", KNOWLEDGE_UNKNOWN, "news@*",
     REASON_RECIPIENT_OK, NULL},
    {"matching sender: of no organization", true, false, "printer@elsewhere.example",
     "MAIL FROM:<boss@elsewhere.example>", KNOWLEDGE_UNKNOWN, NULL, REASON_SENDER_MISMATCH,
     ACCOUNT ": " OTHER},
    {"matching sender: of no organization, as itself", true, false, "printer@elsewhere.example",
     "MAIL FROM:<printer@elsewhere.example>", KNOWLEDGE_UNKNOWN, NULL, REASON_RECIPIENT_OK, NULL},
    {"matching sender: no exemption of the sender's organization helps", true, false,
     "printer@elsewhere.example", "MAIL FROM:<news@acme.example>", KNOWLEDGE_UNKNOWN, "news@*",
     REASON_SENDER_MISMATCH, ACCOUNT ": " OTHER},
    {"nobody is authenticated", true, false, NULL, "MAIL FROM:<anna@acme.example>",
     KNOWLEDGE_UNKNOWN, NULL, REASON_RECIPIENT_OK, NULL},
};

static void
test_smg_18_matching_sender(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(accounts); i++) {
        struct world world;
        world_init(&world);
        exempt_senders(&world, accounts[i].exempt);
        world.acme->match_sender = accounts[i].match_sender;
        owns(&world, accounts[i].owned, accounts[i].from);
        world.facts.matching_sender = accounts[i].matching_sender;
        world_window(&world, accounts[i].window);
        world_from(&world, accounts[i].from);
        world_ask_recipient(&world);
        world_check(accounts[i].name, &world, accounts[i].want);
        if (accounts[i].want_rule != NULL)
            world_check_rule(accounts[i].name, &world, accounts[i].want_rule);
        world_fini(&world);
    }
}

/* A listener without relay_window takes no notice of windows. */
static void
test_a_window_that_does_not_count_demands_nothing(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    world.facts.matching_sender = true;
    world_window(&world, "boss@acme.example");
    world.listener->relay_window_ms = 0;
    world_from(&world, "MAIL FROM:<anna@acme.example>");
    world_ask_recipient(&world);
    world_check("no relay_window", &world, REASON_RECIPIENT_OK);
    world_fini(&world);
}

/* What the account says is told before what organizations say. */
static void
test_every_match_is_told(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    world.acme->match_sender = true;
    world.facts.matching_sender = true;
    owns(&world, KNOWLEDGE_KNOWN, "MAIL FROM:<sales@acme.example>");
    world_window(&world, "boss@acme.example");
    world_from(&world, "MAIL FROM:<sales@acme.example>");
    world_ask_recipient(&world);
    static const char want[] = "next conf:41 organization \"acme\": match_exempt_senders\n"
                               "next " ACCOUNT ": the user owns the sender\n"
                               "next conf:41 organization \"acme\": match_exempt_senders\n"
                               "next " MATCH ": the user owns the sender\n";
    world_check_told("owned", &world, want);
    world_fini(&world);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_owned_senders),
        cmocka_unit_test(test_smg_18_matching_sender),
        cmocka_unit_test(test_a_window_that_does_not_count_demands_nothing),
        cmocka_unit_test(test_every_match_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
