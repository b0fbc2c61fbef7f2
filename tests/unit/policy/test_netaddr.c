#include "cases.h"

#include "netaddr.h"

static const struct {
    const char *name, *text, *want; /* want NULL: refused */
    const char *want_err;
    enum netaddr_family want_family;
} addresses[] = {
    {.name = "an IPv4 address",
     .text = "192.0.2.1",
     .want = "192.0.2.1",
     .want_family = NETADDR_IPV4},
    {.name = "an IPv6 address is written as RFC 5952 wants",
     .text = "2001:0DB8:0:0:0:0:0:1",
     .want = "2001:db8::1",
     .want_family = NETADDR_IPV6},
    {.name = "the longest run of zeros is left out",
     .text = "2001:0:0:1:0:0:0:1",
     .want = "2001:0:0:1::1",
     .want_family = NETADDR_IPV6},
    {.name = "a single zero is not left out",
     .text = "2001:db8:0:1:1:1:1:1",
     .want = "2001:db8:0:1:1:1:1:1",
     .want_family = NETADDR_IPV6},
    {.name = "an IPv4-mapped address is the IPv4 address",
     .text = "::ffff:192.0.2.1",
     .want = "192.0.2.1",
     .want_family = NETADDR_IPV4},
    {.name = "an IPv4-mapped address in hexadecimal is too",
     .text = "::ffff:c000:201",
     .want = "192.0.2.1",
     .want_family = NETADDR_IPV4},
    {.name = "the unspecified address", .text = "::", .want = "::", .want_family = NETADDR_IPV6},
    {.name = "an IPv6 zone is refused",
     .text = "fe80::1%eth0",
     .want_err = "an address with a zone has no meaning here (leave out the % and what follows)"},
    {.name = "nothing is refused", .text = "", .want_err = "not an IPv4 or IPv6 address"},
    {.name = "unix: is refused", .text = "unix:", .want_err = "not an IPv4 or IPv6 address"},
    {.name = "three octets are refused",
     .text = "192.0.2",
     .want_err = "not an IPv4 or IPv6 address"},
    {.name = "an octet with a leading zero is refused",
     .text = "192.0.2.010",
     .want_err = "not an IPv4 or IPv6 address"},
    {.name = "an octet above 255 is refused",
     .text = "192.0.2.256",
     .want_err = "not an IPv4 or IPv6 address"},
    {.name = "a port is refused",
     .text = "192.0.2.1:25",
     .want_err = "not an IPv4 or IPv6 address"},
    {.name = "white space is refused",
     .text = " 192.0.2.1",
     .want_err = "not an IPv4 or IPv6 address"},
    {.name = "two runs of zeros are refused",
     .text = "2001::1::1",
     .want_err = "not an IPv4 or IPv6 address"},
    {.name = "brackets are refused", .text = "[::1]", .want_err = "not an IPv4 or IPv6 address"},
};

static void
test_addresses(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(addresses); i++) {
        const char *name = addresses[i].name;
        struct netaddr addr = {.family = NETADDR_NONE};
        struct err err = {.text = ""};
        int result = netaddr_parse(addresses[i].text, &addr, &err);
        CHECK(name, (result == 0) == (addresses[i].want != NULL));
        if (addresses[i].want == NULL) {
            CHECK_TEXT(name, err.text, addresses[i].want_err);
            continue;
        }
        char text[NETADDR_TEXT_MAX];
        netaddr_format(&addr, text);
        CHECK_TEXT(name, text, addresses[i].want);
        CHECK(name, addr.family == addresses[i].want_family);
        CHECK(name, netaddr_bits(&addr) == (addr.family == NETADDR_IPV4 ? 32 : 128));
    }
}

static const struct {
    const char *name, *text, *want, *want_err;
} prefixes[] = {
    {.name = "an IPv4 prefix", .text = "192.0.2.0/24", .want = "192.0.2.0/24"},
    {.name = "a bare IPv4 address is a prefix of 32 bits",
     .text = "192.0.2.1",
     .want = "192.0.2.1/32"},
    {.name = "a bare IPv6 address is a prefix of 128 bits", .text = "::1", .want = "::1/128"},
    {.name = "all of IPv4", .text = "0.0.0.0/0", .want = "0.0.0.0/0"},
    {.name = "all of IPv6", .text = "::/0", .want = "::/0"},
    {.name = "a length that is no multiple of eight",
     .text = "10.64.0.0/10",
     .want = "10.64.0.0/10"},
    {.name = "an IPv6 prefix", .text = "2001:DB8::/33", .want = "2001:db8::/33"},
    {.name = "a mapped prefix is the IPv4 prefix",
     .text = "::ffff:192.0.2.0/120",
     .want = "192.0.2.0/24"},
    {.name = "the prefix of all mapped addresses is all of IPv4",
     .text = "::ffff:0:0/96",
     .want = "0.0.0.0/0"},
    {.name = "bits behind the length are refused",
     .text = "192.0.2.1/24",
     .want_err = "the address has bits set behind its first 24 (perhaps 192.0.2.0/24)"},
    {.name = "one bit behind the length is refused",
     .text = "192.0.2.128/24",
     .want_err = "the address has bits set behind its first 24 (perhaps 192.0.2.0/24)"},
    {.name = "a mapped prefix that is too wide is refused",
     .text = "::ffff:0:0/95",
     .want_err = "the address has bits set behind its first 95 (perhaps ::fffe:0:0/95)"},
    {.name = "an IPv4 length above 32 is refused",
     .text = "192.0.2.0/33",
     .want_err = "the length behind the slash is not a number from 0 to 32"},
    {.name = "an IPv6 length above 128 is refused",
     .text = "2001:db8::/129",
     .want_err = "the length behind the slash is not a number from 0 to 128"},
    {.name = "a length that is missing is refused",
     .text = "192.0.2.0/",
     .want_err = "the length behind the slash is not a number from 0 to 32"},
    {.name = "a sign before the length is refused",
     .text = "192.0.2.0/+8",
     .want_err = "the length behind the slash is not a number from 0 to 32"},
    {.name = "a length with a leading zero is refused",
     .text = "10.0.0.0/08",
     .want_err = "the length behind the slash is not a number from 0 to 32"},
    {.name = "a length of many digits is refused",
     .text = "10.0.0.0/4294967304",
     .want_err = "the length behind the slash is not a number from 0 to 32"},
    {.name = "a netmask is refused",
     .text = "10.0.0.0/255.0.0.0",
     .want_err = "the length behind the slash is not a number from 0 to 32"},
    {.name = "no address before the slash is refused",
     .text = "/8",
     .want_err = "not an IPv4 or IPv6 address"},
    {.name = "an address that is far too long is refused",
     .text = "1111111111111111111111111111111111111111111111111111111111/8",
     .want_err = "not an IPv4 or IPv6 address"},
};

static void
test_prefixes(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(prefixes); i++) {
        struct netprefix prefix = {.length = 0};
        struct err err = {.text = ""};
        int result = netprefix_parse(prefixes[i].text, &prefix, &err);
        CHECK(prefixes[i].name, (result == 0) == (prefixes[i].want != NULL));
        char text[NETPREFIX_TEXT_MAX] = "";
        if (result == 0) {
            netprefix_format(&prefix, text);
            CHECK_TEXT(prefixes[i].name, text, prefixes[i].want);
        } else {
            CHECK_TEXT(prefixes[i].name, err.text, prefixes[i].want_err);
        }
    }
}

static const struct {
    const char *name, *prefix, *addr;
    bool want;
} containments[] = {
    {"the first address is in", "192.0.2.0/24", "192.0.2.0", true},
    {"the last address is in", "192.0.2.0/24", "192.0.2.255", true},
    {"the next address is not", "192.0.2.0/24", "192.0.3.0", false},
    {"the address before is not", "192.0.2.0/24", "192.0.1.255", false},
    {"a mapped address is in an IPv4 prefix", "192.0.2.0/24", "::ffff:192.0.2.9", true},
    {"an IPv4 address is not in all of IPv6", "::/0", "192.0.2.1", false},
    {"an IPv6 address is not in all of IPv4", "0.0.0.0/0", "::1", false},
    {"every IPv4 address is in all of IPv4", "0.0.0.0/0", "255.255.255.255", true},
    {"a length within a byte: in", "10.64.0.0/10", "10.127.255.255", true},
    {"a length within a byte: not in", "10.64.0.0/10", "10.128.0.0", false},
    {"an IPv6 address is in its prefix", "2001:db8::/32", "2001:db8:ffff::1", true},
    {"an IPv6 address is not in the next prefix", "2001:db8::/32", "2001:db9::1", false},
};

static void
test_containment(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(containments); i++) {
        struct netprefix prefix;
        struct netaddr addr;
        CHECK(containments[i].name, netprefix_parse(containments[i].prefix, &prefix, NULL) == 0);
        CHECK(containments[i].name, netaddr_parse(containments[i].addr, &addr, NULL) == 0);
        CHECK(containments[i].name, netprefix_contains(&prefix, &addr) == containments[i].want);
    }
    struct netprefix everything;
    struct netaddr none = {.family = NETADDR_NONE};
    assert_int_equal(netprefix_parse("0.0.0.0/0", &everything, NULL), 0);
    assert_false(netprefix_contains(&everything, &none));
    assert_false(netprefix_contains(&(struct netprefix){.length = 0}, &none));
}

static void
test_prefix_of_an_address(void **state)
{
    (void)state;
    static const struct {
        const char *addr;
        unsigned length;
        const char *want;
    } cases[] = {
        {"192.0.2.77", 24, "192.0.2.0/24"},
        {"192.0.2.77", 32, "192.0.2.77/32"},
        {"192.0.2.77", 0, "0.0.0.0/0"},
        {"192.0.2.77", 26, "192.0.2.64/26"},
        {"2001:db8:1:2:3::4", 64, "2001:db8:1:2::/64"},
        {"2001:db8::ffff", 127, "2001:db8::fffe/127"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct netaddr addr;
        assert_int_equal(netaddr_parse(cases[i].addr, &addr, NULL), 0);
        struct netprefix prefix = netaddr_prefix(&addr, cases[i].length);
        char text[NETPREFIX_TEXT_MAX];
        netprefix_format(&prefix, text);
        CHECK_TEXT(cases[i].want, text, cases[i].want);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_prefixes),
        cmocka_unit_test(test_containment),
        cmocka_unit_test(test_prefix_of_an_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
