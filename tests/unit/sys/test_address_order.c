#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "address_order.h"

/* source NULL: there is no route. */
static struct address_route
make_route(const char *to, const char *from)
{
    struct address_route route = {.has_source = from != NULL};
    struct endpoint_text parsed;
    assert_int_equal(endpoint_parse(to, 25, &parsed, NULL), 0);
    route.endpoint = parsed.endpoint;
    if (from != NULL)
        assert_int_equal(endpoint_parse(from, 25, &parsed, NULL), 0);
    if (from != NULL)
        route.source = parsed.endpoint;
    return route;
}

static void
test_who_comes_first(void **state)
{
    static const struct {
        const char *sentence, *first, *first_from, *then, *then_from;
        bool are_equal;
    } cases[] = {
        {"what has no route is last", "192.0.2.1", "198.51.100.1", "[2001:db9::1]", NULL, false},
        {"IPv6 before IPv4", "[2001:db9::1]", "[2001:db9::2]", "192.0.2.1", "198.51.100.1", false},
        {"loopback as well", "[::1]", "[::1]", "127.0.0.1", "127.0.0.1", false},
        {"no IPv6 from an address of the link", "192.0.2.1", "198.51.100.1", "[2001:db9::1]",
         "[fe80::2]", false},
        {"IPv4 before a site's own IPv6 addresses that are not ours", "192.0.2.1", "198.51.100.1",
         "[fd00::1]", "[2001:db9::2]", false},
        {"a site's own from one of them", "[fd00::1]", "[fd00::2]", "[2001:db9::1]", "[fd00::2]",
         false},
        {"6to4 behind IPv4", "192.0.2.1", "198.51.100.1", "[2002:c000:201::1]",
         "[2002:c633:6401::1]", false},
        {"Teredo behind 6to4", "[2002:c000:201::1]", "[2002:c633:6401::1]", "[2001::1]",
         "[2001::2]", false},
        {"the smaller scope of two that are alike", "169.254.0.1", "169.254.0.2", "192.0.2.1",
         "198.51.100.1", false},
        {"the smaller scope of IPv6, too", "[fe80::1]", "[fe80::2]", "[2001:db9::1]",
         "[2001:db9::2]", false},
        {"two of one kind as DNS has them", "192.0.2.200", "198.51.100.1", "192.0.2.1",
         "198.51.100.1", true},
        {"two without a route as well", "192.0.2.200", NULL, "[2001:db9::1]", NULL, true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct address_route first = make_route(cases[i].first, cases[i].first_from);
        struct address_route then = make_route(cases[i].then, cases[i].then_from);
        int forth = address_compare(&first, &then), back = address_compare(&then, &first);
        bool fits = cases[i].are_equal ? forth == 0 && back == 0 : forth < 0 && back > 0;
        if (!fits)
            fail_msg("%s: %d and %d", cases[i].sentence, forth, back);
    }
}

/* Every Linux has these routes. */
static void
test_what_the_kernel_has_no_route_to_is_last(void **state)
{
    static const char *const texts[] = {"240.0.0.1:25", "127.0.0.2:25", "127.0.0.1:25"};
    static const char *const want[] = {"127.0.0.2:25", "127.0.0.1:25", "240.0.0.1:25"};
    struct endpoint endpoints[3];
    (void)state;
    for (size_t i = 0; i < 3; i++)
        endpoints[i] = make_route(texts[i], NULL).endpoint;
    address_order(endpoints, 3);
    for (size_t i = 0; i < 3; i++) {
        char text[64];
        endpoint_format(&endpoints[i], text, sizeof text);
        assert_string_equal(text, want[i]);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_comes_first),
        cmocka_unit_test(test_what_the_kernel_has_no_route_to_is_last),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
