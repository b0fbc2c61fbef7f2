/*
 * answered: when the answer to the end of a message has been said.
 *
 * libmilter says it after the callback and tells nobody when it has. A process that ends in between
 * has accepted and counted a message of which the mail server hears nothing, so that the client
 * sends it once more. So the message is under way, and its thread within, until the answer is out:
 * writev(2), with which libmilter says it, is heard here.
 */
#ifndef MAILREEVE_ANSWERED_H
#define MAILREEVE_ANSWERED_H

#include "connections.h"

/* In place of connection_end_message and connections_leave: they are done with the next writev of
 * this thread. */
void answered_await(struct connection *connection);

/* Before this thread enters for anything else: does them if there was no answer after all. */
void answered_settle(void);

#endif
