/*
 * service: one running mailreeve-auth: its socket, its threads, its signals, from start to drain.
 */
#ifndef MAILREEVE_SERVICE_H
#define MAILREEVE_SERVICE_H

/* Serves the configuration in this file until SIGTERM or SIGINT. Returns the exit status of the
 * program; what there is to say has been said on standard error. */
int service_run(const char *config_path);

#endif
