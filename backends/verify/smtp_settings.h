/*
 * smtp_settings: the settings of an smtp source, as its rows fill them.
 */
#ifndef MAILREEVE_SMTP_SETTINGS_H
#define MAILREEVE_SMTP_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "row.h"

struct smtp_settings {
    struct strings servers;
    int tls; /* enum smtp_tls */
    const char *ca_file, *cert_file, *key_file;
    bool tls_verify;
    unsigned mechanisms; /* mask of SMTP_MECHANISM_BIT() */
    int64_t connections;
    int64_t connect_timeout_ms;
    int64_t timeout_ms;
    const char *probe_sender; /* "<>": the empty one */
    bool forward_client;
    int64_t cache_ms, negative_cache_ms;
    bool cache_when_down;
    int64_t recipient_cache_ms, recipient_negative_cache_ms;
};

extern const struct row smtp_rows[];

#endif
