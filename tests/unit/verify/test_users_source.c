/* What a users file says about logins, challenges, look-ups and recipients. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "challenge.h"
#include "users_bench.h"

/* SESAME by other means. */
#define SSHA256 "mawpkfNze21cebJxTyol+4rI1K6KHfRAoSr3QayjlFtzYWx0c2FsdA=="
#define SHA1    "W8r/fyL/UzygmbNAjq2HbA67qac="

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
    };
    struct opened opened;
    write_users("# local users\n" BOSS ":networks=192.0.2.0/24,protocols=smtp\n"
                "gone@acme.example:" SESAME ":disabled\n");
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

/* A request that outlives the call. */
struct asking {
    struct username user;
    struct secret password;
    struct challenge challenge;
    struct verify_request request;
};

static struct verify_request *
ask_about(struct asking *asking, const char *name, const char *password)
{
    *asking = (struct asking){.user.local_length = strcspn(name, "@")};
    snprintf(asking->user.text, sizeof asking->user.text, "%s", name);
    secret_set(&asking->password, password, strlen(password));
    asking->request = (struct verify_request){.user = &asking->user,
                                              .password = &asking->password,
                                              .deadline = deadline_after(PROMPTLY_MS)};
    return &asking->request;
}

static void
verify_request(const struct opened *opened, const struct verify_request *request,
               struct verify_result *result_r)
{
    *result_r = (struct verify_result){0};
    opened->source->kind->verify(opened->source->self, request, result_r);
}

static void
test_every_way_of_keeping_a_password(void **state)
{
    (void)state;
    static const struct {
        const char *name, *hash;
    } cases[] = {
        {"crypt(3)", SESAME},
        {"crypt(3) with its scheme", "{CRYPT}" SESAME},
        {"in clear", "{PLAIN}open sesame"},
        {"in clear, in base64", "{PLAIN.B64}b3BlbiBzZXNhbWU="},
        {"SHA-256 with salt", "{SSHA256}" SSHA256},
        {"SHA-1", "{SHA}" SHA1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct opened opened;
        struct verify_result result;
        char line[512];
        print_message("%s\n", cases[i].name);
        snprintf(line, sizeof line, "boss@acme.example:%s\n", cases[i].hash);
        write_users(line);
        open_source(&opened);
        assert_non_null(opened.source);
        assert_int_equal(verify(&opened, "boss@acme.example", "open sesame", PROMPTLY_MS, &result),
                         VERIFY_OK);
        verify_result_fini(&result);
        assert_int_equal(verify(&opened, "boss@acme.example", "open sesam", PROMPTLY_MS, &result),
                         VERIFY_WRONG_PASSWORD);
        verify_result_fini(&result);
        close_source(&opened);
    }
}

static void
test_challenges(void **state)
{
    (void)state;
    static const struct {
        const char *name, *user, *clear;
        enum verify_outcome want;
    } cases[] = {
        {"the right answer", "clear@acme.example", "open sesame", VERIFY_OK},
        {"a wrong answer", "clear@acme.example", "open", VERIFY_WRONG_PASSWORD},
        {"the right answer of one who is disabled", "gone@acme.example", "open sesame",
         VERIFY_DISABLED},
        {"one whose password is a hash", "boss@acme.example", "open sesame",
         VERIFY_NO_CLEAR_PASSWORD},
        {"nobody", "nobody@acme.example", "open sesame", VERIFY_UNKNOWN_USER},
    };
    struct opened opened;
    write_users(BOSS "\nclear@acme.example:{PLAIN}open sesame\n"
                     "gone@acme.example:{PLAIN}open sesame:disabled\n");
    open_source(&opened);
    assert_true(opened.source->kind->knows_clear(opened.source->self));
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        static const char salt[] = "<1.2@mail.example>";
        struct challenge challenge = {
            .kind = CHALLENGE_CRAM_MD5, .salt = salt, .salt_length = strlen(salt)};
        struct secret clear;
        char answer[33];
        print_message("%s\n", cases[i].name);
        secret_init(&clear);
        secret_set(&clear, cases[i].clear, strlen(cases[i].clear));
        assert_int_equal(challenge_answer(&challenge, &clear, answer), 0);
        struct asking asking;
        struct verify_result result;
        struct verify_request *request = ask_about(&asking, cases[i].user, answer);
        request->challenge = &challenge;
        request->wants_clear = true;
        verify_request(&opened, request, &result);
        assert_int_equal(result.outcome, cases[i].want);
        assert_int_equal(result.clear.length, cases[i].want == VERIFY_OK ? clear.length : 0);
        if (cases[i].want == VERIFY_OK)
            assert_true(secret_equal(&result.clear, &clear));
        verify_result_fini(&result);
        secret_fini(&asking.password);
        secret_fini(&clear);
    }
    close_source(&opened);
}

static void
test_the_clear_password_is_given_to_who_wants_it(void **state)
{
    (void)state;
    static const struct {
        const char *name, *user, *password;
        bool wants, want;
    } cases[] = {
        {"wanted and there", "clear@acme.example", "open sesame", true, true},
        {"not wanted", "clear@acme.example", "open sesame", false, false},
        {"the password was wrong", "clear@acme.example", "open", true, false},
        {"there is a hash only", "boss@acme.example", "open sesame", true, false},
        {"disabled", "gone@acme.example", "open sesame", true, false},
    };
    struct opened opened;
    write_users(BOSS "\nclear@acme.example:{PLAIN}open sesame\n"
                     "gone@acme.example:{PLAIN}open sesame:disabled\n");
    open_source(&opened);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct asking asking;
        struct verify_result result;
        print_message("%s\n", cases[i].name);
        struct verify_request *request = ask_about(&asking, cases[i].user, cases[i].password);
        request->wants_clear = cases[i].wants;
        verify_request(&opened, request, &result);
        assert_int_equal(result.clear.length > 0, cases[i].want);
        verify_result_fini(&result);
        secret_fini(&asking.password);
    }
    close_source(&opened);
}

static void
test_lookups(void **state)
{
    (void)state;
    static const struct {
        const char *name, *user;
        enum verify_outcome want;
        enum smtp_auth want_smtp_auth;
    } cases[] = {
        {"a user", "boss@acme.example", VERIFY_OK, SMTP_AUTH_MATCHING_SENDER},
        {"one who is disabled", "gone@acme.example", VERIFY_DISABLED, SMTP_AUTH_ANY_SENDER},
        {"one who may not send", "reader@acme.example", VERIFY_OK, SMTP_AUTH_NO},
        {"nobody", "nobody@acme.example", VERIFY_UNKNOWN_USER, SMTP_AUTH_ANY_SENDER},
        {"one who has app passwords alone", "apps@acme.example", VERIFY_UNKNOWN_USER,
         SMTP_AUTH_ANY_SENDER},
    };
    struct opened opened;
    write_users(
        BOSS ":smtp_auth=matching-sender,networks=::1\n"
             "gone@acme.example:" SESAME ":disabled\n"
             "reader@acme.example:" SESAME ":smtp_auth=no\n"
             "apps@acme.example phone:{SSHA256}iZEFdwbi/IUETYXgMpjvwZbJS7aeU8icc98FKE8S1k1zYWx0\n");
    open_source(&opened);
    assert_false(opened.source->kind->knows_clear(opened.source->self));
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct asking asking;
        struct verify_result result = {0};
        print_message("%s\n", cases[i].name);
        struct verify_request *request = ask_about(&asking, cases[i].user, "");
        request->password = NULL;
        opened.source->kind->lookup(opened.source->self, request, &result);
        assert_int_equal(result.outcome, cases[i].want);
        bool is_known = cases[i].want != VERIFY_UNKNOWN_USER;
        assert_string_equal(result.account.name, is_known ? cases[i].user : "");
        assert_int_equal(result.account.smtp_auth, cases[i].want_smtp_auth);
        assert_int_equal(result.account.networks != NULL, i == 0);
        verify_result_fini(&result);
        secret_fini(&asking.password);
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

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_outcomes),
        cmocka_unit_test(test_every_way_of_keeping_a_password),
        cmocka_unit_test(test_challenges),
        cmocka_unit_test(test_the_clear_password_is_given_to_who_wants_it),
        cmocka_unit_test(test_lookups),
        cmocka_unit_test(test_what_the_source_knows_without_a_password),
        cmocka_unit_test(test_who_gets_mail),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
