#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dns_ttl.h"

#define HEADER(answers) "\1\2\x81\x80\0\1\0" answers "\0\0\0\0"
#define QUESTION        "\3one\4test\0\0\1\0\1"
#define POINTER         "\xc0\x0c"
#define FIXED           "\0\1\0\1" /* type, class */
#define ADDRESS         "\0\4\300\0\2\1"
#define TTL_30          "\0\0\0\36"
#define TTL_5           "\0\0\0\5"
#define RECORD(ttl)     POINTER FIXED ttl ADDRESS

/* A message that is one literal: its zero bytes count, the one at its end does not. */
#define MESSAGE(text) (text), sizeof(text) - 1

static void
test_least_ttl(void **state)
{
    static const struct {
        const char *sentence, *message;
        size_t length;
        bool want;
        uint32_t want_ttl_s;
    } cases[] = {
        {"one record", MESSAGE(HEADER("\1") QUESTION RECORD(TTL_30)), true, 30},
        {"the least of two counts", MESSAGE(HEADER("\2") QUESTION RECORD(TTL_30) RECORD(TTL_5)),
         true, 5},
        {"the order does not matter", MESSAGE(HEADER("\2") QUESTION RECORD(TTL_5) RECORD(TTL_30)),
         true, 5},
        {"what comes behind the answers does not count",
         MESSAGE(HEADER("\1") QUESTION RECORD(TTL_30) RECORD(TTL_5)), true, 30},
        {"a name without a pointer",
         MESSAGE(HEADER("\1") QUESTION "\3one\4test\0" FIXED TTL_30 ADDRESS), true, 30},
        {"a name that ends in a pointer",
         MESSAGE(HEADER("\1") QUESTION "\3www\xc0\x0c" FIXED TTL_30 ADDRESS), true, 30},
        {"a record without data", MESSAGE(HEADER("\1") QUESTION POINTER FIXED TTL_5 "\0\0"), true,
         5},
        {"a negative one counts as none", MESSAGE(HEADER("\1") QUESTION RECORD("\x80\0\0\0")), true,
         0},
        {"the longest that there is", MESSAGE(HEADER("\1") QUESTION RECORD("\x7f\xff\xff\xff")),
         true, 0x7fffffff},
        {"no answer", MESSAGE(HEADER("\0") QUESTION), false, 0},
        {"nothing at all", "", 0, false, 0},
        {"half a header", MESSAGE("\1\2\x81\x80\0\1\0\1"), false, 0},
        {"a question that ends too soon", MESSAGE(HEADER("\1") "\3one\4test\0\0\1\0"), false, 0},
        {"a label that ends too soon", MESSAGE(HEADER("\1") "\3on"), false, 0},
        {"a kind of label that there is not", MESSAGE(HEADER("\1") "\x41one\0\0\1\0\1"), false, 0},
        {"half a pointer", MESSAGE(HEADER("\1") QUESTION "\xc0"), false, 0},
        {"a record that is not there", MESSAGE(HEADER("\2") QUESTION RECORD(TTL_5)), false, 0},
        {"a record without its end", MESSAGE(HEADER("\1") QUESTION POINTER FIXED TTL_5 "\0"), false,
         0},
        {"data that end too soon", MESSAGE(HEADER("\1") QUESTION POINTER FIXED TTL_5 "\0\4\300\0"),
         false, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint32_t ttl_s = 0;
        bool is_there =
            dns_least_ttl((const unsigned char *)cases[i].message, cases[i].length, &ttl_s);
        if (is_there != cases[i].want || (is_there && ttl_s != cases[i].want_ttl_s))
            fail_msg("%s: %d %u", cases[i].sentence, is_there, (unsigned)ttl_s);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_least_ttl)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
