/*
 * fake_names: names.h with answers of the test's own, which it can change at any time.
 *
 * It stands in the place of the real one in a test that includes it.
 */
#ifndef MAILREEVE_TEST_FAKE_NAMES_H
#define MAILREEVE_TEST_FAKE_NAMES_H

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "names.h"

enum { FAKE_NAMES_MAX = 16 };

struct name {
    struct endpoint_text text;
};

struct srv {
    char service[256];
};

struct fake_answer {
    const char *host;      /* or the service */
    const char *addresses; /* "192.0.2.1 192.0.2.2"; "": there is none */
    struct srv_target targets[8];
    size_t count;
};

static pthread_mutex_t fake_lock = PTHREAD_MUTEX_INITIALIZER;
static struct fake_answer fake_answers[FAKE_NAMES_MAX]; /* those not in it are still to come */
static size_t fake_count;

/* With the lock held. */
static inline struct fake_answer *
fake_find(const char *host)
{
    for (size_t i = 0; i < fake_count; i++)
        if (strcmp(fake_answers[i].host, host) == 0)
            return &fake_answers[i];
    return NULL;
}

static inline void
fake_set(const struct fake_answer *answer)
{
    pthread_mutex_lock(&fake_lock);
    struct fake_answer *place = fake_find(answer->host);
    assert_true(place != NULL || fake_count < FAKE_NAMES_MAX);
    if (place == NULL)
        place = &fake_answers[fake_count++];
    *place = *answer;
    pthread_mutex_unlock(&fake_lock);
}

static inline void
fake_host(const char *host, const char *addresses)
{
    fake_set(&(struct fake_answer){.host = host, .addresses = addresses});
}

/* targets: "priority weight port host", one a line. */
static inline void
fake_srv(const char *service, const char *targets)
{
    struct fake_answer answer = {.host = service};
    for (const char *line = targets; *line != '\0'; line += strcspn(line, "\n") + 1) {
        struct srv_target *target = &answer.targets[answer.count++];
        assert_int_equal(sscanf(line, "%u %u %u %255s", /* NOLINT(cert-err34-c) */
                                &target->priority, &target->weight, &target->port, target->host),
                         4);
        if (strchr(line, '\n') == NULL)
            break;
    }
    fake_set(&answer);
}

static inline void
fake_forget(void)
{
    pthread_mutex_lock(&fake_lock);
    fake_count = 0;
    pthread_mutex_unlock(&fake_lock);
}

static inline bool
fake_is_pending(const char *host)
{
    pthread_mutex_lock(&fake_lock);
    bool is_pending = fake_find(host) == NULL;
    pthread_mutex_unlock(&fake_lock);
    return is_pending;
}

struct name *
name_open(const char *text, unsigned default_port, struct err *err)
{
    struct name *name = calloc(1, sizeof *name);
    assert_non_null(name);
    if (endpoint_parse(text, default_port, &name->text, err) == 0)
        return name;
    free(name);
    return NULL;
}

void
name_close(struct name *name)
{
    free(name);
}

void
name_start(struct name *name)
{
    (void)name;
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

bool
name_is_pending(struct name *name)
{
    return !name->text.is_literal && fake_is_pending(name->text.host);
}

size_t
name_endpoints(struct name *name, int wait_ms, struct endpoint endpoints_r[NAMES_ADDRESSES_MAX],
               struct err *err)
{
    char addresses[256] = "", *rest = addresses;
    size_t count = 0;
    assert_int_equal(wait_ms, 0); /* nobody here has time to wait */
    if (name->text.is_literal) {
        endpoints_r[0] = name->text.endpoint;
        return 1;
    }
    pthread_mutex_lock(&fake_lock);
    const struct fake_answer *answer = fake_find(name->text.host);
    if (answer != NULL)
        snprintf(addresses, sizeof addresses, "%s", answer->addresses);
    pthread_mutex_unlock(&fake_lock);
    for (char *one; (one = strsep(&rest, " ")) != NULL && one[0] != '\0'; count++) {
        struct endpoint_text parsed;
        char text[80];
        snprintf(text, sizeof text, strchr(one, ':') != NULL ? "[%s]:%u" : "%s:%u", one,
                 name->text.port);
        assert_int_equal(endpoint_parse(text, 0, &parsed, NULL), 0);
        endpoints_r[count] = parsed.endpoint;
    }
    if (count == 0)
        err_set(err, "cannot resolve %s: %s", name->text.host,
                answer == NULL ? "no answer yet" : "there is no such name");
    return count;
}

struct srv *
srv_open(const char *text, struct err *err)
{
    if (text[0] != '_') {
        err_set(err, "\"%s\" is no name of a service", text);
        return NULL;
    }
    struct srv *srv = calloc(1, sizeof *srv);
    assert_non_null(srv);
    snprintf(srv->service, sizeof srv->service, "%s", text);
    return srv;
}

void
srv_close(struct srv *srv)
{
    free(srv);
}

void
srv_start(struct srv *srv)
{
    (void)srv;
}

bool
srv_is_pending(struct srv *srv)
{
    return fake_is_pending(srv->service);
}

size_t
srv_targets(struct srv *srv, struct srv_target targets_r[NAMES_TARGETS_MAX], struct err *err)
{
    size_t count = 0;
    pthread_mutex_lock(&fake_lock);
    const struct fake_answer *answer = fake_find(srv->service);
    if (answer != NULL) {
        count = answer->count;
        memcpy(targets_r, answer->targets, count * sizeof targets_r[0]);
    }
    pthread_mutex_unlock(&fake_lock);
    if (count == 0)
        err_set(err, "cannot find the servers of %s: %s", srv->service,
                answer == NULL ? "no answer yet" : "there is no such service");
    return count;
}

#endif
