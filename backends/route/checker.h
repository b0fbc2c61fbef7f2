/*
 * checker: the thread that follows the names of one upstream's servers and checks these, all of
 * them at the same time.
 */
#ifndef MAILREEVE_CHECKER_H
#define MAILREEVE_CHECKER_H

#include "servers.h"

struct checker;

/* Never NULL. servers outlive the checker. */
struct checker *checker_start(struct servers *servers);

/* Ends the thread. Checks that are under way end with their servers. NULL is allowed. */
void checker_stop(struct checker *checker);

#endif
