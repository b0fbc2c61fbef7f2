/* What a tenant's own administrator sets: for his organization, by his own lists, and what happens
 * to whom when his file is broken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "../conf/files.h"
#include "build.h"
#include "owners.h"

#define MAIN_HEAD                                                                           \
    "upstream \"up\" { server \"a\" { address = \"127.0.0.1:25\" } check = none }\n"        \
    "upstream \"in\" { server \"a\" { address = \"127.0.0.1:26\" } check = none }\n"        \
    "source \"u\" { type = users file = users }\n"                                          \
    "listener \"sub\" { auth = on upstream = up upstream_inbound = in auth_users = \"deny " \
    "robots\" "                                                                             \
    "}\n"                                                                                   \
    "list \"robots\" { kind = user entries = {\"robot@*\"} } guard { }\n"
#define OTHER "organization \"other\" { domains = {\"other.example\"} }\n"
#define ACME                                                                       \
    "organization \"acme\" { domains = {\"acme.example\"} delegated = acme.conf\n" \
    "  authenticate_senders = always }\n"
#define MAIN_TEXT MAIN_HEAD OTHER ACME
#define MAY                                                                                        \
    "may not be set in a delegated file (it may set: authenticate_senders, authenticate_inbound, " \
    "match_sender, match_exempt_senders, match_from, match_exempt_from, match_detail, "            \
    "sender_owners, auth_exempt_ips, auth_users, list)\n"
#define COLD                                                                                      \
    "t.conf:7: organization \"acme\": delegated: acme.conf is broken: without earlier settings, " \
    "all that concerns this organization is a temporary failure\n"
#define WARM                                                                                     \
    "t.conf:7: organization \"acme\": delegated: acme.conf is broken: the settings that it had " \
    "before stay in force\n"

/* Loads a site; want is all that is said about it. main_text and text may be NULL: the files stay
 * as they are. */
static struct site *
load(const char *main_text, const char *text, const struct site *previous, const char *want)
{
    if (main_text != NULL)
        write_text("t.conf", main_text);
    if (text != NULL)
        write_text("acme.conf", text);
    struct problems problems;
    problems_init(&problems);
    struct site *site = site_load("t.conf", SITE_CHECK, previous, &problems);
    char *lines = problem_lines(&problems);
    bool as_wanted = strcmp(lines, want) == 0;
    if (!as_wanted)
        print_error("got\n%swant\n%s", lines, want);
    bool is_weighed = problems.errors == 0;
    free(lines);
    problems_fini(&problems);
    assert_true(as_wanted);
    assert_true(is_weighed);
    assert_non_null(site);
    return site;
}

static const struct organization *
owner(const struct site *site, const char *domain)
{
    const struct organization *found = tenancy_owner(site->tenancy, domain);
    assert_non_null(found);
    return found;
}

/* What is decided about a login before a source is asked. */
static struct decision
decide(const struct site *site, const char *user)
{
    struct facts facts = {
        .protocol = PROTOCOL_SMTP,
        .method = METHOD_PLAIN,
        .listener = "sub",
        .client = {.family = NETADDR_IPV4, .bytes = {192, 0, 2, 1}},
        .tls = true,
        .attempt = 1,
        .user = user,
        .user_length = strlen(user),
        .password = "x",
        .password_length = 1,
    };
    struct decision decision;
    decide_auth(site->tenancy, &site->settings.decide, &facts, NULL, &decision);
    return decision;
}

static void
assert_decided(const struct site *site, const char *user, const char *want)
{
    struct decision decision = decide(site, user);
    const char *got =
        decision.verdict.action == VERDICT_ACCEPT ? "accept" : reason_id(decision.verdict.reason);
    if (strcmp(got, want) != 0)
        fail_msg("%s: got %s, want %s", user, got, want);
}

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

static void
test_unreadable(void **state)
{
    (void)state;
    unlink("acme.conf");
    site_drop(
        load(MAIN_TEXT, NULL, NULL, COLD "cannot open acme.conf: No such file or directory\n"));
    assert_int_equal(symlink("t.conf", "acme.conf"), 0);
    site_drop(load(MAIN_TEXT, NULL, NULL,
                   COLD "cannot open acme.conf: it is a symbolic link (put the file itself "
                        "there)\n"));
    unlink("acme.conf");
    assert_int_equal(mkfifo("acme.conf", 0600), 0);
    site_drop(
        load(MAIN_TEXT, NULL, NULL, COLD "cannot read acme.conf: it is not a regular file\n"));
    unlink("acme.conf");
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

#define DENY_BOB \
    "auth_users = \"deny l\"\nlist \"l\" { kind = user entries = {\"bob@acme.example\"} }\n"
#define DENY_ANN \
    "auth_users = \"deny l\"\nlist \"l\" { kind = user entries = {\"ann@acme.example\"} }\n"
#define BROKEN "auth_users = \"deny \n"
#define BROKEN_LINE \
    "acme.conf:1: the string is not closed on its line (the closing \" is missing)\n"

static void
test_last_good(void **state)
{
    (void)state;
    struct site *first = load(MAIN_TEXT, DENY_BOB, NULL, "");
    assert_decided(first, "bob@acme.example", "auth.org-user-denied");

    /* Others' changes in the same load are in force. */
    struct site *second = load(MAIN_TEXT "organization \"new\" { domains = {\"new.example\"} "
                                         "auth_users = \"allow staff\" }\n"
                                         "list \"staff\" { kind = user entries = {\"eve\"} }\n",
                               BROKEN, first, BROKEN_LINE WARM);
    site_drop(first); /* the second stands on its own */
    assert_decided(second, "bob@acme.example", "auth.org-user-denied");
    assert_decided(second, "ann@acme.example", "accept");
    assert_decided(second, "bob@new.example", "auth.org-user-denied");
    struct decision decision = decide(second, "bob@acme.example");
    assert_string_equal(decision.verdict.rule.origin.file, "acme.conf");

    /* Broken still, and gone: the same bytes hold on. */
    struct site *third = load(MAIN_TEXT, NULL, second, BROKEN_LINE WARM);
    site_drop(second);
    unlink("acme.conf");
    struct site *fourth =
        load(MAIN_TEXT, NULL, third, WARM "cannot open acme.conf: No such file or directory\n");
    site_drop(third);
    assert_decided(fourth, "bob@acme.example", "auth.org-user-denied");
    assert_decided(fourth, "ann@acme.example", "accept");

    /* What the main file says where the file says nothing is the newest. */
    struct site *fifth =
        load(MAIN_HEAD OTHER "organization \"acme\" { domains = {\"acme.example\"} delegated = "
                             "acme.conf\n match_sender = yes }\n",
             BROKEN, fourth, BROKEN_LINE WARM);
    site_drop(fourth);
    assert_true(owner(fifth, "acme.example")->match_sender);
    assert_decided(fifth, "bob@acme.example", "auth.org-user-denied");

    /* Nothing of a broken file is in force, not even what stands before the mistake. */
    struct site *half = load(MAIN_TEXT, "match_sender = yes\nauth_users = \"deny nobodys\"\n",
                             fifth, "acme.conf:2: auth_users: there is no list \"nobodys\"\n" WARM);
    site_drop(fifth);
    assert_false(owner(half, "acme.example")->match_sender);
    assert_decided(half, "bob@acme.example", "auth.org-user-denied");

    struct site *sixth = load(MAIN_TEXT, DENY_ANN, half, "");
    site_drop(half);
    assert_decided(sixth, "bob@acme.example", "accept");
    assert_decided(sixth, "ann@acme.example", "auth.org-user-denied");
    site_drop(sixth);
}

/* One tenant's last good settings are nobody else's. */
static void
test_not_the_same_file(void **state)
{
    (void)state;
    struct site *first = load(MAIN_TEXT, DENY_BOB, NULL, "");
    write_text("acme2.conf", BROKEN);
    struct site *moved =
        load(MAIN_HEAD OTHER "organization \"acme\" { domains = {\"acme.example\"} delegated = "
                             "acme2.conf }\n",
             NULL, first,
             "acme2.conf:1: the string is not closed on its line (the closing \" is missing)\n"
             "t.conf:7: organization \"acme\": delegated: acme2.conf is broken: without earlier "
             "settings, all that concerns this organization is a temporary failure\n");
    assert_decided(moved, "bob@acme.example", "internal");
    site_drop(moved);

    struct site *renamed =
        load(MAIN_HEAD OTHER "organization \"emca\" { domains = {\"acme.example\"} delegated = "
                             "acme.conf }\n",
             BROKEN, first,
             BROKEN_LINE
             "t.conf:7: organization \"emca\": delegated: acme.conf is broken: without earlier "
             "settings, all that concerns this organization is a temporary failure\n");
    assert_decided(renamed, "bob@acme.example", "internal");
    site_drop(renamed);
    site_drop(first);
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

/* A main file that is broken is refused whole, whatever stands in the delegated ones. */
static void
test_main_file_broken(void **state)
{
    (void)state;
    static const char *const texts[] = {DENY_BOB, BROKEN};
    for (size_t i = 0; i < 2; i++) {
        write_text("t.conf", MAIN_TEXT "rule \"r\" { action = refuse listeners = {\"none\"} }\n");
        write_text("acme.conf", texts[i]);
        struct problems problems;
        problems_init(&problems);
        assert_null(site_load("t.conf", SITE_CHECK, NULL, &problems));
        assert_int_equal(problems.errors, 1);
        assert_int_equal(problems.tenant_errors, 2 * i);
        problems_fini(&problems);
    }
}

/* One bad tenant after another does not hide what is wrong with the main file. */
static void
test_many_tenants(void **state)
{
    (void)state;
    char *text = NULL;
    size_t size = 0;
    FILE *memory = open_memstream(&text, &size);
    fputs(MAIN_HEAD, memory);
    for (int i = 0; i < 100; i++)
        fprintf(memory,
                "organization \"t%d\" { domains = {\"t%d.example\"} delegated = acme.conf }\n", i,
                i);
    fputs("rule \"r\" { action = refuse listeners = {\"none\"} }\n", memory);
    fclose(memory);
    write_text("t.conf", text);
    free(text);
    char junk[200 * sizeof "w = 1\n"] = "";
    for (size_t i = 0; i < 200; i++)
        memcpy(junk + i * strlen("w = 1\n"), "w = 1\n", strlen("w = 1\n"));
    write_text("acme.conf", junk);
    struct problems problems;
    problems_init(&problems);
    assert_null(site_load("t.conf", SITE_CHECK, NULL, &problems));
    assert_int_equal(problems.errors, 1);
    assert_int_equal(problems.tenant_errors, 100 * 201);
    char *lines = problem_lines(&problems);
    assert_non_null(strstr(lines, "rule \"r\": listeners: there is no listener \"none\""));
    free(lines);
    problems_fini(&problems);
}

static int
enter(void **state)
{
    if (enter_scratch(state) != 0)
        return -1;
    write_text("users", "");
    return 0;
}

static int
remove_scratch(void **state)
{
    (void)state;
    static const char *const names[] = {"t.conf", "users", "acme.conf", "acme2.conf", NULL};
    return leave_scratch(names);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bad),          cmocka_unit_test(test_unreadable),
        cmocka_unit_test(test_overrides),    cmocka_unit_test(test_every_delegable_row),
        cmocka_unit_test(test_warnings),     cmocka_unit_test(test_lists_of_its_own),
        cmocka_unit_test(test_last_good),    cmocka_unit_test(test_not_the_same_file),
        cmocka_unit_test(test_patterns),     cmocka_unit_test(test_main_file_broken),
        cmocka_unit_test(test_many_tenants),
    };
    return cmocka_run_group_tests(tests, enter, remove_scratch);
}
