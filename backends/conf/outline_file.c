#include "outline_file.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "file.h"

/* Finds the first byte that no text has, or NULL. */
static const char *
find_junk(const char *text, size_t length)
{
    for (const char *at = text; at < text + length; at++) {
        unsigned char c = (unsigned char)*at;
        if ((c < ' ' && c != '\t' && c != '\n' && c != '\r') || c == 0x7f)
            return at;
    }
    return NULL;
}

static unsigned
line_of(const char *text, const char *at)
{
    unsigned line = 1;
    for (; text < at; text++)
        line += *text == '\n';
    return line;
}

static size_t
total_bytes(const struct outline *outline)
{
    size_t total = 0;
    for (size_t i = 0; i < outline->file_count; i++)
        total += outline->files[i].length;
    return total;
}

static struct outline_file *
add_file(struct outline *outline, const char *path)
{
    if (outline->file_count == outline->file_room) {
        outline->file_room = outline->file_room == 0 ? 4 : 2 * outline->file_room;
        outline->files = xrealloc(outline->files, outline->file_room, sizeof *outline->files);
    }
    struct outline_file *file = &outline->files[outline->file_count++];
    *file = (struct outline_file){.name = xstrdup(path)};
    return file;
}

static int
refuse_junk(const struct outline_file *file, struct problems *problems)
{
    const char *junk = find_junk(file->text, file->length);
    if (junk == NULL)
        return 0;
    problems_add(problems, PROBLEM_ERROR, (struct origin){file->name, line_of(file->text, junk)},
                 "the byte 0x%02x is here: this is not a text file",
                 (unsigned)(unsigned char)*junk);
    return -1;
}

int
outline_file_open(struct outline *outline, const char *path, struct origin from,
                  struct problems *problems)
{
    size_t used = total_bytes(outline);
    if (outline->file_count >= OUTLINE_FILES_MAX || used >= OUTLINE_TOTAL_MAX) {
        problems_add(problems, PROBLEM_ERROR, from,
                     "%s is one file too many (at most %d files and %d MiB in all)", path,
                     OUTLINE_FILES_MAX, OUTLINE_TOTAL_MAX >> 20);
        return -1;
    }

    struct outline_file *file = add_file(outline, path);
    struct err err;
    file->text = file_read(path, OUTLINE_FILE_MAX, &file->length, &err);
    if (file->text == NULL) {
        problems_add(problems, PROBLEM_ERROR, from, "%s", err.text);
        return -1;
    }
    return refuse_junk(file, problems) == 0 ? (int)outline->file_count - 1 : -1;
}

int
outline_file_add(struct outline *outline, const char *path, const char *text, size_t length,
                 struct problems *problems)
{
    struct outline_file *file = add_file(outline, path);
    file->text = xmalloc(length + 1);
    memcpy(file->text, text, length);
    file->text[length] = '\0';
    file->length = length;
    return refuse_junk(file, problems) == 0 ? (int)outline->file_count - 1 : -1;
}
