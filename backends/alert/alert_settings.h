/*
 * alert_settings: one `alert` section, checked.
 *
 * Immutable once read; its strings are the conf's, the words of the command its own.
 */
#ifndef MAILREEVE_ALERT_SETTINGS_H
#define MAILREEVE_ALERT_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "alarm.h"
#include "conf.h"

struct alert_settings {
    const char *name;
    unsigned events; /* 1u << kind of each that is told */
    int64_t threshold, within_ms, at_most_every_ms;
    char **command;
};

/* Returns 0, or -1: it cannot be used, and problems tells. */
int alert_settings_read(const struct section *section, struct alert_settings *settings_r,
                        struct problems *problems);
void alert_settings_fini(struct alert_settings *settings);

bool alert_settings_has(const struct alert_settings *settings, enum alarm_kind kind);

#endif
