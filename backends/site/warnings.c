#include <string.h>

#include "build.h"

static void
warn_no_effect(const struct section *section, const char *setting, bool is_meant,
               struct problems *problems)
{
    if (is_meant)
        section_problem(section, setting, problems, PROBLEM_WARNING,
                        "has no effect while auth is off");
}

static void
warn_auth_off(const struct section *section, struct problems *problems)
{
    const struct listener_values *values = section->values;
    warn_no_effect(section, "auth_ips", strcmp(values->auth_ips, "any") != 0, problems);
    warn_no_effect(section, "auth_users", strcmp(values->auth_users, "any") != 0, problems);
    warn_no_effect(section, "upstream", values->upstream != NULL, problems);
    if (values->require_auth)
        section_problem(section, "require_auth", problems, PROBLEM_WARNING,
                        "every session is refused: auth is off");
    if (values->upstream_inbound == NULL)
        section_problem(section, "upstream_inbound", problems, PROBLEM_WARNING,
                        "is not set, and auth is off: nobody gets through");
}

/* An organization whose users would end up with route.none on this listener, or NULL. */
static const struct section *
find_stranded(const struct built_site *built)
{
    size_t count;
    const struct section *const *sections =
        conf_sections(built->site.conf, NULL, "organization", &count);
    for (size_t i = 0; i < count; i++)
        if (((const struct organization_values *)sections[i]->values)->upstream == NULL)
            return sections[i];
    return NULL;
}

static void
warn_no_upstream(const struct section *section, const struct section *stranded,
                 struct problems *problems)
{
    const struct listener_values *values = section->values;
    if (values->auth != AUTH_OFF && values->upstream == NULL && stranded != NULL)
        section_problem(section, "upstream", problems, PROBLEM_WARNING,
                        "is not set, and organization \"%s\" has none either: its users can log in "
                        "but go nowhere",
                        stranded->name);
}

static void
warn_default_domain(const struct built_site *built, const struct section *section,
                    struct problems *problems)
{
    const struct listener *listener = tenancy_listener(built->site.tenancy, section->name);
    if (listener != NULL && listener->default_domain != NULL &&
        tenancy_owner(built->site.tenancy, listener->default_domain) == NULL)
        section_problem(section, "default_domain", problems, PROBLEM_WARNING,
                        "no organization owns \"%s\"", listener->default_domain);
}

static bool
is_same_name(const char *a, const char *b)
{
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

/* Whether those who have logged in, anywhere, are sent to that upstream. */
static bool
takes_logins(const struct built_site *built, const char *upstream)
{
    size_t count;
    const struct section *const *sections =
        conf_sections(built->site.conf, NULL, "listener", &count);
    for (size_t i = 0; i < count; i++) {
        const struct listener_values *values = sections[i]->values;
        if (values->auth != AUTH_OFF && is_same_name(values->upstream, upstream))
            return true;
    }
    sections = conf_sections(built->site.conf, NULL, "organization", &count);
    for (size_t i = 0; i < count; i++)
        if (is_same_name(((const struct organization_values *)sections[i]->values)->upstream,
                         upstream))
            return true;
    return false;
}

/* nginx is a pipe after the first recipient, so a stranger can name any others there. */
static void
warn_shared_upstream(const struct built_site *built, const struct section *section,
                     struct problems *problems)
{
    const struct listener_values *values = section->values;
    if (takes_logins(built, values->upstream_inbound))
        section_problem(section, "upstream_inbound", problems, PROBLEM_WARNING,
                        "\"%s\" takes those who have logged in, too: whoever gets there without a "
                        "login must not be able to relay (give them an upstream of their own)",
                        values->upstream_inbound);
}

void
build_warnings(const struct built_site *built, struct problems *problems)
{
    size_t count;
    const struct section *const *sections =
        conf_sections(built->site.conf, NULL, "listener", &count);
    const struct section *stranded = find_stranded(built);
    for (size_t i = 0; i < count; i++) {
        if (((const struct listener_values *)sections[i]->values)->auth == AUTH_OFF)
            warn_auth_off(sections[i], problems);
        warn_no_upstream(sections[i], stranded, problems);
        warn_default_domain(built, sections[i], problems);
        warn_shared_upstream(built, sections[i], problems);
    }
    parts_warn_unused(&built->lists, problems);
    parts_warn_unused(&built->sources, problems);
    parts_warn_unused(&built->upstreams, problems);
}
