/* The server that has an account's mail, by what the directory says about it. */
#include <stdio.h>
#include <string.h>

#include "escape.h"
#include "servers.h"

/* What a mail host says besides a server's name. */
struct wanted {
    bool is_address;
    unsigned port; /* ANY_PORT: it says none */
    struct endpoint_text text;
};

/* "host", "host:port", "2001:db8::1", "[2001:db8::1]" or "[2001:db8::1]:port". */
static struct wanted
parse_wanted(const char *host)
{
    char text[ROUTE_HOST_MAX + 3];
    const char *colon = strchr(host, ':');
    bool is_bare_ipv6 = host[0] != '[' && colon != NULL && strchr(colon + 1, ':') != NULL;
    snprintf(text, sizeof text, is_bare_ipv6 ? "[%s]" : "%s", host);
    struct wanted wanted = {.is_address = false};
    wanted.is_address = endpoint_parse(text, ANY_PORT, &wanted.text, NULL) == 0;
    wanted.port = wanted.text.port;
    return wanted;
}

/* The index of the member that is called so, else of the first with that address that can be used,
 * or else of the last; -1: there is none. */
static int
find_host(const struct servers *servers, const char *host)
{
    const struct host_entry *named = host_table_named(&servers->hosts, host);
    if (named != NULL)
        return (int)named->index;
    const struct wanted wanted = parse_wanted(host);
    int found = -1;
    if (!wanted.is_address)
        return found;
    for (const struct host_entry *at =
             host_table_at(&servers->hosts, wanted.text.host, wanted.port);
         at != NULL && (found < 0 || !member_is_usable(servers->members[found])); at = at->next)
        found = (int)at->index;
    return found;
}

static void
explain(const struct servers *servers, int found, const char *host, struct err *err)
{
    char shown[ROUTE_HOST_MAX];
    escape_logfmt(host, strlen(host), shown, sizeof shown);
    if (found < 0) {
        err_set(err, "mail host %s is no server of upstream \"%s\"", shown, servers->upstream);
        return;
    }
    const struct member *member = servers->members[found];
    const char *why = member->is_drained  ? "it is drained"
                      : member->count > 0 ? "it is down"
                                          : member->trouble.text;
    err_set(err, "mail host %s cannot be used: server \"%s\": %s", shown, member->name, why);
}

int
servers_choose_host(struct servers *servers, const char *host, const char *key,
                    struct route *route_r, struct err *err)
{
    pthread_mutex_lock(&servers->lock);
    int found = strlen(host) <= ROUTE_HOST_MAX ? find_host(servers, host) : -1;
    bool is_usable = found >= 0 && member_is_usable(servers->members[found]);
    if (is_usable) {
        servers_hand_over(servers, servers->members[found], chooser_key(key), route_r);
        chooser_note(servers->chooser, found);
    } else {
        explain(servers, found, host, err);
    }
    pthread_mutex_unlock(&servers->lock);
    return is_usable ? 0 : -1;
}
