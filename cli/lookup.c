#include "lookup.h"

#include <string.h>

#include "site.h"

struct conf *
lookup_load(const char *path)
{
    struct problems problems;
    problems_init(&problems);
    struct conf *conf = conf_load(path, &site_section, &problems);
    if (conf == NULL)
        problems_print(&problems, stderr);
    problems_fini(&problems);
    return conf;
}

static const struct row *
find_row(const struct section *section, const char *setting)
{
    for (const struct row *row = section->type->rows; row->name != NULL; row++)
        if (strcmp(row->name, setting) == 0)
            return row;
    return NULL;
}

static const void *
place_of(const struct section *section, const struct row *row)
{
    return (const char *)section->values + row->offset;
}

const char *
lookup_text(const struct section *section, const char *setting)
{
    const struct row *row = find_row(section, setting);
    if (row == NULL || (row->type != ROW_STRING && row->type != ROW_PATH))
        return NULL;
    return *(const char *const *)place_of(section, row);
}

const char *
lookup_word(const struct section *section, const char *setting)
{
    const struct row *row = find_row(section, setting);
    if (row == NULL || row->type != ROW_CHOICE)
        return NULL;
    int value = *(const int *)place_of(section, row);
    for (const struct choice *choice = row->choices; choice->word != NULL; choice++)
        if (choice->value == value)
            return choice->word;
    return NULL;
}

struct strings
lookup_strings(const struct section *section, const char *setting)
{
    const struct row *row = find_row(section, setting);
    if (row == NULL || row->type != ROW_STRINGS)
        return (struct strings){0};
    return *(const struct strings *)place_of(section, row);
}
