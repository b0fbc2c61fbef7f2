/*
 * How near two words are: the number of letters to insert, delete, replace or swap with a
 * neighbour (the "optimal string alignment" distance), so that "lsitener" is one mistake from
 * "listener". A suggestion may be one mistake away for every three letters, three at most: a
 * far-fetched one confuses more than none.
 */
#include <stdio.h>
#include <string.h>

#include "ascii.h"
#include "conf.h"

enum { WORD_MAX = 63 };

static unsigned
least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

static unsigned
distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
    unsigned rows[3][WORD_MAX + 1]; /* the last three rows of the table, in turn */
    for (size_t j = 0; j <= b_length; j++)
        rows[0][j] = (unsigned)j;

    for (size_t i = 1; i <= a_length; i++) {
        unsigned *row = rows[i % 3], *above = rows[(i + 2) % 3], *above2 = rows[(i + 1) % 3];
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= b_length; j++) {
            unsigned differs = ascii_lower(a[i - 1]) != ascii_lower(b[j - 1]);
            row[j] = least(above[j - 1] + differs, least(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = least(row[j], above2[j - 2] + 1);
        }
    }
    return rows[a_length % 3][b_length];
}

const char *
suggest(const char *word, const char *const *words)
{
    size_t length = strlen(word);
    if (length == 0 || length > WORD_MAX)
        return NULL;

    unsigned limit = least(3, (unsigned)(length + 2) / 3);
    const char *nearest = NULL;
    unsigned nearest_distance = limit + 1;
    for (; *words != NULL; words++) {
        size_t other = strlen(*words);
        if (other > WORD_MAX)
            continue;
        unsigned far = distance(word, length, *words, other);
        if (far < nearest_distance && far < other) {
            nearest = *words;
            nearest_distance = far;
        }
    }
    return nearest;
}

void
suggest_text(const char *word, const char *const *words, char text_r[SUGGEST_TEXT_MAX])
{
    const char *nearest = suggest(word, words);
    text_r[0] = '\0';
    if (nearest != NULL)
        snprintf(text_r, SUGGEST_TEXT_MAX, " (did you mean \"%s\"?)", nearest);
}
