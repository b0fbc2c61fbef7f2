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
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "challenge.h"
#include "clock.h"
#include "conf.h"
#include "file.h"
#include "source.h"
#include "users_source.h"
#include "uses_file.h"

/* A hash of "open sesame" that costs little. */
#define SESAME "$1$Tz41Jqow$lDmEDFh3nvZXkdfzly7sA1"
/* The same by other means. */
#define SSHA256     "mawpkfNze21cebJxTyol+4rI1K6KHfRAoSr3QayjlFtzYWx0c2FsdA=="
#define SHA1        "W8r/fyL/UzygmbNAjq2HbA67qac="
#define BOSS        "boss@acme.example:" SESAME
#define PROMPTLY_MS 60000

static char folder[] = "/tmp/test_users_source.XXXXXX";
static char conf_file[64], users_path[64], uses_path[64];

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
    write_users(BOSS ":smtp_auth=matching-sender,networks=::1\n"
                     "gone@acme.example:" SESAME ":disabled\n"
                     "reader@acme.example:" SESAME ":smtp_auth=no\n"
                     "apps@acme.example phone:" SESAME "\n");
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

#define APP_PLAIN "abcdefghijklmnopqrstuvw7f"

static int
find_app(const struct opened *opened, const char *user, const char *password,
         struct app_answer *answer_r)
{
    struct secret secret;
    secret_init(&secret);
    secret_set(&secret, password, strlen(password));
    *answer_r = (struct app_answer){0};
    opened->source->kind->find_app_password(opened->source->self, user, &secret, answer_r);
    secret_fini(&secret);
    return (int)answer_r->answer;
}

static void
test_app_passwords_are_found(void **state)
{
    (void)state;
    static const struct {
        const char *name, *user, *password;
        int want;
        const char *want_app; /* NULL: none */
        unsigned want_line;
        bool want_any;
    } cases[] = {
        {"as it was printed", "boss@acme.example", "abcde-fghij-klmno-pqrst-uvw7f", APP_RIGHT,
         "phone", 2, true},
        {"with spaces and capitals", "boss@acme.example", "ABCDE fghij klmno pqrst uvw7f",
         APP_RIGHT, "phone", 2, true},
        {"one that was not made by us", "boss@acme.example", "open sesame", APP_RIGHT, "Tablet", 3,
         true},
        {"one that was not made by us is taken as it is", "boss@acme.example", "open-sesame",
         APP_UNKNOWN, NULL, 0, true},
        {"one that expired", "boss@acme.example", "old", APP_EXPIRED, "printer", 4, true},
        {"one that expired on one device and works on another", "two@acme.example", "old",
         APP_RIGHT, "new", 6, true},
        {"none of them", "boss@acme.example", "open", APP_UNKNOWN, NULL, 0, true},
        {"another user's", "boss@acme.example", "other", APP_UNKNOWN, NULL, 0, true},
        {"a user of another source", "ldap@acme.example", "other", APP_RIGHT, "phone", 7, true},
        {"a user without any", "nobody@acme.example", "open sesame", APP_UNKNOWN, NULL, 0, false},
    };
    struct opened opened;
    write_users(BOSS "\n"
                     "boss@acme.example phone:{PLAIN}" APP_PLAIN ":networks=192.0.2.0/24\n"
                     "boss@acme.example Tablet:" SESAME ":expires=2999-01-01\n"
                     "boss@acme.example printer:{PLAIN}old:expires=2001-01-01\n"
                     "two@acme.example old:{PLAIN}old:expires=2001-01-01\n"
                     "two@acme.example new:{PLAIN}old\n"
                     "ldap@acme.example phone:{PLAIN}other\n");
    open_source(&opened);
    assert_int_equal(opened.source->kind->app_passwords(opened.source->self), APP_PASSWORDS_ALLOW);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct app_answer answer;
        print_message("%s\n", cases[i].name);
        assert_int_equal(find_app(&opened, cases[i].user, cases[i].password, &answer),
                         cases[i].want);
        assert_int_equal(answer.has_any, cases[i].want_any);
        assert_int_equal(answer.networks != NULL, cases[i].want_line == 2);
        assert_int_equal(answer.origin.line, cases[i].want_line);
        if (cases[i].want_app != NULL) {
            assert_string_equal(answer.name, cases[i].want_app);
            assert_string_equal(answer.origin.file, users_path);
        } else {
            assert_null(answer.name);
        }
        held_drop(answer.held);
    }
    close_source(&opened);
}

static void
use(const struct opened *opened, const char *user, const char *password)
{
    struct app_answer answer;
    assert_int_equal(find_app(opened, user, password, &answer), APP_RIGHT);
    opened->source->kind->use_app_password(opened->source->self, &answer);
    held_drop(answer.held);
}

/* When an app password was last used, as the file says; 0: it does not. */
static int64_t
last_use(const char *user, const char *app)
{
    struct err err;
    size_t length = 0;
    char *text = file_read(uses_path, 4096, &length, &err);
    if (text == NULL)
        return 0;
    struct uses_file *uses = uses_file_create();
    uses_file_merge(uses, text, length);
    int64_t last_s = uses_file_last(uses, user, app);
    uses_file_free(uses);
    free(text);
    return last_s;
}

static void
wait_for_use(const char *user, const char *app)
{
    const struct deadline give_up = deadline_after(PROMPTLY_MS);
    while (last_use(user, app) == 0 && !deadline_is_over(give_up))
        poll(NULL, 0, 10);
    assert_int_not_equal(last_use(user, app), 0);
}

static void
write_uses(const char *text)
{
    struct err err;
    assert_int_equal(file_replace(uses_path, text, strlen(text), 0600, &err), 0);
}

static void
test_the_last_use_is_kept(void **state)
{
    (void)state;
    struct opened opened;
    const int64_t began_s = clock_wall_ms() / 1000;
    write_uses("boss@acme.example tablet 2026-01-01\nboss@acme.example revoked 2026-01-01\n");
    write_users(BOSS "\nboss@acme.example phone:{PLAIN}a\nboss@acme.example tablet:{PLAIN}b\n"
                     "ldap@acme.example phone:{PLAIN}c\n");
    open_source(&opened);
    use(&opened, "boss@acme.example", "a");
    wait_for_use("boss@acme.example", "phone");
    assert_true(last_use("boss@acme.example", "phone") >= began_s);
    assert_int_equal(last_use("boss@acme.example", "tablet"), 1767225600);
    assert_int_equal(last_use("boss@acme.example", "revoked"), 0);

    /* Within the same minute nothing is written, but at the end it is, beside what others wrote. */
    use(&opened, "ldap@acme.example", "c");
    write_uses("boss@acme.example tablet 2026-02-02\n");
    assert_int_equal(last_use("ldap@acme.example", "phone"), 0);
    close_source(&opened);
    assert_true(last_use("ldap@acme.example", "phone") >= began_s);
    assert_true(last_use("boss@acme.example", "phone") >= began_s);
    assert_int_equal(last_use("boss@acme.example", "tablet"), 1769990400);
    unlink(uses_path);
}

static void
test_a_last_use_that_cannot_be_kept_does_no_harm(void **state)
{
    (void)state;
    struct opened opened;
    assert_int_equal(mkdir(uses_path, 0700), 0);
    write_users("boss@acme.example phone:{PLAIN}a\n");
    open_source(&opened);
    use(&opened, "boss@acme.example", "a");
    use(&opened, "boss@acme.example", "a");
    close_source(&opened);
    assert_int_equal(rmdir(uses_path), 0);
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
    snprintf(want, sizeof want, "%s:4: ", users_path);
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
    snprintf(uses_path, sizeof uses_path, "%s/users.used", folder);
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
        cmocka_unit_test(test_every_way_of_keeping_a_password),
        cmocka_unit_test(test_challenges),
        cmocka_unit_test(test_the_clear_password_is_given_to_who_wants_it),
        cmocka_unit_test(test_lookups),
        cmocka_unit_test(test_app_passwords_are_found),
        cmocka_unit_test(test_the_last_use_is_kept),
        cmocka_unit_test(test_a_last_use_that_cannot_be_kept_does_no_harm),
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
