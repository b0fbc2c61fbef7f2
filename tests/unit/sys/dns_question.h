/*
 * dns_question: what the tests of questions to DNS servers on loopback ports share.
 */
#ifndef TEST_DNS_QUESTION_H
#define TEST_DNS_QUESTION_H

#include "dnsmasq.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "clock.h"
#include "dns_find.h"

enum { PATIENCE_MS = 20000 };

static inline struct endpoint
local_port(unsigned port)
{
    char text[32];
    struct endpoint_text parsed;
    snprintf(text, sizeof text, "127.0.0.1:%u", port);
    assert_int_equal(endpoint_parse(text, 0, &parsed, NULL), 0);
    return parsed.endpoint;
}

static inline struct dns_servers
one_server(unsigned port)
{
    return (struct dns_servers){.count = 1, .endpoints = {local_port(port)}};
}

/* These variables have the last word about what /etc/resolv.conf says. */
static inline void
set_search(const char *domains, const char *options)
{
    setenv("LOCALDOMAIN", domains, 1);
    setenv("RES_OPTIONS", options, 1);
}

#endif
