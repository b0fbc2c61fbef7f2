#include "command_words.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"

static const char blanks[] = " \t\r\n";

/* Takes what is in quotes off the text, which begins behind the first of them, and adds it to the
 * word. Returns 0, or -1: there is no second one. */
static int
take_quoted(const char **text, char quote, char **end)
{
    for (const char *at = *text; *at != '\0'; at++) {
        if (*at == quote) {
            *text = at + 1;
            return 0;
        }
        if (quote == '"' && *at == '\\' && (at[1] == '"' || at[1] == '\\'))
            at++;
        *(*end)++ = *at;
    }
    return -1;
}

/* Takes the next word off the text, which does not begin with a blank. */
static int
take_word(const char **text, char *word_r, struct err *err)
{
    char *end = word_r;
    while (**text != '\0' && strchr(blanks, **text) == NULL) {
        const char byte = *(*text)++;
        if (byte != '"' && byte != '\'') {
            *end++ = byte;
        } else if (take_quoted(text, byte, &end) != 0) {
            err_set(err, "a %c is not closed", byte);
            return -1;
        }
    }
    *end = '\0';
    return 0;
}

static char **
split(const char *text, struct err *err)
{
    const size_t room = strlen(text) + 1;
    char *word = xmalloc(room);
    char **words = xcalloc(room, sizeof *words); /* a word takes two bytes of the text */
    size_t count = 0;
    int result = 0;
    for (text += strspn(text, blanks); result == 0 && *text != '\0'; text += strspn(text, blanks)) {
        result = take_word(&text, word, err);
        if (result == 0)
            words[count++] = xstrdup(word);
    }
    free(word);
    if (result == 0)
        return words;
    command_words_free(words);
    return NULL;
}

char **
command_words_parse(const char *text, struct err *err)
{
    char **words = split(text, err);
    if (words == NULL)
        return NULL;
    if (words[0] != NULL && words[0][0] == '/')
        return words;
    if (words[0] == NULL)
        err_set(err, "names no program");
    else
        err_set(err, "\"%s\" is no absolute path (write the program with its whole path)",
                words[0]);
    command_words_free(words);
    return NULL;
}

char **
command_words_copy(char *const *words)
{
    size_t count = 0;
    while (words[count] != NULL)
        count++;
    char **copy = xcalloc(count + 1, sizeof *copy);
    for (size_t i = 0; i < count; i++)
        copy[i] = xstrdup(words[i]);
    return copy;
}

void
command_words_free(char **words)
{
    if (words == NULL)
        return;
    for (size_t i = 0; words[i] != NULL; i++)
        free(words[i]);
    free(words);
}
