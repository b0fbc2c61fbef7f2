/*
 * command_words: the words of a command line, without a shell.
 *
 * Pure. Blanks separate words; '...' and "..." keep blanks in one and may stand anywhere in it; in
 * double quotes \" and \\ are the characters themselves. Nothing else means anything: no $, no *,
 * no |, no ;. So what stands in the configuration is what the program gets.
 */
#ifndef MAILREEVE_COMMAND_WORDS_H
#define MAILREEVE_COMMAND_WORDS_H

#include <stddef.h>

#include "err.h"

/* Returns the words, NULL behind the last, for execve(2); the first is an absolute path. NULL with
 * err: no words, an open quote, or another path. */
char **command_words_parse(const char *text, struct err *err);

char **command_words_copy(char *const *words);
void command_words_free(char **words); /* NULL is allowed */

#endif
