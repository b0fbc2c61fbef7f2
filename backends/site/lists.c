#include <stdlib.h>

#include "build.h"
#include "file.h"

/* A million networks or names are some 30 MB. */
enum { LIST_FILE_MAX = 1 << 30 };

static const struct choice kinds[] = {{"ip", LIST_IP}, {"user", LIST_USER}, {0}};

static const struct row rows[] = {
    {.name = "kind",
     .type = ROW_CHOICE,
     .offset = offsetof(struct list_values, kind),
     .required = true,
     .choices = kinds,
     .delegable = true,
     .help = "What it holds: addresses of clients, or names of users."},
    {.name = "entries",
     .type = ROW_STRINGS,
     .offset = offsetof(struct list_values, entries),
     .delegable = true,
     .help = "ip: an address, a network (192.0.2.0/24), a wildcard (10.1.*.*) or a /regular "
             "expression/. user: a name, a wildcard (*@acme.example) or a /regular expression/; "
             "without case."},
    {.name = "file",
     .type = ROW_PATH,
     .offset = offsetof(struct list_values, file),
     .help = "A file with more entries, one a line; # begins a comment."},
    {0}};

const struct section_type list_section = {
    .name = "list",
    .titled = true,
    .delegable = true,
    .size = sizeof(struct list_values),
    .rows = rows,
    .help = "Patterns of addresses or names, for settings that allow or deny a list.",
};

/* Where the mistakes in a list go. */
struct complaint {
    const struct section *section;
    enum problem_weight weight;
    struct problems *problems;
};

/* Returns whether all entries are good. */
static bool
add_entries(struct list *list, const struct complaint *to)
{
    const struct strings *entries = &((const struct list_values *)to->section->values)->entries;
    bool is_good = true;
    for (size_t i = 0; i < entries->count; i++) {
        struct err err;
        struct origin origin = entries->origins[i];
        if (list_add(list, entries->items[i], origin, &err) == 0)
            continue;
        section_problem_at(to->section, "entries", origin, to->problems, to->weight, "\"%s\": %s",
                           entries->items[i], err.text);
        is_good = false;
    }
    return is_good;
}

static void
complain_line(void *context, struct origin origin, const struct err *err)
{
    const struct complaint *complaint = context;
    section_problem_at(complaint->section, NULL, origin, complaint->problems, complaint->weight,
                       "%s", err->text);
}

/* Returns whether the file was read and all its entries are good. */
static bool
add_file(struct list *list, struct complaint *to)
{
    const struct list_values *values = to->section->values;
    if (values->file == NULL)
        return true;
    struct err err;
    size_t length;
    char *text = file_read(values->file, LIST_FILE_MAX, &length, &err);
    if (text == NULL) {
        section_problem(to->section, "file", to->problems, to->weight, "%s", err.text);
        return false;
    }
    size_t bad = list_add_text(list, text, length, values->file, complain_line, to);
    free(text);
    return bad == 0;
}

static void *
open_list(struct conf *conf, const struct section *section, enum problem_weight weight,
          struct problems *problems)
{
    (void)conf;
    const struct list_values *values = section->values;
    struct complaint to = {section, weight, problems};
    struct list *list = list_create(section->name, (enum list_kind)values->kind, section->origin);
    bool is_there = section_is_set(section, "entries") || section_is_set(section, "file");
    if (!is_there)
        section_problem(section, NULL, problems, weight,
                        "has neither entries nor a file (an empty list is entries = {})");
    bool entries_good = add_entries(list, &to), file_good = add_file(list, &to);
    if (!is_there || !entries_good || !file_good) {
        list_free(list);
        return NULL;
    }
    list_freeze(list);
    return list;
}

static void
close_list(void *list)
{
    list_free(list);
}

const struct parts_kind list_parts = {"list", open_list, close_list};
