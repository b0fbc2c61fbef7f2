/*
 * checker: the thread that follows the names of one upstream's servers and checks these, all of
 * them at the same time.
 */
#ifndef MAILREEVE_CHECKER_H
#define MAILREEVE_CHECKER_H

#include "servers.h"

struct checker;

/* Makes the thread, which does nothing yet. NULL with err: the system has no thread or descriptor
 * left. servers outlive the checker. */
struct checker *checker_create(struct servers *servers, struct err *err);

/* Lets it begin. */
void checker_start(struct checker *checker);

/* Ends the thread. Checks that are under way end with their servers. NULL is allowed. */
void checker_stop(struct checker *checker);

#endif
