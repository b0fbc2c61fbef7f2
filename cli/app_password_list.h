/*
 * app_password_list: `mailreeve app-password list`.
 */
#ifndef MAILREEVE_APP_PASSWORD_LIST_H
#define MAILREEVE_APP_PASSWORD_LIST_H

#include "command.h"

extern const struct command command_app_password_list;

#endif
