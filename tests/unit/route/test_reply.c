#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "reply.h"

static void
test_reply(void **state)
{
    static const struct {
        const char *name, *bytes;
        enum reply_state want;
        unsigned want_code;
        const char *want_line;
    } cases[] = {
        {"one line", "220 mail ESMTP\r\n", REPLY_COMPLETE, 220, "220 mail ESMTP"},
        {"a line without text", "250\r\n", REPLY_COMPLETE, 250, "250"},
        {"a line that ends with LF alone", "250 ok\n", REPLY_COMPLETE, 250, "250 ok"},
        {"several lines", "250-mail\r\n250-SIZE 1\r\n250 OK\r\n", REPLY_COMPLETE, 250, "250 OK"},
        {"several lines, the last bare", "250-mail\r\n250\r\n", REPLY_COMPLETE, 250, "250"},
        {"a refusal", "554 5.7.1 go away\r\n", REPLY_COMPLETE, 554, "554 5.7.1 go away"},
        {"half a line", "220 ma", REPLY_INCOMPLETE, 0, "220 ma"},
        {"a CR is not yet an end", "220 mail\r", REPLY_INCOMPLETE, 0, "220 mail\r"},
        {"lines that promise more", "250-a\r\n250-b\r\n", REPLY_INCOMPLETE, 0, ""},
        {"nothing", "", REPLY_INCOMPLETE, 0, ""},
        {"an empty line", "\r\n", REPLY_GARBAGE, 0, ""},
        {"words", "* OK IMAP4rev1 ready\r\n", REPLY_GARBAGE, 0, "* OK IMAP4rev1 ready"},
        {"two digits", "22 x\r\n", REPLY_GARBAGE, 0, "22 x"},
        {"four digits", "2200 x\r\n", REPLY_GARBAGE, 0, "2200 x"},
        {"a code that SMTP does not have", "120 x\r\n", REPLY_GARBAGE, 0, "120 x"},
        {"another one", "620 x\r\n", REPLY_GARBAGE, 0, "620 x"},
        {"no blank behind the code", "220x\r\n", REPLY_GARBAGE, 0, "220x"},
        {"garbage behind a good line", "250-a\r\nb\r\n", REPLY_GARBAGE, 0, "b"},
        {"an answer to what was not asked", "220 a\r\n250 b\r\n", REPLY_GARBAGE, 220, "220 a"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        print_message("%s\n", cases[i].name);
        struct reply reply = {0};
        assert_int_equal(reply_feed(&reply, cases[i].bytes, strlen(cases[i].bytes)), cases[i].want);
        assert_int_equal(reply.code, cases[i].want_code);
        assert_string_equal(reply.line, cases[i].want_line);
    }
}

static void
test_byte_by_byte(void **state)
{
    static const char bytes[] = "250-mail\r\n250-SIZE 1\r\n250 OK\r\n";
    (void)state;
    struct reply reply = {0};
    for (size_t i = 0; i < sizeof bytes - 2; i++)
        assert_int_equal(reply_feed(&reply, bytes + i, 1), REPLY_INCOMPLETE);
    assert_int_equal(reply_feed(&reply, "\n", 1), REPLY_COMPLETE);
    assert_string_equal(reply.line, "250 OK");
}

static void
test_long_lines_are_cut(void **state)
{
    (void)state;
    struct reply reply = {0};
    char bytes[5000];
    memset(bytes, 'x', sizeof bytes);
    memcpy(bytes, "220 ", 4);
    assert_int_equal(reply_feed(&reply, bytes, sizeof bytes), REPLY_INCOMPLETE);
    assert_int_equal(reply_feed(&reply, "\r\n", 2), REPLY_COMPLETE);
    assert_int_equal(reply.code, 220);
    assert_int_equal(strlen(reply.line), sizeof reply.line - 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reply),
        cmocka_unit_test(test_byte_by_byte),
        cmocka_unit_test(test_long_lines_are_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
