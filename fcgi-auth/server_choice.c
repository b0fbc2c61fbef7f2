#include "server_choice.h"

#include <stdio.h>

enum { ROUTE_KEY_MAX = 512 };

/* The account's own mail host, where a source knows one. */
static const char *
mail_host(const struct server_choice *choice)
{
    return choice->verified != NULL ? choice->verified->account.route : NULL;
}

static bool
is_sending(const struct server_choice *choice)
{
    return choice->facts->protocol == PROTOCOL_SMTP;
}

static struct rule_ref
no_server_rule(const struct server_choice *choice, const struct upstream *upstream,
               const struct err *err)
{
    struct rule_ref rule = {.origin = upstream_section_of(upstream)->origin,
                            .section_kind = "upstream",
                            .section_name = upstream_name(upstream)};
    if (mail_host(choice) != NULL && !is_sending(choice))
        rule = choice->verified->rule;
    snprintf(rule.detail, sizeof rule.detail, "%s", err->text);
    return rule;
}

/* Whose sessions `balance = "hash"` keeps together: the user's, or the client's where there is
 * none. */
static void
write_key(const struct server_choice *choice, char key_r[ROUTE_KEY_MAX])
{
    if (choice->user[0] != '\0')
        snprintf(key_r, ROUTE_KEY_MAX, "%s", choice->user);
    else
        netaddr_format(&choice->facts->client, key_r);
}

static int
choose(const struct server_choice *choice, struct upstream *upstream, struct route *route_r,
       struct err *err)
{
    const char *host = mail_host(choice);
    char key[ROUTE_KEY_MAX];
    write_key(choice, key);
    if (host == NULL)
        return upstream_choose(upstream, key, route_r, err);
    if (upstream_choose_host(upstream, host, key, route_r, err) == 0)
        return 0;
    return is_sending(choice) ? upstream_choose(upstream, key, route_r, err) : -1;
}

int
server_choice_make(const struct server_choice *choice, struct upstream *upstream,
                   struct route *route_r, struct rule_ref *rule_r)
{
    struct err err;
    if (choose(choice, upstream, route_r, &err) == 0)
        return 0;
    *rule_r = no_server_rule(choice, upstream, &err);
    return -1;
}
