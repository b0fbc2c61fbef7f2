#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "conf.h"

/* A file of junk must not fill the memory with complaints about it; those above this many are
 * counted only. */
enum { PROBLEMS_MAX = 1000, ONE_TENANTS_MAX = 50 };

struct problem {
    char *file; /* NULL: the problem has no place */
    unsigned line;
    size_t sequence; /* keeps those of one line in the order they were found */
    enum problem_weight weight;
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

static void
count(struct problems *problems, enum problem_weight weight, size_t more)
{
    switch (weight) {
    case PROBLEM_ERROR:
        problems->errors += more;
        break;
    case PROBLEM_TENANT:
        problems->tenant_errors += more;
        break;
    case PROBLEM_WARNING:
        break;
    }
}

/* Takes over shown. */
static void
add_shown(struct problems *problems, enum problem_weight weight, struct origin origin, char *shown)
{
    if (problems->kept[weight] >= PROBLEMS_MAX) {
        free(shown);
        if (problems->kept[weight] > PROBLEMS_MAX)
            return;
        shown = xstrdup("more problems are not shown");
        origin = (struct origin){0};
    }
    if (problems->count == problems->room) {
        problems->room = problems->room == 0 ? 16 : 2 * problems->room;
        problems->items = xrealloc(problems->items, problems->room, sizeof *problems->items);
    }
    problems->items[problems->count] = (struct problem){
        .file = origin.file != NULL ? xstrdup(origin.file) : NULL,
        .line = origin.line,
        .sequence = problems->count,
        .weight = weight,
        .shown = shown,
    };
    problems->count++;
    problems->kept[weight]++;
}

void
problems_add(struct problems *problems, enum problem_weight weight, struct origin origin,
             const char *format, ...)
{
    count(problems, weight, 1);
    if (problems->kept[weight] > PROBLEMS_MAX)
        return;
    char *text = NULL;
    va_list arguments;
    va_start(arguments, format);
    int length = vasprintf(&text, format, arguments);
    va_end(arguments);
    if (length < 0)
        abort();
    add_shown(problems, weight, origin, show(weight, origin, text));
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

static const struct problem *
sorted_item(struct problems *problems, size_t i)
{
    for (size_t k = 1; k < problems->count; k++)
        if (compare(&problems->items[k - 1], &problems->items[k]) > 0) {
            qsort(problems->items, problems->count, sizeof *problems->items, compare);
            break;
        }
    return &problems->items[i];
}

const char *
problems_line(struct problems *problems, size_t i)
{
    return sorted_item(problems, i)->shown;
}

enum problem_weight
problems_weight(struct problems *problems, size_t i)
{
    return sorted_item(problems, i)->weight;
}

void
problems_take_tenants(struct problems *problems, struct problems *from)
{
    count(problems, PROBLEM_TENANT, from->errors + from->tenant_errors);
    for (size_t i = 0; i < from->count && i <= ONE_TENANTS_MAX; i++) {
        struct problem *problem = &from->items[i];
        struct origin origin = {problem->file, problem->line};
        enum problem_weight weight =
            problem->weight == PROBLEM_WARNING ? PROBLEM_WARNING : PROBLEM_TENANT;
        char *shown = problem->shown;
        if (i == ONE_TENANTS_MAX)
            shown = show(weight, origin, "more problems of this file are not shown");
        else
            problem->shown = NULL;
        add_shown(problems, weight, origin, shown);
    }
    problems_fini(from);
}

void
problems_print(struct problems *problems, FILE *to)
{
    for (size_t i = 0; i < problems->count; i++)
        fprintf(to, "%s\n", problems_line(problems, i));
}
