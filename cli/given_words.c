#include "given_words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "ascii.h"

enum { NUMBER_MOST = 1000000 };

const struct word words_yes_no[] = {{"yes", 1}, {"no", 0}, {0}};
const struct word words_yes_no_unavailable[] = {{"yes", KNOWLEDGE_KNOWN},
                                                {"no", KNOWLEDGE_UNKNOWN},
                                                {"unavailable", KNOWLEDGE_CANNOT_TELL},
                                                {0}};

int
words_set(const struct word *words, const char *value, int *meaning_r, struct err *err)
{
    for (const struct word *word = words; word->word != NULL; word++)
        if (strcmp(word->word, value) == 0) {
            *meaning_r = word->value;
            return 0;
        }
    err_set(err, "it cannot be \"%s\" (use", value);
    for (const struct word *word = words; err != NULL && word->word != NULL; word++) {
        size_t used = strlen(err->text);
        snprintf(err->text + used, sizeof err->text - used, "%s%s%s",
                 word == words          ? " "
                 : word[1].word != NULL ? ", "
                                        : " or ",
                 word->word, word[1].word == NULL ? ")" : "");
    }
    return -1;
}

int
words_set_bool(const struct word *words, const char *value, bool *bool_r, struct err *err)
{
    int meaning = 0;
    int status = words_set(words, value, &meaning, err);
    *bool_r = meaning != 0;
    return status;
}

int
words_set_knowledge(const struct word *words, const char *value, enum knowledge *knowledge_r,
                    struct err *err)
{
    int meaning = KNOWLEDGE_CANNOT_TELL;
    int status = words_set(words, value, &meaning, err);
    *knowledge_r = (enum knowledge)meaning;
    return status;
}

int
words_set_number(const char *value, unsigned least, unsigned *number_r, struct err *err)
{
    char *end = NULL;
    unsigned long number = strtoul(value, &end, 10);
    if (!ascii_is_digit(value[0]) || *end != '\0' || number < least || number > NUMBER_MOST) {
        err_set(err, "it cannot be \"%s\" (use a number from %u to %d)", value, least, NUMBER_MOST);
        return -1;
    }
    *number_r = (unsigned)number;
    return 0;
}

void
texts_add(struct texts *texts, char *text)
{
    texts->items = xrealloc(texts->items, texts->count + 1, sizeof *texts->items);
    texts->items[texts->count++] = text;
}

void
texts_fini(struct texts *texts)
{
    for (size_t i = 0; i < texts->count; i++)
        free(texts->items[i]);
    free(texts->items);
    *texts = (struct texts){0};
}
