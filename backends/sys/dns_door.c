/*
 * The channel's sockets are polled one turn after the other by whoever waits; select(2), which
 * c-ares offers as well, cannot be used in a process with thousands of descriptors.
 */
#include "dns_door.h"

#include <ares.h>
#include <arpa/nameser.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "dns_ttl.h"

enum { TRIES = 2, DATAGRAM_BYTES = 1232 /* passes everywhere unfragmented */ };

struct dns_channel {
    ares_channel ares;
    struct ares_options found; /* what /etc/resolv.conf said */
    int found_mask;
};

static void
init_library(void)
{
    ares_library_init(ARES_LIB_INIT_ALL);
}

static void
begin_library(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, init_library);
}

static int
use_servers(ares_channel ares, const struct dns_servers *servers)
{
    struct ares_addr_port_node nodes[DNS_SERVERS_MAX] = {0};
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    for (size_t i = 0; i < servers->count; i++) {
        const struct endpoint *server = &servers->endpoints[i];
        struct ares_addr_port_node *node = &nodes[i];
        node->family = server->address.ss_family;
        node->udp_port = node->tcp_port = (int)endpoint_port(server);
        node->next = i + 1 < servers->count ? &nodes[i + 1] : NULL;
        memcpy(&v4, &server->address, sizeof v4);
        memcpy(&v6, &server->address, sizeof v6);
        if (node->family == AF_INET)
            node->addr.addr4 = v4.sin_addr;
        else
            memcpy(&node->addr.addr6, &v6.sin6_addr, sizeof node->addr.addr6);
    }
    return servers->count == 0 ? ARES_SUCCESS : ares_set_servers_ports(ares, nodes);
}

/* So little that each server is asked once before the time of a question is up. */
static int
time_for_one(const struct dns_servers *servers)
{
    int share_ms = NAMES_QUESTION_MS / ((int)servers->count + 1);
    return share_ms < DNS_TRY_MS ? share_ms : DNS_TRY_MS;
}

struct dns_channel *
dns_channel_open(const struct dns_servers *servers, struct err *err)
{
    begin_library();
    struct dns_channel *channel = xcalloc(1, sizeof *channel);
    struct ares_options options = {.flags = ARES_FLAG_EDNS,
                                   .timeout = time_for_one(servers),
                                   .tries = TRIES,
                                   .ednspsz = DATAGRAM_BYTES};
    int result =
        ares_init_options(&channel->ares, &options,
                          ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_EDNSPSZ);
    if (result == ARES_SUCCESS) {
        result = use_servers(channel->ares, servers);
        if (result == ARES_SUCCESS)
            result = ares_save_options(channel->ares, &channel->found, &channel->found_mask);
        if (result == ARES_SUCCESS)
            return channel;
        ares_destroy(channel->ares);
    }
    err_set(err, "cannot ask DNS: %s", ares_strerror(result));
    free(channel);
    return NULL;
}

void
dns_channel_close(struct dns_channel *channel)
{
    ares_destroy_options(&channel->found);
    ares_destroy(channel->ares);
    free(channel);
}

bool
dns_channel_candidate(const struct dns_channel *channel, const char *host, size_t index,
                      char name_r[DNS_NAME_MAX])
{
    const struct ares_options *options = &channel->found;
    size_t domains = options->ndomains > 0 ? (size_t)options->ndomains : 0;
    int dots = 0;
    for (const char *at = host; *at != '\0'; at++)
        dots += *at == '.';
    size_t as_it_is = dots >= options->ndots ? 0 : domains;
    if (index > domains)
        return false;
    name_r[0] = '\0';
    if (index == as_it_is) {
        snprintf(name_r, DNS_NAME_MAX, "%s", host);
        return true;
    }
    const char *domain = options->domains[index < as_it_is ? index : index - 1];
    bool is_root = strcmp(domain, ".") == 0; /* systemd-resolved's way to say that there is none */
    if (!is_root && snprintf(name_r, DNS_NAME_MAX, "%s.%s", host, domain) >= DNS_NAME_MAX)
        name_r[0] = '\0';
    return true;
}

static int
take_v4(struct dns_question *question, const unsigned char *message, int length)
{
    struct ares_addrttl found[DNS_ANSWERS_MAX];
    int count = DNS_ANSWERS_MAX;
    int result = ares_parse_a_reply(message, length, NULL, found, &count);
    if (result != ARES_SUCCESS || count <= 0)
        return result;
    question->count = (size_t)count;
    question->endpoints = xcalloc(question->count, sizeof *question->endpoints);
    for (size_t i = 0; i < question->count; i++) {
        struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_addr = found[i].ipaddr};
        memcpy(&question->endpoints[i].address, &v4, sizeof v4);
        question->endpoints[i].length = sizeof v4;
    }
    return result;
}

static int
take_v6(struct dns_question *question, const unsigned char *message, int length)
{
    struct ares_addr6ttl found[DNS_ANSWERS_MAX];
    int count = DNS_ANSWERS_MAX;
    int result = ares_parse_aaaa_reply(message, length, NULL, found, &count);
    if (result != ARES_SUCCESS || count <= 0)
        return result;
    question->count = (size_t)count;
    question->endpoints = xcalloc(question->count, sizeof *question->endpoints);
    for (size_t i = 0; i < question->count; i++) {
        struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
        memcpy(&v6.sin6_addr, &found[i].ip6addr, sizeof v6.sin6_addr);
        memcpy(&question->endpoints[i].address, &v6, sizeof v6);
        question->endpoints[i].length = sizeof v6;
    }
    return result;
}

static void
take_service(struct dns_question *question, const struct ares_srv_reply *record)
{
    struct srv_target *target = &question->targets[question->count];
    if (strlen(record->host) >= sizeof target->host)
        return;
    *target = (struct srv_target){
        .port = record->port, .priority = record->priority, .weight = record->weight};
    for (size_t i = 0; record->host[i] != '\0'; i++) {
        char byte = record->host[i];
        target->host[i] = (char)(byte >= 'A' && byte <= 'Z' ? byte + ('a' - 'A') : byte);
    }
    question->count++;
}

static int
take_services(struct dns_question *question, const unsigned char *message, int length)
{
    struct ares_srv_reply *found = NULL;
    int result = ares_parse_srv_reply(message, length, &found);
    if (result != ARES_SUCCESS)
        return result;
    /* All of them: servers turn the order round, and the same ones are to be left out every time.
     */
    size_t records = 0;
    for (const struct ares_srv_reply *record = found; record != NULL; record = record->next)
        records++;
    question->targets = xcalloc(records, sizeof *question->targets);
    for (const struct ares_srv_reply *record = found; record != NULL; record = record->next)
        take_service(question, record);
    ares_free_data(found);
    return result;
}

static int
take_answer(struct dns_question *question, const unsigned char *message, int length)
{
    uint32_t ttl_s;
    if (!dns_least_ttl(message, (size_t)length, &ttl_s))
        return ARES_EBADRESP;
    question->ttl_s = ttl_s;
    switch (question->type) {
    case DNS_A:
        return take_v4(question, message, length);
    case DNS_AAAA:
        return take_v6(question, message, length);
    case DNS_SRV:
        return take_services(question, message, length);
    }
    return ARES_EBADRESP;
}

static const char *
describe(int status)
{
    switch (status) {
    case ARES_ENOTFOUND:
        return "there is no such name";
    case ARES_ENODATA:
        return "it has no such record";
    case ARES_ETIMEOUT:
    case ARES_ECANCELLED:
        return "no DNS server answered";
    case ARES_ECONNREFUSED: /* c-ares says so of SERVFAIL, too */
    case ARES_EREFUSED:
    case ARES_ENOTIMP:
    case ARES_ESERVFAIL:
        return "the DNS servers cannot be reached, or cannot tell";
    case ARES_EBADRESP:
        return "the answer is malformed";
    default:
        return ares_strerror(status);
    }
}

static void
hear_answer(void *context, int status, int timeouts, unsigned char *message, int length)
{
    struct dns_question *question = context;
    (void)timeouts;
    question->is_answered = true;
    if (status == ARES_SUCCESS)
        status = take_answer(question, message, length);
    if (status == ARES_SUCCESS && question->count == 0)
        status = ARES_ENODATA;
    if (status == ARES_SUCCESS)
        question->outcome = DNS_FOUND;
    else if (status == ARES_ENOTFOUND || status == ARES_ENODATA)
        question->outcome = DNS_NONE;
    question->trouble = describe(status);
}

void
dns_channel_ask(struct dns_channel *channel, const char *name, struct dns_question *question)
{
    static const int types[] = {[DNS_A] = ns_t_a, [DNS_AAAA] = ns_t_aaaa, [DNS_SRV] = ns_t_srv};
    ares_query(channel->ares, name, ns_c_in, types[question->type], hear_answer, question);
}

/* Milliseconds until c-ares has something to do of itself, or the time is up. */
static int
time_to_wait(struct dns_channel *channel, struct deadline deadline)
{
    int left_ms = deadline_left_ms(deadline);
    struct timeval longest = {.tv_sec = left_ms / 1000, .tv_usec = left_ms % 1000 * 1000L}, next;
    const struct timeval *wait = ares_timeout(channel->ares, &longest, &next);
    return (int)(wait->tv_sec * 1000 + (wait->tv_usec + 999) / 1000);
}

void
dns_channel_turn(struct dns_channel *channel, struct deadline deadline)
{
    ares_socket_t sockets[ARES_GETSOCK_MAXNUM];
    struct pollfd polled[ARES_GETSOCK_MAXNUM];
    unsigned bits = (unsigned)ares_getsock(channel->ares, sockets, ARES_GETSOCK_MAXNUM);
    nfds_t count = 0;
    for (unsigned i = 0; i < ARES_GETSOCK_MAXNUM; i++) {
        bool reads = (bits & (1u << i)) != 0, writes = (bits & (0x10000u << i)) != 0;
        if (reads || writes)
            polled[count++] = (struct pollfd){
                .fd = sockets[i], .events = (short)((reads ? POLLIN : 0) | (writes ? POLLOUT : 0))};
    }
    if (poll(polled, count, time_to_wait(channel, deadline)) < 0)
        return;
    for (nfds_t i = 0; i < count; i++)
        if (polled[i].revents != 0) {
            bool writable = (polled[i].revents & POLLOUT) != 0;
            bool readable = (polled[i].revents & ~POLLOUT) != 0; /* an error is read */
            ares_process_fd(channel->ares, readable ? polled[i].fd : ARES_SOCKET_BAD,
                            writable ? polled[i].fd : ARES_SOCKET_BAD);
        }
    ares_process_fd(channel->ares, ARES_SOCKET_BAD, ARES_SOCKET_BAD); /* what took too long */
}

void
dns_channel_cancel(struct dns_channel *channel)
{
    ares_cancel(channel->ares);
}

void
dns_question_fini(struct dns_question *question)
{
    free(question->targets);
    free(question->endpoints);
}

/* What is found in a file is there before ares_getaddrinfo returns. */
struct hosts_found {
    struct endpoint *endpoints;
    size_t count, max;
};

static void
hear_hosts(void *context, int status, int timeouts, struct ares_addrinfo *info)
{
    struct hosts_found *found = context;
    (void)timeouts;
    if (status != ARES_SUCCESS)
        return;
    for (const struct ares_addrinfo_node *node = info->nodes; node != NULL; node = node->ai_next)
        if (found->count < found->max && node->ai_addrlen <= sizeof(struct sockaddr_storage)) {
            struct endpoint *endpoint = &found->endpoints[found->count++];
            *endpoint = (struct endpoint){.length = node->ai_addrlen};
            memcpy(&endpoint->address, node->ai_addr, node->ai_addrlen);
        }
    ares_freeaddrinfo(info);
}

size_t
dns_read_hosts(const char *host, struct endpoint *endpoints_r, size_t max)
{
    char files_only[] = "f";
    struct ares_options options = {.lookups = files_only};
    const struct ares_addrinfo_hints hints = {
        .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = ARES_AI_NOSORT};
    struct hosts_found found = {.endpoints = endpoints_r, .max = max};
    ares_channel ares;
    begin_library();
    if (ares_init_options(&ares, &options, ARES_OPT_LOOKUPS) != ARES_SUCCESS)
        return 0;
    ares_getaddrinfo(ares, host, NULL, &hints, hear_hosts, &found);
    ares_destroy(ares);
    return found.count;
}
