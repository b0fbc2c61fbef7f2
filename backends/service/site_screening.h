/*
 * site_screening: the settings of a site that hold for its clients: dynamic screening, limits,
 * relay windows.
 */
#ifndef MAILREEVE_SITE_SCREENING_H
#define MAILREEVE_SITE_SCREENING_H

#include "screening.h"
#include "site.h"

/* They borrow from the site. */
struct screening_rules site_screening(const struct site *site);

#endif
