#include "srv_members.h"

#include <stdio.h>
#include <string.h>

enum { HUNDREDTHS = 100 };

void
srv_member_long_name(const struct srv_member *member, char name_r[ROUTE_SERVER_MAX])
{
    snprintf(name_r, ROUTE_SERVER_MAX, "%s:%u", member->host, member->port);
}

/* Whether one of the first `count` is the same server. */
static bool
is_known(const struct srv_target *targets, size_t count, const struct srv_target *target)
{
    for (size_t i = 0; i < count; i++)
        if (targets[i].port == target->port && strcmp(targets[i].host, target->host) == 0)
            return true;
    return false;
}

static bool
shares_host(const struct srv_target *targets, size_t count, const struct srv_target *target)
{
    for (size_t i = 0; i < count; i++)
        if (targets[i].port != target->port && strcmp(targets[i].host, target->host) == 0)
            return true;
    return false;
}

/* Whether no target of that priority has a weight. */
static bool
are_equal(const struct srv_target *targets, size_t count, unsigned priority)
{
    for (size_t i = 0; i < count; i++)
        if (targets[i].priority == priority && targets[i].weight != 0)
            return false;
    return true;
}

static uint64_t
weigh(const struct srv_target *targets, size_t count, const struct srv_target *target)
{
    if (target->weight != 0)
        return (uint64_t)target->weight * HUNDREDTHS;
    return are_equal(targets, count, target->priority) ? HUNDREDTHS : 1;
}

size_t
srv_members(const struct srv_target *targets, size_t count,
            struct srv_member members_r[NAMES_TARGETS_MAX])
{
    size_t made = 0;
    uint32_t rank = 0;
    for (size_t i = 0; i < count; i++) {
        const struct srv_target *target = &targets[i];
        if (i > 0 && target->priority != targets[i - 1].priority)
            rank++;
        if (is_known(targets, i, target))
            continue;
        struct srv_member *member = &members_r[made++];
        *member = (struct srv_member){
            .port = target->port, .rank = rank, .weight = weigh(targets, count, target)};
        snprintf(member->host, sizeof member->host, "%s", target->host);
        if (shares_host(targets, count, target))
            srv_member_long_name(member, member->name);
        else
            snprintf(member->name, sizeof member->name, "%s", target->host);
    }
    return made;
}
