#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "smtp_reply.h"

/* Feeds the lines of text, which are separated by LF, until one is broken or the last. Each is an
 * exact heap copy, so that the sanitizer sees a read of one byte too many. */
static enum smtp_line
feed(struct smtp_reply *reply, const char *text, size_t length, struct err *err)
{
    *reply = (struct smtp_reply){0};
    enum smtp_line step = SMTP_LINE_MORE;
    const char *end = text + length;
    while (step == SMTP_LINE_MORE && text <= end) {
        const char *feed = memchr(text, '\n', (size_t)(end - text));
        size_t line_length = (size_t)((feed != NULL ? feed : end) - text);
        char *line = malloc(line_length > 0 ? line_length : 1);
        assert_non_null(line);
        memcpy(line, text, line_length);
        step = smtp_reply_add(reply, line, line_length, err);
        free(line);
        text += line_length + 1;
    }
    return step;
}

#define TEXT(text) (text), sizeof(text) - 1

static void
test_replies(void **state)
{
    (void)state;
    static const struct {
        const char *name, *text;
        size_t length;
        enum smtp_line want;
        unsigned want_code;
        const char *want_status;
        const char *want_error;
    } cases[] = {
        {"one line", TEXT("220 mx.example ESMTP"), SMTP_LINE_LAST, 220, "220", NULL},
        {"a code alone", TEXT("250"), SMTP_LINE_LAST, 250, "250", NULL},
        {"a code and a space", TEXT("250 "), SMTP_LINE_LAST, 250, "250", NULL},
        {"two lines", TEXT("250-mx.example\n250 HELP"), SMTP_LINE_LAST, 250, "250", NULL},
        {"a line that goes on", TEXT("250-mx.example"), SMTP_LINE_MORE, 250, "250", NULL},
        {"an enhanced code", TEXT("535 5.7.8 Error: authentication failed"), SMTP_LINE_LAST, 535,
         "535 5.7.8", NULL},
        {"an enhanced code alone", TEXT("454 4.7.0"), SMTP_LINE_LAST, 454, "454 4.7.0", NULL},
        {"an enhanced code of another class", TEXT("535 4.7.8 no"), SMTP_LINE_LAST, 535,
         "535 4.7.8", NULL},
        {"an enhanced code of a class that there is not", TEXT("535 7.7.8 no"), SMTP_LINE_LAST, 535,
         "535", NULL},
        {"an address is no enhanced code", TEXT("535 5.7.8.x no"), SMTP_LINE_LAST, 535, "535",
         NULL},
        {"an echo of what we sent is not in the status", TEXT("500 unknown: AUTH PLAIN AGEAYg=="),
         SMTP_LINE_LAST, 500, "500", NULL},
        {"Latin-1 in the text", TEXT("535 5.7.8 \xe9"), SMTP_LINE_LAST, 535, "535 5.7.8", NULL},
        {"another code in the middle", TEXT("250-mx.example\n550 no"), SMTP_LINE_BROKEN, 0, NULL,
         "the server changed the code from 250 to 550 within one reply"},
        {"235 in the middle of 535", TEXT("535-no\n235 yes"), SMTP_LINE_BROKEN, 0, NULL,
         "the server changed the code from 535 to 235 within one reply"},
        {"no code", TEXT("hello"), SMTP_LINE_BROKEN, 0, NULL,
         "the server sent a line that is no SMTP reply"},
        {"nothing", TEXT(""), SMTP_LINE_BROKEN, 0, NULL,
         "the server sent a line that is no SMTP reply"},
        {"two digits", TEXT("25 ok"), SMTP_LINE_BROKEN, 0, NULL,
         "the server sent a line that is no SMTP reply"},
        {"four digits", TEXT("2500 ok"), SMTP_LINE_BROKEN, 0, NULL,
         "the server sent a line that is no SMTP reply"},
        {"a class that SMTP does not have", TEXT("150 ok"), SMTP_LINE_BROKEN, 0, NULL,
         "the server sent a line that is no SMTP reply"},
        {"a class beyond SMTP's", TEXT("635 ok"), SMTP_LINE_BROKEN, 0, NULL,
         "the server sent a line that is no SMTP reply"},
        {"a comma behind the code", TEXT("235,ok"), SMTP_LINE_BROKEN, 0, NULL,
         "the server sent a line that is no SMTP reply"},
        {"an answer of another protocol", TEXT("HTTP/1.1 400 Bad Request"), SMTP_LINE_BROKEN, 0,
         NULL, "the server sent a line that is no SMTP reply"},
        {"a NUL", TEXT("235 o\0k"), SMTP_LINE_BROKEN, 0, NULL,
         "the server sent a NUL or a bare CR in a reply"},
        {"a NUL as separator", TEXT("235\0ok"), SMTP_LINE_BROKEN, 0, NULL,
         "the server sent a NUL or a bare CR in a reply"},
        {"a bare CR", TEXT("535 no\r235 yes"), SMTP_LINE_BROKEN, 0, NULL,
         "the server sent a NUL or a bare CR in a reply"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct smtp_reply reply;
        struct err err = {""};
        print_message("%s\n", cases[i].name);
        assert_int_equal(feed(&reply, cases[i].text, cases[i].length, &err), cases[i].want);
        if (cases[i].want == SMTP_LINE_BROKEN) {
            assert_string_equal(err.text, cases[i].want_error);
            continue;
        }
        assert_int_equal(reply.code, cases[i].want_code);
        assert_int_equal(reply.status_length, strlen(cases[i].want_status));
        assert_memory_equal(reply.text, cases[i].want_status, reply.status_length);
    }
}

static void
test_replies_that_contradict_themselves(void **state)
{
    (void)state;
    static const struct {
        const char *name, *text;
        bool want;
    } cases[] = {
        {"both permanent", "535 5.7.8 no", false},
        {"both good", "235 2.7.0 yes", false},
        {"no enhanced code", "535 no", false},
        {"a version is no enhanced code", "220 8.17.1/8.17.1 ready", false},
        {"permanent, but temporary", "535 4.7.0 later", true},
        {"good, but permanent", "235 5.7.8 no", true},
        {"in one of its lines", "535-4.7.0 the directory is down\n535 5.7.8 no", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct smtp_reply reply;
        struct err err;
        print_message("%s\n", cases[i].name);
        assert_int_equal(feed(&reply, cases[i].text, strlen(cases[i].text), &err), SMTP_LINE_LAST);
        assert_int_equal(reply.contradicts_itself, cases[i].want);
    }
}

static void
test_replies_that_blame_us(void **state)
{
    (void)state;
    static const struct {
        const char *name, *text;
        bool want;
    } cases[] = {
        {"a user that there is not", "550 5.1.1 no such user", false},
        {"no enhanced code", "550 blocked", false},
        {"policy", "550 5.7.1 blocked", true},
        {"policy with a number that a provider made up", "550 5.7.606 banned", true},
        {"temporary policy", "450 4.7.1 greylisted", true},
        {"policy in the first line alone", "550-5.7.1 blocked\n550 see our pages", true},
        {"policy in the last line", "550-blocked\n550 5.7.1 see our pages", true},
        {"the sender's syntax", "553 5.1.7 bad sender", true},
        {"the sender's domain", "550 5.1.8 no such domain", true},
        {"a null MX", "556 5.1.10 takes no mail", false},
        {"a detail that begins like the sender's", "550 5.1.80 what", false},
        {"a 7 as detail", "550 5.1.7x what", false},
        {"a 7 as class is no enhanced code", "550 7.7.1 what", false},
        {"text that looks like one behind it", "550 no 5.7.1", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct smtp_reply reply;
        struct err err;
        print_message("%s\n", cases[i].name);
        assert_int_equal(feed(&reply, cases[i].text, strlen(cases[i].text), &err), SMTP_LINE_LAST);
        assert_int_equal(reply.blames_us, cases[i].want);
    }
}

static void
test_smtputf8_is_offered_behind_the_first_line(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool want;
    } cases[] = {
        {"250-mx\n250 SMTPUTF8", true},   {"250-mx\n250-smtputf8\n250 HELP", true},
        {"250-mx\n250 SMTPUTF88", false}, {"250 SMTPUTF8", false},
        {"250-mx\n250 8BITMIME", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct smtp_reply reply;
        struct err err;
        assert_int_equal(feed(&reply, cases[i].text, strlen(cases[i].text), &err), SMTP_LINE_LAST);
        assert_int_equal(reply.offers_smtputf8, cases[i].want);
    }
}

static void
test_what_ehlo_offers(void **state)
{
    (void)state;
    const unsigned plain = SMTP_MECHANISM_BIT(SMTP_MECHANISM_PLAIN);
    const unsigned login = SMTP_MECHANISM_BIT(SMTP_MECHANISM_LOGIN);
    const unsigned cram_md5 = SMTP_MECHANISM_BIT(SMTP_MECHANISM_CRAM_MD5);
    const struct {
        const char *name, *text;
        bool want_starttls, want_auth;
        unsigned want_mechanisms;
    } cases[] = {
        {"nothing", "250 mx.example", false, false, 0},
        {"the greeting offers nothing", "250 AUTH PLAIN", false, false, 0},
        {"both", "250-mx\n250-STARTTLS\n250-AUTH PLAIN LOGIN\n250 HELP", true, true, plain | login},
        {"any case", "250-mx\n250-StartTLS\n250 auth plain", true, true, plain},
        {"AUTH with an equals sign", "250-mx\n250 AUTH=LOGIN", false, true, login},
        {"both spellings", "250-mx\n250-AUTH PLAIN\n250 AUTH=LOGIN", false, true, plain | login},
        {"all that we know", "250-mx\n250 AUTH LOGIN CRAM-MD5 PLAIN", false, true,
         plain | login | cram_md5},
        {"the old spelling with several", "250-mx\n250 AUTH=LOGIN PLAIN", false, true,
         plain | login},
        {"the old spelling in any case", "250-mx\n250 auth=cram-md5 Login", false, true,
         login | cram_md5},
        {"the old spelling with a space behind it", "250-mx\n250 AUTH= LOGIN", false, true, login},
        {"the old spelling without mechanisms", "250-mx\n250 AUTH=", false, true, 0},
        {"an equals sign is in no mechanism", "250-mx\n250 AUTH PLAIN=LOGIN", false, true, 0},
        {"mechanisms that we do not know", "250-mx\n250 AUTH DIGEST-MD5 GSSAPI", false, true, 0},
        {"no part of CRAM-MD5", "250-mx\n250 AUTH CRAM MD5 CRAM-MD55", false, true, 0},
        {"no part of another word", "250-mx\n250 AUTH PLAINTEXT XLOGIN", false, true, 0},
        {"spaces in plenty", "250-mx\n250 AUTH   PLAIN  ", false, true, plain},
        {"AUTH without mechanisms", "250-mx\n250 AUTH", false, true, 0},
        {"a longer keyword", "250-mx\n250-XSTARTTLS\n250 AUTHX PLAIN", false, false, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct smtp_reply reply;
        struct err err;
        print_message("%s\n", cases[i].name);
        assert_int_equal(feed(&reply, cases[i].text, strlen(cases[i].text), &err), SMTP_LINE_LAST);
        assert_int_equal(reply.offers_starttls, cases[i].want_starttls);
        assert_int_equal(reply.offers_auth, cases[i].want_auth);
        assert_int_equal(reply.mechanisms, cases[i].want_mechanisms);
    }
}

static void
test_what_ehlo_takes_behind_xclient(void **state)
{
    (void)state;
    static const struct {
        const char *name, *text;
        unsigned want;
    } cases[] = {
        {"not offered", "250-mx\n250 AUTH PLAIN", 0},
        {"offered by Postfix", "250-mx\n250-XCLIENT NAME ADDR PORT PROTO HELO LOGIN\n250 HELP",
         SMTP_XCLIENT_ADDR | SMTP_XCLIENT_NAME | SMTP_XCLIENT_PROTO | SMTP_XCLIENT_HELO},
        {"some of it", "250-mx\n250 XCLIENT HELO ADDR", SMTP_XCLIENT_ADDR | SMTP_XCLIENT_HELO},
        {"in any case", "250-mx\n250 xclient addr", SMTP_XCLIENT_ADDR},
        {"without attributes", "250-mx\n250 XCLIENT", 0},
        {"with others", "250-mx\n250 XCLIENT DESTADDR ADDRESS", 0},
        {"a longer keyword", "250-mx\n250 XCLIENTS ADDR", 0},
        {"in the greeting", "250 XCLIENT ADDR", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct smtp_reply reply;
        struct err err;
        print_message("%s\n", cases[i].name);
        assert_int_equal(feed(&reply, cases[i].text, strlen(cases[i].text), &err), SMTP_LINE_LAST);
        assert_int_equal(reply.xclient, cases[i].want);
    }
}

static void
test_a_text_that_is_cut_is_known_to_be(void **state)
{
    (void)state;
    struct err err = {""};
    char line[SMTP_REPLY_TEXT_MAX + 1] = "334 ";
    memset(line + 4, 'x', sizeof line - 4);
    struct smtp_reply reply = {0};
    assert_int_equal(smtp_reply_add(&reply, line, SMTP_REPLY_TEXT_MAX - 1, &err), SMTP_LINE_LAST);
    assert_false(reply.is_cut);
    assert_int_equal(strlen(reply.text), SMTP_REPLY_TEXT_MAX - 1);
    reply = (struct smtp_reply){0};
    assert_int_equal(smtp_reply_add(&reply, line, SMTP_REPLY_TEXT_MAX, &err), SMTP_LINE_LAST);
    assert_true(reply.is_cut);
    assert_int_equal(strlen(reply.text), SMTP_REPLY_TEXT_MAX - 1);
}

static void
test_long_texts_and_long_replies(void **state)
{
    (void)state;
    struct err err = {""};
    struct smtp_reply reply = {0};
    char line[1000] = "250-";
    memset(line + 4, 'x', sizeof line - 4);
    assert_int_equal(smtp_reply_add(&reply, line, sizeof line, &err), SMTP_LINE_MORE);
    assert_int_equal(strlen(reply.text), SMTP_REPLY_TEXT_MAX - 1);

    for (int i = 1; i < SMTP_REPLY_LINES_MAX; i++)
        assert_int_equal(smtp_reply_add(&reply, "250-x", 5, &err), SMTP_LINE_MORE);
    assert_int_equal(smtp_reply_add(&reply, "250 x", 5, &err), SMTP_LINE_BROKEN);
    assert_string_equal(err.text, "the server sent a reply of more than 128 lines");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_replies),
        cmocka_unit_test(test_replies_that_contradict_themselves),
        cmocka_unit_test(test_replies_that_blame_us),
        cmocka_unit_test(test_what_ehlo_offers),
        cmocka_unit_test(test_smtputf8_is_offered_behind_the_first_line),
        cmocka_unit_test(test_what_ehlo_takes_behind_xclient),
        cmocka_unit_test(test_a_text_that_is_cut_is_known_to_be),
        cmocka_unit_test(test_long_texts_and_long_replies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
