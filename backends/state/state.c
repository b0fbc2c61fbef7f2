#include "state.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "lru.h"

/* Some 35 MB if all are taken. */
enum { BANS_MAX = 100000, WINDOWS_MAX = 50000 };

struct ban {
    int64_t until_ms;
    size_t offences;
};

struct window {
    int64_t opened_ms;
    struct window_user user;
};

struct state {
    pthread_mutex_t lock;
    /* under lock */
    struct lru *bans;    /* by network */
    struct lru *windows; /* by address */
    /* written under lock, read by anybody: most services never ban and open no window, and their
     * sessions need not meet at the lock */
    atomic_bool has_bans, has_windows;
};

/* Bytes only, so that no padding gets in. */
struct network_key {
    uint8_t family, length, bytes[16];
};

static struct network_key
key_of(const struct netprefix *network)
{
    struct network_key key = {.family = (uint8_t)network->addr.family, .length = network->length};
    memcpy(key.bytes, network->addr.bytes, sizeof key.bytes);
    return key;
}

static struct network_key
network_of(const struct screen *screen, const struct netaddr *client)
{
    unsigned length = client->family == NETADDR_IPV4 ? screen->ipv4_prefix : screen->ipv6_prefix;
    struct netprefix network = netaddr_prefix(client, length);
    return key_of(&network);
}

static struct network_key
address_of(const struct netaddr *client)
{
    struct netprefix address = netaddr_prefix(client, netaddr_bits(client));
    return key_of(&address);
}

struct state *
state_create(void)
{
    struct state *state = xcalloc(1, sizeof *state);
    pthread_mutex_init(&state->lock, NULL);
    state->bans = lru_create(sizeof(struct ban), BANS_MAX);
    state->windows = lru_create(sizeof(struct window), WINDOWS_MAX);
    atomic_init(&state->has_bans, false);
    atomic_init(&state->has_windows, false);
    return state;
}

void
state_free(struct state *state)
{
    if (state == NULL)
        return;
    lru_free(state->bans);
    lru_free(state->windows);
    pthread_mutex_destroy(&state->lock);
    free(state);
}

/* A list that cannot tell whether the client is in it may not hold it either: nobody is shut out on
 * a guess. */
static bool
is_exempt(const struct screen *screen, const struct netaddr *client)
{
    if (client->family == NETADDR_NONE)
        return true;
    return screen->never != NULL &&
           list_match_address(screen->never, client, NULL) != LIST_NO_MATCH;
}

/* Under lock. What comes during a ban belongs to the offence that made it: sessions that were open
 * side by side do not count as second and third offences. */
static int64_t
lengthen(struct ban *ban, const struct screen *screen, int64_t now_ms)
{
    if (now_ms < ban->until_ms)
        return ban->until_ms - now_ms;
    size_t offence = ban->offences < screen->ban_count ? ban->offences : screen->ban_count - 1;
    ban->offences++;
    ban->until_ms = now_ms + screen->ban_ms[offence];
    return screen->ban_ms[offence];
}

int64_t
state_ban(struct state *state, const struct screen *screen, const struct netaddr *client,
          int64_t now_ms)
{
    assert(screen->ban_count > 0);
    if (is_exempt(screen, client))
        return 0;
    struct network_key key = network_of(screen, client);
    pthread_mutex_lock(&state->lock);
    int64_t left_ms = lengthen(lru_put(state->bans, &key, sizeof key), screen, now_ms);
    atomic_store(&state->has_bans, true);
    pthread_mutex_unlock(&state->lock);
    return left_ms;
}

bool
state_is_banned(struct state *state, const struct screen *screen, const struct netaddr *client,
                int64_t now_ms)
{
    if (!atomic_load(&state->has_bans) || client->family == NETADDR_NONE)
        return false;
    struct network_key key = network_of(screen, client);
    pthread_mutex_lock(&state->lock);
    const struct ban *ban = lru_get(state->bans, &key, sizeof key);
    bool is_banned = ban != NULL && now_ms < ban->until_ms;
    pthread_mutex_unlock(&state->lock);
    /* Asked now as well: the list may have come later than the ban. */
    return is_banned && !is_exempt(screen, client);
}

void
state_open_window(struct state *state, const struct netaddr *client, const struct window_user *user,
                  int64_t now_ms)
{
    if (client->family == NETADDR_NONE || user->name[0] == '\0' || user->login[0] == '\0')
        return;
    struct network_key key = address_of(client);
    pthread_mutex_lock(&state->lock);
    struct window *window = lru_put(state->windows, &key, sizeof key);
    window->opened_ms = now_ms;
    window->user = *user;
    atomic_store(&state->has_windows, true);
    pthread_mutex_unlock(&state->lock);
}

bool
state_find_window(struct state *state, const struct netaddr *client, int64_t age_ms, int64_t now_ms,
                  struct window_user *user_r)
{
    if (!atomic_load(&state->has_windows) || client->family == NETADDR_NONE)
        return false;
    struct network_key key = address_of(client);
    pthread_mutex_lock(&state->lock);
    const struct window *window = lru_get(state->windows, &key, sizeof key);
    bool is_open = window != NULL && now_ms - window->opened_ms < age_ms;
    if (is_open)
        *user_r = window->user;
    pthread_mutex_unlock(&state->lock);
    return is_open;
}
