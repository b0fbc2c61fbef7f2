/*
 * metrics_text: what the service counts, in the text format of Prometheus (version 0.0.4).
 */
#ifndef MAILREEVE_METRICS_TEXT_H
#define MAILREEVE_METRICS_TEXT_H

#include "world.h"

extern const char metrics_text_type[]; /* for Content-Type */

/* Heap memory. */
char *metrics_text(const struct world *world);

#endif
