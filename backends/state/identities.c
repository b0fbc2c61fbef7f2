#include "identities.h"

#include <stdio.h>
#include <string.h>

#include "key.h"
#include "siphash.h"

/*
 * The record is the login as it is: client and name are in the key. The organizations are a set
 * beside it, because a batch cannot compare what it finds with what it writes.
 */
enum { LOGIN = 0, ORGANIZATIONS = 1, DAY_MS = 24 * 3600 * 1000 };

static struct store_key
key_of(char kind, const struct netaddr *client, const char *name)
{
    unsigned char buffer[KEY_NETWORK_BYTES];
    const struct netprefix address = netaddr_prefix(client, netaddr_bits(client));
    const struct bytes parts[] = {key_network(&address, buffer), key_text(name)};
    return key_make(kind, parts, 2);
}

/* A session that a window let in may begin just before it closes. */
static int64_t
lifetime_of(int64_t longest_window_ms)
{
    return longest_window_ms + DAY_MS;
}

static uint64_t
member_of(const char *organization)
{
    static const uint64_t fixed[2] = {
        0}; /* the configuration's names: nobody else can choose them */
    const char *name = organization != NULL ? organization : "";
    return siphash(fixed, name, strlen(name));
}

static struct store_op
organizations_op(const struct netaddr *client, const char *name, int64_t longest_window_ms)
{
    return (struct store_op){.action = STORE_MARK,
                             .space = STORE_COUNTERS,
                             .key = key_of('I', client, name),
                             .window_ms = lifetime_of(longest_window_ms)};
}

static bool
is_usable(const struct netaddr *client, const char *name)
{
    return client->family != NETADDR_NONE && name[0] != '\0';
}

bool
identity_is_needed(const char *name, const char *login)
{
    return strchr(name, '@') == NULL || strcmp(name, login) != 0;
}

bool
identity_ops_put(const struct identity *identity, const char *organization,
                 int64_t longest_window_ms, struct store_op ops_r[IDENTITY_OPS])
{
    const struct netaddr *client = &identity->client;
    if (!is_usable(client, identity->name) || identity->login[0] == '\0')
        return false;
    ops_r[LOGIN] = (struct store_op){.action = STORE_PUT,
                                     .space = STORE_KNOWN,
                                     .key = key_of('i', client, identity->name),
                                     .value = identity->login,
                                     .value_length = strlen(identity->login),
                                     .lifetime_ms = lifetime_of(longest_window_ms)};
    ops_r[ORGANIZATIONS] = organizations_op(client, identity->name, longest_window_ms);
    ops_r[ORGANIZATIONS].amount = 1;
    ops_r[ORGANIZATIONS].member = member_of(organization);
    return true;
}

bool
identity_ops_get(const struct netaddr *client, const char *name, int64_t longest_window_ms,
                 struct store_value *value_r, struct store_op ops_r[IDENTITY_OPS])
{
    if (!is_usable(client, name))
        return false;
    ops_r[LOGIN] = (struct store_op){.action = STORE_GET,
                                     .space = STORE_KNOWN,
                                     .key = key_of('i', client, name),
                                     .value_r = value_r};
    ops_r[ORGANIZATIONS] = organizations_op(client, name, longest_window_ms);
    return true;
}

static bool
read_login(const struct store_value *value, char login_r[USERNAME_MAX + 1])
{
    struct username login;
    if (username_parse((const char *)value->bytes, value->length, USERNAME_XTEXT, NULL, &login,
                       NULL) != 0)
        return false;
    memcpy(login_r, login.text, sizeof login.text);
    return true;
}

enum identity_found
identity_read(const struct store_op ops[IDENTITY_OPS], const struct netaddr *client,
              const char *name, struct identity *identity_r)
{
    *identity_r = (struct identity){.client = *client};
    if (!ops[LOGIN].was_run || !ops[ORGANIZATIONS].was_run || ops[ORGANIZATIONS].count > 1)
        return IDENTITY_CANNOT_TELL;
    if (!ops[LOGIN].hit || !read_login(ops[LOGIN].value_r, identity_r->login))
        return IDENTITY_NONE;
    snprintf(identity_r->name, sizeof identity_r->name, "%s", name);
    return IDENTITY_FOUND;
}
