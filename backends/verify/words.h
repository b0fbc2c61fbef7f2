/*
 * words: the words of a text, which spaces separate.
 *
 * Pure.
 */
#ifndef MAILREEVE_WORDS_H
#define MAILREEVE_WORDS_H

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { WORD_MAX = 64 };

/* Takes the next word off the text; one that is longer than any good one is cut. Returns whether
 * there was one. */
static inline bool
next_word(const char **text, char word_r[WORD_MAX])
{
    *text += strspn(*text, " ");
    size_t length = strcspn(*text, " ");
    snprintf(word_r, WORD_MAX, "%.*s", (int)length, *text);
    *text += length;
    return length > 0;
}

#endif
