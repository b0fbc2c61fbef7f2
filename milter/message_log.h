/*
 * message_log: one line in the log for every step of a message that is refused, and for every
 * message that goes on.
 *
 * Whatever a client sent is escaped by the log.
 */
#ifndef MAILREEVE_MESSAGE_LOG_H
#define MAILREEVE_MESSAGE_LOG_H

#include "decide.h"
#include "find.h"

/* What the line is about; NULL: not known. */
struct message_line {
    const char *session, *queue;
    const char *stage; /* "mail", "rcpt", "header", "end" */
    const struct facts *facts;
    const struct decision *decision;
    const char *user;                        /* canonical */
    const struct recipient_asked *recipient; /* at RCPT */
    const char *tags;
    int64_t size;
    int64_t took_us;
};

/* A decision that is our own fault (REASON_INTERNAL) is logged as an error, all others as info. */
void message_log(const struct message_line *line);

#endif
