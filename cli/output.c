#include "output.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "escape.h"
#include "utf8.h"

void
print_safe(FILE *to, const char *text)
{
    size_t left = strlen(text);
    while (left > 0) {
        uint32_t character = 0;
        size_t length = utf8_decode(text, left, &character);
        if (length > 0 && !utf8_is_hidden(character)) {
            fwrite(text, 1, length, to);
        } else {
            length = 1;
            fprintf(to, "\\x%02x", (unsigned char)*text);
        }
        text += length;
        left -= length;
    }
}

void
print_json(FILE *to, const char *text)
{
    if (text == NULL) {
        fputs("null", to);
        return;
    }
    size_t length = strlen(text);
    size_t room = 12 * length + 16; /* a character becomes two \uXXXX at most */
    char *escaped = xmalloc(room);
    escape_json(text, length, escaped, room);
    fputs(escaped, to);
    free(escaped);
}

void
print_json_field(FILE *to, bool *first, const char *key, const char *text)
{
    fprintf(to, "%s\"%s\": ", *first ? "" : ", ", key);
    *first = false;
    print_json(to, text);
}

void
print_record(FILE *to, bool json, const char *const (*fields)[2], size_t count)
{
    bool first = true;
    for (size_t i = 0; i < count; i++) {
        if (json) {
            print_json_field(to, &first, fields[i][0], fields[i][1]);
            continue;
        }
        print_safe(to, fields[i][1]);
        fputc(i + 1 < count ? '\t' : '\n', to);
    }
}
