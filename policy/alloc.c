#include "alloc.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void *
or_abort(void *memory)
{
    if (memory == NULL)
        abort();
    return memory;
}

void *
xmalloc(size_t size)
{
    return or_abort(malloc(size > 0 ? size : 1));
}

void *
xcalloc(size_t count, size_t size)
{
    if (count == 0 || size == 0)
        count = size = 1;
    return or_abort(calloc(count, size));
}

void *
xrealloc(void *memory, size_t count, size_t size)
{
    if (size != 0 && count > SIZE_MAX / size)
        abort();
    size_t bytes = count * size;
    return or_abort(realloc(memory, bytes > 0 ? bytes : 1));
}

char *
xstrdup(const char *text)
{
    return or_abort(strdup(text));
}

char *
xstrndup(const char *text, size_t length)
{
    return or_abort(strndup(text, length));
}
