#include "cases.h"

#include <stdlib.h>

#include "prefixmap.h"

enum { PREFIXES_MAX = 12 };

static const struct {
    const char *name;
    const char *prefixes[PREFIXES_MAX]; /* numbered from 0 */
    const char *addr;
    uint32_t want;
} cases[] = {
    {"an empty map", {NULL}, "192.0.2.1", PREFIXMAP_NONE},
    {"an address alone", {"192.0.2.1"}, "192.0.2.1", 0},
    {"the address before one", {"192.0.2.1"}, "192.0.2.0", PREFIXMAP_NONE},
    {"the address behind one", {"192.0.2.1"}, "192.0.2.2", PREFIXMAP_NONE},
    {"the first of a prefix", {"192.0.2.0/24"}, "192.0.2.0", 0},
    {"the last of a prefix", {"192.0.2.0/24"}, "192.0.2.255", 0},
    {"behind a prefix", {"192.0.2.0/24"}, "192.0.3.0", PREFIXMAP_NONE},
    {"the longest wins, added last", {"10.0.0.0/8", "10.1.0.0/16", "10.1.2.0/24"}, "10.1.2.3", 2},
    {"the longest wins, added first", {"10.1.2.0/24", "10.1.0.0/16", "10.0.0.0/8"}, "10.1.2.3", 0},
    {"between, the middle one", {"10.0.0.0/8", "10.1.0.0/16", "10.1.2.0/24"}, "10.1.3.0", 1},
    {"behind the middle one, the outer", {"10.0.0.0/8", "10.1.0.0/16"}, "10.2.0.0", 0},
    {"two that end together", {"10.0.0.0/8", "10.255.255.0/24"}, "10.255.255.255", 1},
    {"behind two that end together", {"10.0.0.0/8", "10.255.255.0/24"}, "11.0.0.0", PREFIXMAP_NONE},
    {"two that begin together", {"10.0.0.0/8", "10.0.0.0/24"}, "10.0.0.1", 1},
    {"two that begin together, behind the shorter", {"10.0.0.0/8", "10.0.0.0/24"}, "10.0.1.0", 0},
    {"side by side, the first", {"10.0.0.0/25", "10.0.0.128/25"}, "10.0.0.127", 0},
    {"side by side, the second", {"10.0.0.0/25", "10.0.0.128/25"}, "10.0.0.128", 1},
    {"of two equal ones the first", {"10.0.0.0/8", "10.0.0.0/8"}, "10.0.0.1", 0},
    {"of two equal ones the first, around another",
     {"10.0.0.0/8", "10.1.0.0/16", "10.0.0.0/8"},
     "10.2.0.0",
     0},
    {"all of IPv4, the last address", {"0.0.0.0/0"}, "255.255.255.255", 0},
    {"all of IPv4 around one", {"0.0.0.0/0", "255.255.255.255"}, "255.255.255.255", 1},
    {"all of IPv4, not IPv6", {"0.0.0.0/0"}, "::1", PREFIXMAP_NONE},
    {"all of IPv6, not IPv4", {"::/0"}, "192.0.2.1", PREFIXMAP_NONE},
    {"all of IPv6, the last address", {"::/0"}, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 0},
    {"the last address of IPv6 alone",
     {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
     "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
     0},
    {"a prefix across the halves", {"2001:db8::/32"}, "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", 0},
    {"a prefix of 64 bits, its last", {"2001:db8::/64"}, "2001:db8::ffff:ffff:ffff:ffff", 0},
    {"a prefix of 64 bits, behind it", {"2001:db8::/64"}, "2001:db8:0:1::", PREFIXMAP_NONE},
    {"a prefix of 65 bits, behind it", {"2001:db8::/65"}, "2001:db8::8000:0:0:0", PREFIXMAP_NONE},
    {"a prefix of 63 bits, its last", {"2001:db8::/63"}, "2001:db8:0:1:ffff:ffff:ffff:ffff", 0},
};

static struct prefixmap *
build(const char *const prefixes[PREFIXES_MAX])
{
    struct prefixmap *map = prefixmap_create();
    for (uint32_t i = 0; i < PREFIXES_MAX && prefixes[i] != NULL; i++) {
        struct netprefix prefix;
        assert_int_equal(netprefix_parse(prefixes[i], &prefix, NULL), 0);
        prefixmap_add(map, &prefix, i);
    }
    prefixmap_freeze(map);
    return map;
}

static void
test_find(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct prefixmap *map = build(cases[i].prefixes);
        struct netaddr addr;
        assert_int_equal(netaddr_parse(cases[i].addr, &addr, NULL), 0);
        uint32_t found = prefixmap_find(map, &addr);
        if (found != cases[i].want)
            fail_msg("%s: got %u", cases[i].name, found);
        prefixmap_free(map);
    }
    prefixmap_free(NULL);
}

static void
test_no_address_is_nowhere(void **state)
{
    (void)state;
    static const char *const everything[PREFIXES_MAX] = {"0.0.0.0/0", "::/0"};
    struct prefixmap *map = build(everything);
    assert_int_equal(prefixmap_find(map, &(struct netaddr){.family = NETADDR_NONE}),
                     PREFIXMAP_NONE);
    prefixmap_free(map);
}

static uint32_t
next_random(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

/* Few distinct bits, so that prefixes nest, touch and repeat. */
static struct netaddr
random_address(enum netaddr_family family, uint32_t *state)
{
    struct netaddr addr = {.family = family};
    unsigned bytes = netaddr_bits(&addr) / 8;
    for (unsigned i = 0; i < bytes; i++)
        addr.bytes[i] = (uint8_t)(next_random(state) % 4 * 85);
    return addr;
}

/* The plain way: the first among the longest that hold the address. */
static uint32_t
find_by_trying_all(const struct netprefix *prefixes, uint32_t count, const struct netaddr *addr)
{
    uint32_t best = PREFIXMAP_NONE;
    for (uint32_t i = 0; i < count; i++)
        if (netprefix_contains(&prefixes[i], addr) &&
            (best == PREFIXMAP_NONE || prefixes[i].length > prefixes[best].length))
            best = i;
    return best;
}

static void
test_many_prefixes_answer_as_the_plain_way(void **state)
{
    (void)state;
    enum { MANY = 700, QUESTIONS = 2000 };
    static const enum netaddr_family families[] = {NETADDR_IPV4, NETADDR_IPV6};
    static struct netprefix prefixes[MANY];
    uint32_t seed = 1;
    for (size_t f = 0; f < COUNT_OF(families); f++)
        for (uint32_t count = 1; count <= MANY; count += 233) {
            struct prefixmap *map = prefixmap_create();
            for (uint32_t i = 0; i < count; i++) {
                struct netaddr addr = random_address(families[f], &seed);
                unsigned bits = netaddr_bits(&addr);
                prefixes[i] = netaddr_prefix(&addr, next_random(&seed) % (bits / 2 + 1));
                prefixmap_add(map, &prefixes[i], i);
            }
            prefixmap_freeze(map);
            for (size_t i = 0; i < QUESTIONS; i++) {
                struct netaddr addr = random_address(families[f], &seed);
                assert_int_equal(prefixmap_find(map, &addr),
                                 find_by_trying_all(prefixes, count, &addr));
            }
            prefixmap_free(map);
        }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_no_address_is_nowhere),
        cmocka_unit_test(test_many_prefixes_answer_as_the_plain_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
