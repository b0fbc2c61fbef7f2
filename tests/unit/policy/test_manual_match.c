/*
 * The truth tables about whose sender it is: SMG's manual, "SMTP Authentication Settings", 11, and
 * MDaemon's page "SMTP Authentication"; and NetMail's SMTP-after-POP, which is how a session
 * without AUTH comes to have a user. Each table quotes the sentences that its cases come from.
 */
#include "world.h"

enum { ENTRIES_MAX = 2 };

#define A60 WORLD_A60

/*
 * SMG 11: "When enabled, the email address provided in the MAIL FROM command must match the
 *     authenticated username. Using this option prevents internal users from sending messages on
 *     behalf of other users. ... The comparison is case insensitive. Ie. ADMIN@company.com will
 *     match admin@company.com."
 * MDaemon: "By default, the credentials used during SMTP authentication must match those of the
 *     address found in the message's return-path."
 *     "Use this white list to exempt an address from the "Credentials used must match..." options
 *     above. To be exempt from the "...must match those of the return-path address" option, the
 *     white listed address must match the address in the message's Return-Path."
 */
static const struct {
    const char *name;
    bool match_sender;
    const char *user; /* NULL: not authenticated */
    const char *from;
    const char *exempt[ENTRIES_MAX]; /* the first "unset": no list */
    enum reason want;
    const char *want_rule; /* NULL: not looked at */
} matches[] = {
    {"the user's own address",
     true,
     "admin@acme.example",
     "MAIL FROM:<admin@acme.example>",
     {"unset"},
     REASON_RECIPIENT_OK,
     NULL},
    {"in another case",
     true,
     "admin@acme.example",
     "MAIL FROM:<ADMIN@Acme.example>",
     {"unset"},
     REASON_RECIPIENT_OK,
     NULL},
    {"the user's name in another case",
     true,
     "ADMIN@acme.example",
     "MAIL FROM:<admin@acme.example>",
     {"unset"},
     REASON_RECIPIENT_OK,
     NULL},
    {"the user's own address in quotes",
     true,
     "admin@acme.example",
     "MAIL FROM:<\"admin\"@acme.example>",
     {"unset"},
     REASON_RECIPIENT_OK,
     NULL},
    {"another user's",
     true,
     "admin@acme.example",
     "MAIL FROM:<boss@acme.example>",
     {"unset"},
     REASON_SENDER_MISMATCH,
     "conf:39 organization \"acme\": match_sender: the sender is not the authenticated user"},
    {"another organization's",
     true,
     "admin@acme.example",
     "MAIL FROM:<admin@widgets.example>",
     {"unset"},
     REASON_SENDER_MISMATCH,
     NULL},
    {"an address of elsewhere",
     true,
     "admin@acme.example",
     "MAIL FROM:<admin@elsewhere.example>",
     {"unset"},
     REASON_SENDER_MISMATCH,
     NULL},
    {"a detail is another address",
     true,
     "admin@acme.example",
     "MAIL FROM:<admin+x@acme.example>",
     {"unset"},
     REASON_SENDER_MISMATCH,
     NULL},
    {"the name hidden in a quoted local part",
     true,
     "admin@acme.example",
     "MAIL FROM:<\"admin@acme.example\"@elsewhere.example>",
     {"unset"},
     REASON_SENDER_MISMATCH,
     NULL},
    {"a bounce", true, "admin@acme.example", "MAIL FROM:<>", {"unset"}, REASON_RECIPIENT_OK, NULL},
    {"disabled: another user's",
     false,
     "admin@acme.example",
     "MAIL FROM:<boss@acme.example>",
     {"unset"},
     REASON_RECIPIENT_OK,
     NULL},
    {"nobody is authenticated",
     true,
     NULL,
     "MAIL FROM:<boss@acme.example>",
     {"unset"},
     REASON_RECIPIENT_OK,
     NULL},
    {"another organization's user as one of its users",
     true,
     "eve@widgets.example",
     "MAIL FROM:<boss@acme.example>",
     {"unset"},
     REASON_SENDER_MISMATCH,
     "conf:39 organization \"acme\": match_sender: the sender is not the authenticated user"},
    {"another organization's user as himself",
     true,
     "eve@widgets.example",
     "MAIL FROM:<eve@widgets.example>",
     {"unset"},
     REASON_RECIPIENT_OK,
     NULL},
    {"a user of no organization",
     true,
     "printer",
     "MAIL FROM:<boss@acme.example>",
     {"unset"},
     REASON_SENDER_MISMATCH,
     NULL},
    {"white list: the sender is in it",
     true,
     "admin@acme.example",
     "MAIL FROM:<News@acme.example>",
     {"news@acme.example"},
     REASON_RECIPIENT_OK,
     NULL},
    {"white list: a wildcard",
     true,
     "admin@acme.example",
     "MAIL FROM:<news@elsewhere.example>",
     {"*@elsewhere.example"},
     REASON_RECIPIENT_OK,
     NULL},
    {"white list: a regex",
     true,
     "admin@acme.example",
     "MAIL FROM:<news-7@acme.example>",
     {"/^news-[0-9]+@/"},
     REASON_RECIPIENT_OK,
     NULL},
    {"white list: the sender is not in it",
     true,
     "admin@acme.example",
     "MAIL FROM:<boss@acme.example>",
     {"news@acme.example"},
     REASON_SENDER_MISMATCH,
     NULL},
    {"white list: the user's name is not the sender",
     true,
     "admin@acme.example",
     "MAIL FROM:<boss@acme.example>",
     {"admin@acme.example"},
     REASON_SENDER_MISMATCH,
     NULL},
    {"white list: it is empty",
     true,
     "admin@acme.example",
     "MAIL FROM:<boss@acme.example>",
     {NULL},
     REASON_SENDER_MISMATCH,
     NULL},
    {"white list: it cannot tell",
     true,
     "admin@acme.example",
     "MAIL FROM:<" WORLD_DOUBTFUL ">",
     {WORLD_DOUBT},
     REASON_INTERNAL,
     "conf:41 organization \"acme\": match_exempt_senders: list \"names\" cannot tell: a regular "
     "expression ran into its limit"},
    {"white list: it cannot tell, but need not",
     true,
     A60 A60 A60 "!@acme.example",
     "MAIL FROM:<" WORLD_DOUBTFUL ">",
     {WORLD_DOUBT},
     REASON_RECIPIENT_OK,
     NULL},
};

static void
test_smg_11_and_mdaemon_return_path(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(matches); i++) {
        struct world world;
        world_init(&world);
        bool unset = matches[i].exempt[0] != NULL && strcmp(matches[i].exempt[0], "unset") == 0;
        if (!unset)
            world_fill(world.names, matches[i].exempt, ENTRIES_MAX);
        world_freeze(&world);
        world.acme->match_sender = matches[i].match_sender;
        world.acme->match_exempt_senders.list = unset ? NULL : world.names;
        world_window(&world, matches[i].user);
        world_from(&world, matches[i].from);
        world_ask_recipient(&world);
        world_check(matches[i].name, &world, matches[i].want);
        if (matches[i].want_rule != NULL)
            world_check_rule(matches[i].name, &world, matches[i].want_rule);
        world_fini(&world);
    }
}

static void
test_an_exempt_sender_is_told(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    world_fill(world.names, (const char *const[]){"*@elsewhere.example"}, 1);
    world_freeze(&world);
    world.acme->match_sender = true;
    world.acme->match_exempt_senders.list = world.names;
    world_window(&world, "boss@acme.example");
    world_ask_recipient(&world);
    static const char want[] = "next conf:41 organization \"acme\": match_exempt_senders: entry "
                               "\"*@elsewhere.example\" at "
                               "list:1: in list \"names\": exempt\n"
                               "next conf:39 organization \"acme\": match_sender: exempt\n";
    world_check_told("exempt", &world, want);
    world_fini(&world);
}

/*
 * NetMail: "The Connection Manager stores the username and IP address for a configurable amount of
 *     time. ... If the sender is identified as a valid user, the Connection Manager confirms that
 *     the SMTP Agent can send the remote message ... If the sender's IP address is no longer
 *     recognized by the Connection Manager, the user is required to re-authenticate".
 */
static const struct {
    const char *name;
    int64_t relay_window_ms;
    const char *window; /* NULL: none is open */
    const char *to;
    enum reason want;
    const char *want_user, *want_organization; /* NULL: of none */
} windows[] = {
    {"open", 900000, "boss@acme.example", "RCPT TO:<x@elsewhere.example>", REASON_RECIPIENT_OK,
     "boss@acme.example", "acme"},
    {"open, in upper case", 900000, "BOSS@acme.example", "RCPT TO:<x@elsewhere.example>",
     REASON_RECIPIENT_OK, "boss@acme.example", "acme"},
    {"open, a name of no organization", 900000, "x@elsewhere.example",
     "RCPT TO:<eve@widgets.example>", REASON_RECIPIENT_OK, "x@elsewhere.example", NULL},
    {"open, a name without a domain is no organization's, whatever the default domain", 900000,
     "boss", "RCPT TO:<eve@widgets.example>", REASON_RECIPIENT_OK, "boss", NULL},
    {"closed", 900000, NULL, "RCPT TO:<x@elsewhere.example>", REASON_RELAY_DENIED, "", NULL},
    {"open, but off at this listener", 0, "boss@acme.example", "RCPT TO:<x@elsewhere.example>",
     REASON_RELAY_DENIED, "", NULL},
    {"an unusable name is neither open nor closed", 900000, "boss\r\nLOGIN=x",
     "RCPT TO:<eve@widgets.example>", REASON_INTERNAL, "", "widgets"},
    {"nor is an empty one", 900000, "", "RCPT TO:<eve@widgets.example>", REASON_INTERNAL, "",
     "widgets"},
};

static void
test_netmail_smtp_after_pop(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(windows); i++) {
        struct world world;
        world_init(&world);
        world.listener->default_domain = "acme.example";
        world.listener->relay_window_ms = windows[i].relay_window_ms;
        world.facts.window = windows[i].window;
        world_to(&world, windows[i].to);
        world_ask_recipient(&world);
        world_check(windows[i].name, &world, windows[i].want);
        CHECK_TEXT(windows[i].name, world.decision.user.text, windows[i].want_user);
        const struct organization *got = world.decision.organization;
        CHECK_TEXT(windows[i].name, got != NULL ? got->name : "none",
                   windows[i].want_organization != NULL ? windows[i].want_organization : "none");
        world_fini(&world);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_smg_11_and_mdaemon_return_path),
        cmocka_unit_test(test_an_exempt_sender_is_told),
        cmocka_unit_test(test_netmail_smtp_after_pop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
