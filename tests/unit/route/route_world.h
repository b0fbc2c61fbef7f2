/*
 * route_world: the servers of one upstream in a test that answers for names, checks and the time
 * itself; nobody is connected to.
 */
#ifndef MAILREEVE_TEST_ROUTE_WORLD_H
#define MAILREEVE_TEST_ROUTE_WORLD_H

#include "fake_names.h"
#include "loaded_upstream.h"
#include "logged.h"

#include "adopt.h"
#include "alarm.h"
#include "members.h"
#include "news.h"
#include "route_settings.h"
#include "servers.h"

enum { SECOND_MS = 1000, INTERVAL_MS = 5000, WINDOW_MS = NEWS_STEADY_INTERVALS * INTERVAL_MS };

#define A   "server \"a\" { address = \"192.0.2.1:25\" }\n"
#define B   "server \"b\" { address = \"192.0.2.2:25\" }\n"
#define C   "server \"c\" { address = \"192.0.2.3:25\" }\n"
#define SRV "server \"dc\" { srv = \"_s._tcp.test\" }\n"

struct world {
    struct loaded loaded;
    struct servers servers;
    int64_t now_ms;
};

/* settings: of upstream "u" that is checked by tcp, unless they begin with check = "none". */
static inline void
begin(struct world *world, const char *settings)
{
    char text[2048];
    bool is_unchecked = strstr(settings, "check = \"none\"") != NULL;
    snprintf(text, sizeof text, "upstream \"u\" {\n %s %s\n}\n",
             is_unchecked ? "" : "check = \"tcp\"", settings);
    *world = (struct world){.now_ms = 1000000};
    load(&world->loaded, text);
    assert_int_equal(route_settings_apply(world->loaded.conf, world->loaded.section,
                                          &world->servers, &world->loaded.problems),
                     0);
    members_refresh(&world->servers);
    members_start(&world->servers);
}

static inline void
end(struct world *world)
{
    servers_fini(&world->servers);
    unload(&world->loaded);
    fake_forget();
}

/* "a b c": the servers, those that are down in (), those without an address in []. */
static inline void
assert_servers(struct world *world, const char *want)
{
    char text[512] = "";
    size_t length = 0;
    struct upstream_server server;
    for (size_t i = 0; servers_at(&world->servers, i, world->now_ms, &server); i++)
        length += (size_t)snprintf(text + length, sizeof text - length,
                                   server.addresses == 0 ? "%s[%s]"
                                   : server.is_up        ? "%s%s"
                                                         : "%s(%s)",
                                   i > 0 ? " " : "", server.name);
    assert_string_equal(text, want);
}

static inline struct member *
member_of(struct world *world, const char *name)
{
    for (size_t i = 0; i < world->servers.count; i++)
        if (strcmp(world->servers.members[i]->name, name) == 0)
            return world->servers.members[i];
    fail_msg("there is no %s", name);
    return NULL;
}

/* A check of an address ends; of one that a name has is the host alone. */
static inline void
check(struct world *world, const char *server, const char *host, bool passed)
{
    static const struct err failure = {.text = "it is dead"};
    struct member *member = member_of(world, server);
    struct address *address = member->addresses[0];
    for (size_t i = 0; host != NULL && i < member->count; i++)
        if (strcmp(member->addresses[i]->host, host) == 0)
            address = member->addresses[i];
    assert_true(host == NULL || strcmp(address->host, host) == 0);
    news_checked(&world->servers, member, address, passed ? NULL : &failure, world->now_ms);
}

/* A first check decides alone, later ones take three or two. */
static inline void
bring(struct world *world, const char *server, const char *host, bool up)
{
    for (int i = 0; i < 3; i++)
        check(world, server, host, up);
}

/* Where so many sessions of users 0, 1, 2 ... go: "a=10 b=10", in the order of the servers. */
static inline void
count_choices(struct world *world, size_t sessions, size_t counts_r[8])
{
    memset(counts_r, 0, 8 * sizeof counts_r[0]);
    for (size_t n = 0; n < sessions; n++) {
        struct route route;
        char user[24];
        snprintf(user, sizeof user, "user%zu", n);
        if (servers_choose(&world->servers, user, world->now_ms, &route, NULL) != 0)
            continue;
        for (size_t i = 0; i < world->servers.count; i++)
            counts_r[i] += strcmp(world->servers.members[i]->name, route.server) == 0 ? 1 : 0;
    }
}

/* The servers that get sessions: "a b"; "": none. */
static inline void
assert_used(struct world *world, const char *want)
{
    char text[512] = "";
    size_t counts[8], length = 0;
    count_choices(world, 200, counts);
    for (size_t i = 0; i < world->servers.count; i++)
        if (counts[i] > 0)
            length += (size_t)snprintf(text + length, sizeof text - length, "%s%s",
                                       length > 0 ? " " : "", world->servers.members[i]->name);
    assert_string_equal(text, want);
}

static inline void
assert_nobody(struct world *world, const char *want_error)
{
    struct route route;
    struct err err = {0};
    assert_int_equal(servers_choose(&world->servers, "bob", world->now_ms, &route, &err), -1);
    assert_string_equal(err.text, want_error);
}

/* The addresses of so many sessions of one user: "192.0.2.1 192.0.2.2". */
static inline void
assert_addresses(struct world *world, const char *user, size_t sessions, const char *want)
{
    char text[512] = "";
    size_t length = 0;
    for (size_t i = 0; i < sessions; i++) {
        struct route route;
        assert_int_equal(servers_choose(&world->servers, user, world->now_ms, &route, NULL), 0);
        length += (size_t)snprintf(text + length, sizeof text - length, "%s%s", i > 0 ? " " : "",
                                   route.address);
    }
    assert_string_equal(text, want);
}

static inline struct upstream_server
server_at(struct world *world, size_t index)
{
    struct upstream_server server;
    assert_true(servers_at(&world->servers, index, world->now_ms, &server));
    return server;
}

static inline void
drain(struct world *world, const char *name)
{
    servers_set_drained(&world->servers, &name, name != NULL ? 1 : 0, world->now_ms);
}

#endif
