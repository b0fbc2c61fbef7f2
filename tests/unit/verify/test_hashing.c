#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "hashing.h"

enum { PLENTY_MS = 10000 };

static enum password_answer
verify(const char *value, const char *password, struct deadline deadline, struct err *err)
{
    struct hashing *hashing = hashing_create();
    struct secret secret = {0};
    secret_set(&secret, password, strlen(password));
    const struct hashed stored = {value, strlen(value), STORED_BARE_CLEAR};
    enum password_answer answer = hashing_verify(hashing, &stored, &secret, deadline, err);
    secret_fini(&secret);
    hashing_free(hashing);
    return answer;
}

static const struct hashing_case {
    const char *name, *value;
    int left_ms;
    enum password_answer want;
    const char *want_err;
} cases[] = {
    {"a right password in time", "{MD5}ICy5YqxZB1uWSwcVLSNLcA==", PLENTY_MS, PASSWORD_RIGHT, ""},
    {"a wrong password in time", "{MD5}AAAAAAAAAAAAAAAAAAAAAA==", PLENTY_MS, PASSWORD_WRONG, ""},
    {"nothing is hashed when the time is up", "{MD5}ICy5YqxZB1uWSwcVLSNLcA==", 0,
     PASSWORD_CANNOT_TELL, "no time was left to check the password"},
    {"nor where a place is free for what takes much memory",
     "{ARGON2}$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAA", 0,
     PASSWORD_CANNOT_TELL, "no time was left to check the password"},
};

static void
test_hashing_verify(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct err err = {0};
        print_message("%s\n", cases[i].name);
        assert_int_equal(verify(cases[i].value, "123", deadline_after(cases[i].left_ms), &err),
                         cases[i].want);
        assert_string_equal(err.text, cases[i].want_err);
    }
}

static void
test_what_was_made_to_be_slow_is_done_by_few_at_a_time(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        bool want;
    } values[] = {
        {"{CRYPT}$6$rounds=9000000$saltsaltsalt$x", true},
        {"{CRYPT}$2b$16$x", true},
        {"{CRYPT}$y$j9T$x$x", true},
        {"{PBKDF2-SHA256}100000$x$x", true},
        {"{ARGON2}$argon2id$v=19$m=64,t=1,p=1$x", true},
        {"{SSHA}x", false},
        {"{SSHA512}x", false},
        {"clear", false},
        {"{PLAIN}clear", false},
        {"{WHAT}x", false},
    };
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        const char *value = values[i].value;
        print_message("%s\n", value);
        assert_int_equal(stored_is_slow(value, strlen(value), STORED_BARE_CLEAR), values[i].want);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hashing_verify),
        cmocka_unit_test(test_what_was_made_to_be_slow_is_done_by_few_at_a_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
