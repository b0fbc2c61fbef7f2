#include "known.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "schema.h"

struct resolving {
    struct outline *outline;
    const struct section_type *top;
    const struct section_type **types; /* of the nodes that are sections */
    struct problems *problems;
};

enum { LABEL_MAX = 256 };

/* Writes `upstream "mx": server "a": `, or nothing for the top level. */
static void
write_label(const struct outline *outline, size_t section, char label_r[LABEL_MAX])
{
    label_r[0] = '\0';
    if (section == OUTLINE_TOP)
        return;
    const struct outline_node *node = &outline->nodes[section];
    write_label(outline, node->parent, label_r);
    size_t used = strlen(label_r);
    const struct outline_value *title =
        node->value_count > 0 ? &outline->values[node->first_value] : NULL;
    if (title == NULL || title->raw == NULL) {
        snprintf(label_r + used, LABEL_MAX - used, "%s: ", node->name);
        return;
    }
    bool is_quoted = title->raw[0] == '"' || title->raw[0] == '\'';
    int length = (int)title->raw_length - (is_quoted ? 2 : 0);
    snprintf(label_r + used, LABEL_MAX - used, "%s \"%.*s\": ", node->name,
             length < 80 ? length : 80, title->raw + is_quoted);
}

/* Reports a node, with its section before its name. */
static void __attribute__((format(printf, 3, 4)))
complain(const struct resolving *resolving, size_t index, const char *format, ...)
{
    const struct outline_node *node = &resolving->outline->nodes[index];
    char label[LABEL_MAX], text[512];
    write_label(resolving->outline, node->parent, label);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    problems_add(resolving->problems, PROBLEM_ERROR, node->origin, "%s%.100s: %s", label,
                 node->name, text);
}

static const struct section_type *
type_of(const struct resolving *resolving, size_t section)
{
    return section == OUTLINE_TOP ? resolving->top : resolving->types[section];
}

static void
complain_unknown(const struct resolving *resolving, size_t index, const char *what)
{
    const struct outline_node *node = &resolving->outline->nodes[index];
    const struct section_type *within = type_of(resolving, node->parent);
    const char **names = schema_names(within);
    char suggestion[SUGGEST_TEXT_MAX];
    suggest_text(node->name, names, suggestion);
    const struct section_type *home = schema_child_with_setting(within, node->name);
    if (home == NULL)
        home = schema_child_with_setting(resolving->top, node->name);
    if (!node->is_section && suggestion[0] == '\0' && home != NULL)
        complain(resolving, index, "unknown setting here (it belongs inside a section %s)",
                 home->name);
    else
        complain(resolving, index, "unknown %s%s", what, suggestion);
    free(names);
}

/* Whether any section of the whole language has such a setting, or is called so. */
static bool
is_known_somewhere(const struct resolving *resolving, const char *name)
{
    const struct section_type *top = resolving->top;
    return schema_has_setting(top, name) || schema_child(top, name) != NULL ||
           schema_child_with_setting(top, name) != NULL;
}

/* A setting or section that may not stand where it does in a delegated file. */
static void
complain_not_delegable(const struct resolving *resolving, size_t index)
{
    const struct outline_node *node = &resolving->outline->nodes[index];
    const char **names = schema_delegable_names(type_of(resolving, node->parent));
    char all[256] = "", suggestion[SUGGEST_TEXT_MAX];
    for (size_t i = 0, used = 0; names[i] != NULL && used < sizeof all; i++)
        used +=
            (size_t)snprintf(all + used, sizeof all - used, "%s%s", i > 0 ? ", " : "", names[i]);
    suggest_text(node->name, names, suggestion);
    if (is_known_somewhere(resolving, node->name))
        complain(resolving, index, "may not be set in a delegated file%s (it may set: %s)",
                 node->parent != OUTLINE_TOP ? " here" : "", all);
    else if (suggestion[0] != '\0')
        complain(resolving, index, "unknown %s%s", node->is_section ? "section" : "setting",
                 suggestion);
    else
        complain(resolving, index, "unknown %s (a delegated file may set: %s)",
                 node->is_section ? "section" : "setting", all);
    free(names);
}

/* Whether the rows say that the statement may stand in a delegated file where it does. What is
 * written as the other kind of statement, or stands where a } is missing before it, is told so by
 * the rules for all files. */
static bool
is_delegable(const struct resolving *resolving, size_t index)
{
    const struct outline_node *node = &resolving->outline->nodes[index];
    const struct section_type *within = type_of(resolving, node->parent);
    return schema_row_is_delegable(schema_row(within, node->name)) ||
           schema_section_is_delegable(schema_child(within, node->name)) ||
           (node->is_section &&
            schema_section_is_delegable(schema_child(resolving->top, node->name)));
}

static void
resolve_setting(struct resolving *resolving, size_t index)
{
    struct outline_node *node = &resolving->outline->nodes[index];
    const struct section_type *within = type_of(resolving, node->parent);
    if (schema_has_setting(within, node->name))
        return;
    node->dropped = true;
    const struct section_type *section = schema_child(within, node->name);
    if (section != NULL)
        complain(resolving, index, "is a section, not a setting (write %s%s { ... })",
                 section->name, section->titled ? " \"NAME\"" : "");
    else
        complain_unknown(resolving, index, "setting");
}

static void
check_title(const struct resolving *resolving, size_t index)
{
    const struct outline_node *node = &resolving->outline->nodes[index];
    const struct section_type *type = resolving->types[index];
    if (type->titled && node->value_count == 0)
        complain(resolving, index, "a name is missing (write %s \"NAME\" {)", type->name);
    else if (!type->titled && node->value_count > 0)
        complain(resolving, index, "takes no name (write %s {)", type->name);
}

/* A section of the top level inside another one means that a } is missing before it. It is read as
 * if it were there. */
static bool
move_to_top(struct resolving *resolving, size_t index)
{
    struct outline_node *node = &resolving->outline->nodes[index];
    resolving->types[index] = schema_child(resolving->top, node->name);
    if (node->parent == OUTLINE_TOP || resolving->types[index] == NULL)
        return false;
    complain(resolving, index, "may not stand inside another section (is a } missing before it?)");
    node->parent = OUTLINE_TOP;
    node->moved = true;
    return true;
}

static void
resolve_section(struct resolving *resolving, size_t index)
{
    struct outline_node *node = &resolving->outline->nodes[index];
    const struct section_type *within = type_of(resolving, node->parent);
    resolving->types[index] = schema_child(within, node->name);
    if (resolving->types[index] != NULL || move_to_top(resolving, index)) {
        check_title(resolving, index);
        return;
    }
    node->dropped = true;
    if (schema_has_setting(within, node->name))
        complain(resolving, index, "is a setting, not a section (write %s = ...)", node->name);
    else
        complain_unknown(resolving, index, "section");
}

const struct section_type **
known_resolve(struct outline *outline, const struct section_type *top, struct problems *problems)
{
    struct resolving resolving = {
        .outline = outline,
        .top = top,
        .types = xcalloc(outline->node_count + 1, sizeof(struct section_type *)),
        .problems = problems,
    };
    for (size_t i = 0; i < outline->node_count; i++) {
        struct outline_node *node = &outline->nodes[i];
        bool is_in_dropped = node->parent != OUTLINE_TOP && outline->nodes[node->parent].dropped;
        if (is_in_dropped) {
            node->dropped = true;
        } else if (outline->delegated && !node->dropped && !is_delegable(&resolving, i)) {
            node->dropped = true;
            complain_not_delegable(&resolving, i);
        } else if (node->is_section) {
            resolve_section(&resolving, i);
        } else if (!node->dropped) {
            resolve_setting(&resolving, i);
        }
    }
    return resolving.types;
}
