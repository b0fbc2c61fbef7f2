/*
 * ascii: letters without a locale.
 *
 * Pure. Names, domains and commands compare without case in ASCII only: what a letter outside of
 * ASCII folds to depends on who is asked.
 */
#ifndef MAILREEVE_ASCII_H
#define MAILREEVE_ASCII_H

#include <stdbool.h>
#include <stddef.h>

static inline char
ascii_lower(char c)
{
    if (c >= 'A' && c <= 'Z')
        return (char)(c - 'A' + 'a');
    return c;
}

static inline bool
ascii_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static inline bool
ascii_is_alnum(char c)
{
    char lower = ascii_lower(c);
    return (lower >= 'a' && lower <= 'z') || ascii_is_digit(c);
}

/* Whether bytes begin with prefix (which is in lower case), in any case. */
static inline bool
ascii_has_prefix(const char *bytes, size_t length, const char *prefix)
{
    for (size_t i = 0; prefix[i] != '\0'; i++)
        if (i == length || ascii_lower(bytes[i]) != prefix[i])
            return false;
    return true;
}

/* Copies length bytes in lower case and ends them with a NUL; text_r may be bytes itself. */
static inline void
ascii_lower_copy(char *text_r, const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        text_r[i] = ascii_lower(bytes[i]);
    text_r[length] = '\0';
}

#endif
