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

void
build_warnings(const struct built_site *built, struct problems *problems)
{
    warn_listeners(built, problems);
    warn_organizations(built, problems);
    warn_sources(built, problems);
    warn_rules(built, problems);
    warn_screen(built, problems);
    warn_alerts(built, problems);
    warn_guard(built, problems);
    warn_upstreams(built, problems);
    parts_warn_unused(&built->lists, problems);
    parts_warn_unused(&built->sources, problems);
    parts_warn_unused(&built->upstreams, problems);
}
