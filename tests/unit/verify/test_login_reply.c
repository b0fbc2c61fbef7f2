#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "login_reply.h"

static const struct {
    const char *name;
    enum login_protocol protocol;
    const char *line;
    enum login_word want_word;
    enum login_judgement want;
    const char *want_said;
} answers[] = {
    {"OK is right", LOGIN_IMAP, "mailreeve OK Logged in", LOGIN_WORD_OK, LOGIN_RIGHT, "OK"},
    {"OK with capabilities is right", LOGIN_IMAP, "mailreeve OK [CAPABILITY IMAP4rev1] hello",
     LOGIN_WORD_OK, LOGIN_RIGHT, "OK"},
    {"OK in other letters is right", LOGIN_IMAP, "MAILREEVE ok", LOGIN_WORD_OK, LOGIN_RIGHT, "OK"},
    {"an OK that is not ours is no answer", LOGIN_IMAP, "A001 OK Logged in", LOGIN_WORD_BROKEN,
     LOGIN_NOT_JUDGED, "something that is no answer"},
    {"an OK of nobody's is aside", LOGIN_IMAP, "* OK Logged in", LOGIN_WORD_ASIDE, LOGIN_NOT_JUDGED,
     "*"},
    {"capabilities are aside", LOGIN_IMAP, "* CAPABILITY IMAP4rev1", LOGIN_WORD_ASIDE,
     LOGIN_NOT_JUDGED, "*"},
    {"PREAUTH is aside", LOGIN_IMAP, "* PREAUTH hello", LOGIN_WORD_ASIDE, LOGIN_NOT_JUDGED, "*"},
    {"NO without a code is wrong", LOGIN_IMAP, "mailreeve NO Login failed", LOGIN_WORD_NO,
     LOGIN_WRONG, "NO"},
    {"a bare NO is wrong", LOGIN_IMAP, "mailreeve NO", LOGIN_WORD_NO, LOGIN_WRONG, "NO"},
    {"AUTHENTICATIONFAILED is wrong", LOGIN_IMAP, "mailreeve NO [AUTHENTICATIONFAILED] no",
     LOGIN_WORD_NO, LOGIN_WRONG, "NO [AUTHENTICATIONFAILED]"},
    {"AUTHENTICATIONFAILED is, whatever its text says", LOGIN_IMAP,
     "mailreeve NO [AUTHENTICATIONFAILED] try again", LOGIN_WORD_NO, LOGIN_WRONG,
     "NO [AUTHENTICATIONFAILED]"},
    {"in small letters too", LOGIN_IMAP, "mailreeve no [authenticationfailed]", LOGIN_WORD_NO,
     LOGIN_WRONG, "NO [AUTHENTICATIONFAILED]"},
    {"AUTHORIZATIONFAILED is no wrong password", LOGIN_IMAP,
     "mailreeve NO [AUTHORIZATIONFAILED] no", LOGIN_WORD_NO, LOGIN_NOT_ALLOWED,
     "NO [AUTHORIZATIONFAILED]"},
    {"an alert is wrong", LOGIN_IMAP, "mailreeve NO [ALERT] Invalid credentials", LOGIN_WORD_NO,
     LOGIN_WRONG, "NO"},
    {"an alert about the server is not", LOGIN_IMAP, "mailreeve NO [ALERT] Too many logins",
     LOGIN_WORD_NO, LOGIN_NOT_JUDGED, "NO, and something about itself"},
    {"EXPIRED", LOGIN_IMAP, "mailreeve NO [EXPIRED] change it", LOGIN_WORD_NO,
     LOGIN_PASSWORD_EXPIRED, "NO [EXPIRED]"},
    {"CONTACTADMIN", LOGIN_IMAP, "mailreeve NO [CONTACTADMIN] no", LOGIN_WORD_NO, LOGIN_DISABLED,
     "NO [CONTACTADMIN]"},
    {"PRIVACYREQUIRED is our configuration", LOGIN_IMAP, "mailreeve NO [PRIVACYREQUIRED] TLS",
     LOGIN_WORD_NO, LOGIN_REFUSED_US, "NO [PRIVACYREQUIRED]"},
    {"UNAVAILABLE is an outage", LOGIN_IMAP, "mailreeve NO [UNAVAILABLE] later", LOGIN_WORD_NO,
     LOGIN_NOT_JUDGED, "NO [UNAVAILABLE]"},
    {"SERVERBUG is an outage", LOGIN_IMAP, "mailreeve NO [SERVERBUG] oh", LOGIN_WORD_NO,
     LOGIN_NOT_JUDGED, "NO [SERVERBUG]"},
    {"LIMIT is an outage", LOGIN_IMAP, "mailreeve NO [LIMIT] many", LOGIN_WORD_NO, LOGIN_NOT_JUDGED,
     "NO [LIMIT]"},
    {"INUSE is an outage", LOGIN_IMAP, "mailreeve NO [INUSE] locked", LOGIN_WORD_NO,
     LOGIN_NOT_JUDGED, "NO [INUSE]"},
    {"a code with arguments", LOGIN_IMAP, "mailreeve NO [REFERRAL imap://x/] go there",
     LOGIN_WORD_NO, LOGIN_UNCLEAR, "NO [REFERRAL]"},
    {"a code that is no outage", LOGIN_IMAP, "mailreeve NO [NOPERM] not you", LOGIN_WORD_NO,
     LOGIN_UNCLEAR, "NO [NOPERM]"},
    {"a code that nobody knows", LOGIN_IMAP, "mailreeve NO [open-sesame] x", LOGIN_WORD_NO,
     LOGIN_UNCLEAR, "NO with a code that says nothing about a password"},
    {"a code that does not end", LOGIN_IMAP, "mailreeve NO [AUTHENTICATIONFAILED", LOGIN_WORD_NO,
     LOGIN_NOT_JUDGED, "a code that does not end"},
    {"an empty code", LOGIN_IMAP, "mailreeve NO [] x", LOGIN_WORD_NO, LOGIN_UNCLEAR,
     "NO with a code that says nothing about a password"},
    {"Exchange's outage has no code", LOGIN_IMAP, "mailreeve NO Server Unavailable. 15",
     LOGIN_WORD_NO, LOGIN_NOT_JUDGED, "NO, and something about itself"},
    {"BAD says nothing about the password", LOGIN_IMAP, "mailreeve BAD what", LOGIN_WORD_BAD,
     LOGIN_NOT_JUDGED, "BAD"},
    {"BYE says nothing about the password", LOGIN_IMAP, "* BYE going down", LOGIN_WORD_BYE,
     LOGIN_NOT_JUDGED, "BYE"},
    {"a continuation", LOGIN_IMAP, "+ go on", LOGIN_WORD_GO_ON, LOGIN_NOT_JUDGED, "+"},
    {"a continuation without text", LOGIN_IMAP, "+", LOGIN_WORD_GO_ON, LOGIN_NOT_JUDGED, "+"},
    {"the tag alone", LOGIN_IMAP, "mailreeve", LOGIN_WORD_BROKEN, LOGIN_NOT_JUDGED, NULL},
    {"a longer tag", LOGIN_IMAP, "mailreeve2 OK", LOGIN_WORD_BROKEN, LOGIN_NOT_JUDGED, NULL},
    {"a longer OK", LOGIN_IMAP, "mailreeve OKAY", LOGIN_WORD_BROKEN, LOGIN_NOT_JUDGED, NULL},
    {"a space before the tag", LOGIN_IMAP, " mailreeve OK", LOGIN_WORD_BROKEN, LOGIN_NOT_JUDGED,
     NULL},
    {"a CR in the answer", LOGIN_IMAP, "mailreeve OK\rx", LOGIN_WORD_BROKEN, LOGIN_NOT_JUDGED,
     NULL},
    {"an empty line", LOGIN_IMAP, "", LOGIN_WORD_BROKEN, LOGIN_NOT_JUDGED, NULL},
    {"POP3's yes is none of IMAP's", LOGIN_IMAP, "+OK Logged in", LOGIN_WORD_BROKEN,
     LOGIN_NOT_JUDGED, NULL},

    {"+OK is right", LOGIN_POP3, "+OK 2 messages", LOGIN_WORD_OK, LOGIN_RIGHT, "+OK"},
    {"a bare +OK is right", LOGIN_POP3, "+OK", LOGIN_WORD_OK, LOGIN_RIGHT, "+OK"},
    {"a longer +OK", LOGIN_POP3, "+OKAY", LOGIN_WORD_BROKEN, LOGIN_NOT_JUDGED, NULL},
    {"-ERR is wrong", LOGIN_POP3, "-ERR Login failed.", LOGIN_WORD_NO, LOGIN_WRONG, "-ERR"},
    {"a bare -ERR is wrong", LOGIN_POP3, "-ERR", LOGIN_WORD_NO, LOGIN_WRONG, "-ERR"},
    {"AUTH is wrong", LOGIN_POP3, "-ERR [AUTH] Invalid credentials", LOGIN_WORD_NO, LOGIN_WRONG,
     "-ERR [AUTH]"},
    {"SYS/TEMP is an outage", LOGIN_POP3, "-ERR [SYS/TEMP] later", LOGIN_WORD_NO, LOGIN_NOT_JUDGED,
     "-ERR [SYS/TEMP]"},
    {"SYS/PERM is an outage", LOGIN_POP3, "-ERR [SYS/PERM] broken", LOGIN_WORD_NO, LOGIN_NOT_JUDGED,
     "-ERR [SYS/PERM]"},
    {"IN-USE is an outage", LOGIN_POP3, "-ERR [IN-USE] locked", LOGIN_WORD_NO, LOGIN_NOT_JUDGED,
     "-ERR [IN-USE]"},
    {"LOGIN-DELAY is an outage", LOGIN_POP3, "-ERR [LOGIN-DELAY] slow", LOGIN_WORD_NO,
     LOGIN_NOT_JUDGED, "-ERR [LOGIN-DELAY]"},
    {"what is not available is an outage", LOGIN_POP3, "-ERR Service not available", LOGIN_WORD_NO,
     LOGIN_NOT_JUDGED, "-ERR, and something about itself"},
    {"so is an error of its own", LOGIN_IMAP, "mailreeve NO Internal error occurred", LOGIN_WORD_NO,
     LOGIN_NOT_JUDGED, "NO, and something about itself"},
    {"and its limit of connections", LOGIN_POP3, "-ERR Maximum number of connections reached",
     LOGIN_WORD_NO, LOGIN_NOT_JUDGED, "-ERR, and something about itself"},
    {"and what will be better later", LOGIN_IMAP, "mailreeve NO Server error, come back later",
     LOGIN_WORD_NO, LOGIN_NOT_JUDGED, "NO, and something about itself"},
    {"RFC 1939's lock is an outage", LOGIN_POP3, "-ERR unable to lock maildrop", LOGIN_WORD_NO,
     LOGIN_NOT_JUDGED, "-ERR, and something about itself"},
    {"a continuation of POP3", LOGIN_POP3, "+ ", LOGIN_WORD_GO_ON, LOGIN_NOT_JUDGED, "+"},
    {"another protocol", LOGIN_POP3, "220 mx ESMTP", LOGIN_WORD_BROKEN, LOGIN_NOT_JUDGED, NULL},
};

static void
test_what_answers_are_worth(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        static const struct login_offer offer = {.has_list = true};
        /* An exact heap copy, so that the sanitizer sees a read of one byte too many. */
        const size_t length = strlen(answers[i].line);
        char *line = malloc(length > 0 ? length : 1);
        assert_non_null(line);
        memcpy(line, answers[i].line, length);
        print_message("%s\n", answers[i].name);
        struct login_reply reply = login_reply_read(answers[i].protocol, &offer, line, length);
        assert_int_equal(reply.word, answers[i].want_word);
        assert_int_equal(reply.judgement, answers[i].want);
        assert_string_equal(reply.said, answers[i].want_said != NULL
                                            ? answers[i].want_said
                                            : "something that is no answer");
        free(line);
    }
}

static void
test_a_nul_is_no_answer(void **state)
{
    (void)state;
    static const struct login_offer offer = {.has_list = true};
    static const char line[] = "mailreeve OK\0x";
    assert_int_equal(login_reply_read(LOGIN_IMAP, &offer, line, sizeof line - 1).word,
                     LOGIN_WORD_BROKEN);
}

static void
test_a_server_that_always_gives_a_code_is_taken_at_its_word(void **state)
{
    (void)state;
    static const struct login_offer offer = {.has_list = true, .has_auth_codes = true};
    assert_int_equal(login_reply_read(LOGIN_POP3, &offer, "-ERR no", 7).judgement,
                     LOGIN_NOT_JUDGED);
    assert_int_equal(login_reply_read(LOGIN_POP3, &offer, "-ERR [AUTH]", 11).judgement,
                     LOGIN_WRONG);
}

static const struct {
    const char *name;
    enum login_protocol protocol;
    const char *lines;
    struct login_offer want;
} offers[] = {
    {"nothing yet", LOGIN_IMAP, "* OK hello\n", {0}},
    {"what is in the greeting is asked again",
     LOGIN_IMAP,
     "* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] hello\n",
     {0}},
    {"PLAIN",
     LOGIN_IMAP,
     "* OK\n* CAPABILITY IMAP4rev1 AUTH=PLAIN\nA001 OK\n",
     {.has_list = true, .plain = true}},
    {"in small letters and with two spaces",
     LOGIN_IMAP,
     "* capability imap4rev1  auth=plain sasl-ir\n",
     {.has_list = true, .plain = true, .initial_response = true}},
    {"a longer word is another one",
     LOGIN_IMAP,
     "* CAPABILITY AUTH=PLAIN-CLIENTTOKEN SASL-IRX\n",
     {.has_list = true}},
    {"no LOGIN",
     LOGIN_IMAP,
     "* CAPABILITY IMAP4rev1 LOGINDISABLED\n",
     {.has_list = true, .login_disabled = true}},
    {"what came without TLS is forgotten",
     LOGIN_IMAP,
     "* CAPABILITY STARTTLS LOGINDISABLED SASL-IR\nA001 OK\nA002 OK\n* CAPABILITY AUTH=PLAIN\n",
     {.has_list = true, .plain = true}},
    {"a server that takes us for somebody",
     LOGIN_IMAP,
     "* PREAUTH hello\n* CAPABILITY AUTH=PLAIN\n",
     {.is_preauthenticated = true, .has_list = true, .plain = true}},
    {"POP3 without CAPA", LOGIN_POP3, "+OK hello\n-ERR what\n", {0}},
    {"POP3's list",
     LOGIN_POP3,
     "+OK hello\n+OK\nTOP\nUSER\nSASL LOGIN PLAIN\nAUTH-RESP-CODE\n.\n",
     {.has_list = true, .user = true, .plain = true, .has_auth_codes = true}},
    {"POP3 without any mechanism", LOGIN_POP3, "+OK\n+OK\nSASL\nTOP\n", {.has_list = true}},
    {"POP3 forgets what came without TLS",
     LOGIN_POP3,
     "+OK\n+OK\nUSER\nSTLS\n.\n+OK\n+OK\nSASL PLAIN\n.\n",
     {.has_list = true, .plain = true}},
};

static void
test_offers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof offers / sizeof offers[0]; i++) {
        struct login_offer offer = {0};
        print_message("%s\n", offers[i].name);
        for (const char *line = offers[i].lines; *line != '\0'; line += strcspn(line, "\n") + 1)
            login_offer_read(&offer, offers[i].protocol, line, strcspn(line, "\n"));
        const struct login_offer *want = &offers[i].want;
        assert_int_equal(offer.is_preauthenticated, want->is_preauthenticated);
        assert_int_equal(offer.has_list, want->has_list);
        assert_int_equal(offer.plain, want->plain);
        assert_int_equal(offer.initial_response, want->initial_response);
        assert_int_equal(offer.user, want->user);
        assert_int_equal(offer.login_disabled, want->login_disabled);
        assert_int_equal(offer.has_auth_codes, want->has_auth_codes);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_answers_are_worth),
        cmocka_unit_test(test_a_nul_is_no_answer),
        cmocka_unit_test(test_a_server_that_always_gives_a_code_is_taken_at_its_word),
        cmocka_unit_test(test_offers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
