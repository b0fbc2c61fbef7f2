#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "server_news.h"

enum { SECOND_MS = 1000 };

static void
test_what_is_told(void **state)
{
    static const struct {
        const char *name;
        struct {
            int at_s;
            bool is_down, want;
        } evidence[10];
    } cases[] = {
        {"up is no news", {{0, false, false}, {1, false, false}}},
        {"down and back are told at once, each once",
         {{0, true, true}, {2, true, false}, {4, false, true}, {6, false, false}}},
        {"what alternates is told once a minute",
         {{0, true, true},
          {2, false, true},
          {4, true, false},
          {6, false, false},
          {58, true, false},
          {59, false, false},
          {60, true, true},
          {61, false, false},
          {62, false, true}}},
        {"what was kept back is told if it is still so",
         {{0, true, true}, {2, false, true}, {58, true, false}, {60, true, true}}},
        {"what was kept back and is over is not told",
         {{0, true, true}, {2, false, true}, {58, true, false}, {60, false, false}}},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct server_news news = {0};
        print_message("%s\n", cases[i].name);
        for (size_t k = 0; k < 10; k++) {
            const int64_t now_ms = (int64_t)cases[i].evidence[k].at_s * SECOND_MS;
            if (k > 0 && now_ms == 0)
                break;
            assert_int_equal(server_news_tell(&news, cases[i].evidence[k].is_down, now_ms),
                             cases[i].evidence[k].want);
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_what_is_told)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
