#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "loaded.h"
#include "schema.h"
#include "values.h"

/* Bytes of a section's name: it must fit into logs, headers and ROUTE_SERVER_MAX. */
enum { NAME_MAX_BYTES = 63 };

struct checking {
    struct conf *conf;
    struct problems *problems;
    struct loaded **by_node; /* the section of each node that is one */
};

/* Marks a section and those it stands in. */
static void
mark_broken(struct loaded *loaded)
{
    for (; loaded != NULL; loaded = loaded->parent)
        loaded->section.broken = true;
}

static void __attribute__((format(printf, 5, 6)))
complain(struct checking *checking, struct loaded *loaded, const char *setting,
         struct origin origin, const char *format, ...)
{
    mark_broken(loaded);
    char *text = NULL;
    va_list arguments;
    va_start(arguments, format);
    if (vasprintf(&text, format, arguments) < 0)
        abort();
    va_end(arguments);
    section_problem_at(&loaded->section, setting, origin, checking->problems, PROBLEM_ERROR, "%s",
                       text);
    free(text);
}

static struct loaded *
add_section(struct checking *checking, const struct section_type *base, struct origin origin,
            struct loaded *parent)
{
    struct loaded *loaded = xcalloc(1, sizeof *loaded);
    loaded->base = base;
    loaded->parent = parent;
    loaded->section = (struct section){
        .kind = base->name,
        .origin = origin,
        .parent = parent != NULL ? &parent->section : NULL,
    };
    checking->conf->sections[checking->conf->section_count++] = loaded;
    return loaded;
}

static void
set_type(struct checking *checking, struct loaded *loaded, const struct section_type *type)
{
    loaded->section.type = type;
    loaded->section.values = xcalloc(1, type->size > 0 ? type->size : 1);
    loaded->set_at = xcalloc(schema_row_count(type) + 1, sizeof *loaded->set_at);
    value_presets(checking->conf, type, loaded->section.values);
}

/* Hangs a section on its parent. */
static void
add_kin(struct loaded *parent, const struct loaded *child)
{
    size_t i = 0;
    while (i < parent->kin_count && strcmp(parent->kin[i].kind, child->section.kind) != 0)
        i++;
    if (i == parent->kin_count) {
        parent->kin = xrealloc(parent->kin, ++parent->kin_count, sizeof *parent->kin);
        parent->kin[i] = (struct kin){.kind = child->section.kind};
    }
    struct kin *kin = &parent->kin[i];
    if (kin->count == kin->room) {
        kin->room = kin->room == 0 ? 8 : 2 * kin->room;
        kin->items = xrealloc(kin->items, kin->room, sizeof(struct section *));
    }
    kin->items[kin->count++] = &child->section;
}

/* A name is written into headers, logs and `allow NAME`. */
static bool
is_good_name(const char *name)
{
    size_t length = strlen(name);
    for (const char *at = name; *at != '\0'; at++)
        if ((unsigned char)*at <= ' ' || (unsigned char)*at >= 0x7f ||
            strchr("\"'\\,;", *at) != NULL)
            return false;
    return length > 0 && length <= NAME_MAX_BYTES;
}

/* Enters the section's name, which must be its own among its kind. */
static void
check_name(struct checking *checking, struct loaded *loaded)
{
    const struct section *section = &loaded->section;
    if (section->name != NULL && !is_good_name(section->name))
        complain(checking, loaded, NULL, section->origin,
                 "is not a name (1 to %d printable ASCII characters without blanks, quotes, "
                 "commas and semicolons)",
                 NAME_MAX_BYTES);
    if (section->name == NULL && !loaded->base->single)
        return;

    char *key = conf_keep(checking->conf, loaded_key(section->parent, section->kind,
                                                     section->name != NULL ? section->name : ""));
    if (strmap_add(&checking->conf->by_name, key, loaded))
        return;
    const struct loaded *first = strmap_get(&checking->conf->by_name, key);
    complain(checking, loaded, NULL, section->origin, "%s (the first is at %s:%u)",
             section->name != NULL ? "this name is taken" : "may stand only once",
             first->section.origin.file, first->section.origin.line);
}

/* The text of the variant setting among the statements of a section, or NULL. */
static const char *
variant_word(const struct outline *outline, size_t index, const char *setting)
{
    for (size_t i = index + 1; i < outline->nodes[index].end; i++) {
        const struct outline_node *node = &outline->nodes[i];
        if (node->parent == index && !node->is_section && node->value_count > 0 &&
            strcmp(node->name, setting) == 0)
            return outline->values[node->first_value].text;
    }
    return NULL;
}

static void
choose_variant(struct checking *checking, struct loaded *loaded, size_t index)
{
    const struct section_type *base = loaded->base;
    if (base->variants == NULL) {
        set_type(checking, loaded, base);
        return;
    }
    const char *word = variant_word(&checking->conf->outline, index, base->variant_setting);
    if (word == NULL)
        word = schema_row(base, base->variant_setting)->preset;
    const struct section_type *variant = word != NULL ? schema_variant(base, word) : NULL;
    if (variant != NULL) {
        set_type(checking, loaded, variant);
        return;
    }
    const char **words = schema_variant_words(base);
    char all[256] = "", suggestion[SUGGEST_TEXT_MAX] = "";
    for (size_t i = 0, used = 0; words[i] != NULL && used < sizeof all; i++)
        used +=
            (size_t)snprintf(all + used, sizeof all - used, "%s%s", i > 0 ? ", " : "", words[i]);
    if (word != NULL)
        suggest_text(word, words, suggestion);
    if (word == NULL)
        complain(checking, loaded, base->variant_setting, loaded->section.origin,
                 "is missing (it may be: %s)", all);
    else
        complain(checking, loaded, base->variant_setting, loaded->section.origin,
                 "\"%s\" is unknown%s (it may be: %s)", word, suggestion, all);
    free(words);
}

static void
open_section(struct checking *checking, size_t index, const struct section_type *base)
{
    const struct outline *outline = &checking->conf->outline;
    const struct outline_node *node = &outline->nodes[index];
    struct loaded *parent =
        node->parent == OUTLINE_TOP ? checking->conf->sections[0] : checking->by_node[node->parent];
    struct loaded *loaded = add_section(checking, base, node->origin, parent);
    if (base->titled && node->value_count > 0)
        loaded->section.name = outline->values[node->first_value].text;
    loaded->section.broken = base->titled && loaded->section.name == NULL;
    checking->by_node[index] = loaded;
    check_name(checking, loaded);
    choose_variant(checking, loaded, index);
    add_kin(parent, loaded);
    if (parent->section.type != NULL && !schema_is_child(parent->section.type, base))
        complain(checking, loaded, NULL, node->origin, "may not stand in a %s with %s = \"%s\"",
                 parent->base->name, parent->base->variant_setting,
                 parent->section.type->variant_word);
}

static void
check_items(struct checking *checking, struct loaded *loaded, const struct row *row,
            const struct outline_node *node)
{
    struct conf *conf = checking->conf;
    const char **items = conf_keep(conf, xcalloc(node->value_count + 1, sizeof *items));
    struct origin *origins = conf_keep(conf, xcalloc(node->value_count + 1, sizeof *origins));
    struct err err;
    void *at = (char *)loaded->section.values + row->offset;
    if (row->type == ROW_CHOICES)
        *(unsigned *)at = 0;

    size_t count = 0;
    for (size_t i = 0; i < node->value_count; i++) {
        const struct outline_value *value = &conf->outline.values[node->first_value + i];
        if (value->text == NULL)
            continue; /* malformed and reported */
        if (value_parse(conf, row, value->text, loaded->section.values, &err) != 0) {
            complain(checking, loaded, row->name, value->origin, "%s", err.text);
            continue;
        }
        items[count] = value->text;
        origins[count++] = value->origin;
    }
    if (row->type == ROW_STRINGS)
        *(struct strings *)at = (struct strings){items, origins, count};
    if (row->required && node->value_count == 0)
        complain(checking, loaded, row->name, node->origin, "is empty (at least one is needed)");
}

static void
check_value(struct checking *checking, struct loaded *loaded, const struct row *row,
            const struct outline_node *node)
{
    if (value_is_list(row)) {
        check_items(checking, loaded, row, node);
        return;
    }
    if (node->has_braces) {
        complain(checking, loaded, row->name, node->origin, "takes one value, not a list");
        return;
    }
    const struct outline_value *value = &checking->conf->outline.values[node->first_value];
    struct err err;
    if (value->text != NULL &&
        value_parse(checking->conf, row, value->text, loaded->section.values, &err) != 0)
        complain(checking, loaded, row->name, node->origin, "%s", err.text);
}

/* Notes where a setting is given. Returns false if it has been given before. */
static bool
note_place(struct checking *checking, struct loaded *loaded, const char *setting,
           struct origin *set_at, struct origin origin)
{
    if (set_at->file == NULL) {
        *set_at = origin;
        return true;
    }
    complain(checking, loaded, setting, origin, "is given twice (the first is at %s:%u)",
             set_at->file, set_at->line);
    return false;
}

static void
check_setting(struct checking *checking, const struct outline_node *node)
{
    struct loaded *loaded =
        node->parent == OUTLINE_TOP ? checking->conf->sections[0] : checking->by_node[node->parent];
    const struct section_type *base = loaded->base, *type = loaded->section.type;
    if (base->variant_setting != NULL && strcmp(base->variant_setting, node->name) == 0) {
        note_place(checking, loaded, node->name, &loaded->variant_set_at, node->origin);
        return;
    }
    if (type == NULL)
        return; /* the variant is unknown and reported: nothing can be said about the rest */
    const struct row *row = schema_row(type, node->name);
    if (row == NULL)
        complain(checking, loaded, node->name, node->origin,
                 "is not a setting of a %s with %s = \"%s\" (it needs \"%s\")", base->name,
                 base->variant_setting, type->variant_word,
                 schema_variant_with_setting(base, node->name)->variant_word);
    else if (note_place(checking, loaded, node->name, &loaded->set_at[row - type->rows],
                        node->origin))
        check_value(checking, loaded, row, node);
}

/* A delegated file adds to what the main file has at its top. */
static bool
is_required(const struct checking *checking, const struct loaded *loaded, const struct row *row)
{
    if (!checking->conf->outline.delegated)
        return row->required;
    return row->required && row->delegable && loaded->parent != NULL;
}

static void
check_required(struct checking *checking, struct loaded *loaded)
{
    const struct section_type *type = loaded->section.type;
    for (size_t i = 0; type != NULL && i < schema_row_count(type); i++)
        if (is_required(checking, loaded, &type->rows[i]) && loaded->set_at[i].file == NULL)
            complain(checking, loaded, type->rows[i].name, loaded->section.origin,
                     "is missing (it must be set)");
}

void
conf_check(struct conf *conf, const struct section_type *top,
           const struct section_type *const *types, struct problems *problems)
{
    const struct outline *outline = &conf->outline;
    struct checking checking = {
        .conf = conf,
        .problems = problems,
        .by_node = xcalloc(outline->node_count + 1, sizeof(struct loaded *)),
    };
    conf->sections = xcalloc(outline->node_count + 1, sizeof(struct loaded *));
    struct loaded *whole = add_section(&checking, top, (struct origin){conf->path, 1}, NULL);
    set_type(&checking, whole, top);

    for (size_t i = 0; i < outline->node_count; i++) {
        const struct outline_node *node = &outline->nodes[i];
        if (node->dropped)
            continue;
        if (node->is_section)
            open_section(&checking, i, types[i]);
        else
            check_setting(&checking, node);
    }
    for (size_t i = 0; i < conf->section_count; i++)
        check_required(&checking, conf->sections[i]);
    free(checking.by_node);
}
