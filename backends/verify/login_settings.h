/*
 * login_settings: the settings of an imap or pop3 source, as its rows fill them.
 */
#ifndef MAILREEVE_LOGIN_SETTINGS_H
#define MAILREEVE_LOGIN_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "row.h"

struct login_settings {
    struct strings servers;
    int tls; /* enum login_tls */
    const char *ca_file, *cert_file, *key_file;
    bool tls_verify;
    unsigned mechanisms; /* mask of LOGIN_MECHANISM_BIT() */
    int64_t connections;
    int64_t connect_timeout_ms;
    int64_t timeout_ms;
    int64_t cache_ms, negative_cache_ms;
    bool cache_when_down;
};

extern const struct row login_rows[];

#endif
