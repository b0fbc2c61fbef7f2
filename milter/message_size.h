/*
 * message_size: how large a message is, and whether it matters.
 *
 * Pure. Counted is what the client has sent behind DATA, with line ends of two bytes.
 */
#ifndef MAILREEVE_MESSAGE_SIZE_H
#define MAILREEVE_MESSAGE_SIZE_H

#include <stdint.h>

#include "site.h"

/* Whether a limit or a rule looks at it. */
bool message_size_matters(const struct site *site);

/* Of a header, whose lines may be ended by a line feed alone. */
int64_t message_size_of_header(const char *name, const char *value);

/* Of the empty line behind the headers. */
enum { MESSAGE_SIZE_OF_END_OF_HEADERS = 2 };

#endif
