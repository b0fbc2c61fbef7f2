/*
 * message: the life of one message, from MAIL to its end.
 *
 * One thread at a time. A message holds the configuration that it began with. Who makes one tells
 * it the steps and, after a step that it does not let go on (at RCPT: the recipient alone), frees
 * it: message_free gives up what has not been accepted at its end. Nothing here trusts the steps to
 * come in order.
 */
#ifndef MAILREEVE_MESSAGE_H
#define MAILREEVE_MESSAGE_H

#include "conversation.h"

/* Who is at the other end of a connection; borrowed by its messages. */
enum { CALLER_ID_MAX = 32 };
struct caller {
    char id[CALLER_ID_MAX]; /* for the log */
    struct netaddr client;
    const char *helo;  /* what the client calls itself; "": it has not said */
    unsigned messages; /* begun in this session */
    bool tells_size;   /* the bodies of messages are told */
};

struct message;

/* The steps get whole paths and parameters as conversation.h has them. Never NULL. */
struct message *message_create(const struct guard *guard, const struct caller *caller);
void message_free(struct message *message); /* NULL is allowed */

/* Comes first. */
struct response message_mail(struct message *message, const struct mta *mta, const char *path,
                             const char *const *parameters);
struct response message_recipient(struct message *message, const struct mta *mta, const char *path,
                                  const char *const *parameters);
struct response message_header(struct message *message, const struct mta *mta, const char *name,
                               const char *value);
struct response message_end_of_headers(struct message *message, const struct mta *mta);
struct response message_body(struct message *message, size_t length);
struct response message_end(struct message *message, const struct mta *mta);

#endif
