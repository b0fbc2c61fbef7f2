/*
 * shown_address: an address that a message shows to its reader as its author or sender.
 *
 * A value; found by backends/message in From:, Sender: and Resent-From:, judged by decide_header. A
 * reader sees display names and comments too, so an address in them is shown like any other.
 */
#ifndef MAILREEVE_SHOWN_ADDRESS_H
#define MAILREEVE_SHOWN_ADDRESS_H

#include <stdbool.h>

#include "mailbox.h"

struct shown_address {
    struct mailbox mailbox; /* with its domain as DNS has it */
    const char *header;     /* "From", "Sender", "Resent-From", ...: never a client's bytes */
    bool is_author;         /* a mailbox of From: by the header's grammar, or whatever a From: shows
                               that breaks it; false: of another header, or it only looks like an address,
                               in a display name or a comment */
};

#endif
