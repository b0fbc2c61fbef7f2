/*
 * smtp_source: the kind of source that verifies names by SMTP AUTH at other servers, and finds out
 * by RCPT whether they would take mail for an address.
 *
 * Servers are asked in the order of the configuration. One that fails before it has judged is
 * followed by the next; one that is down is passed over until it works again.
 */
#ifndef MAILREEVE_SMTP_SOURCE_H
#define MAILREEVE_SMTP_SOURCE_H

#include "verify.h"

extern const struct section_type smtp_source_section;
extern const struct source_kind source_kind_smtp;

#endif
