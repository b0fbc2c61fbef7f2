/*
 * alarm: what a person may want to be told at once. Whoever notices it raises it here; the program
 * says who hears it (backends/alert), so that no layer knows the one above.
 *
 * Thread-safe. Raising never waits: whoever hears it only takes a note.
 */
#ifndef MAILREEVE_ALARM_H
#define MAILREEVE_ALARM_H

#include <stddef.h>

#include "log.h"

enum alarm_kind {
    ALARM_ACCOUNT_FAILURES = 0, /* a failed login of an account that counts */
    ALARM_BAN,
    ALARM_SOURCE_DOWN,
    ALARM_UPSTREAM_DOWN, /* a server of it, or all of them */
    ALARM_STORE_DOWN,
    ALARM_HIJACK, /* an account is used from too many addresses, or sends too much */
};
enum { ALARM_KINDS = ALARM_HIJACK + 1 };

/* "account-failures", "ban", "source-down", "upstream-down", "store-down", "hijack" */
const char *alarm_kind_name(enum alarm_kind kind);

typedef void alarm_handler(void *context, enum alarm_kind kind, const char *subject,
                           const struct log_field *fields, size_t count);

/* One handler for the process; NULL: nobody listens. Waits for calls of the one before to end. A
 * handler raises nothing itself. */
void alarm_listen(alarm_handler *handler, void *context);

/* How many of a kind were raised since the process began, whether anybody listened or not. */
uint64_t alarm_count(enum alarm_kind kind);

/* subject is what it is about: the account, the network, the source, the upstream, the engine.
 * Values may hold anybody's bytes. Borrowed for the call. */
void alarm_raise(enum alarm_kind kind, const char *subject, const struct log_field *fields,
                 size_t count);

#endif
