#include "route.h"

#include <stdlib.h>
#include <string.h>

#include "adopt.h"
#include "alloc.h"
#include "checker.h"
#include "clock.h"
#include "members.h"
#include "route_settings.h"
#include "servers.h"

struct upstream {
    /* set once */
    const struct section *section;
    struct servers servers;
    struct checker *checker; /* NULL: not started, or there is nothing to check or to resolve */

    struct upstream *next; /* under running_lock */
};

/* The upstreams that were started, the newest first. */
static pthread_mutex_t running_lock = PTHREAD_MUTEX_INITIALIZER;
static struct upstream *running; /* under running_lock */

struct upstream *
upstream_open(const struct conf *conf, const struct section *section, struct problems *problems)
{
    struct upstream *upstream = xcalloc(1, sizeof *upstream);
    upstream->section = section;
    if (route_settings_apply(conf, section, &upstream->servers, problems) != 0) {
        upstream_close(upstream);
        return NULL;
    }
    members_refresh(&upstream->servers);
    return upstream;
}

/* Whether all is literal addresses, which nobody needs to follow. */
static bool
is_settled(const struct servers *servers)
{
    for (size_t i = 0; i < servers->item_count; i++) {
        struct endpoint_text text;
        const struct name *address = servers->items[i].address;
        if (address == NULL)
            return false;
        bool is_ipv6 = strchr(name_host(address), ':') != NULL;
        if (!is_ipv6 &&
            (endpoint_parse(name_host(address), 1, &text, NULL) != 0 || !text.is_literal))
            return false;
    }
    return true;
}

void
upstream_start(struct upstream *upstream)
{
    struct servers *servers = &upstream->servers;
    members_start(servers);
    pthread_mutex_lock(&running_lock);
    for (struct upstream *other = running; other != NULL; other = other->next)
        servers_adopt(servers, &other->servers);
    upstream->next = running;
    running = upstream;
    pthread_mutex_unlock(&running_lock);
    if (servers->plan.check != CHECK_NONE || !is_settled(servers))
        upstream->checker = checker_start(servers);
}

static void
leave_running(const struct upstream *upstream)
{
    pthread_mutex_lock(&running_lock);
    for (struct upstream **link = &running; *link != NULL; link = &(*link)->next)
        if (*link == upstream) {
            *link = upstream->next;
            break;
        }
    pthread_mutex_unlock(&running_lock);
}

void
upstream_close(struct upstream *upstream)
{
    if (upstream == NULL)
        return;
    leave_running(upstream);
    checker_stop(upstream->checker);
    servers_fini(&upstream->servers);
    free(upstream);
}

const char *
upstream_name(const struct upstream *upstream)
{
    return upstream->section->name;
}

const struct section *
upstream_section_of(const struct upstream *upstream)
{
    return upstream->section;
}

bool
upstream_server_at(struct upstream *upstream, size_t index, struct upstream_server *server_r)
{
    return servers_at(&upstream->servers, index, clock_now_ms(), server_r);
}

void
upstream_set_drained(struct upstream *upstream, const char *const *names, size_t count)
{
    servers_set_drained(&upstream->servers, names, count, clock_now_ms());
}

int
upstream_choose(struct upstream *upstream, const char *key, struct route *route_r, struct err *err)
{
    return servers_choose(&upstream->servers, key, clock_now_ms(), route_r, err);
}

int
upstream_choose_host(struct upstream *upstream, const char *host, const char *key,
                     struct route *route_r, struct err *err)
{
    return servers_choose_host(&upstream->servers, host, key, route_r, err);
}
