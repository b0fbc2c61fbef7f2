#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "conf.h"
#include "file.h"
#include "source.h"
#include "users_source.h"

/* A hash of "open sesame" that costs little. */
#define SESAME      "$1$Tz41Jqow$lDmEDFh3nvZXkdfzly7sA1"
#define BOSS        "boss@acme.example:" SESAME
#define PROMPTLY_MS 60000

static char folder[] = "/tmp/test_users_source.XXXXXX";
static char conf_file[64], users_path[64];

static const struct section_type *const variants[] = {&users_source_section, NULL};
static const struct row type_rows[] = {
    {.name = "type", .type = ROW_STRING, .required = true, .help = "kind"}, {.name = NULL}};
static const struct section_type source_type = {.name = "source",
                                                .titled = true,
                                                .rows = type_rows,
                                                .variant_setting = "type",
                                                .variants = variants};
static const struct section_type *const children[] = {&source_type, NULL};
static const struct row no_rows[] = {{.name = NULL}};
static const struct section_type top = {.size = 1, .rows = no_rows, .children = children};

struct opened {
    struct conf *conf;
    struct problems problems;
    struct source *source; /* NULL: problems tells */
};

static void
write_users(const char *text)
{
    struct err err;
    if (file_replace(users_path, text, strlen(text), 0600, &err) != 0)
        fail_msg("%s", err.text);
}

static void
open_source(struct opened *opened)
{
    *opened = (struct opened){0};
    problems_init(&opened->problems);
    opened->conf = conf_load(conf_file, &top, &opened->problems);
    assert_non_null(opened->conf);
    opened->source = source_open_as(&source_kind_users, conf_find(opened->conf, "source", "users"),
                                    &opened->problems);
}

static void
close_source(struct opened *opened)
{
    source_close(opened->source);
    conf_free(opened->conf);
    problems_fini(&opened->problems);
}

static enum verify_outcome
verify(const struct opened *opened, const char *name, const char *password, int64_t budget_ms,
       struct verify_result *result_r)
{
    struct username user = {.local_length = strcspn(name, "@")};
    struct secret secret;
    snprintf(user.text, sizeof user.text, "%s", name);
    secret_init(&secret);
    secret_set(&secret, password, strlen(password));
    const struct verify_request request = {
        .user = &user, .password = &secret, .deadline = deadline_after(budget_ms)};
    source_verify(opened->source, &request, result_r);
    secret_fini(&secret);
    return result_r->outcome;
}

/* Asks until the source says what is wanted, which it looks for once a second. */
static void
wait_for(const struct opened *opened, const char *name, enum verify_outcome want)
{
    const struct deadline give_up = deadline_after(PROMPTLY_MS);
    enum verify_outcome outcome;
    do {
        struct verify_result result;
        outcome = verify(opened, name, "open sesame", PROMPTLY_MS, &result);
        verify_result_fini(&result);
    } while (outcome != want && !deadline_is_over(give_up) && poll(NULL, 0, 20) == 0);
    assert_int_equal(outcome, want);
}

static void
test_outcomes(void **state)
{
    (void)state;
    static const struct {
        const char *name, *user, *password;
        enum verify_outcome want;
        unsigned want_line; /* 0: the source's section */
    } cases[] = {
        {"the right password", "boss@acme.example", "open sesame", VERIFY_OK, 2},
        {"a wrong password", "boss@acme.example", "open", VERIFY_WRONG_PASSWORD, 2},
        {"nobody knows the name", "nobody@acme.example", "open sesame", VERIFY_UNKNOWN_USER, 0},
        {"disabled, with the right password", "gone@acme.example", "open sesame", VERIFY_DISABLED,
         3},
        {"disabled, with a wrong password", "gone@acme.example", "open", VERIFY_WRONG_PASSWORD, 3},
        {"a hash that libcrypt cannot compute", "odd@acme.example", "open sesame",
         VERIFY_UNAVAILABLE, 4},
    };
    struct opened opened;
    write_users("# local users\n" BOSS ":networks=192.0.2.0/24,protocols=smtp\n"
                "gone@acme.example:" SESAME ":disabled\n"
                "odd@acme.example:$2b$99$u0YkrwXPXePQ92i.XFjTKeZJVbGWTFp1auXtUzLIoD8xZYMh7Q8fC\n");
    open_source(&opened);
    assert_non_null(opened.source);
    assert_true(source_is_asked_first(opened.source));
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct verify_result result;
        print_message("%s\n", cases[i].name);
        assert_int_equal(verify(&opened, cases[i].user, cases[i].password, PROMPTLY_MS, &result),
                         cases[i].want);
        const bool is_known = cases[i].want_line != 0;
        assert_string_equal(result.account.name, is_known ? cases[i].user : "");
        assert_string_equal(result.rule.origin.file, is_known ? users_path : conf_file);
        assert_string_equal(result.rule.section_name, "users");
        if (is_known) {
            assert_int_equal(result.rule.origin.line, cases[i].want_line);
            assert_int_equal(result.account.origin.line, cases[i].want_line);
        }
        const bool is_boss = cases[i].want_line == 2;
        assert_int_equal(result.account.protocols, is_boss ? PROTOCOL_BIT(PROTOCOL_SMTP) : 0);
        assert_int_equal(result.account.networks != NULL, is_boss);
        verify_result_fini(&result);
    }
    close_source(&opened);
}

static void
test_what_the_source_knows_without_a_password(void **state)
{
    (void)state;
    struct opened opened;
    write_users(BOSS "\n");
    open_source(&opened);
    const struct username boss = {.text = "boss@acme.example"}, other = {.text = "other"};
    const struct source *source = opened.source;
    assert_int_equal(source->kind->knows(source->self, &boss, deadline_after(0)), KNOWLEDGE_KNOWN);
    assert_int_equal(source->kind->knows(source->self, &other, deadline_after(0)),
                     KNOWLEDGE_UNKNOWN);
    close_source(&opened);
}

static void
test_who_gets_mail(void **state)
{
    (void)state;
    static const struct {
        const char *name, *address, *want_name;
        enum knowledge want;
    } cases[] = {
        {"a name of the file", "boss@acme.example", "boss@acme.example", KNOWLEDGE_KNOWN},
        {"a name of the file in capitals", "BOSS@ACME.Example", "boss@acme.example",
         KNOWLEDGE_KNOWN},
        {"a name in quotes that it does not need", "\"boss\"@acme.example", "boss@acme.example",
         KNOWLEDGE_KNOWN},
        {"an account that may not log in", "gone@acme.example", "gone@acme.example",
         KNOWLEDGE_KNOWN},
        {"a name with dots at odd places", "a..b.@acme.example", "a..b.@acme.example",
         KNOWLEDGE_KNOWN},
        {"nobody", "nobody@acme.example", "", KNOWLEDGE_UNKNOWN},
        {"a name of another domain", "boss@third.example", "", KNOWLEDGE_UNKNOWN},
        {"a name that has no domain in the file", "root@acme.example", "", KNOWLEDGE_UNKNOWN},
    };
    struct opened opened;
    write_users(BOSS "\ngone@acme.example:" SESAME ":disabled\na..b.@acme.example:" SESAME
                     "\nroot:" SESAME "\n");
    open_source(&opened);
    assert_int_equal(source_check_recipients(opened.source, NULL), 0);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        print_message("%s\n", cases[i].name);
        struct mailbox mailbox;
        struct recipient_result result;
        const char *address = cases[i].address;
        assert_int_equal(mailbox_parse(address, strlen(address), &mailbox, NULL), 0);
        source_recipient(opened.source, &mailbox, deadline_after(PROMPTLY_MS), &result);
        assert_int_equal(result.knowledge, cases[i].want);
        assert_string_equal(result.name, cases[i].want_name);
        assert_false(result.was_cached);
    }
    close_source(&opened);
}

static void
test_a_file_that_is_not_good_does_not_open(void **state)
{
    (void)state;
    struct opened opened;
    char want[256];
    write_users("# x\nboss\n\nboss:swordfish\n");
    open_source(&opened);
    assert_null(opened.source);
    assert_int_equal(opened.problems.errors, 2);
    snprintf(want, sizeof want, "%s:2: no colon (a line is name:hash or name:hash:options)",
             users_path);
    assert_string_equal(problems_line(&opened.problems, 0), want);
    snprintf(want, sizeof want, "%s:4: the hash is cut or damaged", users_path);
    assert_int_equal(strncmp(problems_line(&opened.problems, 1), want, strlen(want)), 0);
    close_source(&opened);

    unlink(users_path);
    open_source(&opened);
    assert_null(opened.source);
    snprintf(want, sizeof want, "%s:3: source \"users\": file: ", conf_file);
    assert_int_equal(strncmp(problems_line(&opened.problems, 0), want, strlen(want)), 0);
    close_source(&opened);
}

static void
test_a_changed_file_is_read_again_and_a_broken_one_is_not_used(void **state)
{
    (void)state;
    struct opened opened;
    write_users(BOSS "\n");
    open_source(&opened);
    wait_for(&opened, "boss@acme.example", VERIFY_OK);
    wait_for(&opened, "new@acme.example", VERIFY_UNKNOWN_USER);
    write_users(BOSS "\nnew@acme.example:" SESAME "\n");
    wait_for(&opened, "new@acme.example", VERIFY_OK);

    write_users(BOSS "\nnew@acme.example:" SESAME ":disabled\nbroken\n");
    const struct deadline broken_long_enough = deadline_after(1200);
    while (!deadline_is_over(broken_long_enough))
        wait_for(&opened, "new@acme.example", VERIFY_OK);
    unlink(users_path);
    const struct deadline away_long_enough = deadline_after(1200);
    while (!deadline_is_over(away_long_enough))
        wait_for(&opened, "new@acme.example", VERIFY_OK);

    write_users("new@acme.example:" SESAME ":disabled\n");
    wait_for(&opened, "new@acme.example", VERIFY_DISABLED);
    wait_for(&opened, "boss@acme.example", VERIFY_UNKNOWN_USER);
    close_source(&opened);
}

/* As an editor does that writes over the file. */
static void
write_in_place(const char *text)
{
    FILE *file = fopen(users_path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void
test_a_file_that_is_being_written_is_not_read(void **state)
{
    (void)state;
    struct opened opened;
    write_users(BOSS "\n");
    open_source(&opened);
    /* Written little by little for longer than the time between two looks. */
    const struct deadline long_enough = deadline_after(2500);
    while (!deadline_is_over(long_enough)) {
        struct verify_result result;
        write_in_place("# half of i");
        assert_int_equal(verify(&opened, "boss@acme.example", "open sesame", PROMPTLY_MS, &result),
                         VERIFY_OK);
        verify_result_fini(&result);
        poll(NULL, 0, 20);
    }
    write_in_place("# all of it\n" BOSS ":disabled\n");
    wait_for(&opened, "boss@acme.example", VERIFY_DISABLED);
    close_source(&opened);
}

static void
test_a_result_keeps_what_it_borrows(void **state)
{
    (void)state;
    struct opened opened;
    struct verify_result result;
    write_users(BOSS ":networks=192.0.2.0/24\n");
    open_source(&opened);
    assert_int_equal(verify(&opened, "boss@acme.example", "open sesame", PROMPTLY_MS, &result),
                     VERIFY_OK);
    write_users("other@acme.example:" SESAME "\n");
    wait_for(&opened, "boss@acme.example", VERIFY_UNKNOWN_USER);

    struct netaddr inside, outside;
    assert_int_equal(netaddr_parse("192.0.2.7", &inside, NULL), 0);
    assert_int_equal(netaddr_parse("198.51.100.7", &outside, NULL), 0);
    assert_int_equal(list_match_address(result.account.networks, &inside, NULL), LIST_MATCH);
    assert_int_equal(list_match_address(result.account.networks, &outside, NULL), LIST_NO_MATCH);
    assert_string_equal(result.rule.origin.file, users_path);
    verify_result_fini(&result);
    close_source(&opened);
}

static void *
ask_many_times(void *context)
{
    const struct opened *opened = context;
    for (int i = 0; i < 40; i++) {
        struct verify_result result;
        assert_int_not_equal(
            verify(opened, "boss@acme.example", "open sesame", PROMPTLY_MS, &result),
            VERIFY_UNAVAILABLE);
        verify_result_fini(&result);
        const struct username user = {.text = "nobody"};
        struct secret password;
        secret_init(&password);
        secret_set(&password, "x", 1);
        const struct verify_request request = {
            .user = &user, .password = &password, .deadline = deadline_after(PROMPTLY_MS)};
        opened->source->kind->pretend(opened->source->self, &request);
        secret_fini(&password);
    }
    return NULL;
}

static void
test_many_sessions_ask_while_the_file_changes(void **state)
{
    (void)state;
    enum { SESSIONS = 8 };
    struct opened opened;
    pthread_t threads[SESSIONS];
    write_users(BOSS ":networks=192.0.2.0/24\n");
    open_source(&opened);
    wait_for(&opened, "boss@acme.example", VERIFY_OK);
    for (int i = 0; i < SESSIONS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, ask_many_times, &opened), 0);
    write_users(BOSS ":disabled\n");
    wait_for(&opened, "boss@acme.example", VERIFY_DISABLED);
    for (int i = 0; i < SESSIONS; i++)
        pthread_join(threads[i], NULL);
    close_source(&opened);
}

static void
test_an_empty_file_has_nothing_to_hide(void **state)
{
    (void)state;
    struct opened opened;
    struct verify_result result;
    write_users("# nobody\n");
    open_source(&opened);
    const struct username user = {.text = "nobody"};
    struct secret password;
    secret_init(&password);
    secret_set(&password, "x", 1);
    const struct verify_request request = {
        .user = &user, .password = &password, .deadline = deadline_after(0)};
    opened.source->kind->pretend(opened.source->self, &request);
    secret_fini(&password);
    assert_int_equal(verify(&opened, "nobody", "x", 0, &result), VERIFY_UNKNOWN_USER);
    verify_result_fini(&result);
    close_source(&opened);
}

static int
set_up(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(conf_file, sizeof conf_file, "%s/mailreeve.conf", folder);
    snprintf(users_path, sizeof users_path, "%s/users", folder);
    FILE *file = fopen(conf_file, "w");
    assert_non_null(file);
    fputs("source \"users\" {\n type = \"users\"\n file = \"users\"\n}\n", file);
    fclose(file);
    return 0;
}

static int
tear_down(void **state)
{
    (void)state;
    unlink(conf_file);
    unlink(users_path);
    return rmdir(folder);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_outcomes),
        cmocka_unit_test(test_what_the_source_knows_without_a_password),
        cmocka_unit_test(test_who_gets_mail),
        cmocka_unit_test(test_a_file_that_is_not_good_does_not_open),
        cmocka_unit_test(test_a_changed_file_is_read_again_and_a_broken_one_is_not_used),
        cmocka_unit_test(test_a_file_that_is_being_written_is_not_read),
        cmocka_unit_test(test_a_result_keeps_what_it_borrows),
        cmocka_unit_test(test_many_sessions_ask_while_the_file_changes),
        cmocka_unit_test(test_an_empty_file_has_nothing_to_hide),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
