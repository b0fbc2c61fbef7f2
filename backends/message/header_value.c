#include "header_value.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "alloc.h"
#include "utf8.h"

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

static bool
is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Whether the line at bytes has nothing but white space: programs differ in whether the header ends
 * there. */
static bool
is_blank_line(const char *bytes, size_t length)
{
    size_t at = 0;
    while (at < length && is_blank(bytes[at]))
        at++;
    return at == length || bytes[at] == '\r' || bytes[at] == '\n';
}

/* Bytes of a CRLF or LF at the start; 0: none is there. */
static size_t
line_end(const char *bytes, size_t length)
{
    if (length > 1 && bytes[0] == '\r' && bytes[1] == '\n')
        return 2;
    return length > 0 && bytes[0] == '\n' ? 1 : 0;
}

/* Reads one character or line end and writes what stands for it. Returns the bytes read. */
static size_t
take(const char *bytes, size_t length, char **to, const char **fault)
{
    size_t end = line_end(bytes, length);
    if (end > 0) {
        if (end == length) /* of the whole value */
            return end;
        if (!is_blank(bytes[end])) {
            *fault = "a line end that is not folding";
            *(*to)++ = ' ';
        } else if (is_blank_line(bytes + end, length - end)) {
            *fault = "a line of nothing but white space";
        }
        return end;
    }
    uint32_t character = 0;
    size_t used = utf8_decode(bytes, length, &character);
    if (used == 0) {
        *fault = "bytes that are not UTF-8";
        memcpy(*to, REPLACEMENT, sizeof REPLACEMENT - 1);
        *to += sizeof REPLACEMENT - 1;
        return 1;
    }
    if ((character < 0x20 && character != '\t') || (character >= 0x7f && character < 0xa0)) {
        *fault = "a control character";
        return used;
    }
    memcpy(*to, bytes, used);
    *to += used;
    return used;
}

char *
header_value_unfold(const char *value, size_t length, const char **fault_r)
{
    char *text = xmalloc(length * (sizeof REPLACEMENT - 1) + 1), *to = text;
    *fault_r = NULL;
    for (size_t at = 0; at < length;)
        at += take(value + at, length - at, &to, fault_r);
    *to = '\0';
    return text;
}
