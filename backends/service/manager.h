/*
 * manager: the service manager (systemd) that has started this process: whether it keeps the log,
 * and hearing that the service is ready. Its socket is listen.h's.
 *
 * The environment stays as it is: once there are other threads, they read it, too (a configuration
 * has variables), and programs that are started get one of their own.
 */
#ifndef MAILREEVE_MANAGER_H
#define MAILREEVE_MANAGER_H

#include <stdbool.h>

/* Whether standard error goes to the journal (systemd.exec(5), JOURNAL_STREAM). */
bool manager_keeps_log(void);

/* Tells the manager that the service serves (sd_notify(3), NOTIFY_SOCKET), so that a start that
 * fails is one to it, too. Nothing happens without a manager that waits for it. */
void manager_tell_ready(void);

#endif
