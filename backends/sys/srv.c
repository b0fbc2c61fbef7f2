#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "dns_find.h"
#include "names.h"
#include "resolver.h"

struct srv {
    struct resolved resolved;

    /* set once */
    char service[256]; /* lower case */

    /* of the thread that asks */
    struct dns_targets answer;

    /* under the resolver's lock */
    size_t count;
    struct srv_target targets[NAMES_TARGETS_MAX];
};

static const char *
text_of(const struct resolved *resolved)
{
    return ((const struct srv *)resolved)->service;
}

static int
ask(struct resolved *resolved, const struct dns_servers *servers, struct deadline deadline,
    int64_t *ttl_ms_r, struct err *err)
{
    struct srv *srv = (struct srv *)resolved;
    enum dns_outcome outcome = dns_find_targets(servers, srv->service, deadline, &srv->answer, err);
    *ttl_ms_r = srv->answer.ttl_ms;
    return outcome == DNS_FOUND ? 0 : -1;
}

static void
put_down(struct resolved *resolved)
{
    struct srv *srv = (struct srv *)resolved;
    srv->count = srv->answer.count;
    memcpy(srv->targets, srv->answer.targets, srv->count * sizeof srv->targets[0]);
}

static const struct resolved_kind kind = {.text = text_of, .ask = ask, .put_down = put_down};

static struct srv *
find(const char *service)
{
    for (struct resolved *at = resolver_first(); at != NULL; at = at->next)
        if (at->kind == &kind && strcmp(((struct srv *)at)->service, service) == 0)
            return (struct srv *)at;
    return NULL;
}

/* Two labels that begin with '_' and a domain behind them (RFC 2782). */
static bool
is_service(const char *text)
{
    const char *protocol = strchr(text, '.');
    const char *domain = protocol == NULL ? NULL : strchr(protocol + 1, '.');
    return domain != NULL && text[0] == '_' && text[1] != '.' && protocol[1] == '_' &&
           protocol[2] != '.';
}

struct srv *
srv_open(const char *text, struct err *err)
{
    struct endpoint_text parsed; /* a service's name has what a host's may have */
    if (!is_service(text) || strpbrk(text, ":[") != NULL ||
        endpoint_parse(text, 1, &parsed, NULL) != 0) {
        err_set(err, "\"%s\" is no name of a service (write _SERVICE._tcp.DOMAIN)", text);
        return NULL;
    }
    resolver_lock();
    struct srv *srv = find(parsed.host);
    if (srv == NULL) {
        srv = xcalloc(1, sizeof *srv);
        memcpy(srv->service, parsed.host, sizeof srv->service);
        resolver_add(&srv->resolved, &kind);
    }
    srv->resolved.references++;
    resolver_unlock();
    return srv;
}

void
srv_close(struct srv *srv)
{
    if (srv == NULL)
        return;
    resolver_lock();
    resolver_drop(&srv->resolved);
    resolver_unlock();
}

void
srv_start(struct srv *srv)
{
    resolver_lock();
    resolver_start(&srv->resolved);
    resolver_unlock();
}

size_t
srv_targets(struct srv *srv, struct srv_target targets_r[NAMES_TARGETS_MAX], struct err *err)
{
    resolver_lock();
    size_t count = srv->count;
    memcpy(targets_r, srv->targets, count * sizeof targets_r[0]);
    if (!srv->resolved.is_answered)
        err_set(err, "cannot find the servers of %s: no answer yet", srv->service);
    else if (count == 0 && srv->resolved.trouble.text[0] != '\0')
        err_set(err, "%s", srv->resolved.trouble.text);
    else if (count == 0)
        err_set(err, "%s names no server", srv->service);
    resolver_unlock();
    return count;
}

bool
srv_is_pending(struct srv *srv)
{
    resolver_lock();
    bool pending = !srv->resolved.is_answered;
    resolver_unlock();
    return pending;
}
