/*
 * reply: an SMTP server's reply, put together from bytes as they arrive (RFC 5321 4.2).
 *
 * Pure. Only what a check needs: the code of the last line and the beginning of its text. Starts
 * all zero.
 */
#ifndef MAILREEVE_REPLY_H
#define MAILREEVE_REPLY_H

#include <stddef.h>

enum reply_state { REPLY_INCOMPLETE = 0, REPLY_COMPLETE, REPLY_GARBAGE };

struct reply {
    unsigned code;  /* once it is complete */
    char line[128]; /* the beginning of the line under way, or of the last one; terminated */
    size_t length;  /* of line, without CR */
};

/* Takes the next bytes. Bytes behind a complete reply are garbage: nothing was asked yet that they
 * could answer. */
enum reply_state reply_feed(struct reply *reply, const char *bytes, size_t length);

#endif
