#include "escape.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "utf8.h"

enum { UNIT_MAX = 32 }; /* the longest thing that one character becomes, with its NUL */

struct character {
    uint32_t code;
    size_t length; /* in bytes; of an invalid one 1 */
    bool valid;
};

/* Writes how one character looks in a form. */
typedef void show_function(const char *bytes, struct character character, char unit_r[UNIT_MAX]);

static struct character
decode(const char *bytes, size_t length)
{
    struct character character = {0};
    character.length = utf8_decode(bytes, length, &character.code);
    character.valid = character.length > 0;
    if (!character.valid)
        character.length = 1;
    return character;
}

/* The escapes that both forms share. Returns false if the character has none. */
static bool
show_named(struct character character, char unit_r[UNIT_MAX])
{
    static const char named[][2] = {
        {'\n', 'n'}, {'\r', 'r'}, {'\t', 't'}, {'"', '"'}, {'\\', '\\'}};
    for (size_t i = 0; i < sizeof named / sizeof named[0]; i++)
        if (character.valid && character.code == (uint32_t)named[i][0]) {
            snprintf(unit_r, UNIT_MAX, "\\%c", named[i][1]);
            return true;
        }
    return false;
}

static void
show_logfmt(const char *bytes, struct character character, char unit_r[UNIT_MAX])
{
    if (show_named(character, unit_r))
        return;
    if (character.valid && !utf8_is_hidden(character.code)) {
        memcpy(unit_r, bytes, character.length);
        unit_r[character.length] = '\0';
        return;
    }
    for (size_t i = 0; i < character.length; i++)
        snprintf(unit_r + 4 * i, UNIT_MAX - 4 * i, "\\x%02x", (unsigned char)bytes[i]);
}

static void
show_json(const char *bytes, struct character character, char unit_r[UNIT_MAX])
{
    if (!character.valid) {
        snprintf(unit_r, UNIT_MAX, "\\\\x%02x", (unsigned char)bytes[0]);
    } else if (!utf8_is_hidden(character.code) || character.code == '\n' ||
               character.code == '\r' || character.code == '\t') {
        show_logfmt(bytes, character, unit_r);
    } else if (character.code < 0x10000) {
        snprintf(unit_r, UNIT_MAX, "\\u%04x", (unsigned)character.code);
    } else {
        unsigned above = (unsigned)character.code - 0x10000;
        snprintf(unit_r, UNIT_MAX, "\\u%04x\\u%04x", 0xd800 + (above >> 10),
                 0xdc00 + (above & 0x3ff));
    }
}

/* ASCII that both forms show as it is. */
static bool
is_plain(char byte)
{
    return byte >= ' ' && byte < 0x7f && byte != '"' && byte != '\\';
}

static bool
can_be_bare(const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (!is_plain(bytes[i]) || bytes[i] == ' ' || bytes[i] == '=')
            return false;
    return length > 0;
}

/* Shows the next character. Returns how many bytes it takes. */
static size_t
show_next(const char *bytes, size_t length, show_function *show, char unit_r[UNIT_MAX])
{
    if (is_plain(bytes[0])) {
        unit_r[0] = bytes[0];
        unit_r[1] = '\0';
        return 1;
    }
    struct character character = decode(bytes, length);
    show(bytes, character, unit_r);
    return character.length;
}

static size_t
escape(const char *bytes, size_t length, bool quoted, show_function *show, char *text_r,
       size_t size)
{
    static const char ellipsis[] = "...";
    const size_t end_room = sizeof ellipsis + 1; /* with the closing quote and the NUL */
    assert(size >= 8);

    size_t used = 0;
    if (quoted)
        text_r[used++] = '"';
    for (size_t i = 0; i < length;) {
        char unit[UNIT_MAX];
        size_t taken = show_next(bytes + i, length - i, show, unit);
        size_t unit_length = strlen(unit);
        if (used + unit_length + end_room > size) {
            memcpy(text_r + used, ellipsis, sizeof ellipsis - 1);
            used += sizeof ellipsis - 1;
            break;
        }
        memcpy(text_r + used, unit, unit_length);
        used += unit_length;
        i += taken;
    }
    if (quoted)
        text_r[used++] = '"';
    text_r[used] = '\0';
    return used;
}

size_t
escape_logfmt(const char *bytes, size_t length, char *text_r, size_t size)
{
    bool quoted = !can_be_bare(bytes, length);
    return escape(bytes, length, quoted, show_logfmt, text_r, size);
}

size_t
escape_json(const char *bytes, size_t length, char *text_r, size_t size)
{
    return escape(bytes, length, true, show_json, text_r, size);
}
