#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "flap.h"

enum { WINDOW = 100 };

/* Events at times: 'c' a change, '.' a check without one. What each says: 't' tell the change, 'F'
 * it flaps from now on, 'S' it is steady, '-' nothing. */
static void
test_flap(void **state)
{
    static const struct {
        const char *name, *events;
        int64_t at_ms[12];
        const char *want;
    } cases[] = {
        {"one change is told", "c..", {1, 50, 5000}, "t--"},
        {"four changes are four lines", "cccc...", {1, 2, 3, 4, 5, 200, 300}, "tttt---"},
        {"the fifth within the window is flapping", "ccccc", {1, 2, 3, 4, 100}, "ttttF"},
        {"also at the window's end", "ccccc", {1, 2, 3, 4, 101}, "ttttF"},
        {"but not later", "ccccc", {1, 2, 3, 4, 102}, "ttttt"},
        {"then the window goes on with the changes", "cccccc", {1, 2, 3, 4, 102, 102}, "tttttF"},
        {"further changes are nobody's business", "ccccccc", {1, 2, 3, 4, 5, 6, 90}, "ttttF--"},
        {"nor those that are rare but keep it from being steady",
         "cccccccc",
         {1, 2, 3, 4, 5, 95, 190, 285},
         "ttttF---"},
        {"it is steady once it has kept its state for the window",
         "ccccc...",
         {1, 2, 3, 4, 5, 104, 105, 106},
         "ttttF-S-"},
        {"each change begins that time anew",
         "cccccc..",
         {1, 2, 3, 4, 5, 50, 149, 150},
         "ttttF--S"},
        {"afterwards a change is told again", "ccccc.c", {1, 2, 3, 4, 5, 105, 106}, "ttttFSt"},
        {"and it takes five of them to flap again",
         "ccccc.ccccc",
         {1, 2, 3, 4, 5, 105, 106, 107, 108, 109, 110},
         "ttttFSttttF"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        print_message("%s\n", cases[i].name);
        struct flap flap = {0};
        for (size_t n = 0; n < strlen(cases[i].events); n++) {
            static const char said_of[] = {
                [FLAP_QUIET] = '-', [FLAP_TELL] = 't', [FLAP_BEGINS] = 'F'};
            int64_t now_ms = cases[i].at_ms[n];
            char said = cases[i].events[n] == 'c' ? said_of[flap_change(&flap, now_ms, WINDOW)]
                        : flap_ends(&flap, now_ms, WINDOW) ? 'S'
                                                           : '-';
            if (said != cases[i].want[n])
                fail_msg("event %zu says %c, not %c", n, said, cases[i].want[n]);
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_flap)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
