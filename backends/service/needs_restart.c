#include "needs_restart.h"

#include <string.h>

static bool
is_same_text(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

const char *
needs_restart_socket(const struct site_settings *before, const struct site_settings *after)
{
    bool is_same = is_same_text(before->socket, after->socket) &&
                   before->socket_mode == after->socket_mode &&
                   is_same_text(before->socket_group, after->socket_group);
    return is_same ? NULL : "socket, socket_mode, socket_group";
}

const char *
needs_restart_guard(const struct guard_settings *before, const struct guard_settings *after)
{
    bool is_same = is_same_text(before->socket, after->socket) &&
                   before->socket_mode == after->socket_mode &&
                   is_same_text(before->socket_group, after->socket_group);
    return is_same ? NULL : "guard: socket, socket_mode, socket_group";
}

static bool
has_same_sentinels(const struct store_settings *before, const struct store_settings *after)
{
    if (before->sentinel_count != after->sentinel_count)
        return false;
    for (size_t i = 0; i < before->sentinel_count; i++)
        if (!is_same_text(before->sentinels[i], after->sentinels[i]))
            return false;
    return is_same_text(before->sentinel_master, after->sentinel_master);
}

static bool
has_same_tls(const struct store_settings *before, const struct store_settings *after)
{
    return before->has_tls == after->has_tls &&
           is_same_text(before->tls.ca_file, after->tls.ca_file) &&
           is_same_text(before->tls.cert_file, after->tls.cert_file) &&
           is_same_text(before->tls.key_file, after->tls.key_file) &&
           before->tls.no_verify == after->tls.no_verify;
}

const char *
needs_restart_store(const struct store_settings *before, const struct store_settings *after)
{
    bool is_same =
        before->engine == after->engine && is_same_text(before->path, after->path) &&
        before->size_bytes == after->size_bytes && is_same_text(before->url, after->url) &&
        is_same_text(before->password_file, after->password_file) && has_same_tls(before, after) &&
        has_same_sentinels(before, after) && is_same_text(before->prefix, after->prefix) &&
        before->connections == after->connections && before->timeout_ms == after->timeout_ms;
    return is_same ? NULL : "state";
}
