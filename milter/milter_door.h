/*
 * milter_door: the only user of libmilter: its callbacks, as steps of a conversation.
 *
 * libmilter is one for the whole process, and so is this. It brings threads of its own: the
 * callbacks of one connection come in different ones, but never at once.
 */
#ifndef MAILREEVE_MILTER_DOOR_H
#define MAILREEVE_MILTER_DOOR_H

#include "connections.h"
#include "listen.h"

/* Serves the connections that come to this listening socket, from milter_door_serve on. Its
 * descriptor is libmilter's from here on. Returns 0, or -1 with err. */
int milter_door_open(const struct listen_socket *socket, const struct guard *guard,
                     struct connections *connections, struct err *err);

/* Serves; returns only if libmilter gives up. */
void milter_door_serve(void);

/* Leaves who comes from now on in the socket's queue, for the process that has the socket, too. */
void milter_door_take_no_more(void);

#endif
