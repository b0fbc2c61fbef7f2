#include <stdlib.h>
#include <string.h>

#include "units.h"
#include "values.h"

static const void *
member(const struct row *row, const void *values)
{
    return (const char *)values + row->offset;
}

bool
value_is_present(const struct row *row, const void *values)
{
    const void *at = member(row, values);
    switch (row->type) {
    case ROW_STRING:
    case ROW_PATH:
        return *(const char *const *)at != NULL;
    case ROW_STRINGS:
        return ((const struct strings *)at)->count > 0;
    case ROW_CHOICES:
        return *(const unsigned *)at != 0;
    case ROW_BOOL:
    case ROW_INT:
    case ROW_DURATION:
    case ROW_SIZE:
    case ROW_CHOICE:
        break;
    }
    return true;
}

void
value_print_quoted(const char *text, FILE *to)
{
    fputc('"', to);
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\' || (*text == '$' && text[1] == '{'))
            fputc('\\', to);
        fputc(*text, to);
    }
    fputc('"', to);
}

static void
print_choices(const struct row *row, unsigned mask, FILE *to)
{
    const char *separator = "";
    fputc('{', to);
    for (const struct choice *choice = row->choices; choice->word != NULL; choice++)
        if ((mask & (1u << (unsigned)choice->value)) != 0) {
            fprintf(to, "%s\"%s\"", separator, choice->word);
            separator = ", ";
        }
    fputc('}', to);
}

static void
print_choice(const struct row *row, int value, FILE *to)
{
    for (const struct choice *choice = row->choices; choice->word != NULL; choice++)
        if (choice->value == value) {
            fprintf(to, "\"%s\"", choice->word);
            return;
        }
}

static void
print_strings(const struct strings *strings, FILE *to)
{
    fputc('{', to);
    for (size_t i = 0; i < strings->count; i++) {
        fputs(i > 0 ? ", " : "", to);
        value_print_quoted(strings->items[i], to);
    }
    fputc('}', to);
}

void
value_print(const struct row *row, const void *values, FILE *to)
{
    const void *at = member(row, values);
    char text[UNITS_TEXT_MAX];
    switch (row->type) {
    case ROW_BOOL:
        fputs(*(const bool *)at ? "true" : "false", to);
        break;
    case ROW_INT:
        fprintf(to, "%lld", (long long)*(const int64_t *)at);
        break;
    case ROW_DURATION:
        duration_format(*(const int64_t *)at, text);
        fputs(text, to);
        break;
    case ROW_SIZE:
        size_format(*(const int64_t *)at, text);
        fputs(text, to);
        break;
    case ROW_STRING:
    case ROW_PATH:
        value_print_quoted(*(const char *const *)at, to);
        break;
    case ROW_CHOICE:
        print_choice(row, *(const int *)at, to);
        break;
    case ROW_CHOICES:
        print_choices(row, *(const unsigned *)at, to);
        break;
    case ROW_STRINGS:
        print_strings(at, to);
        break;
    }
}
