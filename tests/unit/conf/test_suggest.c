/* Did you mean. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "conf.h"

static const char *const words[] = {"listener",         "list", "upstream",
                                    "upstream_inbound", "auth", NULL};

static const struct {
    const char *name, *word, *want;
} cases[] = {
    {"two letters that changed places are one mistake", "lsitener", "listener"},
    {"a letter too many", "autth", "auth"},
    {"a letter too few", "uptream", "upstream"},
    {"another letter", "lisdener", "listener"},
    {"the nearer of two", "lits", "list"},
    {"case is no mistake", "LISTENER", "listener"},
    {"a long word may have three mistakes", "upsteam_inbuond", "upstream_inbound"},
    {"a short word may have few", "a", NULL},
    {"something else altogether", "throttle", NULL},
    {"no word", "", NULL},
    {"a word that is too long to be one",
     "listenerlistenerlistenerlistenerlistenerlistenerlistenerlistener", NULL},
};

static void
test_suggest(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *got = suggest(cases[i].word, words);
        if ((got == NULL) != (cases[i].want == NULL) ||
            (got != NULL && strcmp(got, cases[i].want) != 0))
            fail_msg("%s: got %s", cases[i].name, got != NULL ? got : "nothing");
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_suggest)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
