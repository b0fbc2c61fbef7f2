/* Whole configurations, the problems that one load finds in them, and a folder to load them in.
 *
 * A case is the text of a t.conf; TOP stands on its first line, so that what is tested begins on
 * the second. */
#ifndef MAILREEVE_SITE_CASES_H
#define MAILREEVE_SITE_CASES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../conf/files.h"
#include "site.h"

/* What most cases begin with: each is one line. */
#define TOP                                                                                     \
    "upstream \"up\" { server \"a\" { address = \"192.0.2.1:25\" } } upstream \"in\" { server " \
    "\"a\" { address = \"192.0.2.2:25\" } } source \"u\" { type = users file = users }\n"
#define ORG    "organization \"acme\" { domains = {\"acme.example\"} }\n"
#define SUB    "listener \"sub\" { upstream = up upstream_inbound = in }\n"
#define MX     "listener \"mx\" { auth = off upstream_inbound = in }\n"
#define OFFICE "list \"office\" { kind = ip entries = {\"192.0.2.0/24\"} }\n"
#define LAB    "list \"lab\" { kind = ip entries = {\"198.51.100.0/24\"} }\n"
#define STAFF  "list \"staff\" { kind = user entries = {\"*@acme.example\"} }\n"
#define NOBODY "list \"nobody\" { kind = ip entries = {} }\n"

#define PHONES                                                             \
    "list \"phones\" { kind = certificate entries = {\"boss@acme.example " \
    "8f43288ad272f3103b6fb1428485ea3014c0bcfe\"} }\n"

struct site_case {
    const char *name;
    const char *text;
    const char *list;  /* the file "list" */
    const char *users; /* the file "users" */
    bool no_users;     /* there is no file "users" */
    bool want_site;
    const char *want; /* all problems */
};

struct site_case_list {
    const struct site_case *cases;
    size_t count;
};

static inline bool
is_as_wanted(const struct site_case *c)
{
    write_text("t.conf", c->text);
    write_text("list", c->list != NULL ? c->list : "");
    write_text("users", c->users != NULL ? c->users : "");
    if (c->no_users)
        unlink("users");
    struct problems problems;
    problems_init(&problems);
    struct site *site = site_load("t.conf", SITE_CHECK, NULL, &problems);
    char *lines = problem_lines(&problems);
    bool as_wanted = (site != NULL) == c->want_site && strcmp(lines, c->want) == 0;
    if (!as_wanted)
        print_error("%s:\ngot\n%swant\n%s", c->name, lines, c->want);
    site_drop(site);
    free(lines);
    problems_fini(&problems);
    return as_wanted;
}

static inline void
run_site_cases(const struct site_case *cases, size_t count)
{
    size_t failures = 0;
    for (size_t i = 0; i < count; i++)
        failures += !is_as_wanted(&cases[i]);
    assert_int_equal(failures, 0);
}

/* Loads a file that has nothing but these warnings. */
static inline struct site *
load_good(const char *path, const char *want_warnings)
{
    struct problems problems;
    problems_init(&problems);
    struct site *site = site_load(path, SITE_CHECK, NULL, &problems);
    char *lines = problem_lines(&problems);
    bool as_wanted = strcmp(lines, want_warnings) == 0;
    if (!as_wanted)
        print_error("%s", lines);
    free(lines);
    problems_fini(&problems);
    assert_true(as_wanted);
    assert_non_null(site);
    return site;
}

static inline int
remove_scratch(void **state)
{
    (void)state;
    static const char *const names[] = {"t.conf", "list", "users", NULL};
    return leave_scratch(names);
}

static inline void
test_site_cases(void **state)
{
    const struct site_case_list *list = *state;
    run_site_cases(list->cases, list->count);
}

/* A program of one test, which is all of these. */
static inline int
run_site_program(const struct site_case *cases, size_t count)
{
    struct site_case_list list = {cases, count};
    const struct CMUnitTest tests[] = {cmocka_unit_test_prestate(test_site_cases, &list)};
    return cmocka_run_group_tests(tests, enter_scratch, remove_scratch);
}

#endif
