/* Answers to binds and compares as they come over the wire. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "alloc.h"
#include "ldap_ber.h"
#include "ldap_reply.h"

#define BYTES(text) (text), sizeof(text) - 1

#define NUMBER       "\x02\x04\x40\x00\x00\x01"
#define SUCCESS      "\x0a\x01\x00\x04\x00\x04\x00"
#define REFUSED      "\x0a\x01\x31\x04\x00\x04\x00"
#define BIND_SUCCESS NUMBER "\x61\x07" SUCCESS
#define BIND_REFUSED NUMBER "\x61\x07" REFUSED
#define POLICY \
    "\x04\x19" \
    "1.3.6.1.4.1.42.2.27.8.5.1"
#define NETSCAPE \
    "\x04\x17"   \
    "2.16.840.1.113730.3.4.4"

#define NOTHING \
    {           \
        0       \
    }
#define SPOKE_NOTHING      \
    {                      \
        .has_spoken = true \
    }
#define SPOKE_ERROR(number)                                      \
    {                                                            \
        .has_spoken = true, .has_error = true, .error = (number) \
    }

static const struct reply_case {
    const char *name;
    const char *bytes;
    size_t length;
    struct ldap_reply want;
} replies[] = {
    {"success", BYTES(BIND_SUCCESS), {0x40000001, 0x61, 0, "", NOTHING}},
    {"refused with a text",
     BYTES("\x02\x01\x05\x61\x0b\x0a\x01\x31\x04\x00\x04\x04"
           "gone"),
     {5, 0x61, 49, "gone", NOTHING}},
    {"lengths in four bytes, as Active Directory writes them",
     BYTES("\x02\x01\x05\x61\x84\x00\x00\x00\x0f\x0a\x01\x31\x04\x84\x00\x00\x00\x00\x04\x83\x00"
           "\x00\x01x"),
     {5, 0x61, 49, "x", NOTHING}},
    {"a compare",
     BYTES("\x02\x01\x05\x6f\x07\x0a\x01\x06\x04\x00\x04\x00"),
     {5, 0x6f, 6, "", NOTHING}},
    {"a matched DN, a referral and credentials of SASL are skipped",
     BYTES("\x02\x01\x05\x61\x12\x0a\x01\x0a\x04\x04"
           "dc=a"
           "\x04\x00\xa3\x02\x04\x00\x87\x01s"),
     {5, 0x61, 10, "", NOTHING}},
    {"the server says goodbye",
     BYTES("\x02\x01\x00\x78\x07\x0a\x01\x34\x04\x00\x04\x00"),
     {0, 0x78, 52, "", NOTHING}},
    {"negative numbers",
     BYTES("\x02\x01\xff\x61\x07\x0a\x01\xfe\x04\x00\x04\x00"),
     {-1, 0x61, -2, "", NOTHING}},
    {"no controls in a list of them",
     BYTES(BIND_SUCCESS "\xa0\x00"),
     {0x40000001, 0x61, 0, "", NOTHING}},
    {"a policy without an opinion",
     BYTES(BIND_SUCCESS "\xa0\x21\x30\x1f" POLICY "\x04\x02\x30\x00"),
     {0x40000001, 0x61, 0, "", SPOKE_NOTHING}},
    {"a policy with a warning",
     BYTES(BIND_SUCCESS "\xa0\x26\x30\x24" POLICY "\x04\x07\x30\x05\xa0\x03\x81\x01\x02"),
     {0x40000001, 0x61, 0, "", SPOKE_NOTHING}},
    {"a policy with an error",
     BYTES(BIND_REFUSED "\xa0\x24\x30\x22" POLICY "\x04\x05\x30\x03\x81\x01\x01"),
     {0x40000001, 0x61, 49, "", SPOKE_ERROR(1)}},
    {"a policy with a warning and an error",
     BYTES(BIND_SUCCESS "\xa0\x2b\x30\x29" POLICY
                        "\x04\x0c\x30\x0a\xa0\x05\x80\x03\x01\x51\x80\x81\x01\x02"),
     {0x40000001, 0x61, 0, "", SPOKE_ERROR(2)}},
    {"a policy that is said to be critical",
     BYTES(BIND_SUCCESS "\xa0\x27\x30\x25" POLICY "\x01\x01\xff\x04\x05\x30\x03\x81\x01\x00"),
     {0x40000001, 0x61, 0, "", SPOKE_ERROR(0)}},
    {"Netscape's control",
     BYTES(BIND_REFUSED "\xa0\x1e\x30\x1c" NETSCAPE "\x04\x01\x30"),
     {0x40000001, 0x61, 49, "", {.says_expired = true}}},
    {"Netscape's control without a value",
     BYTES(BIND_REFUSED "\xa0\x1b\x30\x19" NETSCAPE),
     {0x40000001, 0x61, 49, "", {.says_expired = true}}},
    {"both, after one that nobody knows",
     BYTES(BIND_REFUSED "\xa0\x43\x30\x05\x04\x03"
                        "1.2"
                        "\x30\x19" NETSCAPE "\x30\x1f" POLICY "\x04\x02\x30\x00"),
     {0x40000001, 0x61, 49, "", {.has_spoken = true, .says_expired = true}}},
};

static const struct reply_case damaged[] = {
    {"nothing", BYTES(""), {0}},
    {"no number", BYTES("\x61\x07" SUCCESS), {0}},
    {"a number without bytes", BYTES("\x02\x00\x61\x07" SUCCESS), {0}},
    {"a number of five bytes", BYTES("\x02\x05\x00\x00\x00\x00\x05\x61\x07" SUCCESS), {0}},
    {"an endless length", BYTES("\x02\x01\x05\x61\x80" SUCCESS "\x00\x00"), {0}},
    {"a length of five bytes", BYTES("\x02\x01\x05\x61\x85\x00\x00\x00\x00\x07" SUCCESS), {0}},
    {"a length that wraps around", BYTES("\x02\x01\x05\x61\x84\xff\xff\xff\xff" SUCCESS), {0}},
    {"a tag of several bytes", BYTES("\x02\x01\x05\x7f\x61\x07" SUCCESS), {0}},
    {"a code that is an integer", BYTES("\x02\x01\x05\x61\x07\x02\x01\x00\x04\x00\x04\x00"), {0}},
    {"no text", BYTES("\x02\x01\x05\x61\x05\x0a\x01\x00\x04\x00"), {0}},
    {"something behind the text is cut",
     BYTES("\x02\x01\x05\x61\x09\x0a\x01\x00\x04\x00\x04\x00\xa3\x02"),
     {0}},
    {"something other than controls", BYTES(BIND_SUCCESS "\xa1\x00"), {0}},
    {"something behind the controls", BYTES(BIND_SUCCESS "\xa0\x00\x04\x00"), {0}},
    {"a control that is none", BYTES(BIND_SUCCESS "\xa0\x02\x04\x00"), {0}},
    {"a control without a name", BYTES(BIND_SUCCESS "\xa0\x02\x30\x00"), {0}},
    {"a control with more than a value",
     BYTES(BIND_SUCCESS "\xa0\x09\x30\x07\x04\x01"
                        "1"
                        "\x04\x00\x04\x00"),
     {0}},
    {"a policy without a value", BYTES(BIND_SUCCESS "\xa0\x1d\x30\x1b" POLICY), {0}},
    {"a policy whose value is empty",
     BYTES(BIND_SUCCESS "\xa0\x1f\x30\x1d" POLICY "\x04\x00"),
     {0}},
    {"a policy with an error of no bytes",
     BYTES(BIND_SUCCESS "\xa0\x23\x30\x21" POLICY "\x04\x04\x30\x02\x81\x00"),
     {0}},
    {"a policy with two errors",
     BYTES(BIND_SUCCESS "\xa0\x27\x30\x25" POLICY "\x04\x08\x30\x06\x81\x01\x02\x81\x01\x00"),
     {0}},
    {"a policy with something behind it",
     BYTES(BIND_SUCCESS "\xa0\x23\x30\x21" POLICY "\x04\x04\x30\x00\x30\x00"),
     {0}},
    {"a policy that is cut",
     BYTES(BIND_REFUSED "\xa0\x22\x30\x20" POLICY "\x04\x03\x30\x03\x81"),
     {0}},
};

/* An exact copy, so that the sanitizer sees a read of one byte too many. */
static int
parse(const char *bytes, size_t length, struct ldap_reply *reply_r)
{
    char *copy = xmalloc(length);
    if (length > 0)
        memcpy(copy, bytes, length);
    int result = ldap_reply_parse(copy, length, reply_r);
    free(copy);
    return result;
}

static void
test_replies(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof replies / sizeof replies[0]; i++) {
        const struct reply_case *test = &replies[i];
        struct ldap_reply reply;
        print_message("%s\n", test->name);
        assert_int_equal(parse(test->bytes, test->length, &reply), 0);
        assert_int_equal(reply.message, test->want.message);
        assert_int_equal(reply.operation, test->want.operation);
        assert_int_equal(reply.code, test->want.code);
        assert_string_equal(reply.text, test->want.text);
        assert_int_equal(reply.policy.has_spoken, test->want.policy.has_spoken);
        assert_int_equal(reply.policy.has_error, test->want.policy.has_error);
        assert_int_equal(reply.policy.error, test->want.policy.error);
        assert_int_equal(reply.policy.says_expired, test->want.policy.says_expired);
    }
}

static void
test_damaged(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof damaged / sizeof damaged[0]; i++) {
        struct ldap_reply reply;
        print_message("%s\n", damaged[i].name);
        assert_int_equal(parse(damaged[i].bytes, damaged[i].length, &reply), -1);
    }
}

/* Whether it ends where an answer without controls ends as well: that one is whole. */
static bool
ends_at_operation(const struct reply_case *test, size_t length)
{
    struct ldap_ber from = {(const unsigned char *)test->bytes, test->length}, contents;
    unsigned tag;
    ldap_ber_take_any(&from, &tag, &contents);
    ldap_ber_take_any(&from, &tag, &contents);
    return length == test->length - from.length;
}

static void
test_cut_at_every_byte(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof replies / sizeof replies[0]; i++)
        for (size_t length = 0; length < replies[i].length; length++) {
            struct ldap_reply reply;
            if (!ends_at_operation(&replies[i], length) &&
                parse(replies[i].bytes, length, &reply) != -1)
                fail_msg("%s: cut to %zu bytes", replies[i].name, length);
        }
}

static void
test_long_text_is_cut(void **state)
{
    (void)state;
    char bytes[3 + 4 + 5 + 4 + 1000] =
        "\x02\x01\x05\x61\x82\x03\xf1\x0a\x01\x31\x04\x00\x04\x82\x03";
    bytes[15] = (char)0xe8;
    memset(bytes + 16, 'x', 1000);
    struct ldap_reply reply;
    assert_int_equal(parse(bytes, sizeof bytes, &reply), 0);
    assert_int_equal(strlen(reply.text), LDAP_REPLY_TEXT_MAX - 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_replies),
        cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_cut_at_every_byte),
        cmocka_unit_test(test_long_text_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
