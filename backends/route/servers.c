#include "servers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "alloc.h"

void
servers_init(struct servers *servers)
{
    pthread_mutex_init(&servers->lock, NULL);
    servers->chooser = chooser_create(servers->balance, servers->slow_start_ms);
}

static void
forget_drained(struct servers *servers)
{
    for (size_t i = 0; i < servers->drained_count; i++)
        free(servers->drained[i]);
    free(servers->drained);
}

void
servers_fini(struct servers *servers)
{
    for (size_t i = 0; i < servers->count; i++)
        member_free(servers->members[i]);
    free(servers->members);
    host_table_fini(&servers->hosts);
    chooser_free(servers->chooser);
    forget_drained(servers);
    pthread_mutex_destroy(&servers->lock);
    for (size_t i = 0; i < servers->item_count; i++) {
        name_close(servers->items[i].address);
        srv_close(servers->items[i].srv);
    }
    free(servers->items);
    tls_context_free(servers->plan.context);
}

/* Weights in hundredths, as numbers that the chooser has; where one does not fit, all lose their
 * finest shades. */
static void
fit_weights(const struct servers *servers, struct chooser_member *members)
{
    uint64_t most = 0;
    for (size_t i = 0; i < servers->count; i++)
        if (servers->members[i]->weight > most)
            most = servers->members[i]->weight;
    unsigned shift = 0;
    while (most >> shift > UINT32_MAX)
        shift++;
    for (size_t i = 0; i < servers->count; i++) {
        uint64_t weight = servers->members[i]->weight >> shift;
        members[i].weight = weight > 0 ? (uint32_t)weight : 1;
    }
}

void
servers_arrange(struct servers *servers)
{
    struct chooser_member *members = xcalloc(servers->count, sizeof *members);
    for (size_t i = 0; i < servers->count; i++) {
        const struct member *member = servers->members[i];
        members[i] = (struct chooser_member){.key = member->key,
                                             .level = member->level,
                                             .is_usable = member_is_usable(member),
                                             .warms_from_ms = member->warms_from_ms};
    }
    fit_weights(servers, members);
    chooser_set(servers->chooser, members, servers->count);
    free(members);
}

bool
servers_want_drained(const struct servers *servers, const struct member *member)
{
    for (size_t i = 0; i < servers->drained_count; i++)
        if (strcasecmp(servers->drained[i], member->name) == 0 ||
            strcasecmp(servers->drained[i], member->server->name) == 0)
            return true;
    return false;
}

void
servers_set_drained(struct servers *servers, const char *const *names, size_t count, int64_t now_ms)
{
    char **copies = xcalloc(count, sizeof *copies);
    for (size_t i = 0; i < count; i++)
        copies[i] = xstrdup(names[i]);

    pthread_mutex_lock(&servers->lock);
    forget_drained(servers);
    servers->drained = copies;
    servers->drained_count = count;
    bool has_changed = false;
    for (size_t i = 0; i < servers->count; i++) {
        struct member *member = servers->members[i];
        bool is_drained = servers_want_drained(servers, member);
        has_changed |= is_drained != member->is_drained;
        if (member->is_drained && !is_drained && servers->slow_start_ms > 0)
            member->warms_from_ms = now_ms;
        member->is_drained = is_drained;
    }
    if (has_changed)
        servers_arrange(servers);
    pthread_mutex_unlock(&servers->lock);
}

void
servers_hand_over(const struct servers *servers, struct member *member, uint64_t user,
                  struct route *route_r)
{
    const struct address *address = member_next_address(member, servers->balance, user);
    member->sessions++;
    snprintf(route_r->address, sizeof route_r->address, "%s", address->host);
    route_r->port = endpoint_port(&address->endpoint);
    snprintf(route_r->server, sizeof route_r->server, "%s", member->name);
}

/* Why there is no member: every section has a record then, and the first of them has this to say.
 */
static void
explain_records(const struct servers *servers, struct err *err)
{
    struct srv_target *targets = xcalloc(NAMES_TARGETS_MAX, sizeof *targets);
    struct err trouble = {.text = "its SRV record names no server yet"};
    srv_targets(servers->items[0].srv, targets, &trouble);
    free(targets);
    err_set(err, "no server of upstream \"%s\" can be used: %s", servers->upstream, trouble.text);
}

/* Why no member can be used. */
static void
explain(const struct servers *servers, struct err *err)
{
    size_t drained = 0, down = 0;
    const struct err *trouble = NULL;
    for (size_t i = 0; i < servers->count; i++) {
        const struct member *member = servers->members[i];
        if (member->is_drained)
            drained++;
        else if (member->count > 0)
            down++;
        else if (trouble == NULL)
            trouble = &member->trouble;
    }
    char why[200];
    if (drained == servers->count || down == servers->count)
        snprintf(why, sizeof why, "every server is %s", drained > 0 ? "drained" : "down");
    else if (drained == 0 && down == 0)
        snprintf(why, sizeof why, "%s", trouble->text);
    else
        snprintf(why, sizeof why, "%zu down, %zu drained, %zu without an address%s%s", down,
                 drained, servers->count - down - drained, trouble != NULL ? ": " : "",
                 trouble != NULL ? trouble->text : "");
    err_set(err, "no server of upstream \"%s\" can be used: %s", servers->upstream, why);
}

int
servers_choose(struct servers *servers, const char *key, int64_t now_ms, struct route *route_r,
               struct err *err)
{
    const uint64_t user = chooser_key(key);
    pthread_mutex_lock(&servers->lock);
    int chosen = chooser_next(servers->chooser, user, now_ms);
    if (chosen >= 0)
        servers_hand_over(servers, servers->members[chosen], user, route_r);
    else if (servers->count > 0)
        explain(servers, err);
    else
        explain_records(servers, err);
    pthread_mutex_unlock(&servers->lock);
    return chosen >= 0 ? 0 : -1;
}

static void
describe(const struct member *member, struct upstream_server *server_r)
{
    const struct address *first = NULL, *failed = NULL;
    for (size_t i = 0; i < member->count; i++) {
        const struct address *address = member->addresses[i];
        server_r->is_checked |= address->health.checked;
        server_r->is_flapping |= address->flap.is_flapping;
        if (first == NULL && !address->health.down)
            first = address;
        if (failed == NULL && address->error[0] != '\0')
            failed = address;
    }
    if (first != NULL)
        endpoint_format(&first->endpoint, server_r->address, sizeof server_r->address);
    const char *error = failed != NULL ? failed->error : "";
    snprintf(server_r->error, sizeof server_r->error, "%s",
             member->count == 0 ? member->trouble.text : error);
}

bool
servers_at(struct servers *servers, size_t index, int64_t now_ms, struct upstream_server *server_r)
{
    pthread_mutex_lock(&servers->lock);
    bool is_there = index < servers->count;
    if (is_there) {
        const struct member *member = servers->members[index];
        *server_r = (struct upstream_server){
            .is_up = member_is_up(member),
            .is_drained = member->is_drained,
            .is_backup = member->server->is_backup,
            .warm_percent = chooser_warmth(servers->chooser, (int)index, now_ms),
            .addresses = member->count,
            .up = member_addresses_up(member),
            .sessions = member->sessions};
        snprintf(server_r->name, sizeof server_r->name, "%s", member->name);
        describe(member, server_r);
    }
    pthread_mutex_unlock(&servers->lock);
    return is_there;
}
