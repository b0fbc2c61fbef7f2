/*
 * asked: what each source said about a login, in the log at debug level.
 */
#ifndef MAILREEVE_ASKED_H
#define MAILREEVE_ASKED_H

#include "verify.h"

/* session is the line's. */
void asked_log(const char *session, const struct verify_asked *asked);

#endif
