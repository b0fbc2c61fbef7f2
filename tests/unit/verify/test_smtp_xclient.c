#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "smtp_reply.h"
#include "smtp_xclient.h"

enum {
    ADDR = SMTP_XCLIENT_ADDR,
    NAME = SMTP_XCLIENT_NAME,
    PROTO = SMTP_XCLIENT_PROTO,
    HELO = SMTP_XCLIENT_HELO,
    ALL = ADDR | NAME | PROTO | HELO,
};

static void
format(const char *client, const char *helo, unsigned taken, bool *told_r,
       char argument_r[SMTP_COMMAND_MAX])
{
    struct smtp_xclient xclient = {.helo = helo};
    if (client != NULL)
        assert_int_equal(netaddr_parse(client, &xclient.client, NULL), 0);
    *told_r = smtp_xclient_format(&xclient, taken, argument_r);
}

static void
test_what_is_told(void **state)
{
    (void)state;
    static const struct {
        const char *name, *client, *helo;
        unsigned taken;
        const char *want; /* NULL: nothing is told */
    } cases[] = {
        {"all", "192.0.2.1", "phone.example", ALL,
         "ADDR=192.0.2.1 NAME=[UNAVAILABLE] PROTO=ESMTP HELO=phone.example"},
        {"the address alone", "192.0.2.1", "phone.example", ADDR, "ADDR=192.0.2.1"},
        {"no name", "192.0.2.1", "phone.example", ADDR | PROTO | HELO,
         "ADDR=192.0.2.1 PROTO=ESMTP HELO=phone.example"},
        {"no protocol", "192.0.2.1", "phone.example", ADDR | NAME | HELO,
         "ADDR=192.0.2.1 NAME=[UNAVAILABLE] HELO=phone.example"},
        {"IPv6", "2001:DB8::1", "phone.example", ADDR | HELO,
         "ADDR=IPV6:2001:db8::1 HELO=phone.example"},
        {"IPv4 in IPv6", "::ffff:192.0.2.1", NULL, ADDR, "ADDR=192.0.2.1"},
        {"nothing is taken", "192.0.2.1", "phone.example", 0, NULL},
        {"all but the address is taken", "192.0.2.1", "phone.example", NAME | PROTO | HELO, NULL},
        {"the client is not known", NULL, "phone.example", ALL, NULL},
        {"no name in EHLO", "192.0.2.1", NULL, ADDR | HELO, "ADDR=192.0.2.1 HELO=[UNAVAILABLE]"},
        {"an empty one", "192.0.2.1", "", ADDR | HELO, "ADDR=192.0.2.1 HELO=[UNAVAILABLE]"},
        {"an address literal", "192.0.2.1", "[IPv6:2001:db8::1]", ADDR | HELO,
         "ADDR=192.0.2.1 HELO=[IPv6:2001:db8::1]"},
        {"what xtext writes in hex", "192.0.2.1", "a+b=c", ADDR | HELO,
         "ADDR=192.0.2.1 HELO=a+2Bb+3Dc"},
        {"another attribute behind a space", "192.0.2.1", "a LOGIN=boss", ADDR | HELO,
         "ADDR=192.0.2.1 HELO=[UNAVAILABLE]"},
        {"another command behind a line end", "192.0.2.1", "a\r\nMAIL FROM:<>", ADDR | HELO,
         "ADDR=192.0.2.1 HELO=[UNAVAILABLE]"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char argument[SMTP_COMMAND_MAX] = "";
        bool told;
        print_message("%s\n", cases[i].name);
        format(cases[i].client, cases[i].helo, cases[i].taken, &told, argument);
        assert_int_equal(told, cases[i].want != NULL);
        if (told)
            assert_string_equal(argument, cases[i].want);
    }
}

static void
test_every_byte_of_the_clients_name_is_harmless(void **state)
{
    (void)state;
    for (unsigned byte = 1; byte < 256; byte++)
        for (size_t at = 0; at < 3; at++) {
            char helo[] = "abc", argument[SMTP_COMMAND_MAX];
            bool told;
            helo[at] = (char)byte;
            format("192.0.2.1", helo, ADDR | HELO, &told, argument);
            assert_true(told);
            const char *value = argument + strlen("ADDR=192.0.2.1 HELO=");
            for (const char *c = value; *c != '\0'; c++)
                assert_true(*c > ' ' && *c < 0x7f && *c != '=');
            const bool is_plain = byte > ' ' && byte < 0x7f && byte != '+' && byte != '=';
            if (is_plain)
                assert_string_equal(value, helo);
            else if (byte != '+' && byte != '=')
                assert_string_equal(value, "[UNAVAILABLE]");
        }
}

static void
test_the_line_is_never_too_long(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        char byte;
        size_t length;
        bool want_told;
    } cases[] = {
        {"as long as a domain", 'a', 255, true},     {"longer than a domain", 'a', 256, false},
        {"much longer", 'a', 5000, false},           {"as long as that in hex", '+', 85, true},
        {"longer than that in hex", '+', 86, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *helo = calloc(1, cases[i].length + 1), argument[SMTP_COMMAND_MAX];
        bool told;
        print_message("%s\n", cases[i].name);
        assert_non_null(helo);
        memset(helo, cases[i].byte, cases[i].length);
        format("2001:db8:1111:2222:3333:4444:5555:6666", helo, ALL, &told, argument);
        assert_true(told);
        assert_true(strlen("XCLIENT ") + strlen(argument) + strlen("\r\n") <= SMTP_COMMAND_MAX);
        assert_int_equal(strstr(argument, " HELO=[UNAVAILABLE]") == NULL, cases[i].want_told);
        if (cases[i].want_told)
            assert_int_equal(strlen(strstr(argument, " HELO=")), strlen(" HELO=") + 255);
        free(helo);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_told),
        cmocka_unit_test(test_every_byte_of_the_clients_name_is_harmless),
        cmocka_unit_test(test_the_line_is_never_too_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
