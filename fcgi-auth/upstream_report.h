/*
 * upstream_report: what is known about the servers of the upstreams, for `mailreeve status` and
 * `mailreeve upstream list`, for scripts and for Prometheus.
 *
 * Names are those of the configuration and of DNS.
 */
#ifndef MAILREEVE_UPSTREAM_REPORT_H
#define MAILREEVE_UPSTREAM_REPORT_H

#include <stdbool.h>
#include <stdio.h>

#include "site.h"

/* Whether new sessions find no server there: each is down or drained. */
bool upstream_serves_nobody(struct upstream *upstream);

/* A JSON object for each upstream in the order of the file, with commas between them. */
void upstreams_write_json(FILE *file, const struct site *site);

/* A line for each, for people: "upstream mx: mta1 up, mta2 down drained". */
void upstreams_write_text(FILE *file, const struct site *site);

/* The families of Prometheus. */
void upstreams_write_metrics(FILE *file, const struct site *site);

/* For /api/v1/upstreams; heap memory: a JSON array, and lines for `mailreeve upstream list`, one
 * for each server, whose fields have a tab between them: upstream, server, "up" or "down",
 * "checked" or "unchecked", "drained" or "serving", "backup" or "main", "flapping" or "steady",
 * percent of its share, addresses, those that are up, address, sessions, error. Control characters
 * are written as
 * '?'. */
char *upstreams_json(const struct site *site);
char *upstreams_lines(const struct site *site);

#endif
