/*
 * address_syntax: the grammar of address lists (RFC 5322 3.4, RFC 6854, RFC 6532), strictly.
 *
 * Pure; one pass, no recursion, so its cost is the header's length. It guards GMime, which is
 * lenient as mail programs are, each in another way: a list that keeps to the grammar is read by
 * all in the same way. Beyond the grammar only the dots of "John Q. Smith" (obs-phrase) are let
 * through, and an address as the unquoted name of itself, "a@b.c <a@b.c>". Not let through are the
 * other obsolete forms: routes, empty members of a list, "a . b@c".
 */
#ifndef MAILREEVE_ADDRESS_SYNTAX_H
#define MAILREEVE_ADDRESS_SYNTAX_H

#include <stddef.h>

#include "mailbox.h"

enum { ADDRESS_SYNTAX_MAX = 1000 }; /* addresses in one header */

struct address_syntax {
    struct mailbox *mailboxes; /* in order; domains as they are written, in lower case */
    size_t count;
};

/* Reads a whole unfolded value (header_value_unfold) that has a mailbox at least. Returns NULL, or
 * why not, a constant text. address_syntax_fini is due in either case. */
const char *address_syntax_read(const char *text, struct address_syntax *syntax_r);
void address_syntax_fini(struct address_syntax *syntax);

/* The text without its comments, quotes and backslashes, as far as they can be told; the caller
 * frees it. */
char *address_syntax_bare(const char *text);

/* The text without backslashes alone; the caller frees it. */
char *address_syntax_unescape(const char *text);

#endif
