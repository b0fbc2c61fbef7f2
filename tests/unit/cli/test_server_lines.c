#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "server_lines.h"

#define GOOD "mx\tmta1\tup\tchecked\tserving\tmain\tsteady\t100\t2\t1\t10.0.0.1:25\t7\t"

static const struct {
    const char *name, *text;
    const char *want; /* as shown below, a line for each; "nonsense" for one that makes none */
} cases[] = {
    {"nothing", "", ""},
    {"a server", GOOD "\n", "mx mta1 up checked 100% 1/2 10.0.0.1:25 7 ()"},
    {"all other words",
     "mx\tmta1\tdown\tunchecked\tdrained\tbackup\tflapping\t10\t0\t0\t\t18446744073709\tno "
     "answer\n",
     "mx mta1 drained backup flapping 10% 0/0  18446744073709 (no answer)"},
    {"several", GOOD "one\n" GOOD "two\n",
     "mx mta1 up checked 100% 1/2 10.0.0.1:25 7 (one)mx mta1 up checked 100% 1/2 10.0.0.1:25 7 "
     "(two)"},
    {"fields of a later version", GOOD "one\tmore\tand more\n",
     "mx mta1 up checked 100% 1/2 10.0.0.1:25 7 (one)"},
    {"names with blanks and quotes",
     "m x\tmta \"1\"\tup\tchecked\tserving\tmain\tsteady\t1\t1\t1\t\t7\t\n",
     "m x mta \"1\" up checked 1% 1/1  7 ()"},
    {"a line that is cut off", GOOD, "nonsense"},
    {"a line that has too few fields", "mx\tmta1\tup\n", "nonsense"},
    {"an empty line", "\n", "nonsense"},
    {"a state that is none", "mx\tmta1\tUP\tchecked\tserving\tmain\tsteady\t100\t2\t1\t\t7\t\n",
     "nonsense"},
    {"a word in another's place",
     "mx\tmta1\tup\tdrained\tchecked\tmain\tsteady\t100\t2\t1\t\t7\t\n", "nonsense"},
    {"a number that is none", "mx\tmta1\tup\tchecked\tserving\tmain\tsteady\t-1\t2\t1\t\t7\t\n",
     "nonsense"},
    {"no number", "mx\tmta1\tup\tchecked\tserving\tmain\tsteady\t\t2\t1\t\t7\t\n", "nonsense"},
    {"no upstream", "\tmta1\tup\tchecked\tserving\tmain\tsteady\t100\t2\t1\t\t7\t\n", "nonsense"},
    {"no server", "mx\t\tup\tchecked\tserving\tmain\tsteady\t100\t2\t1\t\t7\t\n", "nonsense"},
    {"another program's answer", "{\"status\": \"ok\"}\n", "nonsense"},
};

static void
show(const struct server_line *line, char *text, size_t size)
{
    const size_t length = strlen(text);
    snprintf(text + length, size - length, "%s %s%s%s%s%s%s %u%% %u/%u %s %llu (%s)",
             line->upstream, line->server, line->is_up ? " up" : "",
             line->is_checked ? " checked" : "", line->is_drained ? " drained" : "",
             line->is_backup ? " backup" : "", line->is_flapping ? " flapping" : "",
             (unsigned)line->warm_percent, (unsigned)line->addresses_up, (unsigned)line->addresses,
             line->address, (unsigned long long)line->sessions, line->error);
}

static void
test_lines(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int result;
        struct server_line line;
        char text[512], got[512] = "", *rest = text;
        print_message("%s\n", cases[i].name);
        strcpy(text, cases[i].text);
        while ((result = server_lines_next(&rest, &line)) > 0)
            show(&line, got, sizeof got);
        if (result < 0)
            strcat(got, "nonsense");
        assert_string_equal(got, cases[i].want);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_lines)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
