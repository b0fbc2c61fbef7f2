#include <string.h>

#include "build.h"
#include "units.h"

enum {
    SECOND_MS = 1000,
    MINUTE_MS = 60 * SECOND_MS,
    HOUR_MS = 60 * MINUTE_MS,
    DAY_MS = 24 * HOUR_MS,
    COUNT_MAX = 1000000,
    NAMES_MAX = STORE_MEMBERS_MAX - 1, /* a set of the store forgets the oldest of more */
    LONGEST_BAN_D = 365
};

#define AT(member) .offset = offsetof(struct screen_values, member)
#define COUNT      .type = ROW_INT, .low = 0, .high = COUNT_MAX
#define WITHIN     .type = ROW_DURATION, .low = SECOND_MS, .high = INT64_C(30) * DAY_MS

static const struct choice modes[] = {
    {"off", SCREEN_OFF}, {"monitor", SCREEN_MONITOR}, {"enforce", SCREEN_ENFORCE}, {0}};

static const struct row rows[] = {
    {.name = "mode",
     .type = ROW_CHOICE,
     AT(mode),
     .preset = "enforce",
     .choices = modes,
     .help =
         "off: nothing is counted. monitor: all is counted and the log says who would be banned, "
         "but nobody is. enforce: whoever reaches a count is banned. Bans by hand hold in all "
         "three, those of on_auth_when_off in off and enforce."},
    {.name = "failures",
     COUNT,
     AT(failures),
     .preset = "10",
     .help =
         "So many failed logins of a client within `within` ban it: wrong passwords and unknown "
         "names, never outages. As many may be under way at a time. 0: not counted."},
    {.name = "within",
     WITHIN,
     AT(within_ms),
     .preset = "10min",
     .help = "The time in which failures, and bad_recipients, are counted together."},
    {.name = "unknown_names",
     .type = ROW_INT,
     .low = 0,
     .high = NAMES_MAX,
     AT(unknown_names),
     .preset = "5",
     .help =
         "So many different names that nobody has, tried by a client within unknown_within, ban "
         "it; at most 255. 0: not counted."},
    {.name = "unknown_within",
     WITHIN,
     AT(unknown_within_ms),
     .preset = "1h",
     .help = "The time in which unknown_names are counted together."},
    {.name = "bad_recipients",
     COUNT,
     AT(bad_recipients),
     .preset = "10",
     .help = "So many recipients of a client that has not logged in, refused because they do not "
             "exist or are elsewhere, ban it within `within`. 0: not counted."},
    {.name = "ban",
     .type = ROW_STRINGS,
     AT(ban),
     .preset = "{\"1h\", \"1d\", \"7d\"}",
     .help = "How long a client is shut out for its first, second and later offences; the last one "
             "holds for all that follow. Eight durations at most."},
    {.name = "same_password_once",
     .type = ROW_BOOL,
     AT(same_password_once),
     .preset = "true",
     .help = "A wrong password that was tried before for the same name is no new failure: a mail "
             "program with an old password repeats it, somebody who guesses does not."},
    {.name = "ipv4_prefix",
     .type = ROW_INT,
     AT(ipv4_prefix),
     .preset = "32",
     .low = 8,
     .high = 32,
     .help = "The network of an IPv4 client that is counted and banned as one, in bits."},
    {.name = "ipv6_prefix",
     .type = ROW_INT,
     AT(ipv6_prefix),
     .preset = "64",
     .low = 16,
     .high = 128,
     .help = "The same for IPv6, where one client has a whole /64 to choose its address from."},
    {.name = "never",
     .type = ROW_STRING,
     .may_be_empty = true,
     AT(never),
     .help = "A list of kind ip: clients that are never counted, never banned and never held to "
             "limits by address, such as proxies and monitoring. As many people may be behind one "
             "of them, a login by POP or IMAP from there opens no relay window (relay_window). "
             "Not set or an empty list: nobody is exempt."},
    {.name = "account_failures",
     COUNT,
     AT(account_failures),
     .preset = "50",
     .help =
         "So many failed logins of an account within account_within, from wherever, close it to "
         "networks that it has not logged in from in the last 90 days; its owner goes on from "
         "where he is known. 0: accounts are not protected."},
    {.name = "account_within",
     WITHIN,
     AT(account_within_ms),
     .preset = "1d",
     .help = "The time in which account_failures are counted together."},
    {0}};

const struct section_type screen_section = {
    .name = "screen",
    .single = true,
    .size = sizeof(struct screen_values),
    .rows = rows,
    .help = "Dynamic screening: clients that guess passwords, names or recipients are banned for a "
            "time, and accounts under attack are protected. Without this section nothing is "
            "counted, and only bans by hand and those of on_auth_when_off hold, for 1h, 1d and 7d. "
            "What is counted is kept in the store (state).",
};

/* Where there is no section; the numbers are those of the rows. */
static void
set_defaults(struct screen *screen, struct origin origin)
{
    *screen = (struct screen){
        .mode = SCREEN_OFF,
        .origin = origin,
        .failures_origin = origin,
        .account_failures_origin = origin,
        .within_ms = INT64_C(10) * MINUTE_MS,
        .unknown_within_ms = HOUR_MS,
        .account_within_ms = DAY_MS,
        .ban_ms = {HOUR_MS, DAY_MS, 7 * (int64_t)DAY_MS},
        .ban_count = 3,
        .same_password_once = true,
        .ipv4_prefix = 32,
        .ipv6_prefix = 64,
    };
}

static int
read_ban(const char *text, int64_t *ms_r, struct err *err)
{
    if (duration_parse(text, ms_r, err) != 0)
        return -1;
    if (*ms_r >= SECOND_MS && *ms_r <= LONGEST_BAN_D * (int64_t)DAY_MS)
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

static void
read_counts(const struct section *section, struct screen *screen)
{
    const struct screen_values *values = section->values;
    screen->mode = (enum screen_mode)values->mode;
    screen->origin = section->origin;
    screen->failures = values->failures;
    screen->failures_origin = section_origin(section, "failures");
    screen->within_ms = values->within_ms;
    screen->unknown_names = values->unknown_names;
    screen->unknown_within_ms = values->unknown_within_ms;
    screen->bad_recipients = values->bad_recipients;
    screen->same_password_once = values->same_password_once;
    screen->ipv4_prefix = (unsigned)values->ipv4_prefix;
    screen->ipv6_prefix = (unsigned)values->ipv6_prefix;
    screen->account_failures = values->account_failures;
    screen->account_failures_origin = section_origin(section, "account_failures");
    screen->account_within_ms = values->account_within_ms;
}

void
build_screen(struct built_site *built, struct problems *problems)
{
    struct screen *screen = &built->site.settings.screen;
    size_t count;
    const struct section *const *sections = conf_sections(built->site.conf, NULL, "screen", &count);
    set_defaults(screen, conf_top(built->site.conf)->origin);
    if (count == 0)
        return;
    const struct section *section = sections[0];
    const struct screen_values *values = section->values;
    read_counts(section, screen);
    read_bans(section, screen, problems);
    screen->never = build_list_setting(&built->lists, section, "never", values->never, LIST_IP,
                                       "nobody is exempt", problems)
                        .list;
}
