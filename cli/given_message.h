/*
 * given_message: what the keys of a message mean, of those that `mailreeve explain` takes.
 *
 * Pure; as struct given_key's set.
 */
#ifndef MAILREEVE_GIVEN_MESSAGE_H
#define MAILREEVE_GIVEN_MESSAGE_H

#include "given.h"

int given_set_stage(struct given *given, const char *value, struct err *err);
int given_set_auth(struct given *given, const char *value, struct err *err);
int given_set_header_from(struct given *given, const char *value, struct err *err);
int given_set_header(struct given *given, const char *value, struct err *err);
int given_set_size(struct given *given, const char *value, struct err *err);
int given_set_messages(struct given *given, const char *value, struct err *err);
int given_set_limited(struct given *given, const char *value, struct err *err);

#endif
