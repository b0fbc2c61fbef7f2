/* What a tenant's own administrator sets, for his organization and by his own lists, and what he
 * may not. */
#include "build.h"
#include "delegated_site.h"
#include "owners.h"

#define MAY                                                                                        \
    "may not be set in a delegated file (it may set: authenticate_senders, authenticate_inbound, " \
    "match_sender, match_exempt_senders, match_from, match_exempt_from, match_detail, "            \
    "sender_owners, auth_exempt_ips, auth_users, list)\n"

struct bad_case {
    const char *name;
    const char *text;
    const char *want;
};

static const struct bad_case bad_cases[] = {
    {.name = "relay can never be granted",
     .text = "relay = all\nrelay_organizations = {\"acme\"}\nrelay_ips = robots\n",
     .want = "acme.conf:1: relay: " MAY "acme.conf:2: relay_organizations: " MAY
             "acme.conf:3: relay_ips: " MAY COLD},
    {.name = "sources, upstream and domains are the main file's",
     .text = "sources = {\"u\"}\nupstream = up\ndomains = {\"other.example\"}\nrecipients = u\n"
             "unverifiable_recipient = accept\nshared_with = {\"other\"}\nambiguous_user = first\n"
             "upstream_imap = up\nupstream_pop3 = up\n",
     .want = "acme.conf:1: sources: " MAY "acme.conf:2: upstream: " MAY "acme.conf:3: domains: " MAY
             "acme.conf:4: recipients: " MAY "acme.conf:5: unverifiable_recipient: " MAY
             "acme.conf:6: shared_with: " MAY "acme.conf:7: ambiguous_user: " MAY
             "acme.conf:8: upstream_imap: " MAY "acme.conf:9: upstream_pop3: " MAY COLD},
    {.name = "a delegated file delegates no further",
     .text = "delegated = \"other.conf\"\n",
     .want = "acme.conf:1: delegated: " MAY COLD},
    {.name = "no section but list may stand there, not even its own organization",
     .text =
         "organization \"acme\" { auth_users = any }\nlistener \"sub\" { auth = off }\n"
         "source \"x\" { type = users }\nupstream \"up\" { }\nrule \"r\" { }\nscreen { }\nlimits { "
         "}\nstate { engine = redis }\nalert \"a\" { }\nguard { }\n",
     .want = "acme.conf:1: organization: " MAY "acme.conf:2: listener: " MAY
             "acme.conf:3: source: " MAY "acme.conf:4: upstream: " MAY "acme.conf:5: rule: " MAY
             "acme.conf:6: screen: " MAY "acme.conf:7: limits: " MAY "acme.conf:8: state: " MAY
             "acme.conf:9: alert: " MAY "acme.conf:10: guard: " MAY COLD},
    {.name = "a list of its own has entries and no file",
     .text = "auth_users = \"allow l\"\nlist \"l\" { kind = user file = \"/etc/shadow\" }\n",
     .want = "acme.conf:2: list \"l\": file: may not be set in a delegated file here (it may set: "
             "kind, entries)\n" COLD},
    {.name = "no other file and no environment",
     .text = "include(\"t.conf\")\nauth_users = \"allow ${HOME}\"\n",
     .want = "acme.conf:1: include() may not stand in a delegated file\n"
             "acme.conf:2: ${NAME} may not stand in a delegated file (write \\${ for the "
             "characters themselves)\n" COLD},
    {.name = "the main file's lists are not there",
     .text = "auth_users = \"deny robots\"\n",
     .want = "acme.conf:1: auth_users: there is no list \"robots\"\n" COLD},
    {.name = "a list must be of the kind that is needed, and have a kind",
     .text = "list \"l\" { kind = ip entries = {\"192.0.2.1\"} }\nlist \"m\" { entries = {} }\n"
             "auth_users = \"allow l\"\nmatch_exempt_senders = \"l\"\nauth_exempt_ips = all\n",
     .want = "acme.conf:2: list \"m\": kind: is missing (it must be set)\n" COLD},
    {.name = "a list of another kind is refused where it is used",
     .text = "list \"l\" { kind = ip entries = {\"192.0.2.1\"} }\n"
             "auth_users = \"allow l\"\nmatch_exempt_senders = \"l\"\nauth_exempt_ips = all\n",
     .want = "acme.conf:2: auth_users: list \"l\" is of kind \"ip\" (a list of kind \"user\" is "
             "needed)\n"
             "acme.conf:3: match_exempt_senders: list \"l\" is of kind \"ip\" (a list of kind "
             "\"user\" is needed)\n"
             "acme.conf:4: auth_exempt_ips: \"all\" is unknown (write \"none\", \"allow LIST\" or "
             "\"deny LIST\")\n" COLD},
    {.name = "owners are not names",
     .text = "list \"o\" { kind = owners entries = {\"sales@acme.example bob@acme.example\"} }\n"
             "match_exempt_from = o\n",
     .want = "acme.conf:2: match_exempt_from: list \"o\" is of kind \"owners\" (a list of kind "
             "\"user\" is needed)\n" COLD},
    {.name = "bad entries are named",
     .text = "auth_users = \"allow l\"\nlist \"l\" { kind = user entries = {\"a\",\n\"/(/\"} }\n",
     .want = "acme.conf:3: list \"l\": entries: \"/(/\": not a regular expression: missing closing "
             "parenthesis at character 2\n" COLD},
    {.name = "a mistyped setting gets a suggestion, another's only the list of what there is",
     .text = "auth_usres = any\nmax_sessions = 5\n",
     .want = "acme.conf:1: auth_usres: unknown setting (did you mean \"auth_users\"?)\n"
             "acme.conf:2: max_sessions: unknown setting (a delegated file may set: "
             "authenticate_senders, authenticate_inbound, match_sender, match_exempt_senders, "
             "match_from, match_exempt_from, match_detail, sender_owners, auth_exempt_ips, "
             "auth_users, list)\n" COLD},
    {.name = "a file that is cut off is not half in force",
     .text = "match_sender = yes\nlist \"l\" { kind = user entries = {}\n",
     .want = "acme.conf:2: list: the section that begins here is not closed (a } is missing, or "
             "the file is truncated)\n" COLD},
};

static void
test_bad(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad_cases / sizeof bad_cases[0]; i++) {
        const struct bad_case *c = &bad_cases[i];
        print_message("%s\n", c->name);
        struct site *site = load(MAIN_TEXT, c->text, NULL, c->want);
        const struct organization *acme = owner(site, "acme.example");
        assert_true(acme->broken);
        assert_string_equal(acme->broken_origin.file, "t.conf");
        assert_int_equal(acme->broken_origin.line, 7);
        assert_false(acme->match_sender);
        assert_false(owner(site, "other.example")->broken);
        assert_decided(site, "bob@acme.example", "internal");
        assert_decided(site, "bob@other.example", "accept");
        site_drop(site);
    }
}

/* All that may be set, over other settings of the main file; the origins are the file's. */
static void
test_overrides(void **state)
{
    (void)state;
    static const char *const plain = MAIN_HEAD OTHER
        "organization \"acme\" { domains = {\"acme.example\"} delegated = acme.conf\n"
        "  authenticate_senders = no authenticate_inbound = always match_sender = no\n"
        "  auth_users = \"deny robots\" }\n";
    struct site *site =
        load(plain,
             "authenticate_senders = unless-local\nauthenticate_inbound = when-auth\n"
             "match_sender = yes\nmatch_exempt_senders = news\nauth_exempt_ips = \"deny lan\"\n"
             "auth_users = \"allow staff\"\nmatch_from = yes\nmatch_exempt_from = news\n"
             "sender_owners = shared\nmatch_detail = yes\n"
             "list \"shared\" { kind = owners entries = {\"sales@acme.example bob@acme.example\"} "
             "}\n"
             "list \"news\" { kind = user entries = {\"news@acme.example\"} }\n"
             "list \"lan\" { kind = ip entries = {\"10.0.0.0/8\"} }\n"
             "list \"staff\" { kind = user entries = {\"*@acme.example\"} }\n",
             NULL, "");
    const struct organization *acme = owner(site, "acme.example");
    assert_false(acme->broken);
    assert_int_equal(acme->authenticate_senders, SENDERS_UNLESS_LOCAL);
    assert_int_equal(acme->authenticate_inbound, INBOUND_WHEN_AUTH);
    assert_true(acme->match_sender);
    assert_string_equal(list_name(acme->match_exempt_senders.list), "news");
    assert_int_equal(acme->auth_exempt_ips.mode, ACCESS_DENY);
    assert_string_equal(list_name(acme->auth_exempt_ips.list), "lan");
    assert_int_equal(acme->auth_users.mode, ACCESS_ALLOW);
    assert_true(acme->match_from);
    assert_string_equal(list_name(acme->match_exempt_from.list), "news");
    assert_int_equal(owners_size(acme->sender_owners), 1);
    assert_true(acme->match_detail);
    const struct origin origins[] = {
        acme->authenticate_senders_origin, acme->authenticate_inbound_origin,
        acme->match_sender_origin,         acme->match_exempt_senders.origin,
        acme->auth_exempt_ips.origin,      acme->auth_users.origin,
        acme->match_from_origin,           acme->match_exempt_from.origin,
        acme->sender_owners_origin,
    };
    for (unsigned i = 0; i < sizeof origins / sizeof origins[0]; i++) {
        assert_string_equal(origins[i].file, "acme.conf");
        assert_int_equal(origins[i].line, i + 1);
    }
    assert_decided(site, "robot@acme.example", "auth.user-denied"); /* the listener's */
    site_drop(site);

    site = load(NULL, "# nothing\n", NULL, "");
    acme = owner(site, "acme.example");
    assert_int_equal(acme->authenticate_inbound, INBOUND_ALWAYS);
    assert_int_equal(acme->auth_users.mode, ACCESS_DENY);
    assert_string_equal(acme->auth_users.origin.file, "t.conf");
    site_drop(site);

    site = load(NULL, "auth_users = any\nmatch_exempt_senders = \"\"\n", NULL, "");
    assert_int_equal(owner(site, "acme.example")->auth_users.mode, ACCESS_ANY);
    site_drop(site);
}

/* Every row that is delegable is applied by delegated.c, or loading would abort. */
static void
test_every_delegable_row(void **state)
{
    (void)state;
    size_t count = 0;
    for (const struct row *row = organization_section.rows; row->name != NULL; row++) {
        if (!row->delegable)
            continue;
        count++;
        char text[128];
        const char *value = row->type == ROW_BOOL     ? "yes"
                            : row->type == ROW_CHOICE ? row->choices[0].word
                            : row->preset != NULL     ? row->preset
                                                      : "\"\"";
        snprintf(text, sizeof text, "%s = %s\n", row->name, value);
        site_drop(load(MAIN_TEXT, text, NULL, ""));
    }
    assert_int_equal(count, 10);
}

static void
test_warnings(void **state)
{
    (void)state;
    struct site *site = load(MAIN_TEXT,
                             "auth_users = \"allow nobody\"\nlist \"nobody\" { kind = user entries "
                             "= {} }\nlist \"l\" { kind = ip entries = {\"192.0.2.1\"} }\n",
                             NULL,
                             "acme.conf:1: warning: auth_users: list \"nobody\" is empty: nobody "
                             "passes\n"
                             "acme.conf:3: warning: list \"l\": is never used\n");
    assert_false(owner(site, "acme.example")->broken);
    assert_decided(site, "bob@acme.example", "auth.org-user-denied");
    assert_decided(site, "bob@other.example", "accept");
    site_drop(site);
}

/* The tenant's list is called like one of the main file, and both are in force. */
static void
test_lists_of_its_own(void **state)
{
    (void)state;
    struct site *site =
        load(MAIN_TEXT,
             "auth_users = \"deny robots\"\n"
             "list \"robots\" { kind = user entries = {\"bob@acme.example\", \"*@other.example\", "
             "'/zoe/'} }\n",
             NULL, "");
    assert_decided(site, "bob@acme.example", "auth.org-user-denied");
    assert_decided(site, "zoe@acme.example", "auth.org-user-denied");
    assert_decided(site, "ann@acme.example", "accept");
    assert_decided(site, "robot@acme.example", "auth.user-denied");
    assert_decided(site, "robot@other.example", "auth.user-denied");
    assert_decided(site, "bob@other.example", "accept");
    assert_decided(site, "zoe@other.example", "accept");
    assert_decided(site, "zoe@nobodys.example", "accept");

    struct decision decision = decide(site, "zoe@acme.example");
    assert_string_equal(decision.verdict.rule.origin.file, "acme.conf");
    assert_int_equal(decision.verdict.rule.origin.line, 1);
    site_drop(site);
}

/* Entries that are found in an index are as many as one likes; the others are limited. */
static void
test_patterns(void **state)
{
    (void)state;
    static char text[1 << 19], want[1024];
    for (int over = 0; over <= 1; over++) {
        char *at = text;
        at += sprintf(at, "auth_users = \"deny a\"\nauth_exempt_ips = \"allow b\"\n"
                          "list \"b\" { kind = ip entries = {\"10.*.*.*\", \"fe80::*\", '/^1/',\n");
        for (int i = 0; i < 10000; i++)
            at += sprintf(at, "\"10.%d.%d.0/24\",", i / 250, i % 250);
        at += sprintf(at, "}}\nlist \"a\" { kind = user entries = {\"bob\",\n");
        for (int i = 0; i < 10000; i++)
            at += sprintf(at, "\"u%d@x\",\"*@d%d\",", i, i);
        for (int i = 0; i < 98 + over; i++)
            at += sprintf(at, i % 2 == 0 ? "'/^x%d/'," : "\n\"y%d*\",", i);
        sprintf(at, "}}\n");
        snprintf(want, sizeof want,
                 "acme.conf:55: list \"a\": entries: a delegated file may hold at most 100 entries "
                 "that are tried in turn: regular expressions, and wildcards other than *@DOMAIN "
                 "and 10.1.*.*\n" COLD);
        struct site *site = load(MAIN_TEXT, text, NULL, over ? want : "");
        assert_decided(site, "y97z@acme.example", over ? "internal" : "auth.org-user-denied");
        assert_decided(site, "y97z@other.example", "accept");
        site_drop(site);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_overrides),
        cmocka_unit_test(test_every_delegable_row),
        cmocka_unit_test(test_warnings),
        cmocka_unit_test(test_lists_of_its_own),
        cmocka_unit_test(test_patterns),
    };
    return cmocka_run_group_tests(tests, enter, remove_scratch);
}
