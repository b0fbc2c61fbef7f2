/* What crypt(3) hashes ask for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "password_cost.h"

static const struct cost_case {
    const char *name, *hash;
    bool want;
} cases[] = {
    {"DES", "ab0123456789.", true},
    {"MD5", "$1$salt$hash", true},
    {"NT", "$3$$hash", true},
    {"bcrypt's cheapest", "$2b$04$hash", true},
    {"bcrypt's dearest that is paid", "$2y$16$hash", true},
    {"bcrypt that takes minutes", "$2b$17$hash", false},
    {"old bcrypt that takes days", "$2a$31$hash", false},
    {"SHA-512 as usual", "$6$salt$hash", true},
    {"SHA-512 of ten million rounds", "$6$rounds=10000000$salt$hash", true},
    {"SHA-512 of more rounds", "$6$rounds=10000001$salt$hash", false},
    {"SHA-256 of most rounds", "$5$rounds=999999999$salt$hash", false},
    {"SHA-1 of many rounds", "$sha1$4000000000$salt$hash", false},
    {"Sun's MD5 of many rounds", "$md5,rounds=4294963199$salt$hash", false},
    {"Sun's MD5 of a number that is none", "$md5,rounds=99999999999999999999$salt$hash", false},
    {"BSDi's DES as usual", "_J9..saltHASHhashHASH", true},
    {"BSDi's DES of most rounds", "_zzzzsaltHASHhashHASH", false},
    {"yescrypt as usual", "$y$j9T$salt$hash", true},
    {"yescrypt's cheapest", "$y$j75$salt$hash", true},
    {"yescrypt of 256 MiB", "$y$jDT$salt$hash", true},
    {"yescrypt of 512 MiB", "$y$jET$salt$hash", false},
    {"yescrypt's dearest", "$y$jFT$salt$hash", false},
    {"gost-yescrypt's dearest", "$gy$jFT$salt$hash", false},
    {"yescrypt of 2^40", "$y$jcT$salt$hash", false},
    {"yescrypt of 16 MiB in two lanes", "$y$j9T..$salt$hash", true},
    {"yescrypt of 16 MiB in 200 lanes", "$y$j9T.n5$salt$hash", false},
    {"yescrypt of 16 MiB in many passes", "$y$j9T/zzzzz$salt$hash", false},
    {"yescrypt that says nothing", "$y$$salt$hash", false},
    {"scrypt as usual", "$7$C6..../....salt$hash", true},
    {"scrypt's dearest", "$7$SzzzzzzzzzzSalt$hash", false},
    {"scrypt that wraps around", "$7$Y.....U....Salt$hash", false},
    {"scrypt that is cut", "$7$C6..", false},
};

static void
test_costs(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct err err = {""};
        print_message("%s\n", cases[i].name);
        assert_int_equal(password_cost_check(cases[i].hash, &err), cases[i].want ? 0 : -1);
        assert_string_equal(err.text, cases[i].want ? ""
                                                    : "the hash costs too much to verify (at most "
                                                      "256 MiB and some seconds)");
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_costs)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
