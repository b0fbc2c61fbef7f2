/*
 * First the list of who is wanted is made anew from the sections and what their records say; where
 * it is not what there is already, members of it that exist are taken over, others are made, and
 * the rest goes. Then each member's name is looked at in the same way. Nearly always nothing has
 * changed, which is found out without the lock.
 */
#include "members.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "alloc.h"
#include "log.h"
#include "news.h"
#include "srv_members.h"

enum { BACKUP_LEVEL = 65536, HUNDREDTHS = 100, NAME_TEXT_MAX = ROUTE_SERVER_MAX + 16 };

struct wanted {
    struct server *server;
    struct srv_member member;
};

struct wanted_list {
    struct wanted *items;
    size_t count;
    bool is_pending;
};

static bool
is_taken(const struct servers *servers, const struct wanted_list *list, const char *name)
{
    for (size_t i = 0; i < servers->item_count; i++)
        if (servers->items[i].address != NULL && strcasecmp(servers->items[i].name, name) == 0)
            return true;
    for (size_t i = 0; i < list->count; i++)
        if (strcasecmp(list->items[i].member.name, name) == 0)
            return true;
    return false;
}

static void
format_name(const char *host, unsigned port, char text_r[NAME_TEXT_MAX])
{
    snprintf(text_r, NAME_TEXT_MAX, strchr(host, ':') != NULL ? "[%s]:%u" : "%s:%u", host, port);
}

static void
add_target(const struct servers *servers, struct server *server, struct srv_member *member,
           struct wanted_list *list)
{
    char text[NAME_TEXT_MAX];
    struct endpoint_text parsed;
    format_name(member->host, member->port, text);
    if (endpoint_parse(text, 0, &parsed, NULL) != 0)
        return; /* whoever wrote the zone wrote no host there */
    if (is_taken(servers, list, member->name))
        srv_member_long_name(member, member->name);
    if (is_taken(servers, list, member->name))
        return; /* it is one already, by another record */
    list->items[list->count++] = (struct wanted){server, *member};
}

/* A record that has no answer yet is nobody so far. */
static void
add_targets(const struct servers *servers, struct server *server, struct wanted_list *list)
{
    struct srv_target targets[NAMES_TARGETS_MAX];
    struct err err = {0};
    if (srv_is_pending(server->srv)) {
        list->is_pending = true;
        return;
    }
    size_t count = srv_targets(server->srv, targets, &err);
    news_missing(servers, server->name, &server->is_told_missing, count > 0 ? NULL : &err);

    struct srv_member *members = xcalloc(NAMES_TARGETS_MAX, sizeof *members);
    count = srv_members(targets, count, members);
    list->items =
        xrealloc(list->items, list->count + count + servers->item_count, sizeof *list->items);
    for (size_t i = 0; i < count; i++)
        add_target(servers, server, &members[i], list);
    free(members);
}

static void
add_server(struct server *server, struct wanted_list *list)
{
    struct wanted *wanted = &list->items[list->count++];
    *wanted = (struct wanted){.server = server,
                              .member = {.port = name_port(server->address), .weight = HUNDREDTHS}};
    snprintf(wanted->member.name, sizeof wanted->member.name, "%s", server->name);
    snprintf(wanted->member.host, sizeof wanted->member.host, "%s", name_host(server->address));
}

static struct wanted_list
list_wanted(struct servers *servers)
{
    struct wanted_list list = {.items = xcalloc(servers->item_count, sizeof *list.items)};
    for (size_t i = 0; i < servers->item_count; i++) {
        if (servers->items[i].srv != NULL)
            add_targets(servers, &servers->items[i], &list);
        else
            add_server(&servers->items[i], &list);
    }
    return list;
}

static uint64_t
weight_of(const struct wanted *wanted)
{
    return wanted->member.weight * wanted->server->weight;
}

static uint32_t
level_of(const struct wanted *wanted)
{
    return wanted->member.rank + (wanted->server->is_backup ? BACKUP_LEVEL : 0);
}

static bool
is_it(const struct member *member, const struct wanted *wanted)
{
    return member->server == wanted->server && strcmp(member->name, wanted->member.name) == 0 &&
           name_port(member->address) == wanted->member.port;
}

static bool
are_as_wanted(const struct servers *servers, const struct wanted_list *list)
{
    if (servers->count != list->count)
        return false;
    for (size_t i = 0; i < list->count; i++) {
        const struct member *member = servers->members[i];
        const struct wanted *wanted = &list->items[i];
        if (!is_it(member, wanted) || member->weight != weight_of(wanted) ||
            member->level != level_of(wanted))
            return false;
    }
    return true;
}

static struct member *
make_member(const struct servers *servers, const struct wanted *wanted)
{
    char text[NAME_TEXT_MAX];
    format_name(wanted->member.host, wanted->member.port, text);
    struct name *name = name_open(text, 0, NULL); /* has been parsed before */
    if (servers->is_started)
        name_start(name);
    return member_create(wanted->server, wanted->member.name, name);
}

/* The member if there is one; it is marked. */
static struct member *
take_member(const struct servers *servers, const struct wanted *wanted, bool *are_taken)
{
    for (size_t i = 0; i < servers->count; i++)
        if (!are_taken[i] && is_it(servers->members[i], wanted)) {
            are_taken[i] = true;
            return servers->members[i];
        }
    return NULL;
}

static void
tell(const struct servers *servers, const char *event, const struct member *member)
{
    if (servers->is_started && !servers->is_succeeded)
        log_event(LOG_INFO, event, LOG_STR("upstream", servers->upstream),
                  LOG_STR("server", member->name));
}

static void
use_members(struct servers *servers, const struct wanted_list *list, struct member **members)
{
    pthread_mutex_lock(&servers->lock);
    for (size_t i = 0; i < list->count; i++) {
        members[i]->weight = weight_of(&list->items[i]);
        members[i]->level = level_of(&list->items[i]);
        members[i]->is_drained = servers_want_drained(servers, members[i]);
    }
    servers->members = members;
    servers->count = list->count;
    host_table_set(&servers->hosts, members, list->count);
    servers_arrange(servers);
    pthread_mutex_unlock(&servers->lock);
}

static void
use_wanted(struct servers *servers, const struct wanted_list *list)
{
    struct member **members = xcalloc(list->count, sizeof(struct member *));
    struct member **former = servers->members;
    const size_t former_count = servers->count;
    bool *are_taken = xcalloc(former_count, sizeof *are_taken);
    for (size_t i = 0; i < list->count; i++) {
        members[i] = take_member(servers, &list->items[i], are_taken);
        if (members[i] != NULL)
            continue;
        members[i] = make_member(servers, &list->items[i]);
        tell(servers, "upstream.joined", members[i]);
    }
    use_members(servers, list, members);
    for (size_t i = 0; i < former_count; i++)
        if (!are_taken[i]) {
            tell(servers, "upstream.left", former[i]);
            member_free(former[i]);
        }
    free(former);
    free(are_taken);
}

/* Returns whether a record has no answer yet. */
static bool
refresh_members(struct servers *servers)
{
    if (!servers->has_srv && servers->count > 0)
        return false;
    struct wanted_list list = list_wanted(servers);
    if (!are_as_wanted(servers, &list))
        use_wanted(servers, &list);
    free(list.items);
    return list.is_pending;
}

/* Without checks, what the system thinks can be reached decides: it puts the family of that first.
 * Returns how many are left. */
static size_t
keep_first_family(struct endpoint *endpoints, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (endpoints[i].address.ss_family == endpoints[0].address.ss_family)
            endpoints[kept++] = endpoints[i];
    return kept;
}

static bool
has_these(const struct member *member, const struct endpoint *endpoints, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (member_find_address(member, &endpoints[i]) == NULL)
            return false;
    return member->count == count;
}

static bool
is_among(const struct endpoint *endpoint, const struct endpoint *endpoints, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (endpoint_equal(endpoint, &endpoints[i]))
            return true;
    return false;
}

/* Those that stay keep their order, whatever the answer's is: DNS servers turn theirs around. The
 * new addresses of a server that is down are, too, until checks have said otherwise. With the lock
 * held. */
static void
use_endpoints(struct member *member, const struct endpoint *endpoints, size_t count)
{
    const bool is_down = member->count > 0 && !member_is_up(member);
    struct address **addresses = xcalloc(count, sizeof(struct address *));
    size_t used = 0;
    for (size_t i = 0; i < member->count; i++) {
        struct address *address = member->addresses[i];
        if (is_among(&address->endpoint, endpoints, count))
            addresses[used++] = address;
    }
    for (size_t i = 0; i < count; i++)
        if (member_find_address(member, &endpoints[i]) == NULL) {
            addresses[used] = address_create(&endpoints[i], member->server->check_port);
            addresses[used++]->health = (struct health){.checked = is_down, .down = is_down};
        }
    for (size_t i = 0; i < member->count; i++)
        if (!is_among(&member->addresses[i]->endpoint, endpoints, count))
            address_free(member->addresses[i]);
    free(member->addresses);
    member->addresses = addresses;
    member->count = count;
}

/* Returns whether its name has no answer yet. */
static bool
refresh_addresses(struct servers *servers, struct member *member)
{
    if (name_is_pending(member->address))
        return true;
    struct endpoint endpoints[NAMES_ADDRESSES_MAX];
    struct err err = {0};
    size_t count = name_endpoints(member->address, 0, endpoints, &err);
    if (servers->plan.check == CHECK_NONE)
        count = keep_first_family(endpoints, count);
    if (count > 0 && has_these(member, endpoints, count))
        return false;

    pthread_mutex_lock(&servers->lock);
    const bool was_up = member_is_up(member);
    member->trouble = err;
    if (count > 0)
        use_endpoints(member, endpoints, count);
    const bool is_up = member_is_up(member);
    if (was_up != is_up)
        servers_arrange(servers);
    pthread_mutex_unlock(&servers->lock);

    news_missing(servers, member->name, &member->is_told_missing, count > 0 ? NULL : &err);
    if (was_up && !is_up)
        news_down(servers, member->name, member->addresses[0]->error);
    return false;
}

bool
members_refresh(struct servers *servers)
{
    bool is_pending = refresh_members(servers);
    for (size_t i = 0; i < servers->count; i++)
        is_pending |= refresh_addresses(servers, servers->members[i]);
    return is_pending;
}

void
members_start(struct servers *servers)
{
    for (size_t i = 0; i < servers->item_count; i++)
        if (servers->items[i].srv != NULL)
            srv_start(servers->items[i].srv);
    for (size_t i = 0; i < servers->count; i++)
        name_start(servers->members[i]->address);
    servers->is_started = true;
}
