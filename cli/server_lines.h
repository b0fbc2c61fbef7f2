/*
 * server_lines: what the running service says of the servers of its upstreams, read.
 *
 * Pure. The lines are those of /api/v1/upstreams?format=text: fields with a tab between them (see
 * fcgi-auth/upstream_report.h). Behind those that are known there may be more, of a later version.
 */
#ifndef MAILREEVE_SERVER_LINES_H
#define MAILREEVE_SERVER_LINES_H

#include <stdbool.h>
#include <stdint.h>

struct server_line {
    const char *upstream, *server; /* into the text */
    bool is_up, is_checked, is_drained, is_backup, is_flapping;
    uint64_t warm_percent, addresses, addresses_up, sessions;
    const char *address, *error; /* "": none */
};

/* Reads the next line and takes it apart in place; *text moves behind it. Returns 1, 0 at the end,
 * or -1: the line makes no sense. */
int server_lines_next(char **text, struct server_line *line_r);

#endif
