/* The settings as man(7) macros: what stands between the hand-written parts of mailreeve.conf(5).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf.h"
#include "units.h"

/* Writes text so that troff takes no character of it for a command of its own. */
static void
write_escaped(const char *text, FILE *to)
{
    for (const char *at = text; *at != '\0'; at++) {
        if (*at == '\\')
            fputs("\\e", to);
        else if (*at == '-')
            fputs("\\-", to);
        else if ((*at == '.' || *at == '\'') && at == text)
            fprintf(to, "\\&%c", *at);
        else
            fputc(*at, to);
    }
}

static void
write_choices(const struct choice *choices, FILE *to)
{
    for (const struct choice *choice = choices; choice->word != NULL; choice++) {
        fputs(choice == choices ? "" : " | ", to);
        write_escaped(choice->word, to);
    }
}

static void
write_kind(const struct row *row, FILE *to)
{
    switch (row->type) {
    case ROW_BOOL:
        fputs("true | false", to);
        break;
    case ROW_INT:
        fputs("NUMBER", to);
        break;
    case ROW_DURATION:
        fputs("DURATION", to);
        break;
    case ROW_SIZE:
        fputs("SIZE", to);
        break;
    case ROW_STRING:
        fputs("\"TEXT\"", to);
        break;
    case ROW_PATH:
        fputs("\"FILE\"", to);
        break;
    case ROW_CHOICE:
        write_choices(row->choices, to);
        break;
    case ROW_CHOICES:
        fputs("{ ", to);
        write_choices(row->choices, to);
        fputs(" ... }", to);
        break;
    case ROW_STRINGS:
        fputs("{ \"TEXT\", ... }", to);
        break;
    }
}

static void
write_range(const struct row *row, FILE *to)
{
    char low[UNITS_TEXT_MAX], high[UNITS_TEXT_MAX];
    if (row->low == 0 && row->high == 0)
        return;
    if (row->type == ROW_DURATION) {
        duration_format(row->low, low);
        duration_format(row->high, high);
    } else if (row->type == ROW_SIZE) {
        size_format(row->low, low);
        size_format(row->high, high);
    } else {
        snprintf(low, sizeof low, "%lld", (long long)row->low);
        snprintf(high, sizeof high, "%lld", (long long)row->high);
    }
    fprintf(to, " From %s to %s.", low, high);
}

static void
write_row(const struct row *row, FILE *to)
{
    fputs(".TP\n.BR ", to);
    write_escaped(row->name, to);
    fputs(" \" = ", to);
    /* In a macro's argument a quote is written twice. */
    char *kind = NULL;
    size_t size = 0;
    FILE *memory = open_memstream(&kind, &size);
    if (memory == NULL)
        abort();
    write_kind(row, memory);
    if (fclose(memory) != 0)
        abort();
    for (const char *at = kind; *at != '\0'; at++)
        fputs(*at == '"' ? "\"\"" : (const char[]){*at, '\0'}, to);
    free(kind);
    fputs("\"\n", to);
    if (row->help != NULL) {
        write_escaped(row->help, to);
        size_t length = strlen(row->help);
        fputs(length > 0 && row->help[length - 1] == '.' ? "" : ".", to);
    }
    write_range(row, to);
    if (row->required)
        fputs(" Must be set.", to);
    if (row->preset != NULL) {
        fputs(" Default: ", to);
        write_escaped(row->preset, to);
        fputc('.', to);
    }
    fputc('\n', to);
}

static void
write_rows(const struct row *rows, FILE *to)
{
    for (; rows != NULL && rows->name != NULL; rows++)
        write_row(rows, to);
}

static void
write_help(const struct section_type *type, FILE *to)
{
    if (type->help == NULL)
        return;
    write_escaped(type->help, to);
    size_t length = strlen(type->help);
    fputs(length > 0 && type->help[length - 1] == '.' ? "\n" : ".\n", to);
}

static void write_type(const struct section_type *type, const char *path, FILE *to);

static void
write_children(const struct section_type *type, const char *path, FILE *to)
{
    for (size_t i = 0; type->children != NULL && type->children[i] != NULL; i++)
        write_type(type->children[i], path, to);
}

static void
write_type(const struct section_type *type, const char *path, FILE *to)
{
    char full[256];
    snprintf(full, sizeof full, "%s%s%s%s", path, path[0] != '\0' ? " / " : "", type->name,
             type->titled ? " \"NAME\"" : "");
    fputs(".SS ", to);
    write_escaped(full, to);
    fputc('\n', to);
    write_help(type, to);
    write_rows(type->rows, to);
    for (size_t i = 0; type->variants != NULL && type->variants[i] != NULL; i++) {
        const struct section_type *variant = type->variants[i];
        fputs(".PP\n.B ", to);
        fprintf(to, "With %s = %s:\n", type->variant_setting, variant->variant_word);
        write_help(variant, to);
        write_rows(variant->rows, to);
        write_children(variant, full, to);
    }
    write_children(type, full, to);
}

void
conf_print_manual(const struct section_type *top, FILE *to)
{
    fputs(".SH SETTINGS OF THE TOP LEVEL\n", to);
    write_help(top, to);
    write_rows(top->rows, to);
    fputs(".SH SECTIONS\n", to);
    write_children(top, "", to);
}
