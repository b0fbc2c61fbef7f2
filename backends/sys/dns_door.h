/*
 * dns_door: the way to c-ares, which asks DNS servers and reads what they answer.
 *
 * A channel is one thread's own and lasts for one look-up: so changes of /etc/resolv.conf take
 * effect at once, and every question leaves from another port, which makes forging answers hard.
 * c-ares tries the servers one after the other, repeats what is lost, asks over TCP what was
 * truncated, and believes only answers that fit the question.
 */
#ifndef MAILREEVE_DNS_DOOR_H
#define MAILREEVE_DNS_DOOR_H

#include "dns_find.h"

enum {
    DNS_NAME_MAX = 256,    /* with the terminating NUL */
    DNS_ANSWERS_MAX = 128, /* addresses of one question; more are left out */
    DNS_TRY_MS = 1000,     /* for one server to answer, at most */
};

struct dns_channel;

/* NULL with err: /etc/resolv.conf cannot be read, or there is no memory. */
struct dns_channel *dns_channel_open(const struct dns_servers *servers, struct err *err);
void dns_channel_close(struct dns_channel *channel);

/* The names under which to look for a host, from 0: with the domains of `search`, and as it is; ""
 * for one that there cannot be. Returns false behind the last. */
bool dns_channel_candidate(const struct dns_channel *channel, const char *host, size_t index,
                           char name_r[DNS_NAME_MAX]);

enum dns_type { DNS_A = 0, DNS_AAAA, DNS_SRV };

struct dns_question {
    /* the asker's */
    enum dns_type type;

    /* the answer */
    bool is_answered;
    enum dns_outcome outcome;
    const char *trouble; /* why it is not DNS_FOUND */
    int64_t ttl_s;
    size_t count;
    struct endpoint *endpoints; /* of A and AAAA, without port */
    struct srv_target *targets; /* as they are in the record, but in lower case; "." is "" */
};

/* Begins to ask. The question stays where it is until dns_channel_cancel or _close. */
void dns_channel_ask(struct dns_channel *channel, const char *name, struct dns_question *question);

/* Waits until something happens, or the time is up, and does what is to be done. */
void dns_channel_turn(struct dns_channel *channel, struct deadline deadline);

/* What is not answered yet is DNS_UNKNOWN. */
void dns_channel_cancel(struct dns_channel *channel);

/* Frees what the answer holds. */
void dns_question_fini(struct dns_question *question);

/* The addresses that /etc/hosts has for a host, without port, at most max; localhost is there
 * always. */
size_t dns_read_hosts(const char *host, struct endpoint *endpoints_r, size_t max);

#endif
