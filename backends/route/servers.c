#include "servers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "alarm.h"
#include "alloc.h"
#include "chooser.h"
#include "escape.h"
#include "log.h"

/* Where a session would be sent to. Returns 0, or -1 with err. */
static int
find_address(const struct server *server, struct endpoint *endpoint_r, struct err *err)
{
    if (server->is_proven) {
        *endpoint_r = server->proven;
        return 0;
    }
    struct endpoint endpoints[NAMES_ADDRESSES_MAX];
    if (name_endpoints(server->address, 0, endpoints, err) == 0)
        return -1;
    *endpoint_r = endpoints[0];
    return 0;
}

static int
choose(enum balance balance, struct chooser_server *candidates, size_t count)
{
    switch (balance) {
    case BALANCE_ROUND_ROBIN:
        return chooser_round_robin(candidates, count);
    case BALANCE_LEAST_RECENT:
    case BALANCE_HASH:
    case BALANCE_FIRST:
        return chooser_first(candidates, count);
    }
    return -1;
}

/* Chooses until one has an address; the ones without count as down for this session. */
static int
choose_among(struct servers *servers, struct chooser_server *candidates,
             struct endpoint *endpoint_r, struct err *err)
{
    int chosen;
    while ((chosen = choose(servers->balance, candidates, servers->count)) >= 0 &&
           find_address(&servers->items[chosen], endpoint_r, err) != 0)
        candidates[chosen].up = false;
    return chosen;
}

static void
write_route(const struct server *server, const struct endpoint *endpoint, struct route *route_r)
{
    endpoint_format_host(endpoint, route_r->address, sizeof route_r->address);
    route_r->port = endpoint_port(endpoint);
    snprintf(route_r->server, sizeof route_r->server, "%s", server->name);
}

int
servers_choose(struct servers *servers, struct route *route_r, struct err *err)
{
    struct chooser_server *candidates = xcalloc(servers->count, sizeof *candidates);
    struct endpoint endpoint;
    struct err trouble = {.text = "every server is down"};

    pthread_mutex_lock(&servers->lock);
    for (size_t i = 0; i < servers->count; i++) {
        const struct server *server = &servers->items[i];
        candidates[i] = (struct chooser_server){.weight = server->weight,
                                                .backup = server->backup,
                                                .up = !server->health.down,
                                                .current = server->current};
    }
    int chosen = choose_among(servers, candidates, &endpoint, &trouble);
    for (size_t i = 0; i < servers->count; i++)
        servers->items[i].current = candidates[i].current;
    pthread_mutex_unlock(&servers->lock);
    free(candidates);

    if (chosen < 0) {
        err_set(err, "no server of upstream \"%s\" can be used: %s", servers->upstream,
                trouble.text);
        return -1;
    }
    write_route(&servers->items[chosen], &endpoint, route_r);
    return 0;
}

/* What a mail host says besides a server's name. */
struct wanted {
    bool is_address;
    unsigned port; /* ANY_PORT: it says none */
    struct endpoint_text text;
};

enum { ANY_PORT = 65536 };

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

static bool
has_address(const struct server *server, const struct wanted *wanted)
{
    return wanted->is_address && strcmp(name_host(server->address), wanted->text.host) == 0 &&
           (wanted->port == ANY_PORT || wanted->port == name_port(server->address));
}

/* The server that is called so, else the first with that address that is up, or else down. */
static const struct server *
find_host(const struct servers *servers, const char *host)
{
    const struct wanted wanted = parse_wanted(host);
    const struct server *found = NULL;
    for (size_t i = 0; i < servers->count; i++) {
        const struct server *server = &servers->items[i];
        if (strcasecmp(server->name, host) == 0)
            return server;
        if (has_address(server, &wanted) && (found == NULL || found->health.down))
            found = server;
    }
    return found;
}

int
servers_choose_host(struct servers *servers, const char *host, struct route *route_r,
                    struct err *err)
{
    struct endpoint endpoint;
    char shown[ROUTE_HOST_MAX];
    struct err trouble = {.text = "it is down"};
    escape_logfmt(host, strlen(host), shown, sizeof shown);

    pthread_mutex_lock(&servers->lock);
    const struct server *server = strlen(host) <= ROUTE_HOST_MAX ? find_host(servers, host) : NULL;
    bool is_found =
        server != NULL && !server->health.down && find_address(server, &endpoint, &trouble) == 0;
    pthread_mutex_unlock(&servers->lock);

    if (is_found) {
        write_route(server, &endpoint, route_r);
        return 0;
    }
    if (server == NULL)
        err_set(err, "mail host %s is no server of upstream \"%s\"", shown, servers->upstream);
    else
        err_set(err, "mail host %s cannot be used: server \"%s\": %s", shown, server->name,
                trouble.text);
    return -1;
}

static void
raise_alarm(const struct servers *servers, const struct server *server, const struct err *err)
{
    const struct log_field fields[] = {LOG_STR("server", server->name),
                                       LOG_STR("error", err->text)};
    alarm_raise(ALARM_UPSTREAM_DOWN, servers->upstream, fields, sizeof fields / sizeof fields[0]);
}

static void
log_change(const struct servers *servers, const struct server *server, enum health_change change,
           const struct endpoint *endpoint, const struct err *err)
{
    char address[128] = "";
    if (endpoint != NULL)
        endpoint_format(endpoint, address, sizeof address);
    switch (change) {
    case HEALTH_SAME:
        break;
    case HEALTH_WENT_DOWN:
        log_event(LOG_WARN, "upstream.down", LOG_STR("upstream", servers->upstream),
                  LOG_STR("server", server->name), LOG_STR("error", err->text));
        raise_alarm(servers, server, err);
        break;
    case HEALTH_CAME_UP:
        log_event(LOG_INFO, "upstream.up", LOG_STR("upstream", servers->upstream),
                  LOG_STR("server", server->name), LOG_STR("address", address));
        break;
    }
}

void
servers_note(struct servers *servers, struct server *server, const struct endpoint *endpoint,
             const struct err *err)
{
    pthread_mutex_lock(&servers->lock);
    enum health_change change =
        health_note(&server->health, endpoint != NULL, servers->fall, servers->rise);
    if (endpoint != NULL) {
        server->is_proven = true;
        server->proven = *endpoint;
    }
    pthread_mutex_unlock(&servers->lock);
    log_change(servers, server, change, endpoint, err);
}

static void
adopt_one(struct server *server, struct servers *other)
{
    pthread_mutex_lock(&other->lock);
    for (size_t i = 0; i < other->count; i++) {
        const struct server *known = &other->items[i];
        if (known->address == server->address && known->health.checked) {
            server->health = known->health;
            server->is_proven = known->is_proven;
            server->proven = known->proven;
        }
    }
    pthread_mutex_unlock(&other->lock);
}

void
servers_adopt(struct servers *servers, struct servers *other)
{
    if (servers->check != other->check)
        return;
    for (size_t i = 0; i < servers->count; i++)
        if (!servers->items[i].health.checked)
            adopt_one(&servers->items[i], other);
}
