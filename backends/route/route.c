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
    struct checker *checker; /* NULL: not prepared, or there is nothing to check or to resolve */

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

/* From the one before a reload first, which nearly always knows all there is to know: with a
 * thousand upstreams nobody wants to ask each of all the others. Under running_lock. */
static void
adopt_running(struct servers *servers)
{
    for (struct upstream *other = running; other != NULL; other = other->next)
        if (strcmp(other->servers.upstream, servers->upstream) == 0)
            servers_adopt(servers, &other->servers);
    for (struct upstream *other = running; other != NULL; other = other->next)
        if (!servers_know_all(servers))
            servers_adopt(servers, &other->servers);
}

int
upstream_prepare(struct upstream *upstream, struct err *err)
{
    struct servers *servers = &upstream->servers;
    if (servers->plan.check == CHECK_NONE && is_settled(servers))
        return 0;
    if (upstream->checker == NULL)
        upstream->checker = checker_create(servers, err);
    return upstream->checker != NULL ? 0 : -1;
}

void
upstream_start(struct upstream *upstream)
{
    struct servers *servers = &upstream->servers;
    if (upstream_prepare(upstream, NULL) != 0)
        abort();
    members_start(servers);
    pthread_mutex_lock(&running_lock);
    adopt_running(servers);
    upstream->next = running;
    running = upstream;
    pthread_mutex_unlock(&running_lock);
    if (upstream->checker != NULL)
        checker_start(upstream->checker);
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
