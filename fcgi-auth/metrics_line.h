/*
 * metrics_line: the pieces of Prometheus' text format.
 */
#ifndef MAILREEVE_METRICS_LINE_H
#define MAILREEVE_METRICS_LINE_H

#include <stdio.h>

/* Begins a family. Names of counters end in _total. */
void metrics_line_begin(FILE *file, const char *name, const char *type, const char *help);

/* A label's value, quotes included. */
void metrics_line_value(FILE *file, const char *text);

#endif
