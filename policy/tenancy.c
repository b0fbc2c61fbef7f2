#include "tenancy.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "ascii.h"
#include "domain.h"
#include "domain_key.h"
#include "strmap.h"
#include "textpool.h"

/* A domain that an organization has claimed, and where. */
struct claim {
    const struct organization *organization;
    struct origin origin;
    struct claim *next; /* of all claims, to free them */
};

struct named {
    struct named *next; /* of all listeners or organizations, to free them */
    void *item;
    void (*fini)(void *item); /* NULL: nothing to do before it is freed */
};

struct tenancy {
    struct strmap listeners, organizations;
    struct strmap domains, wildcards; /* to struct claim; a wildcard without its "*." */
    struct named *named;
    struct listener **in_order; /* the listeners */
    size_t listener_count;
    struct rule **rules; /* in order */
    size_t rule_count;
    struct claim *claims;
    struct textpool texts; /* the claimed domains in lower case */
};

struct tenancy *
tenancy_create(void)
{
    struct tenancy *tenancy = xcalloc(1, sizeof *tenancy);
    strmap_init(&tenancy->listeners);
    strmap_init(&tenancy->organizations);
    strmap_init(&tenancy->domains);
    strmap_init(&tenancy->wildcards);
    textpool_init(&tenancy->texts);
    return tenancy;
}

void
tenancy_free(struct tenancy *tenancy)
{
    if (tenancy == NULL)
        return;
    while (tenancy->named != NULL) {
        struct named *next = tenancy->named->next;
        if (tenancy->named->fini != NULL)
            tenancy->named->fini(tenancy->named->item);
        free(tenancy->named->item);
        free(tenancy->named);
        tenancy->named = next;
    }
    while (tenancy->claims != NULL) {
        struct claim *next = tenancy->claims->next;
        free(tenancy->claims);
        tenancy->claims = next;
    }
    strmap_fini(&tenancy->listeners);
    strmap_fini(&tenancy->organizations);
    strmap_fini(&tenancy->domains);
    strmap_fini(&tenancy->wildcards);
    textpool_fini(&tenancy->texts);
    free(tenancy->in_order);
    free(tenancy->rules);
    free(tenancy);
}

static void
own(struct tenancy *tenancy, void *item, void (*fini)(void *item))
{
    struct named *named = xmalloc(sizeof *named);
    *named = (struct named){.next = tenancy->named, .item = item, .fini = fini};
    tenancy->named = named;
}

static void
listener_fini(void *item)
{
    struct listener *listener = item;
    nameset_fini(&listener->relay_organizations);
    nameset_fini(&listener->roles_must_auth);
}

static void
rule_fini(void *item)
{
    struct rule *rule = item;
    nameset_fini(&rule->listeners);
    nameset_fini(&rule->organizations);
}

struct listener *
tenancy_add_listener(struct tenancy *tenancy, const char *name, struct origin origin,
                     struct err *err)
{
    const struct listener *other = strmap_get(&tenancy->listeners, name);
    if (other != NULL) {
        err_set(err, "there is a listener \"%s\" already, at %s:%u", name, other->origin.file,
                other->origin.line);
        return NULL;
    }
    struct listener *listener = xcalloc(1, sizeof *listener);
    listener->name = name;
    listener->origin = origin;
    own(tenancy, listener, listener_fini);
    strmap_add(&tenancy->listeners, name, listener);
    tenancy->in_order =
        xrealloc(tenancy->in_order, tenancy->listener_count + 1, sizeof(struct listener *));
    tenancy->in_order[tenancy->listener_count++] = listener;
    return listener;
}

struct organization *
tenancy_add_organization(struct tenancy *tenancy, const char *name, struct origin origin,
                         struct err *err)
{
    const struct organization *other = strmap_get(&tenancy->organizations, name);
    if (other != NULL) {
        err_set(err, "there is an organization \"%s\" already, at %s:%u", name, other->origin.file,
                other->origin.line);
        return NULL;
    }
    struct organization *organization = xcalloc(1, sizeof *organization);
    organization->name = name;
    organization->origin = origin;
    own(tenancy, organization, NULL);
    strmap_add(&tenancy->organizations, name, organization);
    return organization;
}

int
tenancy_claim_domain(struct tenancy *tenancy, struct organization *organization, const char *domain,
                     struct origin origin, struct err *err)
{
    bool wildcard = domain[0] == '*' && domain[1] == '.';
    const char *base = wildcard ? domain + 2 : domain;
    size_t length = strlen(base);
    if (domain_check(base, length, err) != 0)
        return -1;
    char lower[DOMAIN_MAX + 1], text[DOMAIN_KEY_MAX + 1];
    ascii_lower_copy(lower, base, length);
    domain_key(lower, text);
    const char *key = textpool_copy(&tenancy->texts, text, strlen(text));

    struct strmap *map = wildcard ? &tenancy->wildcards : &tenancy->domains;
    const struct claim *other = strmap_get(map, key);
    if (other != NULL) {
        err_set(err, "the domain \"%s\" belongs to organization \"%s\" already, by %s:%u", domain,
                other->organization->name, other->origin.file, other->origin.line);
        return -1;
    }
    struct claim *claim = xmalloc(sizeof *claim);
    *claim =
        (struct claim){.organization = organization, .origin = origin, .next = tenancy->claims};
    tenancy->claims = claim;
    strmap_add(map, key, claim);
    return 0;
}

struct rule *
tenancy_add_rule(struct tenancy *tenancy, const char *name, struct origin origin, struct err *err)
{
    for (size_t i = 0; i < tenancy->rule_count; i++)
        if (strcmp(tenancy->rules[i]->name, name) == 0) {
            err_set(err, "there is a rule \"%s\" already, at %s:%u", name,
                    tenancy->rules[i]->origin.file, tenancy->rules[i]->origin.line);
            return NULL;
        }
    struct rule *rule = xcalloc(1, sizeof *rule);
    rule->name = name;
    rule->origin = origin;
    own(tenancy, rule, rule_fini);
    tenancy->rules = xrealloc(tenancy->rules, tenancy->rule_count + 1, sizeof(struct rule *));
    tenancy->rules[tenancy->rule_count++] = rule;
    return rule;
}

const struct rule *const *
tenancy_rules(const struct tenancy *tenancy, size_t *count_r)
{
    *count_r = tenancy->rule_count;
    return (const struct rule *const *)tenancy->rules;
}

const struct listener *const *
tenancy_listeners(const struct tenancy *tenancy, size_t *count_r)
{
    *count_r = tenancy->listener_count;
    return (const struct listener *const *)tenancy->in_order;
}

const struct listener *
tenancy_listener(const struct tenancy *tenancy, const char *name)
{
    return strmap_get(&tenancy->listeners, name);
}

const struct organization *
tenancy_owner(const struct tenancy *tenancy, const char *domain)
{
    char key[DOMAIN_KEY_MAX + 1];
    domain_key(domain, key);
    const struct claim *claim = strmap_get(&tenancy->domains, key);
    for (const char *dot = strchr(key, '.'); claim == NULL && dot != NULL;
         dot = strchr(dot + 1, '.'))
        claim = strmap_get(&tenancy->wildcards, dot + 1);
    return claim != NULL ? claim->organization : NULL;
}

const struct organization *
tenancy_find_match_from(const struct tenancy *tenancy, const struct organization *except)
{
    for (const struct claim *claim = tenancy->claims; claim != NULL; claim = claim->next)
        if (claim->organization != except && claim->organization->match_from)
            return claim->organization;
    return NULL;
}
