#include "wildcard.h"

#include <stddef.h>
#include <string.h>

#include "ascii.h"

static bool
is_continuation(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

/* Returns the text behind its first character, which must fit the pattern's first; else NULL. */
static const char *
step(const char *pattern, const char *text)
{
    if (*text == '\0')
        return NULL;
    if (*pattern != '?')
        return ascii_lower(*pattern) == ascii_lower(*text) ? text + 1 : NULL;
    text++;
    while (is_continuation(*text))
        text++;
    return text;
}

bool
wildcard_is(const char *text)
{
    return strpbrk(text, "*?") != NULL;
}

/* After a mismatch only the last '*' needs to swallow more: what an earlier one could swallow, the
 * last one can as well. */
bool
wildcard_match(const char *pattern, const char *text)
{
    const char *behind_star = NULL;
    const char *retry = NULL;
    while (*pattern != '\0' || *text != '\0') {
        if (*pattern == '*') {
            behind_star = ++pattern;
            retry = text;
            continue;
        }
        const char *next = *pattern != '\0' ? step(pattern, text) : NULL;
        if (next != NULL) {
            pattern++;
            text = next;
            continue;
        }
        if (behind_star == NULL || *retry == '\0')
            return false;
        pattern = behind_star;
        text = ++retry;
    }
    return true;
}
