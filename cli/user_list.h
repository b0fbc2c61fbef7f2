/*
 * user_list: `mailreeve user list`.
 */
#ifndef MAILREEVE_USER_LIST_H
#define MAILREEVE_USER_LIST_H

#include "command.h"

extern const struct command command_user_list;

#endif
