#include <string.h>

#include "build.h"
#include "units.h"

struct screen_values {
    struct strings ban;
    const char *never;
    int64_t ipv4_prefix, ipv6_prefix;
};

enum { SECOND_MS = 1000, LONGEST_BAN_D = 365 };

static const struct row rows[] = {
    {.name = "ban",
     .type = ROW_STRINGS,
     .offset = offsetof(struct screen_values, ban),
     .preset = "{\"1h\", \"1d\", \"7d\"}",
     .help = "How long a client is shut out for its first, second and later offences; the last one "
             "holds for all that follow. Eight durations at most."},
    {.name = "never",
     .type = ROW_STRING,
     .may_be_empty = true,
     .offset = offsetof(struct screen_values, never),
     .help = "A list of kind ip: clients that are never banned, such as proxies and monitoring. "
             "Not set or an empty list: nobody is exempt."},
    {.name = "ipv4_prefix",
     .type = ROW_INT,
     .offset = offsetof(struct screen_values, ipv4_prefix),
     .preset = "32",
     .low = 8,
     .high = 32,
     .help = "The network of an IPv4 client that is banned with it, in bits."},
    {.name = "ipv6_prefix",
     .type = ROW_INT,
     .offset = offsetof(struct screen_values, ipv6_prefix),
     .preset = "64",
     .low = 16,
     .high = 128,
     .help = "The same for IPv6, where one client has a whole /64 to choose its address from."},
    {0}};

const struct section_type screen_section = {
    .name = "screen",
    .single = true,
    .size = sizeof(struct screen_values),
    .rows = rows,
    .help = "How long, and with which network, a client is banned that does what a listener bans "
            "for (on_auth_when_off). Bans are kept in the memory of mailreeve-auth: a reload keeps "
            "them, a restart forgets them.",
};

/* What the rows say too: they hold where there is no section. */
static const struct screen defaults = {
    .ban_ms = {INT64_C(60) * 60 * SECOND_MS, INT64_C(24) * 60 * 60 * SECOND_MS,
               INT64_C(7) * 24 * 60 * 60 * SECOND_MS},
    .ban_count = 3,
    .ipv4_prefix = 32,
    .ipv6_prefix = 64,
};

static int
read_ban(const char *text, int64_t *ms_r, struct err *err)
{
    const int64_t longest = INT64_C(24) * 60 * 60 * SECOND_MS * LONGEST_BAN_D;
    if (duration_parse(text, ms_r, err) != 0)
        return -1;
    if (*ms_r >= SECOND_MS && *ms_r <= longest)
        return 0;
    err_set(err, "%s is out of range (1s to %dd)", text, LONGEST_BAN_D);
    return -1;
}

static void
read_bans(const struct section *section, struct screen *screen, struct problems *problems)
{
    const struct strings *bans = &((const struct screen_values *)section->values)->ban;
    screen->ban_count = 0;
    if (bans->count == 0 || bans->count > SCREEN_BANS_MAX)
        section_problem(section, "ban", problems, PROBLEM_ERROR,
                        "has %zu durations (1 to %d are needed)", bans->count, SCREEN_BANS_MAX);
    for (size_t i = 0; i < bans->count && i < SCREEN_BANS_MAX; i++) {
        struct err err;
        if (read_ban(bans->items[i], &screen->ban_ms[i], &err) != 0)
            section_problem_at(section, "ban", bans->origins[i], problems, PROBLEM_ERROR, "%s",
                               err.text);
        screen->ban_count++;
    }
}

void
build_screen(struct built_site *built, struct problems *problems)
{
    struct screen *screen = &built->site.settings.screen;
    size_t count;
    const struct section *const *sections = conf_sections(built->site.conf, NULL, "screen", &count);
    *screen = defaults;
    if (count == 0)
        return;
    const struct section *section = sections[0];
    const struct screen_values *values = section->values;
    read_bans(section, screen, problems);
    screen->ipv4_prefix = (unsigned)values->ipv4_prefix;
    screen->ipv6_prefix = (unsigned)values->ipv6_prefix;
    screen->never = build_list_setting(&built->lists, section, "never", values->never, LIST_IP,
                                       "nobody is exempt", problems)
                        .list;
}
