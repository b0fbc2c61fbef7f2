#include <stdlib.h>

#include "build.h"
#include "file.h"

/* A million networks or names are some 30 MB. */
enum { LIST_FILE_MAX = 1 << 30 };

struct list_values {
    int kind; /* enum list_kind */
    struct strings entries;
    const char *file;
};

static const struct choice kinds[] = {{"ip", LIST_IP}, {"user", LIST_USER}, {0}};

static const struct row rows[] = {
    {.name = "kind",
     .type = ROW_CHOICE,
     .offset = offsetof(struct list_values, kind),
     .required = true,
     .choices = kinds,
     .help = "What it holds: addresses of clients, or names of users."},
    {.name = "entries",
     .type = ROW_STRINGS,
     .offset = offsetof(struct list_values, entries),
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
    .size = sizeof(struct list_values),
    .rows = rows,
    .help = "Patterns of addresses or names, for settings that allow or deny a list.",
};

static void
add_entries(struct list *list, const struct section *section, struct problems *problems)
{
    const struct list_values *values = section->values;
    for (size_t i = 0; i < values->entries.count; i++) {
        struct err err;
        struct origin origin = values->entries.origins[i];
        if (list_add(list, values->entries.items[i], origin, &err) != 0)
            section_problem_at(section, "entries", origin, problems, PROBLEM_ERROR, "\"%s\": %s",
                               values->entries.items[i], err.text);
    }
}

struct complaint {
    const struct section *section;
    struct problems *problems;
};

static void
complain_line(void *context, struct origin origin, const struct err *err)
{
    const struct complaint *complaint = context;
    section_problem_at(complaint->section, NULL, origin, complaint->problems, PROBLEM_ERROR, "%s",
                       err->text);
}

static void
add_file(struct list *list, const struct section *section, struct problems *problems)
{
    const struct list_values *values = section->values;
    if (values->file == NULL)
        return;
    struct err err;
    size_t length;
    char *text = file_read(values->file, LIST_FILE_MAX, &length, &err);
    if (text == NULL) {
        section_problem(section, "file", problems, PROBLEM_ERROR, "%s", err.text);
        return;
    }
    struct complaint complaint = {section, problems};
    list_add_text(list, text, length, values->file, complain_line, &complaint);
    free(text);
}

static void *
open_list(struct conf *conf, const struct section *section, struct problems *problems)
{
    (void)conf;
    const struct list_values *values = section->values;
    size_t errors_before = problems->errors;
    struct list *list = list_create(section->name, (enum list_kind)values->kind, section->origin);
    if (!section_is_set(section, "entries") && !section_is_set(section, "file"))
        section_problem(section, NULL, problems, PROBLEM_ERROR,
                        "has neither entries nor a file (an empty list is entries = {})");
    add_entries(list, section, problems);
    add_file(list, section, problems);
    if (problems->errors > errors_before) {
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
