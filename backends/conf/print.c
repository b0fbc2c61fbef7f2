#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "loaded.h"
#include "values.h"

struct printing {
    const struct conf *conf;
    struct conf *scratch; /* keeps what the presets need */
    FILE *to;
};

static void print_children(struct printing *printing, const struct section *section, int indent);

static char *
value_text(const struct row *row, const void *values)
{
    char *text = NULL;
    size_t size = 0;
    FILE *memory = open_memstream(&text, &size);
    if (memory == NULL)
        abort();
    value_print(row, values, memory);
    if (fclose(memory) != 0)
        abort();
    return text;
}

static void
print_setting(const struct printing *printing, const struct row *row, const struct section *section,
              const void *presets, int indent)
{
    const void *values = section->values;
    bool is_empty_list = value_is_list(row) && section_is_set(section, row->name);
    if (!value_is_present(row, values) && !is_empty_list) {
        fprintf(printing->to, "%*s# %s is not set\n", indent, "", row->name);
        return;
    }
    char *value = value_text(row, values);
    char *preset = value_is_present(row, presets) ? value_text(row, presets) : NULL;
    bool is_default = row->preset != NULL && preset != NULL && strcmp(value, preset) == 0;
    fprintf(printing->to, "%*s%s = %s%s\n", indent, "", row->name, value,
            is_default ? "  # default" : "");
    free(value);
    free(preset);
}

static void
print_body(struct printing *printing, const struct section *section, int indent)
{
    const struct section_type *type = section->type;
    const struct section_type *base = ((const struct loaded *)section)->base;
    void *presets = conf_keep(printing->scratch, xcalloc(1, type->size > 0 ? type->size : 1));
    value_presets(printing->scratch, type, presets);

    if (base->variant_setting != NULL)
        fprintf(printing->to, "%*s%s = \"%s\"\n", indent, "", base->variant_setting,
                type->variant_word);
    for (const struct row *row = type->rows; row != NULL && row->name != NULL; row++)
        if (base->variant_setting == NULL || strcmp(base->variant_setting, row->name) != 0)
            print_setting(printing, row, section, presets, indent);
    print_children(printing, section, indent);
}

static void
print_section(struct printing *printing, const struct section *section, int indent)
{
    fprintf(printing->to, "\n%*s%s", indent, "", section->kind);
    if (section->name != NULL) {
        fputc(' ', printing->to);
        value_print_quoted(section->name, printing->to);
    }
    fputs(" {\n", printing->to);
    print_body(printing, section, indent + 4);
    fprintf(printing->to, "%*s}\n", indent, "");
}

static void
print_children(struct printing *printing, const struct section *section, int indent)
{
    const struct section_type *const *child = section->type->children;
    for (; child != NULL && *child != NULL; child++) {
        size_t count;
        const struct section *const *sections =
            conf_sections(printing->conf, section, (*child)->name, &count);
        for (size_t i = 0; i < count; i++)
            print_section(printing, sections[i], indent);
    }
}

void
conf_print(const struct conf *conf, FILE *to)
{
    /* Presets of paths are beside the configuration, as the settings themselves. */
    struct printing printing = {.conf = conf, .scratch = xcalloc(1, sizeof(struct conf)), .to = to};
    printing.scratch->path = xstrdup(conf_path(conf));
    print_body(&printing, conf_top(conf), 0);
    conf_free(printing.scratch);
}
