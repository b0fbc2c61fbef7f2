#include "command_line.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "alloc.h"

static char *
append(char *end, const char *text)
{
    const size_t length = strlen(text);
    memcpy(end, text, length + 1);
    return end + length;
}

char *
command_line_write(const char *command, const char *path, const char *const *parameters)
{
    size_t length = strlen(command) + strlen(path);
    for (const char *const *parameter = parameters; *parameter != NULL; parameter++)
        length += 1 + strlen(*parameter);
    char *line = xmalloc(length + 1);
    char *end = append(append(line, command), path);
    for (const char *const *parameter = parameters; *parameter != NULL; parameter++)
        end = append(append(end, " "), *parameter);
    return line;
}

static int64_t
read_size(const char *digits)
{
    int64_t size = 0;
    if (*digits == '\0')
        return 0;
    for (; *digits != '\0'; digits++) {
        if (*digits < '0' || *digits > '9')
            return 0;
        if (size > (INT64_MAX - 9) / 10)
            return INT64_MAX;
        size = size * 10 + (*digits - '0');
    }
    return size;
}

int64_t
command_line_size(const char *const *parameters)
{
    static const char keyword[] = "SIZE=";
    const size_t length = sizeof keyword - 1;
    for (; *parameters != NULL; parameters++)
        if (strncasecmp(*parameters, keyword, length) == 0)
            return read_size(*parameters + length);
    return 0;
}
