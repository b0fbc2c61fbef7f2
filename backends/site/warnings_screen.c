/* Warnings about dynamic screening. */
#include "warnings.h"

enum { IPV4_WIDE = 24, IPV6_WIDE = 48, IPV6_ONE_CLIENT = 64 };

static void
warn_exemption(const struct section *section, const struct screen *screen,
               struct problems *problems)
{
    if (screen->never != NULL && warn_holds_world(screen->never))
        section_problem(section, "never", problems, PROBLEM_WARNING,
                        "list \"%s\" holds every address: nobody is counted or banned",
                        list_name(screen->never));
}

static void
warn_idle(const struct section *section, const struct screen *screen, struct problems *problems)
{
    bool counts = screen->failures > 0 || screen->unknown_names > 0 || screen->bad_recipients > 0 ||
                  screen->account_failures > 0;
    if (screen->mode != SCREEN_OFF && !counts)
        section_problem(section, NULL, problems, PROBLEM_WARNING,
                        "counts nothing: failures, unknown_names, bad_recipients and "
                        "account_failures are 0 (mode = \"off\" says that plainly)");
}

/* Somebody who goes on is shut out for less. */
static void
warn_bans(const struct section *section, const struct screen *screen, struct problems *problems)
{
    const struct strings *bans = &((const struct screen_values *)section->values)->ban;
    for (size_t i = 1; i < screen->ban_count; i++)
        if (screen->ban_ms[i] < screen->ban_ms[i - 1])
            section_problem_at(section, "ban", bans->origins[i], problems, PROBLEM_WARNING,
                               "%s for a later offence is shorter than the %s before it",
                               bans->items[i], bans->items[i - 1]);
}

static void
warn_prefixes(const struct section *section, const struct screen *screen, struct problems *problems)
{
    if (screen->ipv4_prefix < IPV4_WIDE)
        section_problem(section, "ipv4_prefix", problems, PROBLEM_WARNING,
                        "is wide: %u addresses are banned with one client (%d to 32 is usual)",
                        1u << (32 - screen->ipv4_prefix), IPV4_WIDE);
    if (screen->ipv6_prefix < IPV6_WIDE)
        section_problem(section, "ipv6_prefix", problems, PROBLEM_WARNING,
                        "is wide: whole network operators may be banned with one client (%d to %d "
                        "is usual)",
                        IPV6_WIDE, IPV6_ONE_CLIENT);
    if (screen->ipv6_prefix > IPV6_ONE_CLIENT)
        section_problem(section, "ipv6_prefix", problems, PROBLEM_WARNING,
                        "is narrow: one client has a whole /64 to choose its address from, and "
                        "evades counts and bans (%d is usual)",
                        IPV6_ONE_CLIENT);
}

void
warn_screen(const struct built_site *built, struct problems *problems)
{
    size_t count;
    const struct section *const *sections = conf_sections(built->site.conf, NULL, "screen", &count);
    const struct screen *screen = &built->site.settings.screen;
    if (count == 0)
        return;
    warn_exemption(sections[0], screen, problems);
    warn_idle(sections[0], screen, problems);
    warn_bans(sections[0], screen, problems);
    warn_prefixes(sections[0], screen, problems);
}
