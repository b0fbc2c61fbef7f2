/* Input that is parameters of a request, each ended by a NUL. */
#ifndef MAILREEVE_FUZZ_INPUT_H
#define MAILREEVE_FUZZ_INPUT_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"

enum { PARAMS_MAX = 64 };

static inline void
input_split(const uint8_t *data, size_t size, char *params_r[PARAMS_MAX + 1])
{
    size_t count = 0;
    while (size > 0 && count < PARAMS_MAX) {
        const uint8_t *end = memchr(data, '\0', size);
        size_t length = end != NULL ? (size_t)(end - data) : size;
        params_r[count++] = xstrndup((const char *)data, length);
        size_t used = end != NULL ? length + 1 : length;
        data += used;
        size -= used;
    }
    params_r[count] = NULL;
}

static inline void
input_free(char **params)
{
    for (; *params != NULL; params++)
        free(*params);
}

#endif
