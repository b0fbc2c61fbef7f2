/* The truth tables of SMG's manual, "SMTP Authentication Settings", 5, 6, 14 and 15, about
 * usernames: what it calls interface is our listener, what it calls OU our organization. Each table
 * quotes the sentences that its cases come from. */
#include "world.h"

enum { ENTRIES_MAX = 4 };

#define A60 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

/* A name and a list, for 5 and 6 as for 14 and 15. */
struct name_case {
    const char *name;
    enum access_mode mode;
    const char *entries[ENTRIES_MAX];
    const char *user;
    enum reason want;
    const char *want_rule; /* NULL: not looked at */
};

static void
check_names(const struct name_case *cases, size_t count, struct access *(*access)(struct world *))
{
    for (size_t i = 0; i < count; i++) {
        struct world world;
        world_init(&world);
        world_fill(world.names, cases[i].entries, ENTRIES_MAX);
        list_freeze(world.names);
        access(&world)->mode = cases[i].mode;
        access(&world)->list = world.names;
        world.facts.user = cases[i].user;
        world.facts.user_length = strlen(cases[i].user);
        world_ask_auth(&world);
        world_check(cases[i].name, &world, cases[i].want);
        if (cases[i].want_rule != NULL)
            world_check_rule(cases[i].name, &world, cases[i].want_rule);
        world_fini(&world);
    }
}

/*
 * 5: "Disabled: Username filtering is inactive."
 *    "Allow usernames in list: Only the username listed in AUTH username filter are able to use
 * SMTP AUTH (Whitelist)." "Deny usernames in list: Only the usernames not listed in AUTH username
 * filter are able to use SMTP AUTH (Blacklist)." 6: "Entries in the list have their credentails
 * validated or ignored based on the setting in AUTH userrname restriction. Accepts plain email
 * addresses, wildcards, and regexes."
 */
static const struct name_case listener_names[] = {
    {"disabled: a name in the list",
     ACCESS_ANY,
     {"boss@acme.example"},
     "boss@acme.example",
     REASON_AUTH_OK,
     NULL},
    {"disabled: a name not in the list",
     ACCESS_ANY,
     {"boss@acme.example"},
     "eve@acme.example",
     REASON_AUTH_OK,
     NULL},
    {"allow: a listed name",
     ACCESS_ALLOW,
     {"boss@acme.example"},
     "boss@acme.example",
     REASON_AUTH_OK,
     NULL},
    {"allow: a listed name in another case",
     ACCESS_ALLOW,
     {"Boss@acme.example"},
     "bOSS@ACME.example",
     REASON_AUTH_OK,
     NULL},
    {"allow: a name that is not listed",
     ACCESS_ALLOW,
     {"boss@acme.example"},
     "eve@acme.example",
     REASON_AUTH_USER_DENIED,
     "conf:16 listener \"submission\": auth_users: not in list \"names\""},
    {"allow: an empty list lists nobody",
     ACCESS_ALLOW,
     {NULL},
     "boss@acme.example",
     REASON_AUTH_USER_DENIED,
     NULL},
    {"allow: a name of no organization",
     ACCESS_ALLOW,
     {"printer"},
     "printer",
     REASON_AUTH_OK,
     NULL},
    {"deny: a listed name",
     ACCESS_DENY,
     {"*@robots.example", "boss@acme.example"},
     "boss@acme.example",
     REASON_AUTH_USER_DENIED,
     "conf:16 listener \"submission\": auth_users: entry \"boss@acme.example\" at list:2: in list "
     "\"names\""},
    {"deny: a listed name in another case",
     ACCESS_DENY,
     {"boss@acme.example"},
     "BOSS@acme.example",
     REASON_AUTH_USER_DENIED,
     NULL},
    {"deny: a name that is not listed",
     ACCESS_DENY,
     {"boss@acme.example"},
     "eve@acme.example",
     REASON_AUTH_OK,
     NULL},
    {"deny: an empty list denies nobody",
     ACCESS_DENY,
     {NULL},
     "boss@acme.example",
     REASON_AUTH_OK,
     NULL},
    {"allow: wildcard, match",
     ACCESS_ALLOW,
     {"*@acme.example"},
     "eve@acme.example",
     REASON_AUTH_OK,
     NULL},
    {"allow: wildcard, no match",
     ACCESS_ALLOW,
     {"*@acme.example"},
     "eve@widgets.example",
     REASON_AUTH_USER_DENIED,
     NULL},
    {"deny: wildcard, match",
     ACCESS_DENY,
     {"svc?@*"},
     "svc1@acme.example",
     REASON_AUTH_USER_DENIED,
     NULL},
    {"deny: wildcard, no match",
     ACCESS_DENY,
     {"svc?@*"},
     "svc12@acme.example",
     REASON_AUTH_OK,
     NULL},
    {"allow: regex, match",
     ACCESS_ALLOW,
     {"/^svc-[0-9]+@/"},
     "SVC-1@acme.example",
     REASON_AUTH_OK,
     NULL},
    {"allow: regex, no match",
     ACCESS_ALLOW,
     {"/^svc-[0-9]+@/"},
     "svc-x@acme.example",
     REASON_AUTH_USER_DENIED,
     NULL},
    {"deny: regex, match",
     ACCESS_DENY,
     {"/^svc-[0-9]+@/"},
     "svc-1@acme.example",
     REASON_AUTH_USER_DENIED,
     NULL},
    {"deny: regex, no match",
     ACCESS_DENY,
     {"/^svc-[0-9]+@/"},
     "svc-x@acme.example",
     REASON_AUTH_OK,
     NULL},
    {"allow: a regex that runs into its limit is neither yes nor no",
     ACCESS_ALLOW,
     {"/^(a|aa)+$/"},
     A60 A60 A60 "!@acme.example",
     REASON_INTERNAL,
     "conf:16 listener \"submission\": auth_users: list \"names\" cannot tell: a regular "
     "expression "
     "ran into its limit"},
    {"deny: a regex that runs into its limit is neither yes nor no",
     ACCESS_DENY,
     {"/^(a|aa)+$/"},
     A60 A60 A60 "!@acme.example",
     REASON_INTERNAL,
     NULL},
};

static struct access *
listener_access(struct world *world)
{
    return &world->listener->auth_users;
}

static void
test_smg_5_and_6_auth_username_restriction(void **state)
{
    (void)state;
    check_names(listener_names, COUNT_OF(listener_names), listener_access);
}

/*
 * 14: "Disabled: Authentication restrictions will not be applied."
 *     "Allow usernames in list: Entries that match the authenticating user that belongs to this OU
 *     will be allowed to authenticate."
 *     "Deny usernames in list: Entries that do not match the authenticating user that belongs to
 *     this OU will be allowed to authenticate."
 * 15: "The username that is tested against this list must belong to the OU that the rule is
 * defined, by way of address formatted usernames. If a restricted address belongs to a different
 * OU, it will not match this list. For example, defining anybody@* in an OU that hosts the domain
 *     company.com will match anybody@company.com, but not anybody@widgets.com."
 *     "The format of entries in this list may be plain text, wildcards or regexes."
 */
static const struct name_case organization_names[] = {
    {"disabled: a name in the list",
     ACCESS_ANY,
     {"boss@acme.example"},
     "boss@acme.example",
     REASON_AUTH_OK,
     NULL},
    {"allow: a listed name",
     ACCESS_ALLOW,
     {"boss@acme.example"},
     "boss@acme.example",
     REASON_AUTH_OK,
     NULL},
    {"allow: a name that is not listed",
     ACCESS_ALLOW,
     {"boss@acme.example"},
     "eve@acme.example",
     REASON_AUTH_ORG_USER_DENIED,
     "conf:21 organization \"acme\": auth_users: not in list \"names\""},
    {"allow: an empty list lists nobody",
     ACCESS_ALLOW,
     {NULL},
     "boss@acme.example",
     REASON_AUTH_ORG_USER_DENIED,
     NULL},
    {"deny: a listed name",
     ACCESS_DENY,
     {"boss@acme.example"},
     "boss@acme.example",
     REASON_AUTH_ORG_USER_DENIED,
     "conf:21 organization \"acme\": auth_users: entry \"boss@acme.example\" at list:1: in list "
     "\"names\""},
    {"deny: a name that is not listed",
     ACCESS_DENY,
     {"boss@acme.example"},
     "eve@acme.example",
     REASON_AUTH_OK,
     NULL},
    {"deny: an empty list denies nobody",
     ACCESS_DENY,
     {NULL},
     "boss@acme.example",
     REASON_AUTH_OK,
     NULL},
    {"deny: anybody@* matches in this organization",
     ACCESS_DENY,
     {"anybody@*"},
     "anybody@acme.example",
     REASON_AUTH_ORG_USER_DENIED,
     NULL},
    {"deny: anybody@* does not match in another organization",
     ACCESS_DENY,
     {"anybody@*"},
     "anybody@widgets.example",
     REASON_AUTH_OK,
     NULL},
    {"deny: anybody@* does not match where no organization is",
     ACCESS_DENY,
     {"anybody@*"},
     "anybody@elsewhere.example",
     REASON_AUTH_OK,
     NULL},
    {"deny: a name that is no address belongs to no organization",
     ACCESS_DENY,
     {"anybody*"},
     "anybody",
     REASON_AUTH_OK,
     NULL},
    {"deny: a full name of another organization does nothing",
     ACCESS_DENY,
     {"anybody@widgets.example"},
     "anybody@widgets.example",
     REASON_AUTH_OK,
     NULL},
    {"allow: nobody else's names are asked about",
     ACCESS_ALLOW,
     {"boss@acme.example"},
     "anybody@widgets.example",
     REASON_AUTH_OK,
     NULL},
    {"allow: wildcard, match", ACCESS_ALLOW, {"b*@*"}, "boss@acme.example", REASON_AUTH_OK, NULL},
    {"allow: wildcard, no match",
     ACCESS_ALLOW,
     {"b*@*"},
     "eve@acme.example",
     REASON_AUTH_ORG_USER_DENIED,
     NULL},
    {"allow: regex, match", ACCESS_ALLOW, {"/^b/"}, "boss@acme.example", REASON_AUTH_OK, NULL},
    {"deny: regex, match",
     ACCESS_DENY,
     {"/^b/"},
     "boss@acme.example",
     REASON_AUTH_ORG_USER_DENIED,
     NULL},
    {"deny: regex, no match", ACCESS_DENY, {"/^b/"}, "eve@acme.example", REASON_AUTH_OK, NULL},
    {"deny: a regex that runs into its limit is neither yes nor no",
     ACCESS_DENY,
     {"/^(a|aa)+$/"},
     A60 A60 A60 "!@acme.example",
     REASON_INTERNAL,
     NULL},
};

static struct access *
organization_access(struct world *world)
{
    return &world->acme->auth_users;
}

static void
test_smg_14_and_15_organization_username_restriction(void **state)
{
    (void)state;
    check_names(organization_names, COUNT_OF(organization_names), organization_access);
}

/* 14: "the username referred to in this feature is the authenticating username (AUTH command), and
 * not the sender address (MAIL FROM)." */
static void
test_smg_14_is_not_about_the_sender(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    world_fill(world.names, (const char *const[]){"boss@acme.example"}, 1);
    list_freeze(world.names);
    world.acme->auth_users.mode = ACCESS_DENY;
    world.acme->auth_users.list = world.names;
    world.facts.user = "eve@acme.example";
    world.facts.user_length = 16;
    world.facts.mail_from = "MAIL FROM:<boss@acme.example>";
    world.facts.mail_from_length = 29;
    world_ask_auth(&world);
    world_check("a denied name as the sender", &world, REASON_AUTH_OK);
    world_fini(&world);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_smg_5_and_6_auth_username_restriction),
        cmocka_unit_test(test_smg_14_and_15_organization_username_restriction),
        cmocka_unit_test(test_smg_14_is_not_about_the_sender),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
