/* What happens to whom when a tenant's own file, or the main file, is broken. */
#include <sys/stat.h>
#include <unistd.h>

#include "delegated_site.h"

#define WARM                                                                                     \
    "t.conf:7: organization \"acme\": delegated: acme.conf is broken: the settings that it had " \
    "before stay in force\n"

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

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unreadable),        cmocka_unit_test(test_last_good),
        cmocka_unit_test(test_not_the_same_file), cmocka_unit_test(test_main_file_broken),
        cmocka_unit_test(test_many_tenants),
    };
    return cmocka_run_group_tests(tests, enter, remove_scratch);
}
