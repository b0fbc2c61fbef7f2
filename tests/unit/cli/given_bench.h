/*
 * given_bench: the words of a case.
 */
#ifndef MAILREEVE_TEST_GIVEN_BENCH_H
#define MAILREEVE_TEST_GIVEN_BENCH_H

#include <stddef.h>

enum { WORDS_MAX = 8 };

static inline size_t
count_words(const char *const words[WORDS_MAX])
{
    size_t count = 0;
    while (count < WORDS_MAX && words[count] != NULL)
        count++;
    return count;
}

#endif
