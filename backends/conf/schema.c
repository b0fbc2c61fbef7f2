#include "schema.h"

#include <string.h>

#include "alloc.h"

size_t
schema_row_count(const struct section_type *type)
{
    size_t count = 0;
    while (type->rows != NULL && type->rows[count].name != NULL)
        count++;
    return count;
}

size_t
schema_child_count(const struct section_type *type)
{
    size_t count = 0;
    while (type->children != NULL && type->children[count] != NULL)
        count++;
    return count;
}

static size_t
variant_count(const struct section_type *type)
{
    size_t count = 0;
    while (type->variants != NULL && type->variants[count] != NULL)
        count++;
    return count;
}

const struct row *
schema_row(const struct section_type *type, const char *name)
{
    for (size_t i = 0; i < schema_row_count(type); i++)
        if (strcmp(type->rows[i].name, name) == 0)
            return &type->rows[i];
    return NULL;
}

bool
schema_has_setting(const struct section_type *base, const char *name)
{
    if (schema_row(base, name) != NULL)
        return true;
    for (size_t i = 0; i < variant_count(base); i++)
        if (schema_row(base->variants[i], name) != NULL)
            return true;
    return false;
}

static const struct section_type *
own_child(const struct section_type *type, const char *name)
{
    for (size_t i = 0; i < schema_child_count(type); i++)
        if (strcmp(type->children[i]->name, name) == 0)
            return type->children[i];
    return NULL;
}

const struct section_type *
schema_child(const struct section_type *base, const char *name)
{
    const struct section_type *child = own_child(base, name);
    for (size_t i = 0; child == NULL && i < variant_count(base); i++)
        child = own_child(base->variants[i], name);
    return child;
}

bool
schema_is_child(const struct section_type *type, const struct section_type *child)
{
    return own_child(type, child->name) == child;
}

bool
schema_row_is_delegable(const struct row *row)
{
    return row != NULL && row->delegable && row->type != ROW_PATH;
}

bool
schema_section_is_delegable(const struct section_type *type)
{
    return type != NULL && type->delegable;
}

const struct section_type *
schema_child_with_setting(const struct section_type *type, const char *name)
{
    for (size_t i = 0; i < schema_child_count(type); i++)
        if (schema_has_setting(type->children[i], name))
            return type->children[i];
    return NULL;
}

const struct section_type *
schema_variant(const struct section_type *base, const char *word)
{
    for (size_t i = 0; i < variant_count(base); i++)
        if (strcmp(base->variants[i]->variant_word, word) == 0)
            return base->variants[i];
    return NULL;
}

static size_t
own_names(const struct section_type *type, const char **names_r)
{
    size_t count = 0;
    for (size_t i = 0; i < schema_row_count(type); i++)
        names_r[count++] = type->rows[i].name;
    for (size_t i = 0; i < schema_child_count(type); i++)
        names_r[count++] = type->children[i]->name;
    return count;
}

const char **
schema_names(const struct section_type *base)
{
    size_t room = schema_row_count(base) + schema_child_count(base) + 1;
    for (size_t i = 0; i < variant_count(base); i++)
        room += schema_row_count(base->variants[i]) + schema_child_count(base->variants[i]);

    const char **names = xcalloc(room, sizeof *names);
    size_t count = own_names(base, names);
    for (size_t i = 0; i < variant_count(base); i++)
        count += own_names(base->variants[i], names + count);
    return names;
}

const char **
schema_delegable_names(const struct section_type *type)
{
    size_t room = schema_row_count(type) + schema_child_count(type) + 1, count = 0;
    const char **names = xcalloc(room, sizeof *names);
    for (size_t i = 0; i < schema_row_count(type); i++)
        if (schema_row_is_delegable(&type->rows[i]))
            names[count++] = type->rows[i].name;
    for (size_t i = 0; i < schema_child_count(type); i++)
        if (schema_section_is_delegable(type->children[i]))
            names[count++] = type->children[i]->name;
    return names;
}

const struct section_type *
schema_variant_with_setting(const struct section_type *base, const char *name)
{
    for (size_t i = 0; i < variant_count(base); i++)
        if (schema_row(base->variants[i], name) != NULL)
            return base->variants[i];
    return NULL;
}

const char **
schema_variant_words(const struct section_type *base)
{
    const char **words = xcalloc(variant_count(base) + 1, sizeof *words);
    for (size_t i = 0; i < variant_count(base); i++)
        words[i] = base->variants[i]->variant_word;
    return words;
}
