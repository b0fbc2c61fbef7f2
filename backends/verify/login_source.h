/*
 * login_source: the kinds of source that verify names by logging in at IMAP or POP3 servers.
 *
 * Servers are asked in the order of the configuration. One that fails before it has judged is
 * followed by the next; one that is down is passed over until it works again.
 */
#ifndef MAILREEVE_LOGIN_SOURCE_H
#define MAILREEVE_LOGIN_SOURCE_H

#include "verify.h"

extern const struct section_type imap_source_section, pop3_source_section;
extern const struct source_kind source_kind_imap, source_kind_pop3;

#endif
