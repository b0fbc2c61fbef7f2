/*
 * alert: tells people about alarms, by commands of their own (`alert` sections).
 *
 * Thread-safe. Alarms come by sys/alarm.h. Those that are counted (account-failures by account, ban
 * together) are told once `threshold` of them came `within` a time; the others are told at once. At
 * most one message per alert, event and subject in at_most_every (ban: per alert and event); what
 * came meanwhile is counted and said in the next one; and of account-failures and hijack twenty at
 * most in that time, whoever they are about. The command is started without a shell, hears
 * one line of JSON on standard input, and is ended after 30 seconds; one at a time for each alert,
 * and at most 100 messages wait (the oldest go). A command that fails is logged once a minute, with
 * the beginning of what it wrote. Sessions never wait for any of it.
 *
 * The JSON: {"alert": NAME, "event": "ban", "subject": ..., "time": "2026-11-22T02:40:00.123Z",
 * "host": ..., "count": how many since the last message, "since": when the first of them came,
 * "held_back": how many about other accounts were not told, if any, and the alarm's own fields}.
 * Bytes that are no UTF-8 are escaped as in the log.
 */
#ifndef MAILREEVE_ALERT_H
#define MAILREEVE_ALERT_H

#include "alarm.h"
#include "conf.h"

/* The section type "alert". */
extern const struct section_type alert_section;

struct alerts;

/* Opens the `alert` sections of a configuration. Never NULL; problems tells. conf outlives it. */
struct alerts *alerts_open(const struct conf *conf, struct problems *problems);
void alerts_close(struct alerts *alerts); /* NULL is allowed; of those in force: none are then */

/* The alerts in force from now on; NULL: none. site_load calls it for the service, at its start and
 * at a reload, and the service itself, with NULL, before its end. What those before had counted
 * goes on in those of the same name, and so do messages that wait and commands under way, which
 * need nothing of the alerts that made them. With NULL they have ALERTS_GRACE_MS; then the rest is
 * ended and dropped, and that is logged. */
enum { ALERTS_GRACE_MS = 2000 };
void alerts_use(struct alerts *alerts);

/* Messages since the process began. */
struct alert_totals {
    uint64_t sent;   /* the command ended well */
    uint64_t failed; /* it did not, or never started */
};
void alerts_totals(struct alert_totals *totals_r);

#endif
