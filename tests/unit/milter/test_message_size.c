/* The bytes of a header as it goes over the wire, of what the mail server tells of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "message_size.h"

static const struct {
    const char *name, *header, *value, *wire;
} cases[] = {
    {"one line", "From", "a@b", "From: a@b\r\n"},
    {"nothing in it", "Subject", "", "Subject: \r\n"},
    {"folded, without CR, as Postfix tells it", "To", "a@b,\n c@d,\n\te@f",
     "To: a@b,\r\n c@d,\r\n\te@f\r\n"},
    {"folded, with CR", "To", "a@b,\r\n c@d", "To: a@b,\r\n c@d\r\n"},
    {"a line end at its beginning", "To", "\n a@b", "To: \r\n a@b\r\n"},
};

static void
test_sizes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t size = message_size_of_header(cases[i].header, cases[i].value);
        if (size != (int64_t)strlen(cases[i].wire))
            fail_msg("%s: %lld", cases[i].name, (long long)size);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
