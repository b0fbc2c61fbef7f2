#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "srv_members.h"

/* What is wanted: "name host:port rank weight;" each. */
static void
test_srv_members(void **state)
{
    static const struct {
        const char *name;
        struct srv_target targets[5]; /* host, port, priority, weight */
        const char *want;
    } cases[] = {
        {"a record that names nobody is nobody", {{.host = ""}}, ""},
        {"one target is called by its host",
         {{"mx.test", 587, 10, 5}},
         "mx.test mx.test:587 rank 0 weight 500;"},
        {"priorities become ranks, whatever their numbers",
         {{"a.test", 25, 0, 1}, {"b.test", 25, 7, 1}, {"c.test", 25, 7, 1}, {"d.test", 25, 900, 1}},
         "a.test a.test:25 rank 0 weight 100;b.test b.test:25 rank 1 weight 100;"
         "c.test c.test:25 rank 1 weight 100;d.test d.test:25 rank 2 weight 100;"},
        {"a weight of 0 is a hundredth of 1 beside others",
         {{"a.test", 25, 1, 3}, {"b.test", 25, 1, 0}},
         "a.test a.test:25 rank 0 weight 300;b.test b.test:25 rank 0 weight 1;"},
        {"where all have 0 they are equal, and as much as 1",
         {{"a.test", 25, 1, 0}, {"b.test", 25, 1, 0}},
         "a.test a.test:25 rank 0 weight 100;b.test b.test:25 rank 0 weight 100;"},
        {"which goes by priority",
         {{"a.test", 25, 1, 0}, {"b.test", 25, 2, 0}, {"c.test", 25, 2, 9}},
         "a.test a.test:25 rank 0 weight 100;b.test b.test:25 rank 1 weight 1;"
         "c.test c.test:25 rank 1 weight 900;"},
        {"the heaviest weight there is",
         {{"a.test", 25, 1, 65535}},
         "a.test a.test:25 rank 0 weight 6553500;"},
        {"two ports of one host have them in their names",
         {{"a.test", 25, 1, 1}, {"a.test", 587, 1, 1}, {"b.test", 25, 1, 1}},
         "a.test:25 a.test:25 rank 0 weight 100;a.test:587 a.test:587 rank 0 weight 100;"
         "b.test b.test:25 rank 0 weight 100;"},
        {"also across priorities",
         {{"a.test", 25, 1, 1}, {"a.test", 587, 2, 1}},
         "a.test:25 a.test:25 rank 0 weight 100;a.test:587 a.test:587 rank 1 weight 100;"},
        {"one server that is named twice is one, at its first place",
         {{"a.test", 25, 1, 1}, {"a.test", 25, 2, 9}},
         "a.test a.test:25 rank 0 weight 100;"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        print_message("%s\n", cases[i].name);
        struct srv_member members[NAMES_TARGETS_MAX];
        size_t count = 0, length = 0;
        char text[1024] = "";
        while (count < 5 && cases[i].targets[count].host[0] != '\0')
            count++;
        size_t made = srv_members(cases[i].targets, count, members);
        for (size_t n = 0; n < made; n++)
            length += (size_t)snprintf(text + length, sizeof text - length,
                                       "%s %s:%u rank %u weight %llu;", members[n].name,
                                       members[n].host, members[n].port, members[n].rank,
                                       (unsigned long long)members[n].weight);
        assert_string_equal(text, cases[i].want);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_srv_members)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
