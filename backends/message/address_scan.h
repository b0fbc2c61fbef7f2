/*
 * address_scan: everything in a text that a reader may take for a mail address.
 *
 * Pure; costs the text's length. Looks at each '@' alone, whatever the header's grammar makes of
 * it: what stands before it, in quotes or brackets or behind a space too, is the local part, what
 * stands behind it and has a dot is the domain. "P@ul" and "me @ work" are no addresses, "'a@b.c'"
 * is a@b.c.
 */
#ifndef MAILREEVE_ADDRESS_SCAN_H
#define MAILREEVE_ADDRESS_SCAN_H

#include "shown_set.h"

/* Adds to set what the plain text (plain_text_make) shows, as addresses of that header. */
void address_scan(const char *plain, struct shown_header *header, bool is_author,
                  struct shown_set *set);

#endif
