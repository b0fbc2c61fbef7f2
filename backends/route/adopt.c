#include "adopt.h"

#include <string.h>

static bool
check_alike(const struct servers *one, const struct servers *other)
{
    const char *ca = one->ca_file != NULL ? one->ca_file : "";
    const char *other_ca = other->ca_file != NULL ? other->ca_file : "";
    return one->plan.check == other->plan.check && one->plan.tls == other->plan.tls &&
           strcmp(ca, other_ca) == 0;
}

/* hint: where it stands if nothing has changed. */
static const struct member *
find_known(const struct servers *other, size_t hint, const struct address *address,
           const struct address **known_r)
{
    if (hint < other->count)
        *known_r = member_find_address(other->members[hint], &address->endpoint);
    if (*known_r != NULL)
        return other->members[hint];
    for (size_t i = 0; i < other->count; i++)
        if ((*known_r = member_find_address(other->members[i], &address->endpoint)) != NULL)
            return other->members[i];
    return NULL;
}

/* Returns whether something is known now that the chooser has to be told. */
static bool
adopt_address(struct servers *servers, size_t index, struct address *address,
              const struct servers *other)
{
    const struct address *known = NULL;
    struct member *member = servers->members[index];
    const struct member *other_member = find_known(other, index, address, &known);
    if (other_member == NULL)
        return false;
    if (member->warms_from_ms == 0 && servers->slow_start_ms > 0)
        member->warms_from_ms = other_member->warms_from_ms;
    const bool is_warming = member->warms_from_ms != 0;
    if (address->health.checked || !known->health.checked || !check_alike(servers, other) ||
        !endpoint_equal(&known->checked, &address->checked))
        return is_warming;
    address->health = known->health;
    address->flap = known->flap;
    memcpy(address->error, known->error, sizeof address->error);
    return is_warming || address->health.down;
}

bool
servers_know_all(const struct servers *servers)
{
    if (servers->plan.check == CHECK_NONE)
        return true;
    for (size_t i = 0; i < servers->count; i++)
        for (size_t j = 0; j < servers->members[i]->count; j++)
            if (!servers->members[i]->addresses[j]->health.checked)
                return false;
    return true;
}

void
servers_adopt(struct servers *servers, struct servers *other)
{
    pthread_mutex_lock(&other->lock);
    pthread_mutex_lock(&servers->lock);
    bool is_news = false;
    for (size_t i = 0; i < servers->count; i++)
        for (size_t j = 0; j < servers->members[i]->count; j++)
            is_news |= adopt_address(servers, i, servers->members[i]->addresses[j], other);
    if (is_news)
        servers_arrange(servers);
    if (strcmp(other->upstream, servers->upstream) == 0)
        other->is_succeeded = true;
    pthread_mutex_unlock(&servers->lock);
    pthread_mutex_unlock(&other->lock);
}
