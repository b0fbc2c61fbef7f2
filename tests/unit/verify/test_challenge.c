/* Answers to challenges; the examples of RFC 2195 2 and RFC 1939 7 among them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "challenge.h"

#define BYTES(text) (text), sizeof(text) - 1
#define CRAM_SALT   "<1896.697170952@postoffice.reston.mci.net>"
#define APOP_SALT   "<1896.697170952@dbc.mtview.ca.us>"
#define SIXTY_FOUR  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const struct answer_case {
    const char *name;
    enum challenge_kind kind;
    const char *salt;
    const char *clear;
    size_t clear_length;
    const char *answer;
    size_t answer_length;
    enum password_answer want;
} cases[] = {
    {"RFC 2195", CHALLENGE_CRAM_MD5, CRAM_SALT, BYTES("tanstaaftanstaaf"),
     BYTES("b913a602c7eda7a495b4e6e7334d3890"), PASSWORD_RIGHT},
    {"RFC 1939", CHALLENGE_APOP, APOP_SALT, BYTES("tanstaaf"),
     BYTES("c4c9334bac560ecc979e58001b3e22fb"), PASSWORD_RIGHT},
    {"hex in upper case", CHALLENGE_CRAM_MD5, CRAM_SALT, BYTES("tanstaaftanstaaf"),
     BYTES("B913A602C7EDA7A495B4E6E7334D3890"), PASSWORD_RIGHT},
    {"hex in mixed case", CHALLENGE_APOP, APOP_SALT, BYTES("tanstaaf"),
     BYTES("C4c9334BAC560ecc979e58001b3e22fB"), PASSWORD_RIGHT},
    {"the other kind's answer", CHALLENGE_APOP, CRAM_SALT, BYTES("tanstaaftanstaaf"),
     BYTES("b913a602c7eda7a495b4e6e7334d3890"), PASSWORD_WRONG},
    {"another password's answer", CHALLENGE_APOP, APOP_SALT, BYTES("tanstaaF"),
     BYTES("c4c9334bac560ecc979e58001b3e22fb"), PASSWORD_WRONG},
    {"another challenge's answer", CHALLENGE_APOP, CRAM_SALT, BYTES("tanstaaf"),
     BYTES("c4c9334bac560ecc979e58001b3e22fb"), PASSWORD_WRONG},
    {"no answer", CHALLENGE_APOP, APOP_SALT, BYTES("tanstaaf"), BYTES(""), PASSWORD_WRONG},
    {"a digit too few", CHALLENGE_APOP, APOP_SALT, BYTES("tanstaaf"),
     BYTES("c4c9334bac560ecc979e58001b3e22f"), PASSWORD_WRONG},
    {"a digit too many", CHALLENGE_APOP, APOP_SALT, BYTES("tanstaaf"),
     BYTES("c4c9334bac560ecc979e58001b3e22fb0"), PASSWORD_WRONG},
    {"a NUL behind", CHALLENGE_APOP, APOP_SALT, BYTES("tanstaaf"),
     BYTES("c4c9334bac560ecc979e58001b3e22fb\0"), PASSWORD_WRONG},
    {"no hex digit", CHALLENGE_APOP, APOP_SALT, BYTES("tanstaaf"),
     BYTES("c4c9334bac560ecc979e58001b3e22fg"), PASSWORD_WRONG},
    {"32 NULs", CHALLENGE_APOP, APOP_SALT, BYTES("tanstaaf"),
     BYTES("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"), PASSWORD_WRONG},
    {"a password of 8 bits, CRAM-MD5", CHALLENGE_CRAM_MD5, "<1@a>", BYTES("gr\xc3\xbc\xc3\x9f\xff"),
     BYTES("a6a0afd9a00fd551ea52f5953633b485"), PASSWORD_RIGHT},
    {"a password of 8 bits, APOP", CHALLENGE_APOP, "<1@a>", BYTES("gr\xc3\xbc\xc3\x9f\xff"),
     BYTES("87665e02e331678b411fee13e4d0fb26"), PASSWORD_RIGHT},
    {"a password of a block", CHALLENGE_CRAM_MD5, "<1@a>", BYTES(SIXTY_FOUR),
     BYTES("99690932cfe999353ed8c4c1ee7a9ead"), PASSWORD_RIGHT},
    {"a password longer than a block", CHALLENGE_CRAM_MD5, "<1@a>", BYTES(SIXTY_FOUR "g"),
     BYTES("32000621d343c848dca14421f573374e"), PASSWORD_RIGHT},
    {"its 65th byte counts", CHALLENGE_CRAM_MD5, "<1@a>", BYTES(SIXTY_FOUR "h"),
     BYTES("32000621d343c848dca14421f573374e"), PASSWORD_WRONG},
};

static void
test_verify(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct answer_case *test = &cases[i];
        const struct challenge challenge = {test->kind, test->salt, strlen(test->salt)};
        struct secret answer, clear;
        secret_init(&answer);
        secret_init(&clear);
        secret_set(&answer, test->answer, test->answer_length);
        secret_set(&clear, test->clear, test->clear_length);
        print_message("%s\n", test->name);
        assert_int_equal(challenge_verify(&challenge, &answer, &clear), test->want);
        secret_fini(&answer);
        secret_fini(&clear);
    }
}

static void
test_answer(void **state)
{
    (void)state;
    const struct challenge cram = {CHALLENGE_CRAM_MD5, BYTES(CRAM_SALT)};
    const struct challenge apop = {CHALLENGE_APOP, BYTES(APOP_SALT)};
    char answer[33];
    struct secret clear;
    secret_init(&clear);
    secret_set(&clear, BYTES("tanstaaftanstaaf"));
    assert_int_equal(challenge_answer(&cram, &clear, answer), 0);
    assert_string_equal(answer, "b913a602c7eda7a495b4e6e7334d3890");
    secret_set(&clear, BYTES("tanstaaf"));
    assert_int_equal(challenge_answer(&apop, &clear, answer), 0);
    assert_string_equal(answer, "c4c9334bac560ecc979e58001b3e22fb");
    secret_fini(&clear);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_verify),
                                       cmocka_unit_test(test_answer)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
