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

static void
read_opened(struct outline_reader reader, int file_index)
{
    const struct outline_file *file = &reader.outline->files[file_index];
    reader.lexer = lexer_begin(file->text, file->length);
    reader.lexer.no_environment = reader.outline->delegated;
    reader.file = file->name;
    outline_read_statements(&reader);
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

    size_t section = outer != NULL ? outer->section : OUTLINE_TOP;
    if (index >= 0)
        read_opened((struct outline_reader){.outline = outline,
                                            .problems = problems,
                                            .real_path = real_path,
                                            .outer = outer,
                                            .depth = depth,
                                            .section = section,
                                            .floor = section},
                    index);
    free(real_path);
}

void
outline_read(struct outline *outline_r, const char *path, struct problems *problems)
{
    *outline_r = (struct outline){0};
    outline_read_file(outline_r, path, (struct origin){0}, NULL, problems);
}

void
outline_read_delegated(struct outline *outline_r, const char *path, const char *text, size_t length,
                       struct problems *problems)
{
    *outline_r = (struct outline){.delegated = true};
    int index = outline_file_add(outline_r, path, text, length, problems);
    if (index >= 0)
        read_opened((struct outline_reader){.outline = outline_r,
                                            .problems = problems,
                                            .section = OUTLINE_TOP,
                                            .floor = OUTLINE_TOP},
                    index);
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
