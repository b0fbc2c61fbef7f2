/*
 * known: which statements of an outline mean something.
 *
 * Reports settings and sections that do not exist where they stand, and drops them, so that the
 * rest is read and checked nevertheless.
 */
#ifndef MAILREEVE_KNOWN_H
#define MAILREEVE_KNOWN_H

#include "outline.h"

/* Returns the section type of each node that is a section (NULL for all others and for dropped
 * ones); free the array. */
const struct section_type **known_resolve(struct outline *outline, const struct section_type *top,
                                          struct problems *problems);

#endif
