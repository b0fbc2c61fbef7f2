#include "member.h"

#include <netinet/in.h>
#include <stdlib.h>

#include "alloc.h"

static void
set_port(struct endpoint *endpoint, unsigned port)
{
    if (endpoint->address.ss_family == AF_INET)
        ((struct sockaddr_in *)&endpoint->address)->sin_port = htons((uint16_t)port);
    else if (endpoint->address.ss_family == AF_INET6)
        ((struct sockaddr_in6 *)&endpoint->address)->sin6_port = htons((uint16_t)port);
}

struct address *
address_create(const struct endpoint *endpoint, unsigned check_port)
{
    char text[128];
    struct address *address = xcalloc(1, sizeof *address);
    address->endpoint = *endpoint;
    address->checked = *endpoint;
    if (check_port != 0)
        set_port(&address->checked, check_port);
    endpoint_format_host(endpoint, address->host, sizeof address->host);
    endpoint_format(endpoint, text, sizeof text);
    address->key = chooser_key(text);
    return address;
}

void
address_free(struct address *address)
{
    if (address->is_under_way)
        probe_end(&address->probe);
    free(address);
}

struct member *
member_create(const struct server *server, const char *name, struct name *address)
{
    struct member *member = xcalloc(1, sizeof *member);
    member->server = server;
    member->name = xstrdup(name);
    member->key = chooser_key(name);
    member->address = address;
    err_set(&member->trouble, "cannot resolve %s: no answer yet", name_host(address));
    return member;
}

void
member_free(struct member *member)
{
    if (member == NULL)
        return;
    for (size_t i = 0; i < member->count; i++)
        address_free(member->addresses[i]);
    free(member->addresses);
    name_close(member->address);
    free(member->name);
    free(member);
}

size_t
member_addresses_up(const struct member *member)
{
    size_t up = 0;
    for (size_t i = 0; i < member->count; i++)
        up += member->addresses[i]->health.down ? 0 : 1;
    return up;
}

bool
member_is_up(const struct member *member)
{
    return member_addresses_up(member) > 0;
}

bool
member_is_usable(const struct member *member)
{
    return !member->is_drained && member_is_up(member);
}

struct address *
member_find_address(const struct member *member, const struct endpoint *endpoint)
{
    for (size_t i = 0; i < member->count; i++)
        if (endpoint_equal(&member->addresses[i]->endpoint, endpoint))
            return member->addresses[i];
    return NULL;
}

/* Scatters the bits (splitmix64, Steele et al. 2014). */
static uint64_t
scatter(uint64_t bits)
{
    bits = (bits ^ (bits >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    bits = (bits ^ (bits >> 27)) * UINT64_C(0x94d049bb133111eb);
    return bits ^ (bits >> 31);
}

/* Those that sessions may go to now. */
struct choice_of {
    const struct address *addresses[NAMES_ADDRESSES_MAX];
    size_t count;
};

static void
collect(const struct member *member, bool is_checked, struct choice_of *choice)
{
    for (size_t i = 0; i < member->count && choice->count < NAMES_ADDRESSES_MAX; i++) {
        const struct address *address = member->addresses[i];
        if (!address->health.down && address->health.checked == is_checked)
            choice->addresses[choice->count++] = address;
    }
}

static const struct address *
rendezvous_of(const struct choice_of *choice, uint64_t user)
{
    const struct address *best = choice->addresses[0];
    for (size_t i = 1; i < choice->count; i++)
        if (scatter(choice->addresses[i]->key ^ user) > scatter(best->key ^ user))
            best = choice->addresses[i];
    return best;
}

const struct address *
member_next_address(struct member *member, enum balance balance, uint64_t user)
{
    struct choice_of choice = {.count = 0};
    collect(member, true, &choice);
    if (choice.count == 0)
        collect(member, false, &choice);
    if (choice.count == 0)
        return NULL;
    switch (balance) {
    case BALANCE_ROUND_ROBIN:
    case BALANCE_LEAST_RECENT:
        return choice.addresses[member->turn++ % choice.count];
    case BALANCE_HASH:
        return rendezvous_of(&choice, user);
    case BALANCE_FIRST:
        break;
    }
    return choice.addresses[0];
}
