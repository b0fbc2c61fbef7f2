/*
 * alert_runner: one thread that starts the commands of all alerts and sees to their end.
 *
 * Thread-safe. Adding never waits for a command. Each alert has its own queue, by its name, so a
 * slow command holds up no other alert's.
 */
#ifndef MAILREEVE_ALERT_RUNNER_H
#define MAILREEVE_ALERT_RUNNER_H

#include <stdint.h>

#include "alarm.h"

struct alert_runner;

struct alert_runner *alert_runner_create(void);

/* Gives what waits and what runs grace_ms to end, then ends it and logs that. NULL is allowed. */
void alert_runner_free(struct alert_runner *runner, int64_t grace_ms);

/* command is copied, message is taken over (free). */
void alert_runner_add(struct alert_runner *runner, const char *alert, char *const *command,
                      enum alarm_kind kind, char *message);

#endif
