/*
 * alert_message: what an alert's command is told: one line of JSON.
 *
 * Pure. Whatever the values hold, the line is JSON in valid UTF-8; a value of more than
 * ALERT_VALUE_MAX bytes is cut and ends in "...".
 */
#ifndef MAILREEVE_ALERT_MESSAGE_H
#define MAILREEVE_ALERT_MESSAGE_H

#include <stddef.h>
#include <stdint.h>

#include "alarm.h"

enum { ALERT_VALUE_MAX = 2048 };

struct alert_message {
    const char *alert, *host;
    enum alarm_kind kind;
    const char *subject;
    int64_t wall_ms;       /* of the alarm */
    int64_t count;         /* since the last message */
    int64_t since_wall_ms; /* when the first of them came */
    int64_t held_back;     /* alarms about others that were not told; 0: none, and it is not said */
    const struct log_field *fields;
    size_t field_count;
};

/* Returns the line with its newline; free(3) it. */
char *alert_message_format(const struct alert_message *message);

#endif
