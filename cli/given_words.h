/*
 * given_words: the values of the facts that `mailreeve explain` takes, as words and numbers.
 *
 * Pure.
 */
#ifndef MAILREEVE_GIVEN_WORDS_H
#define MAILREEVE_GIVEN_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "err.h"
#include "outcome.h"

struct word {
    const char *word;
    int value;
};

extern const struct word words_yes_no[], words_yes_no_unavailable[]; /* bool; enum knowledge */

/* Finds the value's meaning among the words, which end with word NULL. All return 0, or -1 with
 * err. */
int words_set(const struct word *words, const char *value, int *meaning_r, struct err *err);
int words_set_bool(const struct word *words, const char *value, bool *bool_r, struct err *err);
int words_set_knowledge(const struct word *words, const char *value, enum knowledge *knowledge_r,
                        struct err *err);

/* A decimal number from least to 1000000. */
int words_set_number(const char *value, unsigned least, unsigned *number_r, struct err *err);

/* Texts of a key that may be given several times; owned. Begins all zero. */
struct texts {
    char **items;
    size_t count;
};

/* Takes over text, which free() frees. */
void texts_add(struct texts *texts, char *text);
void texts_fini(struct texts *texts);

#endif
