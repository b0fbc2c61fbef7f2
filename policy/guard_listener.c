#include "guard_listener.h"

#include <stddef.h>

const char guard_listener_advice[] =
    "no listener can be told: set the mail server's daemon_name (Postfix: -o "
    "milter_macro_daemon_name=NAME) or listener in the section guard";

/* Several fit: none does. */
static const struct listener *
only_fitting(const struct tenancy *tenancy, bool is_authenticated)
{
    size_t count;
    const struct listener *const *listeners = tenancy_listeners(tenancy, &count);
    const struct listener *found = NULL;
    for (size_t i = 0; i < count; i++) {
        bool has_auth = listeners[i]->auth != AUTH_OFF;
        if (count > 1 && has_auth != is_authenticated)
            continue;
        if (found != NULL)
            return NULL;
        found = listeners[i];
    }
    return found;
}

static const struct listener *
named(const struct tenancy *tenancy, const char *name)
{
    return name != NULL ? tenancy_listener(tenancy, name) : NULL;
}

const struct listener *
guard_listener(const struct tenancy *tenancy, const char *daemon_name, const char *setting,
               bool is_authenticated)
{
    const struct listener *listener = named(tenancy, daemon_name);
    if (listener == NULL)
        listener = named(tenancy, setting);
    return listener != NULL ? listener : only_fitting(tenancy, is_authenticated);
}
