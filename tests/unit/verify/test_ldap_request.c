/* Requests that hold a password, byte by byte as RFC 4511 4.2 and 4.10 want them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ldap_request.h"

#define BYTES(text) (text), sizeof(text) - 1

/* What every bind ends with: it asks for the password policy's opinion, not critically. */
#define CONTROLS               \
    "\xa0\x84\x00\x00\x00\x25" \
    "\x30\x84\x00\x00\x00\x1f" \
    "\x04\x84\x00\x00\x00\x19" \
    "1.3.6.1.4.1.42.2.27.8.5.1"

static const struct request_case {
    const char *name;
    int32_t message;
    const char *dn;
    const char *attribute; /* NULL: it is a bind */
    const char *password;
    size_t password_length;
    const char *want;
    size_t want_length;
} cases[] = {
    {"name and password are what they are", 0x40000001, "cn=a", NULL, BYTES("pw"),
     BYTES("\x30\x84\x00\x00\x00\x4c"
           "\x02\x04\x40\x00\x00\x01"
           "\x60\x84\x00\x00\x00\x15"
           "\x02\x01\x03"
           "\x04\x84\x00\x00\x00\x04"
           "cn=a"
           "\x80\x84\x00\x00\x00\x02"
           "pw" CONTROLS)},
    {"a NUL and bytes above 127 of a password are sent", 0x7fffffff, "", NULL, BYTES("\x00\xff"),
     BYTES("\x30\x84\x00\x00\x00\x48"
           "\x02\x04\x7f\xff\xff\xff"
           "\x60\x84\x00\x00\x00\x11"
           "\x02\x01\x03"
           "\x04\x84\x00\x00\x00\x00"
           "\x80\x84\x00\x00\x00\x02"
           "\x00\xff" CONTROLS)},
    {"a password is compared", 0x40000001, "cn=a", "pass", BYTES("\x00p\xff"),
     BYTES("\x30\x84\x00\x00\x00\x2f"
           "\x02\x04\x40\x00\x00\x01"
           "\x6e\x84\x00\x00\x00\x23"
           "\x04\x84\x00\x00\x00\x04"
           "cn=a"
           "\x30\x84\x00\x00\x00\x13"
           "\x04\x84\x00\x00\x00\x04"
           "pass"
           "\x04\x84\x00\x00\x00\x03"
           "\x00p\xff")},
    {"nothing is compared", 0x40000001, "", "", BYTES(""),
     BYTES("\x30\x84\x00\x00\x00\x24"
           "\x02\x04\x40\x00\x00\x01"
           "\x6e\x84\x00\x00\x00\x18"
           "\x04\x84\x00\x00\x00\x00"
           "\x30\x84\x00\x00\x00\x0c"
           "\x04\x84\x00\x00\x00\x00"
           "\x04\x84\x00\x00\x00\x00")},
};

static int
make(const struct request_case *test, const struct secret *password, struct secret *bytes)
{
    return test->attribute == NULL
               ? ldap_request_bind(test->message, test->dn, password, bytes)
               : ldap_request_compare(test->message, test->dn, test->attribute, password, bytes);
}

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
        assert_int_equal(make(test, &password, &bytes), 0);
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
    assert_int_equal(ldap_request_bind(LDAP_REQUEST_FIRST, long_text, &password, &bytes), 0);
    assert_memory_equal(bytes.bytes + 21, "\x04\x84\x00\x00\x03\xe7x", 7);
    assert_memory_equal(bytes.bytes + 21 + 6 + 999, "\x80\x84\x00\x00\x03\xe7x", 7);
    assert_int_equal(bytes.length, 21 + 6 + 999 + 6 + 999 + sizeof CONTROLS - 1);
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
    assert_int_equal(ldap_request_bind(LDAP_REQUEST_FIRST, "cn=a", &password, &bytes), -1);
    assert_int_equal(ldap_request_compare(LDAP_REQUEST_FIRST, "cn=a", "b", &password, &bytes), -1);
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
