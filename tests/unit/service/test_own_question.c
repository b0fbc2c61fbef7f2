/* A session of our own that comes back, and what the log says of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "own_question.h"
#include "smtp_loop.h"

static const struct facts facts = {.listener = "submission"};

/* Standard error goes to a file while a test looks at the log. */
static size_t
count_lines(void (*deed)(void))
{
    FILE *log = tmpfile();
    int saved = dup(STDERR_FILENO);
    assert_non_null(log);
    dup2(fileno(log), STDERR_FILENO);
    deed();
    dup2(saved, STDERR_FILENO);
    close(saved);
    rewind(log);
    char line[4096];
    size_t count = 0;
    while (fgets(line, sizeof line, log) != NULL)
        count += strstr(line, " level=error event=source.loop ") != NULL;
    fclose(log);
    return count;
}

static struct decision
accepted(void)
{
    return (struct decision){.verdict = verdict_make(REASON_AUTH_OK)};
}

static void
come_back_often(void)
{
    for (int i = 0; i < 100; i++) {
        struct decision decision = accepted();
        assert_true(
            own_question_refuse("s", "front.example", "Anna@acme.example", &facts, &decision));
        assert_int_equal(decision.verdict.action, VERDICT_TEMPFAIL);
        assert_int_equal(decision.verdict.reason, REASON_INTERNAL);
        assert_string_equal(decision.verdict.rule.detail,
                            "a source of type smtp asks this very service");
    }
}

static void
test_our_own_question_is_refused_and_logged_once(void **state)
{
    (void)state;
    struct smtp_asking asking = {.helo = "front.example", .subject = "anna@acme.example"};
    smtp_loop_enter(&asking);
    assert_int_equal(count_lines(come_back_often), 1);

    struct decision decision = accepted();
    assert_false(own_question_refuse("s", "front.example", "bo@acme.example", &facts, &decision));
    assert_false(own_question_refuse("s", "other.example", "anna@acme.example", &facts, &decision));
    smtp_loop_leave(&asking);
    assert_false(own_question_refuse("s", "front.example", "anna@acme.example", &facts, &decision));
    assert_int_equal(decision.verdict.action, VERDICT_ACCEPT);
}

/* nginx does not tell of a login what the client greeted with. */
static void
test_our_own_login_is_known_by_where_it_comes_from(void **state)
{
    (void)state;
    const struct netaddr here = {.family = NETADDR_IPV4, .bytes = {192, 0, 2, 1}};
    struct smtp_asking asking = {
        .helo = "front.example", .subject = "anna@acme.example", .from = here, .places = 9};
    const struct facts from_here = {.protocol = PROTOCOL_SMTP, .client = here};
    const struct facts by_imap = {.protocol = PROTOCOL_IMAP, .client = here};
    const struct facts from_nowhere = {.protocol = PROTOCOL_SMTP};
    const struct facts by_password = {.protocol = PROTOCOL_SMTP,
                                      .client = here,
                                      .method = METHOD_PLAIN,
                                      .password = "word",
                                      .password_length = 4};
    struct facts by_another = by_password;
    by_another.password = "sord";
    struct secret word;
    secret_init(&word);
    secret_set(&word, "word", 4);
    asking.password = &word;
    struct decision decision = accepted();
    smtp_loop_enter(&asking);
    assert_false(own_question_refuse("s", NULL, "anna@acme.example", &by_another, &decision));
    assert_true(own_question_refuse("s", NULL, "anna@acme.example", &by_password, &decision));
    assert_false(own_question_refuse("s", NULL, "anna@acme.example", &by_imap, &decision));
    assert_false(own_question_refuse("s", NULL, "anna@acme.example", &from_nowhere, &decision));
    assert_false(own_question_refuse("s", NULL, "bo@acme.example", &from_here, &decision));
    assert_true(own_question_refuse("s", NULL, "anna@acme.example", &from_here, &decision));
    assert_int_equal(decision.verdict.action, VERDICT_TEMPFAIL);
    smtp_loop_leave(&asking);
    secret_fini(&word);
}

/* Webmail beside us opens several sessions at a time, so that only a long chain is a loop. */
static void
test_a_mailbox_login_is_our_own_where_there_are_very_many(void **state)
{
    (void)state;
    enum { MANY = 8 };
    const struct netaddr here = {.family = NETADDR_IPV4, .bytes = {192, 0, 2, 1}};
    const struct netaddr elsewhere = {.family = NETADDR_IPV4, .bytes = {192, 0, 2, 2}};
    const struct facts plain = {.protocol = PROTOCOL_IMAP,
                                .client = here,
                                .method = METHOD_PLAIN,
                                .password = "word",
                                .password_length = 4};
    struct facts by_pop3 = plain, by_smtp = plain, from_elsewhere = plain, another = plain,
                 by_challenge = plain;
    by_pop3.protocol = PROTOCOL_POP3;
    by_smtp.protocol = PROTOCOL_SMTP;
    from_elsewhere.client = elsewhere;
    another.password = "sord";
    by_challenge.method = METHOD_CRAM_MD5;
    struct secret word;
    secret_init(&word);
    secret_set(&word, "word", 4);
    struct smtp_asking askings[MANY];
    struct decision decision = accepted();
    for (size_t i = 0; i < MANY; i++) {
        assert_false(own_question_refuse("s", NULL, "anna@acme.example", &plain, &decision));
        askings[i] = (struct smtp_asking){
            .subject = "anna@acme.example", .from = here, .password = &word, .is_by_mailbox = true};
        smtp_loop_enter(&askings[i]);
    }
    assert_false(own_question_refuse("s", NULL, "anna@acme.example", &by_smtp, &decision));
    assert_false(own_question_refuse("s", NULL, "anna@acme.example", &from_elsewhere, &decision));
    assert_false(own_question_refuse("s", NULL, "anna@acme.example", &another, &decision));
    assert_false(own_question_refuse("s", NULL, "anna@acme.example", &by_challenge, &decision));
    assert_false(own_question_refuse("s", NULL, "bo@acme.example", &plain, &decision));
    assert_true(own_question_refuse("s", NULL, "anna@acme.example", &by_pop3, &decision));
    assert_true(own_question_refuse("s", NULL, "Anna@acme.example", &plain, &decision));
    assert_int_equal(decision.verdict.action, VERDICT_TEMPFAIL);
    assert_string_equal(decision.verdict.rule.detail,
                        "a source of type imap asks this very service");
    for (size_t i = 0; i < MANY; i++)
        smtp_loop_leave(&askings[i]);
    assert_false(own_question_refuse("s", NULL, "anna@acme.example", &plain, &decision));
    secret_fini(&word);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_our_own_question_is_refused_and_logged_once),
        cmocka_unit_test(test_our_own_login_is_known_by_where_it_comes_from),
        cmocka_unit_test(test_a_mailbox_login_is_our_own_where_there_are_very_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
