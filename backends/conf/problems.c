#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "conf.h"

/* A file of junk must not fill the memory with complaints about it; those above this many are
 * counted only. */
enum { PROBLEMS_MAX = 1000 };

struct problem {
    char *file; /* NULL: the problem has no place */
    unsigned line;
    size_t sequence; /* keeps those of one line in the order they were found */
    char *shown;
};

void
problems_init(struct problems *problems)
{
    *problems = (struct problems){0};
}

void
problems_fini(struct problems *problems)
{
    for (size_t i = 0; i < problems->count; i++) {
        free(problems->items[i].file);
        free(problems->items[i].shown);
    }
    free(problems->items);
    problems_init(problems);
}

/* A value may hold whatever its author typed; a problem is one line on a terminal. */
static void
make_printable(char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            *text = '?';
}

static char *
show(enum problem_weight weight, struct origin origin, const char *text)
{
    const char *mark = weight == PROBLEM_WARNING ? "warning: " : "";
    char *shown = NULL;
    int length = origin.file == NULL
                     ? asprintf(&shown, "%s%s", mark, text)
                     : asprintf(&shown, "%s:%u: %s%s", origin.file, origin.line, mark, text);
    if (length < 0)
        abort();
    make_printable(shown);
    return shown;
}

static struct problem *
add_item(struct problems *problems, struct origin origin)
{
    if (problems->count == problems->room) {
        problems->room = problems->room == 0 ? 16 : 2 * problems->room;
        problems->items = xrealloc(problems->items, problems->room, sizeof *problems->items);
    }
    struct problem *problem = &problems->items[problems->count];
    *problem = (struct problem){
        .file = origin.file != NULL ? xstrdup(origin.file) : NULL,
        .line = origin.line,
        .sequence = problems->count++,
    };
    return problem;
}

void
problems_add(struct problems *problems, enum problem_weight weight, struct origin origin,
             const char *format, ...)
{
    if (weight == PROBLEM_ERROR)
        problems->errors++;
    if (problems->count > PROBLEMS_MAX)
        return;
    if (problems->count == PROBLEMS_MAX) {
        add_item(problems, (struct origin){0})->shown = xstrdup("more problems are not shown");
        return;
    }

    char *text = NULL;
    va_list arguments;
    va_start(arguments, format);
    int length = vasprintf(&text, format, arguments);
    va_end(arguments);
    if (length < 0)
        abort();
    add_item(problems, origin)->shown = show(weight, origin, text);
    free(text);
}

/* Those without a place come last: they are about the load as a whole. */
static int
compare(const void *a, const void *b)
{
    const struct problem *left = a, *right = b;
    if (left->file == NULL || right->file == NULL) {
        if (left->file != right->file)
            return left->file == NULL ? 1 : -1;
    } else {
        int files = strcmp(left->file, right->file);
        if (files != 0)
            return files;
        if (left->line != right->line)
            return left->line < right->line ? -1 : 1;
    }
    return left->sequence < right->sequence ? -1 : 1;
}

const char *
problems_line(struct problems *problems, size_t i)
{
    for (size_t k = 1; k < problems->count; k++)
        if (compare(&problems->items[k - 1], &problems->items[k]) > 0) {
            qsort(problems->items, problems->count, sizeof *problems->items, compare);
            break;
        }
    return problems->items[i].shown;
}

void
problems_print(struct problems *problems, FILE *to)
{
    for (size_t i = 0; i < problems->count; i++)
        fprintf(to, "%s\n", problems_line(problems, i));
}
