/*
 * ban: what the commands below `mailreeve ban` share.
 *
 * One thread.
 */
#ifndef MAILREEVE_BAN_H
#define MAILREEVE_BAN_H

#include "command.h"
#include "netaddr.h"

extern const struct command command_ban_list;

/* Reads an operand that is an address or a network. Returns an exit code after saying what is
 * wrong. */
int ban_network_parse(const char *text, struct netprefix *network_r);

#endif
