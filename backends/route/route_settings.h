/*
 * route_settings: the sections `upstream` and `server`, and what in them does not fit together.
 */
#ifndef MAILREEVE_ROUTE_SETTINGS_H
#define MAILREEVE_ROUTE_SETTINGS_H

#include "conf.h"
#include "servers.h"

struct upstream_values {
    int balance;   /* enum balance */
    int check;     /* enum check */
    int check_tls; /* enum check_tls */
    const char *check_ca_file;
    int64_t interval_ms, timeout_ms, fall, rise, slow_start_ms;
};

struct server_values {
    const char *address, *srv;
    int64_t weight, check_port;
    bool backup;
};

/* Fills the servers from an upstream's section. Returns 0, or -1 with problems; servers_fini is the
 * caller's in both cases. */
int route_settings_apply(const struct conf *conf, const struct section *section,
                         struct servers *servers_r, struct problems *problems);

#endif
