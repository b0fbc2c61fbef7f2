/*
 * cpu_time: the processor time of this thread: where nothing waits, what else the machine does is
 * not to be measured.
 */
#ifndef MAILREEVE_BENCH_CPU_TIME_H
#define MAILREEVE_BENCH_CPU_TIME_H

#include <time.h>

static inline double
cpu_time_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

#endif
