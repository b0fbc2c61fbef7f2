#include "escape.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { UNIT_MAX = 32 }; /* the longest thing that one character becomes, with its NUL */

struct character {
    uint32_t code;
    size_t length; /* in bytes; of an invalid one 1 */
    bool valid;
};

/* Writes how one character looks in a form. */
typedef void show_function(const unsigned char *bytes, struct character character,
                           char unit_r[UNIT_MAX]);

/* RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF. */
static struct character
decode(const unsigned char *bytes, size_t length)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const struct character invalid = {.code = bytes[0], .length = 1, .valid = false};

    unsigned char first = bytes[0];
    if (first < 0x80)
        return (struct character){.code = first, .length = 1, .valid = true};
    size_t wanted = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || wanted > length)
        return invalid;

    uint32_t code = first & (0xffu >> (wanted + 1));
    for (size_t i = 1; i < wanted; i++) {
        if ((bytes[i] & 0xc0) != 0x80)
            return invalid;
        code = code << 6 | (bytes[i] & 0x3fu);
    }
    if (code < least[wanted] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
        return invalid;
    return (struct character){.code = code, .length = wanted, .valid = true};
}

/* Control characters, and those that hide text or turn its direction around on a screen. */
static bool
is_hidden(uint32_t code)
{
    static const struct {
        uint32_t from, to;
    } hidden[] = {{0, 0x1f},        {0x7f, 0x9f},     {0x61c, 0x61c},
                  {0x200b, 0x200f}, {0x2028, 0x202e}, {0x2060, 0x206f},
                  {0xfeff, 0xfeff}, {0xfff9, 0xfffb}, {0xe0000, 0xe007f}};
    for (size_t i = 0; i < sizeof hidden / sizeof hidden[0]; i++)
        if (code >= hidden[i].from && code <= hidden[i].to)
            return true;
    return false;
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
show_logfmt(const unsigned char *bytes, struct character character, char unit_r[UNIT_MAX])
{
    if (show_named(character, unit_r))
        return;
    if (character.valid && !is_hidden(character.code)) {
        memcpy(unit_r, bytes, character.length);
        unit_r[character.length] = '\0';
        return;
    }
    for (size_t i = 0; i < character.length; i++)
        snprintf(unit_r + 4 * i, UNIT_MAX - 4 * i, "\\x%02x", bytes[i]);
}

static void
show_json(const unsigned char *bytes, struct character character, char unit_r[UNIT_MAX])
{
    if (!character.valid) {
        snprintf(unit_r, UNIT_MAX, "\\\\x%02x", bytes[0]);
    } else if (!is_hidden(character.code) || character.code == '\n' || character.code == '\r' ||
               character.code == '\t') {
        show_logfmt(bytes, character, unit_r);
    } else if (character.code < 0x10000) {
        snprintf(unit_r, UNIT_MAX, "\\u%04x", (unsigned)character.code);
    } else {
        unsigned above = (unsigned)character.code - 0x10000;
        snprintf(unit_r, UNIT_MAX, "\\u%04x\\u%04x", 0xd800 + (above >> 10),
                 0xdc00 + (above & 0x3ff));
    }
}

static bool
can_be_bare(const unsigned char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (bytes[i] <= ' ' || bytes[i] >= 0x7f || strchr("\"\\=", bytes[i]) != NULL)
            return false;
    return length > 0;
}

static size_t
escape(const unsigned char *bytes, size_t length, bool quoted, show_function *show, char *text_r,
       size_t size)
{
    static const char ellipsis[] = "...";
    const size_t end_room = sizeof ellipsis + 1; /* with the closing quote and the NUL */
    assert(size >= 8);

    size_t used = 0;
    if (quoted)
        text_r[used++] = '"';
    for (size_t i = 0; i < length;) {
        struct character character = decode(bytes + i, length - i);
        char unit[UNIT_MAX];
        show(bytes + i, character, unit);
        size_t unit_length = strlen(unit);
        if (used + unit_length + end_room > size) {
            memcpy(text_r + used, ellipsis, sizeof ellipsis - 1);
            used += sizeof ellipsis - 1;
            break;
        }
        memcpy(text_r + used, unit, unit_length);
        used += unit_length;
        i += character.length;
    }
    if (quoted)
        text_r[used++] = '"';
    text_r[used] = '\0';
    return used;
}

size_t
escape_logfmt(const char *bytes, size_t length, char *text_r, size_t size)
{
    const unsigned char *unsigned_bytes = (const unsigned char *)bytes;
    bool quoted = !can_be_bare(unsigned_bytes, length);
    return escape(unsigned_bytes, length, quoted, show_logfmt, text_r, size);
}

size_t
escape_json(const char *bytes, size_t length, char *text_r, size_t size)
{
    return escape((const unsigned char *)bytes, length, true, show_json, text_r, size);
}
