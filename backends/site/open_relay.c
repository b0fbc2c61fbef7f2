/*
 * Whether a relay_ips list holds the whole world.
 *
 * "0.0.0.0/0", "*", two halves, two hundred networks or a regular expression may all say it, so the
 * list is asked about addresses from all over the Internet instead of being read. One in each /8 of
 * IPv4, and one in each region of IPv6 in use, somewhere in the middle: a list of single addresses,
 * be it ever so long, hits hardly any of them.
 */
#include <stdlib.h>

#include "warnings.h"

enum {
    PROBES_MAX = 256,
    NEARLY_PERCENT = 90 /* a list that holds that many of the probes holds the world */
};

struct probes {
    const char *family;
    size_t few; /* one network operator's addresses may hold so many of them */
    size_t count;
    struct netaddr items[PROBES_MAX];
};

/* One address in each /8 that is routed: 1.135.29.84, 2.142.58.167 ... The second number is 128 to
 * 159, where no network of other use lies; 10 and 127 have no other. */
static void
probe_ipv4(struct probes *probes_r)
{
    *probes_r = (struct probes){.family = "IPv4", .few = 8};
    for (unsigned first = 1; first <= 223; first++)
        if (first != 10 && first != 127)
            probes_r->items[probes_r->count++] = (struct netaddr){
                NETADDR_IPV4,
                {(uint8_t)first, (uint8_t)(128 + first * 7 % 32), (uint8_t)(first * 29 % 256),
                 (uint8_t)(1 + first * 83 % 254)},
            };
}

/* In the blocks of 2000::/3 that the regional registries give out. */
static void
probe_ipv6(struct probes *probes_r)
{
    static const char *const texts[] = {
        "2001:240:bb81::1f",        "2001:470:1f0b::2:8a4",
        "2001:660:3003::25",        "2001:8b0:ffd4::a:0:c1e5:3",
        "2001:1291:200::7b",        "2001:43f8:90::4c:d0",
        "2001:4860:4001::88:0:2b1", "2003:c7:9f02::53",
        "2400:8902:e001::9e0b",     "2404:6800:4003::6:4",
        "2408:8000:2::b2",          "240e:83:205::3d7",
        "2600:1f18:24e6::c4:19",    "2604:a880:800::5",
        "2607:f8b0:4004::fa1",      "2620:fe:1::e",
        "2800:3f0:4001::6c2:8",     "2803:f800:50::41",
        "2804:14d:5c5a::d9e6",      "2a00:1450:4001::78:2",
        "2a01:4f8:c17::1a",         "2a02:26f0:6c00::b03",
        "2a03:2880:f10d::27f",      "2a0a:e5c0:2::95",
        "2c0f:f248:1::8:c",         "2c0f:fb50:4002::30",
    };
    *probes_r = (struct probes){.family = "IPv6", .few = 2};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (netaddr_parse(texts[i], &probes_r->items[probes_r->count++], NULL) != 0)
            abort(); /* the table is wrong */
}

static size_t
count_held(const struct list *list, const struct probes *probes)
{
    size_t held = 0;
    for (size_t i = 0; i < probes->count; i++)
        held += list_match_address(list, &probes->items[i], NULL) == LIST_MATCH;
    return held;
}

static bool
is_world(size_t held, const struct probes *probes)
{
    return held * 100 >= probes->count * NEARLY_PERCENT;
}

bool
warn_holds_world(const struct list *list)
{
    struct probes probes;
    probe_ipv4(&probes);
    if (is_world(count_held(list, &probes), &probes))
        return true;
    probe_ipv6(&probes);
    return is_world(count_held(list, &probes), &probes);
}

/* Returns whether the list holds the whole world of that family. */
static bool
check_family(const struct section *section, const struct list *list, const struct probes *probes,
             bool is_meant, struct problems *problems)
{
    size_t held = count_held(list, probes);
    bool is_open = is_world(held, probes);
    if (is_open && is_meant)
        section_problem(section, "relay_ips", problems, PROBLEM_WARNING,
                        "list \"%s\" holds %s %s address: this is an open relay", list_name(list),
                        held == probes->count ? "every" : "nearly every", probes->family);
    else if (is_open)
        section_problem(
            section, "relay_ips", problems, PROBLEM_ERROR,
            "list \"%s\" holds %s %s address: this is an open relay, through which "
            "anybody sends anything to anywhere (name your own clients; or, if "
            "strangers cannot reach this port, set i_know_this_is_an_open_relay = true)",
            list_name(list), held == probes->count ? "every" : "nearly every", probes->family);
    else if (held > probes->few)
        section_problem(section, "relay_ips", problems, PROBLEM_WARNING,
                        "list \"%s\" holds %zu of %zu %s addresses from all over the Internet: "
                        "strangers may relay (name your own clients)",
                        list_name(list), held, probes->count, probes->family);
    return is_open;
}

void
build_open_relay(const struct built_site *built, struct problems *problems)
{
    struct probes ipv4, ipv6;
    probe_ipv4(&ipv4);
    probe_ipv6(&ipv6);
    bool is_meant = built->open_relay_is_meant, is_open = false;
    size_t count;
    const struct section *const *sections =
        conf_sections(built->site.conf, NULL, "listener", &count);
    for (size_t i = 0; i < count; i++) {
        const struct listener *listener =
            sections[i]->name != NULL ? tenancy_listener(built->site.tenancy, sections[i]->name)
                                      : NULL;
        const struct list *list = listener != NULL ? listener->relay_ips.list : NULL;
        if (list == NULL || listener->origin.line != sections[i]->origin.line)
            continue;
        is_open |= check_family(sections[i], list, &ipv4, is_meant, problems);
        is_open |= check_family(sections[i], list, &ipv6, is_meant, problems);
    }
    if (is_meant && !is_open)
        section_problem(conf_top(built->site.conf), "i_know_this_is_an_open_relay", problems,
                        PROBLEM_WARNING, "has no effect: no listener is an open relay");
}
