/* The app passwords of a users file: which is whose, and when each was last used. */
#include <poll.h>
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

#include "clock.h"
#include "file.h"
#include "users_bench.h"
#include "uses_file.h"

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
                     "boss@acme.example Tablet:" QUICK_SESAME ":expires=2999-01-01\n"
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

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_app_passwords_are_found),
        cmocka_unit_test(test_the_last_use_is_kept),
        cmocka_unit_test(test_a_last_use_that_cannot_be_kept_does_no_harm),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
