/* For tests that break LMDB off by SIGBUS, because its file was cut short under it. One file of
 * each program includes it. */
#ifndef MAILREEVE_TEST_STATE_BROKEN_OFF_H
#define MAILREEVE_TEST_STATE_BROKEN_OFF_H

#include <glob.h>

#include "scratch_lmdb.h"

/* What LMDB held when it was broken off is lost, and meant to be. */
const char *__lsan_default_suppressions(void);
const char *
__lsan_default_suppressions(void)
{
    return "leak:liblmdb\n";
}

/* ThreadSanitizer loses track of a thread that SIGBUS takes out of a call of LMDB's. */
#ifdef __SANITIZE_THREAD__
enum { CANNOT_BE_BROKEN_OFF = true };
#else
enum { CANNOT_BE_BROKEN_OFF = false };
#endif

static inline size_t
count_moved_aside(const struct scratch *scratch)
{
    char pattern[SCRATCH_PATH_MAX + 16];
    glob_t found = {.gl_pathc = 0};
    snprintf(pattern, sizeof pattern, "%s.corrupt-*", scratch->file);
    glob(pattern, 0, NULL, &found);
    size_t count = found.gl_pathc;
    globfree(&found);
    return count;
}

#endif
