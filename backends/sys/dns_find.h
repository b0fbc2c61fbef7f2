/*
 * dns_find: one question to /etc/hosts and DNS, from asking to the answer.
 *
 * Thread-safe; waits until the deadline at most. Zero is "could not tell": no server answered, or
 * none could be understood. "There is none" is said by a server only.
 */
#ifndef MAILREEVE_DNS_FIND_H
#define MAILREEVE_DNS_FIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "deadline.h"
#include "endpoint.h"
#include "err.h"
#include "names.h"

enum { DNS_SERVERS_MAX = 8 };

/* Whom to ask; count 0: those of /etc/resolv.conf. */
struct dns_servers {
    size_t count;
    struct endpoint endpoints[DNS_SERVERS_MAX];
};

enum dns_outcome { DNS_UNKNOWN = 0, DNS_NONE, DNS_FOUND };

struct dns_addresses {
    size_t count;
    struct endpoint endpoints[NAMES_ADDRESSES_MAX]; /* in the order in which to try them */
    bool is_unsure[2]; /* [0]: whether there are IPv4 addresses as well could not be told; [1]: IPv6
                        */
    int64_t ttl_ms;    /* how long this holds */
};

/* A host's addresses with this port. A name with few dots (resolv.conf: ndots) is looked for in the
 * domains of /etc/resolv.conf's `search`, too. err tells why it is not DNS_FOUND. */
enum dns_outcome dns_find_addresses(const struct dns_servers *servers, const char *host,
                                    unsigned port, struct deadline deadline,
                                    struct dns_addresses *found_r, struct err *err);

struct dns_targets {
    size_t count; /* 0: the record says that there is no such service, or names no host */
    struct srv_target targets[NAMES_TARGETS_MAX]; /* by priority, host and port */
    int64_t ttl_ms;
};

/* The servers of a service ("_submission._tcp.example.com"); the name is looked for as it is. What
 * is no host name is left out. */
enum dns_outcome dns_find_targets(const struct dns_servers *servers, const char *service,
                                  struct deadline deadline, struct dns_targets *found_r,
                                  struct err *err);

#endif
