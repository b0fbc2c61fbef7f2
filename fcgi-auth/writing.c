#include "writing.h"

#include <stdlib.h>
#include <string.h>

#include "escape.h"

enum { JSON_TEXT_MAX = 1024 };

void
writing_begin(struct writing *writing)
{
    writing->file = open_memstream(&writing->text, &writing->length);
    if (writing->file == NULL)
        abort();
}

char *
writing_end(struct writing *writing)
{
    if (fclose(writing->file) != 0)
        abort();
    return writing->text;
}

void
write_json_text(FILE *file, const char *text)
{
    char escaped[JSON_TEXT_MAX];
    if (text == NULL) {
        fputs("null", file);
        return;
    }
    escape_json(text, strlen(text), escaped, sizeof escaped);
    fputs(escaped, file);
}
