/*
 * delegated_site: a site with an organization whose own administrator sets something, in a file
 * of his own.
 */
#ifndef MAILREEVE_TEST_DELEGATED_SITE_H
#define MAILREEVE_TEST_DELEGATED_SITE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

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

#define COLD                                                                                      \
    "t.conf:7: organization \"acme\": delegated: acme.conf is broken: without earlier settings, " \
    "all that concerns this organization is a temporary failure\n"

/* Loads a site; want is all that is said about it. main_text and text may be NULL: the files stay
 * as they are. */
static inline struct site *
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

static inline const struct organization *
owner(const struct site *site, const char *domain)
{
    const struct organization *found = tenancy_owner(site->tenancy, domain);
    assert_non_null(found);
    return found;
}

/* What is decided about a login before a source is asked. */
static inline struct decision
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

static inline void
assert_decided(const struct site *site, const char *user, const char *want)
{
    struct decision decision = decide(site, user);
    const char *got =
        decision.verdict.action == VERDICT_ACCEPT ? "accept" : reason_id(decision.verdict.reason);
    if (strcmp(got, want) != 0)
        fail_msg("%s: got %s, want %s", user, got, want);
}

static inline int
enter(void **state)
{
    if (enter_scratch(state) != 0)
        return -1;
    write_text("users", "");
    return 0;
}

static inline int
remove_scratch(void **state)
{
    (void)state;
    static const char *const names[] = {"t.conf", "users", "acme.conf", "acme2.conf", NULL};
    return leave_scratch(names);
}

#endif
