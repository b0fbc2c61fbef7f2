/*
 * scripted_dns: dns_find.h and clock.h with answers and a time of the test's own.
 *
 * They take the place of the real ones in a program that includes this, are told what to answer,
 * and can be made to hang as a dead DNS server makes the real ones. set_up() comes first.
 */
#ifndef TEST_SCRIPTED_DNS_H
#define TEST_SCRIPTED_DNS_H

#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "clock.h"
#include "condition.h"
#include "dns_find.h"
#include "names.h"

enum { TTL_MS = 60000 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed;
/* under lock */
static bool is_hanging; /* names that begin with "slow" */
static int asked;       /* calls that were begun */
static bool is_failing; /* DNS has an outage */
static bool is_unsure;  /* nobody can tell whether both.test has an IPv6 address */
static int mail_asked;  /* calls for mail.test */
static int64_t mail_ttl_ms = TTL_MS;
static struct dns_servers servers_asked; /* the last time */

static _Atomic int64_t clock_offset_ms;

/* The clock is the test's own too: it can be put forward. */
static inline int64_t
read_ms(clockid_t id)
{
    struct timespec now;
    clock_gettime(id, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t
clock_now_ms(void)
{
    return read_ms(CLOCK_MONOTONIC) + clock_offset_ms;
}

int64_t
clock_now_us(void)
{
    return clock_now_ms() * 1000;
}

int64_t
clock_wall_ms(void)
{
    return read_ms(CLOCK_REALTIME);
}

static inline struct endpoint
make_address(const char *text)
{
    struct endpoint_text parsed;
    assert_int_equal(endpoint_parse(text, 0, &parsed, NULL), 0);
    return parsed.endpoint;
}

/* Counts the question, and waits as long as it hangs. Returns whether it fails. */
static inline bool
begin_question(const char *name, const struct dns_servers *servers)
{
    pthread_mutex_lock(&lock);
    asked++;
    mail_asked += strcmp(name, "mail.test") == 0;
    servers_asked = *servers;
    pthread_cond_broadcast(&changed);
    while (is_hanging && strncmp(name, "slow", 4) == 0)
        pthread_cond_wait(&changed, &lock);
    bool fails = is_failing;
    pthread_mutex_unlock(&lock);
    return fails;
}

enum dns_outcome
dns_find_addresses(const struct dns_servers *servers, const char *host, unsigned port,
                   struct deadline deadline, struct dns_addresses *found_r, struct err *err)
{
    (void)deadline;
    *found_r = (struct dns_addresses){.count = 1, .ttl_ms = TTL_MS};
    if (begin_question(host, servers)) {
        err_set(err, "cannot resolve %s: no DNS server answered", host);
        return DNS_UNKNOWN;
    }
    assert_true(port < 100);
    char text[64];
    snprintf(text, sizeof text, "192.0.2.1:%u", port);
    found_r->endpoints[0] = make_address(text);
    pthread_mutex_lock(&lock);
    if (strcmp(host, "both.test") == 0 && is_unsure) {
        found_r->is_unsure[1] = true;
    } else if (strcmp(host, "both.test") == 0) {
        found_r->endpoints[1] = make_address("[2001:db8::1]:25");
        found_r->count = 2;
    }
    found_r->ttl_ms = strcmp(host, "mail.test") == 0 ? mail_ttl_ms : TTL_MS;
    if (found_r->is_unsure[1])
        found_r->ttl_ms = NAMES_MOST_MS;
    pthread_mutex_unlock(&lock);
    return DNS_FOUND;
}

enum dns_outcome
dns_find_targets(const struct dns_servers *servers, const char *service, struct deadline deadline,
                 struct dns_targets *found_r, struct err *err)
{
    (void)deadline;
    *found_r = (struct dns_targets){.ttl_ms = TTL_MS};
    if (begin_question(service, servers)) {
        err_set(err, "cannot find the servers of %s: no DNS server answered", service);
        return DNS_UNKNOWN;
    }
    if (strncmp(service, "_none", 5) == 0)
        return DNS_FOUND;
    found_r->count = 2;
    found_r->targets[0] = (struct srv_target){"one.test", 25, 10, 1};
    found_r->targets[1] = (struct srv_target){"two.test", 26, 20, 0};
    return DNS_FOUND;
}

static inline void
set_hanging(bool value)
{
    pthread_mutex_lock(&lock);
    is_hanging = value;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

static inline void
set_failing(bool value)
{
    pthread_mutex_lock(&lock);
    is_failing = value;
    pthread_mutex_unlock(&lock);
}

static inline void
set_unsure(bool value)
{
    pthread_mutex_lock(&lock);
    is_unsure = value;
    pthread_mutex_unlock(&lock);
}

static inline void
set_mail_ttl(int64_t ttl_ms)
{
    pthread_mutex_lock(&lock);
    mail_ttl_ms = ttl_ms;
    pthread_mutex_unlock(&lock);
}

static inline void
wait_until_asked(int times)
{
    struct deadline deadline = deadline_after(20000);
    pthread_mutex_lock(&lock);
    while (asked < times && !deadline_is_over(deadline))
        condition_wait(&changed, &lock, deadline);
    assert_true(asked >= times);
    pthread_mutex_unlock(&lock);
}

static inline int
asked_so_far(void)
{
    pthread_mutex_lock(&lock);
    int count = asked;
    pthread_mutex_unlock(&lock);
    return count;
}

static inline int
mail_asked_so_far(void)
{
    pthread_mutex_lock(&lock);
    int count = mail_asked;
    pthread_mutex_unlock(&lock);
    return count;
}

static inline void
wait_until_mail_was_asked(int times)
{
    for (int i = 0; i < 2000 && mail_asked_so_far() < times; i++)
        poll(NULL, 0, 10);
    assert_int_equal(mail_asked_so_far(), times);
}

static inline struct dns_servers
servers_asked_last(void)
{
    pthread_mutex_lock(&lock);
    struct dns_servers last = servers_asked;
    pthread_mutex_unlock(&lock);
    return last;
}

static inline struct name *
open_name(const char *text)
{
    struct err err = {0};
    struct name *name = name_open(text, 0, &err);
    assert_string_equal(err.text, "");
    assert_non_null(name);
    return name;
}

/* Puts the clock forward and makes the threads look at it: until another name is answered. */
static inline void
let_pass(int64_t ms)
{
    clock_offset_ms += ms;
    static int count;
    char text[32];
    snprintf(text, sizeof text, "other%d.test:25", count++);
    struct name *other = open_name(text);
    struct endpoint endpoints[NAMES_ADDRESSES_MAX];
    name_endpoints(other, 20000, endpoints, NULL);
    name_close(other);
}

static inline int
set_up(void **state)
{
    (void)state;
    condition_init(&changed);
    return 0;
}

#endif
