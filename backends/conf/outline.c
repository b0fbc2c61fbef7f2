#include "outline.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "outline_file.h"
#include "outline_reader.h"

static bool
is_open_already(const struct outline_reader *outer, const char *real_path)
{
    for (; outer != NULL && real_path != NULL; outer = outer->outer)
        if (outer->real_path != NULL && strcmp(outer->real_path, real_path) == 0)
            return true;
    return false;
}

void
outline_read_file(struct outline *outline, const char *path, struct origin from,
                  const struct outline_reader *outer, struct problems *problems)
{
    unsigned depth = outer != NULL ? outer->depth + 1 : 0;
    char *real_path = realpath(path, NULL);
    int index = -1;
    if (is_open_already(outer, real_path))
        problems_add(problems, PROBLEM_ERROR, from, "%s includes itself", path);
    else if (depth > OUTLINE_INCLUDE_DEPTH_MAX)
        problems_add(problems, PROBLEM_ERROR, from, "files are included more than %d deep",
                     OUTLINE_INCLUDE_DEPTH_MAX);
    else
        index = outline_file_open(outline, path, from, problems);

    if (index >= 0) {
        const struct outline_file *file = &outline->files[index];
        size_t section = outer != NULL ? outer->section : OUTLINE_TOP;
        struct outline_reader reader = {
            .outline = outline,
            .problems = problems,
            .lexer = lexer_begin(file->text, file->length),
            .file = file->name,
            .real_path = real_path,
            .outer = outer,
            .depth = depth,
            .section = section,
            .floor = section,
        };
        outline_read_statements(&reader);
    }
    free(real_path);
}

void
outline_read(struct outline *outline_r, const char *path, struct problems *problems)
{
    *outline_r = (struct outline){0};
    outline_read_file(outline_r, path, (struct origin){0}, NULL, problems);
}

void
outline_drop_texts(struct outline *outline)
{
    for (size_t i = 0; i < outline->file_count; i++) {
        free(outline->files[i].text);
        outline->files[i].text = NULL;
    }
    for (size_t i = 0; i < outline->value_count; i++)
        outline->values[i].raw = NULL;
}

void
outline_fini(struct outline *outline)
{
    for (size_t i = 0; i < outline->node_count; i++)
        free(outline->nodes[i].name);
    for (size_t i = 0; i < outline->value_count; i++)
        free(outline->values[i].text);
    outline_drop_texts(outline);
    for (size_t i = 0; i < outline->file_count; i++)
        free(outline->files[i].name);
    free(outline->nodes);
    free(outline->values);
    free(outline->files);
    *outline = (struct outline){0};
}
