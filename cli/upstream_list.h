/* upstream_list: the command below `mailreeve upstream` that changes nothing. */
#ifndef MAILREEVE_UPSTREAM_LIST_H
#define MAILREEVE_UPSTREAM_LIST_H

#include "command.h"

extern const struct command command_upstream_list;

#endif
