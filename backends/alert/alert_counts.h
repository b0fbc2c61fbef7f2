/*
 * alert_counts: which alarm of one alert is told, and how many there were since the last message.
 *
 * Pure, the caller's lock guards it; the time is an argument. Alarms are counted by kind and
 * subject, bans together. The time `within` is cut into sixteen parts that are counted each, and
 * what was counted in the last seventeen of them, which is never less than that time, makes the
 * threshold: an entry has one size whatever the threshold is. Subjects may be chosen by an attacker
 * (login names), so each kind remembers a bounded number of them; those of the longest ago go. And
 * of a kind that is about accounts, at most ALERT_ACCOUNTS_MAX messages go out in at_most_every, so
 * that an attack on many accounts is not as many commands.
 */
#ifndef MAILREEVE_ALERT_COUNTS_H
#define MAILREEVE_ALERT_COUNTS_H

#include <stdbool.h>
#include <stdint.h>

#include "alarm.h"
#include "alert_settings.h"

enum { ALERT_SUBJECTS_MAX = 10000, ALERT_ACCOUNTS_MAX = 20 }; /* of one kind */

struct alert_counts;

struct alert_counts *alert_counts_create(void);
void alert_counts_free(struct alert_counts *counts); /* NULL is allowed */

/* What a message says about those that it stands for. */
struct alert_tally {
    int64_t count;     /* since the last message, this one too */
    int64_t first_ms;  /* when the first of them came, in the time of now_ms */
    int64_t held_back; /* alarms of this kind about other accounts that were not told, because of
                          ALERT_ACCOUNTS_MAX, since the last message of the kind */
};

/* Counts one alarm. Returns whether it is told; tally_r is valid then. */
bool alert_counts_note(struct alert_counts *counts, const struct alert_settings *settings,
                       enum alarm_kind kind, const char *subject, int64_t now_ms,
                       struct alert_tally *tally_r);

#endif
