/*
 * checker: the thread that checks the servers of one upstream, all of them at the same time.
 */
#ifndef MAILREEVE_CHECKER_H
#define MAILREEVE_CHECKER_H

#include "servers.h"

struct checker;

/* Never NULL. servers outlive the checker. */
struct checker *checker_start(struct servers *servers);

/* Breaks off what is under way and ends the thread. NULL is allowed. */
void checker_stop(struct checker *checker);

#endif
