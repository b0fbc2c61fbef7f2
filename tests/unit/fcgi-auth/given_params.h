/* Parameters of a request as libfcgi has them, and texts decoded from them. */
#ifndef MAILREEVE_TEST_GIVEN_PARAMS_H
#define MAILREEVE_TEST_GIVEN_PARAMS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "alloc.h"
#include "expect_text.h"

enum { PARAMS_MAX = 16 };

/* Heap copies of the exact size, as libfcgi's are, so that the sanitizer sees a byte too many. */
static inline void
copy_params(const char *const *texts, char **params_r)
{
    size_t count = 0;
    for (; texts[count] != NULL; count++)
        params_r[count] = xstrdup(texts[count]);
    params_r[count] = NULL;
}

static inline void
free_params(char **params)
{
    for (; *params != NULL; params++)
        free(*params);
}

#endif
