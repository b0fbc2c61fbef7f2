/*
 * user_windows: the relay windows of a user who must not log in any more.
 *
 * One thread.
 */
#ifndef MAILREEVE_USER_WINDOWS_H
#define MAILREEVE_USER_WINDOWS_H

#include "command.h"

/* Closes them, and says how many there were, or on standard error why that could not be. With
 * --file there is no configuration, so it is not known where they are. */
void user_windows_close(const struct options *options, const char *name);

#endif
