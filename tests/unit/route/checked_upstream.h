/*
 * checked_upstream: a running upstream of a configuration of the test's own, which checks scripted
 * servers on loopback.
 */
#ifndef MAILREEVE_TEST_CHECKED_UPSTREAM_H
#define MAILREEVE_TEST_CHECKED_UPSTREAM_H

#include "loopback.h"

#include <time.h>

#include "deadline.h"
#include "fake_names.h"
#include "loaded_upstream.h"
#include "logged.h"
#include "route.h"

enum { PATIENCE_MS = 20000 };

/* A loaded configuration with one upstream. */
struct site {
    struct loaded loaded;
    struct upstream *upstream;
};

static inline void
site_open(struct site *site, const char *text)
{
    load(&site->loaded, text);
    site->upstream = upstream_open(site->loaded.conf, site->loaded.section, &site->loaded.problems);
}

static inline void
site_close(struct site *site)
{
    upstream_close(site->upstream);
    unload(&site->loaded);
}

/* The servers' names in the order they are chosen; '-' for none. */
static inline void
assert_choices(struct site *site, const char *want)
{
    for (const char *at = want; *at != '\0'; at++) {
        struct route route;
        struct err err;
        char chosen =
            upstream_choose(site->upstream, "bob", &route, &err) == 0 ? route.server[0] : '-';
        assert_int_equal(chosen, *at);
    }
}

static inline bool
has_time(struct deadline deadline)
{
    nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
    return !deadline_is_over(deadline);
}

/* Waits until a choice gives that server ('-': none). */
static inline void
wait_for_choice(struct site *site, char want)
{
    struct deadline deadline = deadline_after(PATIENCE_MS);
    char chosen;
    do {
        struct route route;
        chosen = upstream_choose(site->upstream, "bob", &route, NULL) == 0 ? route.server[0] : '-';
    } while (chosen != want && has_time(deadline));
    assert_int_equal(chosen, want);
}

static inline void
wait_for_checks(const struct loopback *server, int count)
{
    struct deadline deadline = deadline_after(PATIENCE_MS);
    while (server->accepted < count && has_time(deadline))
        ;
    assert_true(server->accepted >= count);
}

/* A server is chosen by its new state a moment before the line about it is written. */
static inline int
wait_for_line(const char *event, char line_r[1024])
{
    struct deadline deadline = deadline_after(PATIENCE_MS);
    int count;
    while ((count = log_count(event, line_r)) == 0 && has_time(deadline))
        ;
    return count;
}

static const struct step healthy[] = {{STEP_SEND, "220-one\r\n220 two\r\n"},
                                      {STEP_EXPECT, "EHLO "},
                                      {STEP_SEND, "250-x\r\n250 SIZE\r\n"},
                                      {STEP_EXPECT, "QUIT\r\n"},
                                      {STEP_END, NULL}};
static const struct step busy[] = {{STEP_SEND, "421 too busy\r\n"}, {STEP_END, NULL}};
static const struct step stalling[] = {{STEP_STALL, NULL}, {STEP_END, NULL}};

/* An upstream of one server with quick checks. */
static inline void
open_checked(struct site *site, const char *check, const char *address, const char *more)
{
    char text[300];
    snprintf(text, sizeof text,
             "upstream \"u\" {\n check = \"%s\" interval = 100ms %s\n"
             " server \"a\" { address = \"%s\" }\n}\n",
             check, more, address);
    site_open(site, text);
    assert_non_null(site->upstream);
}

static inline void
open_checked_port(struct site *site, const char *check, const struct loopback *server,
                  const char *more)
{
    char address[40];
    snprintf(address, sizeof address, "127.0.0.1:%u", server->port);
    open_checked(site, check, address, more);
}

/* An upstream of two servers, with more settings of the other one. */
static inline void
open_two(struct site *site, const char *settings, const struct loopback *server,
         const struct loopback *other, const char *more)
{
    char text[300];
    snprintf(text, sizeof text,
             "upstream \"u\" {\n %s\n server \"a\" { address = \"127.0.0.1:%u\" }\n"
             " server \"b\" { address = \"127.0.0.1:%u\" %s }\n}\n",
             settings, server->port, other->port, more);
    site_open(site, text);
    assert_non_null(site->upstream);
}

#endif
