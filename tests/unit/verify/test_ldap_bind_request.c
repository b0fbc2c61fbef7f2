/* Bind requests, byte by byte as RFC 4511 4.2 wants them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ldap_bind_request.h"

#define BYTES(text) (text), sizeof(text) - 1

static const struct request_case {
    const char *name;
    int32_t message;
    const char *dn;
    const char *password;
    size_t password_length;
    const char *want;
    size_t want_length;
} cases[] = {
    {"name and password are what they are", 0x40000001, "cn=a", BYTES("pw"),
     BYTES("\x30\x84\x00\x00\x00\x21"
           "\x02\x04\x40\x00\x00\x01"
           "\x60\x84\x00\x00\x00\x15"
           "\x02\x01\x03"
           "\x04\x84\x00\x00\x00\x04"
           "cn=a"
           "\x80\x84\x00\x00\x00\x02"
           "pw")},
    {"a NUL and bytes above 127 of a password are sent", 0x7fffffff, "", BYTES("\x00\xff"),
     BYTES("\x30\x84\x00\x00\x00\x1d"
           "\x02\x04\x7f\xff\xff\xff"
           "\x60\x84\x00\x00\x00\x11"
           "\x02\x01\x03"
           "\x04\x84\x00\x00\x00\x00"
           "\x80\x84\x00\x00\x00\x02"
           "\x00\xff")},
};

static void
requests(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct request_case *test = &cases[i];
        struct secret password, bytes;
        secret_init(&password);
        secret_init(&bytes);
        secret_set(&password, test->password, test->password_length);
        assert_int_equal(ldap_bind_request(test->message, test->dn, &password, &bytes), 0);
        if (bytes.length != test->want_length ||
            memcmp(bytes.bytes, test->want, test->want_length) != 0)
            fail_msg("%s", test->name);
        secret_fini(&password);
        secret_fini(&bytes);
    }
}

static void
lengths_above_one_byte_are_right(void **state)
{
    (void)state;
    static char long_text[1000];
    memset(long_text, 'x', sizeof long_text - 1);
    struct secret password, bytes;
    secret_init(&password);
    secret_init(&bytes);
    secret_set(&password, long_text, 999);
    assert_int_equal(ldap_bind_request(LDAP_BIND_MESSAGE_FIRST, long_text, &password, &bytes), 0);
    assert_memory_equal(bytes.bytes + 21, "\x04\x84\x00\x00\x03\xe7x", 7);
    assert_memory_equal(bytes.bytes + 21 + 6 + 999, "\x80\x84\x00\x00\x03\xe7x", 7);
    assert_int_equal(bytes.length, 21 + 6 + 999 + 6 + 999);
    secret_fini(&password);
    secret_fini(&bytes);
}

static void
a_password_of_more_than_a_megabyte_is_refused(void **state)
{
    (void)state;
    struct secret password, bytes;
    secret_init(&password);
    secret_init(&bytes);
    secret_reserve(&password, (1 << 20) + 1);
    password.length = (1 << 20) + 1;
    assert_int_equal(ldap_bind_request(LDAP_BIND_MESSAGE_FIRST, "cn=a", &password, &bytes), -1);
    secret_fini(&password);
    secret_fini(&bytes);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests),
        cmocka_unit_test(lengths_above_one_byte_are_right),
        cmocka_unit_test(a_password_of_more_than_a_megabyte_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
