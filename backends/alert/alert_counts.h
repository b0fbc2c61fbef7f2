/*
 * alert_counts: which alarm of one alert is told, and how many there were since the last message.
 *
 * Pure, the caller's lock guards it; the time is an argument. Alarms are counted by kind and
 * subject, bans together. The time `within` is cut into sixteen parts that are counted each, and
 * what was counted in the last seventeen of them, which is never less than that time, makes the
 * threshold: an entry has one size whatever the threshold is. Subjects may be chosen by an attacker
 * (login names), so each kind remembers a bounded number of them; those of the longest ago go.
 */
#ifndef MAILREEVE_ALERT_COUNTS_H
#define MAILREEVE_ALERT_COUNTS_H

#include <stdbool.h>
#include <stdint.h>

#include "alarm.h"
#include "alert_settings.h"

enum { ALERT_SUBJECTS_MAX = 10000 }; /* of one kind */

struct alert_counts;

struct alert_counts *alert_counts_create(void);
void alert_counts_free(struct alert_counts *counts); /* NULL is allowed */

/* What a message says about those that it stands for. */
struct alert_tally {
    int64_t count;    /* since the last message, this one too */
    int64_t first_ms; /* when the first of them came, in the time of now_ms */
};

/* Counts one alarm. Returns whether it is told; tally_r is valid then. */
bool alert_counts_note(struct alert_counts *counts, const struct alert_settings *settings,
                       enum alarm_kind kind, const char *subject, int64_t now_ms,
                       struct alert_tally *tally_r);

#endif
