/*
 * command_line: MAIL and RCPT as the client sent them, put together again for policy, which reads
 * whole command lines because that is what nginx hands over.
 *
 * Pure.
 */
#ifndef MAILREEVE_COMMAND_LINE_H
#define MAILREEVE_COMMAND_LINE_H

#include <stdint.h>

/* command is "MAIL FROM:" or "RCPT TO:"; parameters ends with NULL. The result goes back with
 * free(3). */
char *command_line_write(const char *command, const char *path, const char *const *parameters);

/* The message's size as the parameters of MAIL declare it (RFC 1870); 0: they do not say, or
 * nothing that can be read; what is more than can be said is INT64_MAX. */
int64_t command_line_size(const char *const *parameters);

#endif
