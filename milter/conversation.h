/*
 * conversation: one connection that the mail server tells the guard about, with its messages one
 * after the other.
 *
 * One thread at a time, though not always the same one. Who the client is may change in its midst:
 * after XCLIENT Postfix connects anew, within the same conversation, with the true address and the
 * user's name (measured); what was known of the client before is forgotten. The rules of a message
 * are message.c's.
 */
#ifndef MAILREEVE_CONVERSATION_H
#define MAILREEVE_CONVERSATION_H

#include "mta.h"
#include "netaddr.h"
#include "reload.h"
#include "response.h"
#include "store.h"

/* What all sessions share; borrowed. */
struct guard {
    struct reload
        *reload; /* the configuration in force: each message holds the one it began with */
    struct store *store;
};

struct conversation;

struct conversation *conversation_begin(const struct guard *guard); /* never NULL */
void conversation_end(struct conversation *conversation); /* gives up a message under way */

/* The steps, in the order of SMTP; any of them may come at any time, and none is trusted to. mta is
 * for the call. */
struct response conversation_connect(struct conversation *conversation, const struct mta *mta,
                                     const struct netaddr *client);
struct response conversation_helo(struct conversation *conversation, const struct mta *mta,
                                  const char *name);
/* path as the client wrote it ("<a@b>"), and the ESMTP parameters ("SIZE=10"), ends with NULL. */
struct response conversation_mail(struct conversation *conversation, const struct mta *mta,
                                  const char *path, const char *const *parameters);
struct response conversation_recipient(struct conversation *conversation, const struct mta *mta,
                                       const char *path, const char *const *parameters);
struct response conversation_header(struct conversation *conversation, const struct mta *mta,
                                    const char *name, const char *value);
struct response conversation_end_of_headers(struct conversation *conversation,
                                            const struct mta *mta);
struct response conversation_body(struct conversation *conversation, const struct mta *mta,
                                  size_t length);
struct response conversation_end_of_message(struct conversation *conversation,
                                            const struct mta *mta);
void conversation_abort(
    struct conversation *conversation); /* RSET, or whatever ends a message half way */

/* Whether bodies are to be told to it at all: some limit or rule looked at the size when it began.
 * A message that begins under a newer configuration which does, where the older did not, is a
 * temporary failure: the next connection will tell its size. */
bool conversation_wants_body(const struct conversation *conversation);

#endif
