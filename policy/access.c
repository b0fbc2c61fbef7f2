#include "access.h"

#include <stdio.h>

static enum access_answer
answer_of(enum access_mode mode, enum list_answer in_list)
{
    bool wanted = mode == ACCESS_ALLOW;
    switch (in_list) {
    case LIST_CANNOT_TELL:
        return ACCESS_CANNOT_TELL;
    case LIST_NO_MATCH:
        return wanted ? ACCESS_REFUSED : ACCESS_GRANTED;
    case LIST_MATCH:
        return wanted ? ACCESS_GRANTED : ACCESS_REFUSED;
    }
    return ACCESS_CANNOT_TELL;
}

static void
explain(const struct list *list, enum list_answer in_list, const char *cannot_tell,
        struct rule_ref *rule)
{
    switch (in_list) {
    case LIST_CANNOT_TELL:
        snprintf(rule->detail, sizeof rule->detail, "list \"%s\" cannot tell: %s", list_name(list),
                 cannot_tell);
        break;
    case LIST_NO_MATCH:
        snprintf(rule->detail, sizeof rule->detail, "not in list \"%s\"", list_name(list));
        break;
    case LIST_MATCH:
        snprintf(rule->detail, sizeof rule->detail, "in list \"%s\"", list_name(list));
        break;
    }
}

static const char regex_limit[] = "a regular expression ran into its limit";

enum list_answer
access_ask_list_address(const struct list *list, const struct netaddr *addr,
                        struct rule_ref *rule_r)
{
    if (list == NULL)
        return LIST_NO_MATCH;
    enum list_answer in_list = list_match_address(list, addr, &rule_r->hit);
    bool unknown = addr->family == NETADDR_NONE;
    explain(list, in_list, unknown ? "the client has no address" : regex_limit, rule_r);
    return in_list;
}

enum list_answer
access_ask_list_name(const struct list *list, const char *name, struct rule_ref *rule_r)
{
    if (list == NULL)
        return LIST_NO_MATCH;
    enum list_answer in_list = list_match_name(list, name, &rule_r->hit);
    explain(list, in_list, regex_limit, rule_r);
    return in_list;
}

enum access_answer
access_ask_address(const struct access *access, const struct netaddr *addr, struct rule_ref *rule_r)
{
    if (access->mode == ACCESS_ANY)
        return ACCESS_GRANTED;
    return answer_of(access->mode, access_ask_list_address(access->list, addr, rule_r));
}

enum access_answer
access_ask_name(const struct access *access, const char *name, struct rule_ref *rule_r)
{
    if (access->mode == ACCESS_ANY)
        return ACCESS_GRANTED;
    return answer_of(access->mode, access_ask_list_name(access->list, name, rule_r));
}

enum access_answer
access_ask_exemption(const struct access *access, const struct netaddr *addr,
                     struct rule_ref *rule_r)
{
    if (access->mode == ACCESS_ANY)
        return ACCESS_REFUSED;
    if (list_size(access->list) == 0) {
        snprintf(rule_r->detail, sizeof rule_r->detail, "list \"%s\" is empty",
                 list_name(access->list));
        return ACCESS_REFUSED;
    }
    return access_ask_address(access, addr, rule_r);
}
