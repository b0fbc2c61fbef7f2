#include "cases.h"

#include "decide.h"

static const struct {
    const char *word;
    enum auth_method want;
} methods[] = {
    {"none", METHOD_NONE},
    {"plain", METHOD_PLAIN},
    {"cram-md5", METHOD_CRAM_MD5},
    {"apop", METHOD_APOP},
    {"external", METHOD_EXTERNAL},
    {"PLAIN", METHOD_UNKNOWN},
    {"login", METHOD_UNKNOWN},
    {"", METHOD_UNKNOWN},
    {"unknown", METHOD_UNKNOWN},
    {"xoauth2", METHOD_XOAUTH2},
    {"oauthbearer", METHOD_OAUTHBEARER},
};

static void
test_methods(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(methods); i++) {
        CHECK(methods[i].word, auth_method_parse(methods[i].word) == methods[i].want);
        if (methods[i].want != METHOD_UNKNOWN)
            CHECK_TEXT(methods[i].word, auth_method_name(methods[i].want), methods[i].word);
    }
    assert_string_equal(auth_method_name(METHOD_UNKNOWN), "unknown");
}

static const struct {
    const char *word;
    int want_result;
    enum protocol want;
} protocols[] = {
    {"smtp", 0, PROTOCOL_SMTP},
    {"pop3", 0, PROTOCOL_POP3},
    {"imap", 0, PROTOCOL_IMAP},
    {"SMTP", -1, 0},
    {"", -1, 0},
    {"lmtp", -1, 0},
};

static void
test_protocols(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(protocols); i++) {
        enum protocol protocol = PROTOCOL_SMTP;
        CHECK(protocols[i].word,
              protocol_parse(protocols[i].word, &protocol) == protocols[i].want_result);
        CHECK(protocols[i].word, protocol == protocols[i].want);
        if (protocols[i].want_result == 0)
            CHECK_TEXT(protocols[i].word, protocol_name(protocol), protocols[i].word);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_methods),
        cmocka_unit_test(test_protocols),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
