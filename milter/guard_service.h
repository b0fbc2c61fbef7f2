/*
 * guard_service: one running mailreeve-milter: its socket, its signals, from start to drain.
 */
#ifndef MAILREEVE_GUARD_SERVICE_H
#define MAILREEVE_GUARD_SERVICE_H

/* Serves the configuration in this file until SIGTERM or SIGINT. Returns the exit status of the
 * program; what there is to say has been said on standard error. */
int guard_service_run(const char *config_path);

#endif
