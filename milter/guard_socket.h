/*
 * guard_socket: where the mail server finds the guard.
 *
 * A unix socket as listen.h has it, handed over by the service manager or made here, or a port.
 */
#ifndef MAILREEVE_GUARD_SOCKET_H
#define MAILREEVE_GUARD_SOCKET_H

#include "listen.h"
#include "site.h"

/* Returns 0, or -1 with err. */
int guard_socket_open(const struct guard_settings *settings, struct listen_socket *socket_r,
                      struct err *err);

#endif
