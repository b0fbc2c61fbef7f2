#include "warnings.h"

const struct listener *
warn_listener_of(const struct built_site *built, const struct section *section)
{
    return tenancy_listener(built->site.tenancy, section->name);
}

bool
warn_has_logins(const struct listener *listener)
{
    return listener->auth != AUTH_OFF || listener->relay_window_ms > 0;
}

static bool
somebody_bans(const struct built_site *built)
{
    size_t count;
    const struct section *const *sections =
        conf_sections(built->site.conf, NULL, "listener", &count);
    for (size_t i = 0; i < count; i++) {
        const struct listener *listener = warn_listener_of(built, sections[i]);
        if (listener->auth == AUTH_OFF && listener->ban_when_off)
            return true;
    }
    return false;
}

static void
warn_screen(const struct built_site *built, struct problems *problems)
{
    size_t count;
    const struct section *const *sections = conf_sections(built->site.conf, NULL, "screen", &count);
    const struct list *never = built->site.settings.screen.never;
    if (count > 0 && !somebody_bans(built))
        section_problem(sections[0], NULL, problems, PROBLEM_WARNING,
                        "has no effect: no listener bans (on_auth_when_off = \"ban\", with auth = "
                        "\"off\")");
    else if (never != NULL && warn_holds_world(never))
        section_problem(sections[0], "never", problems, PROBLEM_WARNING,
                        "list \"%s\" holds every address: nobody is banned", list_name(never));
}

void
build_warnings(const struct built_site *built, struct problems *problems)
{
    warn_listeners(built, problems);
    warn_organizations(built, problems);
    warn_rules(built, problems);
    warn_screen(built, problems);
    parts_warn_unused(&built->lists, problems);
    parts_warn_unused(&built->sources, problems);
    parts_warn_unused(&built->upstreams, problems);
}
