#include "names.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "dns_find.h"
#include "resolver.h"

struct name {
    struct resolved resolved;

    /* set once */
    struct endpoint_text text;

    /* of the thread that asks */
    struct dns_addresses answer;

    /* under the resolver's lock */
    size_t count;
    struct endpoint endpoints[NAMES_ADDRESSES_MAX];
};

static const char *
text_of(const struct resolved *resolved)
{
    return ((const struct name *)resolved)->text.host;
}

static int
ask(struct resolved *resolved, const struct dns_servers *servers, struct deadline deadline,
    int64_t *ttl_ms_r, struct err *err)
{
    struct name *name = (struct name *)resolved;
    enum dns_outcome outcome =
        dns_find_addresses(servers, name->text.host, name->text.port, deadline, &name->answer, err);
    *ttl_ms_r = name->answer.ttl_ms;
    bool is_unsure = name->answer.is_unsure[0] || name->answer.is_unsure[1];
    if (is_unsure && *ttl_ms_r > NAMES_INTERVAL_MS)
        *ttl_ms_r = NAMES_INTERVAL_MS; /* it may be a lost packet only */
    return outcome == DNS_FOUND ? 0 : -1;
}

/* Where nothing could be found out about a family, its addresses of before are still good. */
static bool
stays(const struct dns_addresses *answer, const struct endpoint *endpoint)
{
    return answer->is_unsure[endpoint->address.ss_family == AF_INET6];
}

static void
put_down(struct resolved *resolved)
{
    struct name *name = (struct name *)resolved;
    struct dns_addresses *answer = &name->answer;
    for (size_t i = 0; i < name->count && answer->count < NAMES_ADDRESSES_MAX; i++)
        if (stays(answer, &name->endpoints[i]))
            answer->endpoints[answer->count++] = name->endpoints[i];
    name->count = answer->count;
    memcpy(name->endpoints, answer->endpoints, name->count * sizeof name->endpoints[0]);
}

static const struct resolved_kind kind = {.text = text_of, .ask = ask, .put_down = put_down};

static struct name *
find(const struct endpoint_text *text)
{
    for (struct resolved *at = resolver_first(); at != NULL; at = at->next) {
        struct name *name = (struct name *)at;
        if (at->kind == &kind && name->text.port == text->port &&
            strcmp(name->text.host, text->host) == 0)
            return name;
    }
    return NULL;
}

struct name *
name_open(const char *text, unsigned default_port, struct err *err)
{
    struct endpoint_text parsed;
    if (endpoint_parse(text, default_port, &parsed, err) != 0)
        return NULL;

    resolver_lock();
    struct name *name = find(&parsed);
    if (name == NULL) {
        name = xcalloc(1, sizeof *name);
        name->text = parsed;
        name->resolved.is_answered = parsed.is_literal;
        name->count = parsed.is_literal ? 1 : 0;
        name->endpoints[0] = parsed.endpoint;
        resolver_add(&name->resolved, &kind);
    }
    name->resolved.references++;
    resolver_unlock();
    return name;
}

void
name_close(struct name *name)
{
    if (name == NULL)
        return;
    resolver_lock();
    resolver_drop(&name->resolved);
    resolver_unlock();
}

/* With the lock held. */
static void
start(struct name *name)
{
    if (!name->text.is_literal)
        resolver_start(&name->resolved);
}

void
name_start(struct name *name)
{
    resolver_lock();
    start(name);
    resolver_unlock();
}

const char *
name_host(const struct name *name)
{
    return name->text.host;
}

unsigned
name_port(const struct name *name)
{
    return name->text.port;
}

size_t
name_endpoints(struct name *name, int wait_ms, struct endpoint endpoints_r[NAMES_ADDRESSES_MAX],
               struct err *err)
{
    struct deadline deadline = deadline_after(wait_ms);
    resolver_lock();
    start(name);
    resolver_wait(&name->resolved, deadline);
    size_t count = name->count;
    memcpy(endpoints_r, name->endpoints, count * sizeof endpoints_r[0]);
    if (!name->resolved.is_answered)
        err_set(err, "cannot resolve %s: no answer yet", name->text.host);
    else if (count == 0)
        err_set(err, "%s", name->resolved.trouble.text);
    resolver_unlock();
    return count;
}

bool
name_is_pending(struct name *name)
{
    resolver_lock();
    bool pending = !name->resolved.is_answered;
    resolver_unlock();
    return pending;
}
