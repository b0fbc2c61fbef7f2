#include "err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void
err_set(struct err *err, const char *format, ...)
{
    if (err == NULL)
        return;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(err->text, sizeof err->text, format, arguments);
    va_end(arguments);
}

void
err_wrap(struct err *err, const char *format, ...)
{
    if (err == NULL)
        return;
    char wrapped[ERR_TEXT_MAX];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(wrapped, sizeof wrapped, format, arguments);
    va_end(arguments);

    size_t used = length < 0 ? 0 : (size_t)length;
    if (used < sizeof wrapped)
        snprintf(wrapped + used, sizeof wrapped - used, ": %s", err->text);
    memcpy(err->text, wrapped, sizeof wrapped);
}
