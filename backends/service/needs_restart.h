/*
 * needs_restart: what a new configuration changes that a running service cannot take over.
 *
 * Pure.
 */
#ifndef MAILREEVE_NEEDS_RESTART_H
#define MAILREEVE_NEEDS_RESTART_H

#include <stdbool.h>

#include "site.h"

/* The names of the settings, as the log has them; NULL: these are the same. */
const char *needs_restart_socket(const struct site_settings *before,
                                 const struct site_settings *after);
const char *needs_restart_guard(const struct guard_settings *before,
                                const struct guard_settings *after);
const char *needs_restart_store(const struct store_settings *before,
                                const struct store_settings *after);

#endif
