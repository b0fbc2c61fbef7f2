/*
 * A and AAAA are two questions. One may fail while the other is answered, and then nothing is known
 * about that family, which is not the same as having no address of it. Once one family has been
 * found, the other has a moment left only: some servers never answer AAAA.
 */
#include "dns_find.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "address_order.h"
#include "dns_door.h"

enum {
    FAMILIES = 2, /* IPv4, IPv6 */
    OTHER_FAMILY_MS = 1500,
    ADDRESSES_MAX = FAMILIES * DNS_ANSWERS_MAX,
};

/* The addresses of both questions, or of /etc/hosts, before the best are taken. */
struct pool {
    size_t count;
    struct endpoint endpoints[ADDRESSES_MAX];
};

static void
set_port(struct endpoint *endpoint, unsigned port)
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    if (endpoint->address.ss_family == AF_INET) {
        memcpy(&v4, &endpoint->address, sizeof v4);
        v4.sin_port = htons((uint16_t)port);
        memcpy(&endpoint->address, &v4, sizeof v4);
    } else {
        memcpy(&v6, &endpoint->address, sizeof v6);
        v6.sin6_port = htons((uint16_t)port);
        memcpy(&endpoint->address, &v6, sizeof v6);
    }
}

static bool
pool_has(const struct pool *pool, const struct endpoint *endpoint)
{
    for (size_t i = 0; i < pool->count; i++)
        if (endpoint_equal(&pool->endpoints[i], endpoint))
            return true;
    return false;
}

static void
pool_add(struct pool *pool, const struct endpoint *endpoints, size_t count, unsigned port)
{
    for (size_t i = 0; i < count && pool->count < ADDRESSES_MAX; i++) {
        struct endpoint endpoint = endpoints[i];
        set_port(&endpoint, port);
        if (!pool_has(pool, &endpoint))
            pool->endpoints[pool->count++] = endpoint;
    }
}

static int
compare_bytes(const void *a, const void *b)
{
    const struct endpoint *one = a, *other = b;
    return memcmp(&one->address, &other->address, sizeof one->address);
}

/* DNS servers turn the order round with every answer: of too many, the same ones must be left out
 * every time. */
static void
pool_take_best(struct pool *pool, struct dns_addresses *found_r)
{
    if (pool->count > NAMES_ADDRESSES_MAX)
        qsort(pool->endpoints, pool->count, sizeof pool->endpoints[0], compare_bytes);
    address_order(pool->endpoints, pool->count);
    found_r->count = pool->count < NAMES_ADDRESSES_MAX ? pool->count : NAMES_ADDRESSES_MAX;
    memcpy(found_r->endpoints, pool->endpoints, found_r->count * sizeof found_r->endpoints[0]);
}

static void
wait_for_both(struct dns_channel *channel, const struct dns_question questions[FAMILIES],
              struct deadline deadline)
{
    bool is_hurried = false;
    while (!(questions[0].is_answered && questions[1].is_answered) && !deadline_is_over(deadline)) {
        dns_channel_turn(channel, deadline);
        if (is_hurried || (questions[0].outcome != DNS_FOUND && questions[1].outcome != DNS_FOUND))
            continue;
        deadline = deadline_sooner(deadline, OTHER_FAMILY_MS);
        is_hurried = true;
    }
    dns_channel_cancel(channel);
}

static enum dns_outcome
outcome_of(const struct dns_question questions[FAMILIES], struct err *err)
{
    if (questions[0].outcome == DNS_FOUND || questions[1].outcome == DNS_FOUND)
        return DNS_FOUND;
    for (size_t i = 0; i < FAMILIES; i++)
        if (questions[i].outcome == DNS_UNKNOWN) {
            err_set(err, "%s", questions[i].trouble);
            return DNS_UNKNOWN;
        }
    err_set(err, "%s", questions[0].trouble);
    return DNS_NONE;
}

/* Asks for one name, as it is. */
static enum dns_outcome
ask_addresses(struct dns_channel *channel, const char *name, unsigned port,
              struct deadline deadline, struct dns_addresses *found_r, struct err *err)
{
    struct dns_question questions[FAMILIES] = {{.type = DNS_A}, {.type = DNS_AAAA}};
    for (size_t i = 0; i < FAMILIES; i++)
        dns_channel_ask(channel, name, &questions[i]);
    wait_for_both(channel, questions, deadline);

    enum dns_outcome outcome = outcome_of(questions, err);
    struct pool pool = {0};
    int64_t ttl_s = INT64_MAX;
    for (size_t i = 0; i < FAMILIES; i++) {
        pool_add(&pool, questions[i].endpoints, questions[i].count, port);
        if (questions[i].outcome == DNS_FOUND && questions[i].ttl_s < ttl_s)
            ttl_s = questions[i].ttl_s;
        found_r->is_unsure[i] = questions[i].outcome == DNS_UNKNOWN;
        dns_question_fini(&questions[i]);
    }
    found_r->ttl_ms = outcome == DNS_FOUND ? ttl_s * 1000 : 0;
    pool_take_best(&pool, found_r);
    return outcome;
}

static bool
find_in_hosts(const char *host, unsigned port, struct dns_addresses *found_r)
{
    struct endpoint endpoints[DNS_ANSWERS_MAX];
    size_t count = dns_read_hosts(host, endpoints, DNS_ANSWERS_MAX);
    struct pool pool = {0};
    pool_add(&pool, endpoints, count, port);
    pool_take_best(&pool, found_r);
    found_r->ttl_ms = NAMES_INTERVAL_MS;
    return found_r->count > 0;
}

enum dns_outcome
dns_find_addresses(const struct dns_servers *servers, const char *host, unsigned port,
                   struct deadline deadline, struct dns_addresses *found_r, struct err *err)
{
    *found_r = (struct dns_addresses){0};
    if (find_in_hosts(host, port, found_r))
        return DNS_FOUND;
    struct dns_channel *channel = dns_channel_open(servers, err);
    if (channel == NULL)
        return DNS_UNKNOWN;

    /* Only a server's "no" leads to the next name: a lost packet must not lead to another host. */
    char name[DNS_NAME_MAX];
    enum dns_outcome outcome = DNS_NONE;
    for (size_t i = 0; outcome == DNS_NONE && dns_channel_candidate(channel, host, i, name); i++)
        if (name[0] != '\0')
            outcome = ask_addresses(channel, name, port, deadline, found_r, err);
    dns_channel_close(channel);
    if (outcome != DNS_FOUND)
        err_wrap(err, "cannot resolve %s", host);
    return outcome;
}

/* A host's name and no address, which the RFC forbids, nor anything else that would mean something
 * to us. */
static bool
is_host(const char *text)
{
    struct endpoint_text parsed;
    return strpbrk(text, ":[") == NULL && endpoint_parse(text, 1, &parsed, NULL) == 0 &&
           !parsed.is_literal;
}

static int
compare_targets(const void *a, const void *b)
{
    const struct srv_target *one = a, *other = b;
    if (one->priority != other->priority)
        return one->priority < other->priority ? -1 : 1;
    int order = strcmp(one->host, other->host);
    if (order != 0)
        return order;
    return one->port < other->port ? -1 : one->port > other->port;
}

/* Two records of one host and port: the one that is preferred counts. */
static bool
has_target(const struct dns_targets *found, const struct srv_target *target)
{
    for (size_t i = 0; i < found->count; i++)
        if (found->targets[i].port == target->port &&
            strcmp(found->targets[i].host, target->host) == 0)
            return true;
    return false;
}

static void
take_targets(const struct dns_question *question, struct dns_targets *found_r)
{
    if (question->count > 1)
        qsort(question->targets, question->count, sizeof question->targets[0], compare_targets);
    for (size_t i = 0; i < question->count && found_r->count < NAMES_TARGETS_MAX; i++) {
        const struct srv_target *target = &question->targets[i];
        if (target->port != 0 && is_host(target->host) && !has_target(found_r, target))
            found_r->targets[found_r->count++] = *target;
    }
    found_r->ttl_ms = question->ttl_s * 1000;
}

enum dns_outcome
dns_find_targets(const struct dns_servers *servers, const char *service, struct deadline deadline,
                 struct dns_targets *found_r, struct err *err)
{
    *found_r = (struct dns_targets){0};
    struct dns_channel *channel = dns_channel_open(servers, err);
    if (channel == NULL)
        return DNS_UNKNOWN;
    struct dns_question question = {.type = DNS_SRV};
    dns_channel_ask(channel, service, &question);
    while (!question.is_answered && !deadline_is_over(deadline))
        dns_channel_turn(channel, deadline);
    dns_channel_cancel(channel);

    enum dns_outcome outcome = question.outcome;
    if (outcome == DNS_FOUND)
        take_targets(&question, found_r);
    else
        err_set(err, "cannot find the servers of %s: %s", service, question.trouble);
    dns_question_fini(&question);
    dns_channel_close(channel);
    return outcome;
}
