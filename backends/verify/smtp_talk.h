/*
 * smtp_talk: commands and replies, one after the other, with an SMTP server.
 *
 * One thread's own, over a conn. Line buffers are wiped. Functions return 0, or -1 with err; the
 * connection is then good for conn_close only.
 */
#ifndef MAILREEVE_SMTP_TALK_H
#define MAILREEVE_SMTP_TALK_H

#include "conn.h"
#include "deadline.h"
#include "err.h"
#include "smtp_reply.h"

/* RFC 5321 4.5.3.1.4: a command line with its CR LF. */
enum { SMTP_COMMAND_MAX = 512 };

/* What a conversation came to. */
enum smtp_judgement {
    SMTP_NOT_JUDGED = 0, /* an outage, a broken line, a code that says nothing about the question */
    SMTP_UNCLEAR,    /* no outage: this very question is refused, but not for what is asked about */
    SMTP_REFUSED_US, /* the way we ask, or that we ask at all, is wrong: for a person to mend */
    SMTP_YES,
    SMTP_NO,
};

/* Reads a whole reply. */
int smtp_talk_hear(struct conn *conn, struct smtp_reply *reply_r, struct deadline deadline,
                   struct err *err);

/* Sends a line with its CR LF. What has come by then answers nothing that was asked, and is an
 * error: taken as the answer to this line it could be a yes to anybody. */
int smtp_talk_say(struct conn *conn, const char *line, size_t length, struct deadline deadline,
                  struct err *err);

/* Sends "VERB ARGUMENT" (no space if the argument is empty) without secrets and reads the reply. An
 * argument with a control character, which could be a second command, or one that makes the line
 * too long is an error, and nothing is sent. */
int smtp_talk_ask(struct conn *conn, const char *verb, const char *argument,
                  struct smtp_reply *reply_r, struct deadline deadline, struct err *err);

#endif
