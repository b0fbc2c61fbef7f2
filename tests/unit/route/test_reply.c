#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "reply.h"

static const struct reply smtp = {.form = REPLY_SMTP, .want_code = 250};
static const struct reply greeting = {.form = REPLY_IMAP_GREETING, .may_be_followed = true};
static const struct reply imap = {.form = REPLY_IMAP, .tag = "a1"};
static const struct reply capability = {.form = REPLY_IMAP, .tag = "a1", .may_be_followed = true};
static const struct reply pop3 = {.form = REPLY_POP3};
static const struct reply list = {.form = REPLY_POP3_LIST};

enum want { MORE, OK, NO, GARBAGE };

static enum want
feed(struct reply *reply, const char *bytes, size_t length)
{
    switch (reply_feed(reply, bytes, length)) {
    case REPLY_INCOMPLETE:
        return MORE;
    case REPLY_COMPLETE:
        return reply->is_ok ? OK : NO;
    case REPLY_GARBAGE:
        break;
    }
    return GARBAGE;
}

static void
test_reply(void **state)
{
    static const struct {
        const char *name;
        const struct reply *expected;
        const char *bytes;
        enum want want;
        const char *want_line; /* NULL: whatever */
    } cases[] = {
        {"one line", &smtp, "250 mail ESMTP\r\n", OK, "250 mail ESMTP"},
        {"a line without text", &smtp, "250\r\n", OK, "250"},
        {"a line that ends with LF alone", &smtp, "250 ok\n", OK, "250 ok"},
        {"several lines", &smtp, "250-mail\r\n250-SIZE 1\r\n250 OK\r\n", OK, "250 OK"},
        {"several lines, the last bare", &smtp, "250-mail\r\n250\r\n", OK, "250"},
        {"a refusal", &smtp, "554 5.7.1 go away\r\n", NO, "554 5.7.1 go away"},
        {"another code than that hoped for", &smtp, "220 x\r\n", NO, "220 x"},
        {"half a line", &smtp, "250 ma", MORE, "250 ma"},
        {"a CR is not yet an end", &smtp, "250 mail\r", MORE, "250 mail\r"},
        {"lines that promise more", &smtp, "250-a\r\n250-b\r\n", MORE, ""},
        {"nothing", &smtp, "", MORE, ""},
        {"an empty line", &smtp, "\r\n", GARBAGE, ""},
        {"POP3", &smtp, "+OK ready\r\n", GARBAGE, "+OK ready"},
        {"IMAP", &smtp, "* OK ready\r\n", GARBAGE, "* OK ready"},
        {"two digits", &smtp, "25 x\r\n", GARBAGE, "25 x"},
        {"four digits", &smtp, "2500 x\r\n", GARBAGE, "2500 x"},
        {"a code that SMTP does not have", &smtp, "120 x\r\n", GARBAGE, "120 x"},
        {"another one", &smtp, "620 x\r\n", GARBAGE, "620 x"},
        {"no blank behind the code", &smtp, "250x\r\n", GARBAGE, "250x"},
        {"garbage behind a good line", &smtp, "250-a\r\nb\r\n", GARBAGE, "b"},
        {"an answer to what was not asked", &smtp, "250 a\r\n250 b\r\n", GARBAGE, "250 a"},

        {"IMAP greets", &greeting, "* OK IMAP4rev1 ready\r\n", OK, NULL},
        {"a bare greeting", &greeting, "* OK\r\n", OK, NULL},
        {"IMAP knows us already", &greeting, "* PREAUTH welcome\r\n", OK, NULL},
        {"words in any case", &greeting, "* ok hello\r\n", OK, NULL},
        {"a server that says good-bye at once", &greeting, "* BYE too busy\r\n", NO,
         "* BYE too busy"},
        {"a word that only begins like OK", &greeting, "* OKAY\r\n", GARBAGE, NULL},
        {"SMTP greets", &greeting, "220 mail\r\n", GARBAGE, NULL},
        {"a greeting with more behind it", &greeting, "* OK hello\r\n* CAPABILITY X\r\n", OK, NULL},

        {"an answer with our tag", &imap, "a1 OK done\r\n", OK, "a1 OK done"},
        {"a refusal with our tag", &imap, "a1 NO later\r\n", NO, "a1 NO later"},
        {"a command that is not known", &imap, "a1 BAD what\r\n", NO, NULL},
        {"no result", &imap, "a1 MAYBE\r\n", GARBAGE, NULL},
        {"another tag", &imap, "a2 OK done\r\n", GARBAGE, NULL},
        {"a tag that only begins like ours", &imap, "a10 OK done\r\n", GARBAGE, NULL},
        {"what else there is to say comes first", &imap, "* CAPABILITY X\r\na1 OK\r\n", OK, NULL},
        {"good-bye in the midst", &imap, "* BYE shutting down\r\na1 OK\r\n", GARBAGE, NULL},
        {"good-bye", &imap, "* BYE shutting down\r\n", NO, NULL},
        {"lines without our tag", &imap, "* CAPABILITY X\r\n", MORE, NULL},
        {"bytes that are injected behind STARTTLS", &imap, "a1 OK go\r\na2 OK\r\n", GARBAGE, NULL},
        {"news behind an answer", &capability, "a1 OK\r\n* 2 EXISTS\r\n", OK, NULL},

        {"POP3 greets", &pop3, "+OK ready <1@x>\r\n", OK, "+OK ready <1@x>"},
        {"a bare +OK", &pop3, "+OK\r\n", OK, NULL},
        {"POP3 refuses", &pop3, "-ERR busy\r\n", NO, "-ERR busy"},
        {"half a word", &pop3, "+O", MORE, NULL},
        {"a word that only begins like +OK", &pop3, "+OKAY\r\n", GARBAGE, NULL},
        {"SMTP where POP3 should be", &pop3, "220 mail\r\n", GARBAGE, NULL},
        {"bytes that are injected behind STLS", &pop3, "+OK go\r\n+OK\r\n", GARBAGE, NULL},
        {"a list", &list, "+OK\r\nTOP\r\nUIDL\r\n.\r\n", OK, "."},
        {"an empty list", &list, "+OK\r\n.\r\n", OK, NULL},
        {"a list without its end", &list, "+OK\r\nTOP\r\n", MORE, NULL},
        {"a list that is refused", &list, "-ERR what\r\n", NO, "-ERR what"},
        {"lines that begin with a dot do not end it", &list, "+OK\r\n..\r\n. \r\n", MORE, NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        print_message("%s\n", cases[i].name);
        struct reply reply = *cases[i].expected;
        assert_int_equal(feed(&reply, cases[i].bytes, strlen(cases[i].bytes)), cases[i].want);
        if (cases[i].want_line != NULL)
            assert_string_equal(reply.line, cases[i].want_line);
    }
}

static void
test_byte_by_byte(void **state)
{
    static const struct {
        const struct reply *expected;
        const char *bytes;
    } cases[] = {
        {&smtp, "250-mail\r\n250-SIZE 1\r\n250 OK\r\n"},
        {&imap, "* CAPABILITY IMAP4rev1\r\na1 OK done\r\n"},
        {&list, "+OK capabilities\r\nUIDL\r\n.\r\n"},
    };
    (void)state;
    for (size_t n = 0; n < sizeof cases / sizeof cases[0]; n++) {
        struct reply reply = *cases[n].expected;
        const size_t length = strlen(cases[n].bytes);
        for (size_t i = 0; i < length - 1; i++)
            assert_int_equal(feed(&reply, cases[n].bytes + i, 1), MORE);
        assert_int_equal(feed(&reply, "\n", 1), OK);
    }
}

static void
test_long_lines_are_cut(void **state)
{
    (void)state;
    struct reply reply = smtp;
    char bytes[5000];
    memset(bytes, 'x', sizeof bytes);
    memcpy(bytes, "250 ", 4);
    assert_int_equal(feed(&reply, bytes, sizeof bytes), MORE);
    assert_int_equal(feed(&reply, "\r\n", 2), OK);
    assert_int_equal(strlen(reply.line), sizeof reply.line - 1);
}

static void
test_an_answer_has_an_end(void **state)
{
    static const struct {
        const struct reply *expected;
        const char *line;
    } cases[] = {{&smtp, "250-more\r\n"}, {&imap, "* 1 EXISTS\r\n"}, {&list, "+OK\r\n"}};
    (void)state;
    for (size_t n = 0; n < sizeof cases / sizeof cases[0]; n++) {
        struct reply reply = *cases[n].expected;
        size_t fed = 0;
        while (feed(&reply, cases[n].line, strlen(cases[n].line)) == MORE)
            fed += strlen(cases[n].line);
        assert_in_range(fed, REPLY_BYTES_MAX - 16, REPLY_BYTES_MAX);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reply),
        cmocka_unit_test(test_byte_by_byte),
        cmocka_unit_test(test_long_lines_are_cut),
        cmocka_unit_test(test_an_answer_has_an_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
