/*
 * connections: the mail server's connections that the guard serves, and how they end with it.
 *
 * Thread-safe. libmilter cannot be told to finish what has begun: once stopped it answers nobody
 * any more. So whoever comes in is counted here: while the service drains no message begins, those
 * under way go on, and once none is left, or the time is up, everybody is shut out and what is idle
 * is given up.
 */
#ifndef MAILREEVE_CONNECTIONS_H
#define MAILREEVE_CONNECTIONS_H

#include "conversation.h"
#include "deadline.h"

struct connections;

struct connection {
    struct connections *all;
    /* one thread's at a time: of whoever has entered */
    struct conversation *conversation;
    /* What was said where the mail server hears no answer, for the next step that has one; to the
     * content of a message: for this one; else: for all to come. */
    struct response of_client, of_content;
    /* under the lock of all */
    bool has_message;
    struct connection *previous, *next;
};

/* Never NULL. Once somebody may come in it stays until the process ends. */
struct connections *connections_create(const struct guard *guard);
void connections_free(struct connections *connections);

/* Around everything that is done for a connection. After connections_close nobody comes in any
 * more: the caller waits for the end of the process, which is at once. */
void connections_enter(struct connections *connections);
void connections_leave(struct connections *connections);

/* How many are within now. */
unsigned connections_inside(struct connections *connections);

/* A conversation begins, or ends. The caller has entered. */
struct connection *connections_add(struct connections *connections); /* never NULL */
void connections_remove(struct connection *connection);              /* frees it */

/* A message begins: false while the service drains. It ends once; further calls do nothing. The
 * caller has entered. */
bool connection_begin_message(struct connection *connection);
void connection_end_message(struct connection *connection);

/* No message begins any more; waits until none is under way or the time is up. Returns how many
 * still are. */
unsigned connections_drain(struct connections *connections, struct deadline deadline);

/* Lets nobody in, waits until everybody has left and ends all conversations, giving up messages
 * under way. Returns 0, or how many have not left when the time was up: then nothing that they use
 * may go. */
unsigned connections_close(struct connections *connections, struct deadline deadline);

#endif
