/* A guard, set up for a group of tests, with which nobody talks: they look at its configuration. */
#ifndef MAILREEVE_TEST_QUIET_H
#define MAILREEVE_TEST_QUIET_H

#include "talk.h"

static struct talk quiet;

/* Group set-up and tear-down. */
static inline int
quiet_begin(void **state)
{
    if (talk_enter(state) != 0)
        return -1;
    talk_begin(&quiet, "", "");
    return 0;
}

static inline int
quiet_end(void **state)
{
    talk_end(&quiet);
    return talk_leave(state);
}

#endif
