/* Warnings about the message guard, and about what it alone can see where it is not set up. */
#include <string.h>

#include "warnings.h"

/* How long Postfix waits for an answer to a command, unless told otherwise. */
enum { MILTER_COMMAND_TIMEOUT_MS = 30000 };

static const struct section *
find_guard(const struct built_site *built)
{
    size_t count;
    const struct section *const *sections = conf_sections(built->site.conf, NULL, "guard", &count);
    return count > 0 ? sections[0] : NULL;
}

bool
warn_has_guard(const struct built_site *built)
{
    return find_guard(built) != NULL;
}

void
warn_needs_guard(const struct section *section, const char *setting, struct origin origin,
                 struct problems *problems)
{
    section_problem_at(section, setting, origin, problems, PROBLEM_WARNING,
                       "only the message guard sees to it, and there is no section guard (where "
                       "mailreeve-milter runs, write guard { })");
}

/* Limits of messages where no guard is. */
static void
warn_limits(const struct built_site *built, struct problems *problems)
{
    static const char *const settings[] = {"messages_per_user", "recipients_per_user",
                                           "recipients_per_message", "messages_per_session",
                                           "message_size"};
    const struct limits *limits = &built->site.settings.limits;
    const struct message_limits *at_once = &built->site.settings.decide.limits;
    const bool is_meant[] = {limits->messages_per_user.most > 0,
                             limits->recipients_per_user.most > 0,
                             at_once->recipients_per_message > 0, at_once->messages_per_session > 0,
                             at_once->message_size > 0};
    size_t count;
    const struct section *const *sections = conf_sections(built->site.conf, NULL, "limits", &count);
    if (count == 0)
        return;
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++)
        if (is_meant[i])
            warn_needs_guard(sections[0], settings[i], section_origin(sections[0], settings[i]),
                             problems);
}

/* Whether the socket is open to every address of this host. */
static bool
is_everywhere(const char *socket)
{
    const char *host = strchr(socket, '@');
    return host != NULL && (strcmp(host, "@0.0.0.0") == 0 || strcmp(host, "@::") == 0 ||
                            strcmp(host, "@[::]") == 0);
}

static void
warn_socket(const struct section *section, const char *socket, struct problems *problems)
{
    static const char *const unix_only[] = {"socket_mode", "socket_group"};
    bool is_unix = strncmp(socket, "unix:", 5) == 0;
    for (size_t i = 0; i < 2; i++)
        if (!is_unix && section_is_set(section, unix_only[i]))
            section_problem(section, unix_only[i], problems, PROBLEM_WARNING,
                            "has no effect: %s is no unix socket", socket);
    if (is_everywhere(socket))
        section_problem(section, "socket", problems, PROBLEM_WARNING,
                        "%s is open to every network: whoever reaches it can have clients banned "
                        "and use up the limits of users (name an address that mail servers alone "
                        "reach)",
                        socket);
}

void
warn_guard(const struct built_site *built, struct problems *problems)
{
    const struct section *section = find_guard(built);
    const struct guard_settings *guard = &built->site.settings.guard;
    const struct section *top = conf_top(built->site.conf);
    if (section == NULL) {
        warn_limits(built, problems);
        return;
    }
    warn_socket(section, guard->socket, problems);
    if (guard->hostname != NULL && !guard->authentication_results)
        section_problem(section, "hostname", problems, PROBLEM_WARNING,
                        "has no effect without authentication_results");
    if (built->site.settings.session_timeout_ms >= MILTER_COMMAND_TIMEOUT_MS)
        section_problem(top, "session_timeout", problems, PROBLEM_WARNING,
                        "Postfix waits for the message guard no longer than "
                        "milter_command_timeout, 30s unless it is told otherwise: answers that "
                        "take longer are lost");
}
