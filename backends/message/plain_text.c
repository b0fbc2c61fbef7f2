#include "plain_text.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "gmime_door.h"
#include "utf8.h"

enum kind { KIND_LETTER = 0, KIND_NOTHING, KIND_BLANK, KIND_STOP, KIND_SYMBOL };

/* Characters outside of ASCII that are not letters; the first row that has one decides. */
static const struct {
    uint32_t first, last;
    enum kind kind;
} ranges[] = {
    {0x80, 0x9f, KIND_NOTHING},       /* C1 controls */
    {0xaa, 0xaa, KIND_LETTER},        /* ordinals and the micro sign */
    {0xad, 0xad, KIND_NOTHING},       /* soft hyphen */
    {0xb5, 0xb5, KIND_LETTER},        /* micro */
    {0xba, 0xba, KIND_LETTER},        /* ordinal */
    {0xa0, 0xbf, KIND_SYMBOL},        /* Latin-1 punctuation */
    {0xd7, 0xd7, KIND_SYMBOL},        /* times */
    {0xf7, 0xf7, KIND_SYMBOL},        /* division */
    {0x34f, 0x34f, KIND_NOTHING},     /* combining grapheme joiner */
    {0x61c, 0x61c, KIND_NOTHING},     /* Arabic letter mark */
    {0x6d4, 0x6d4, KIND_STOP},        /* Arabic full stop */
    {0x115f, 0x1160, KIND_NOTHING},   /* Hangul fillers */
    {0x1680, 0x1680, KIND_BLANK},     /* Ogham space */
    {0x17b4, 0x17b5, KIND_NOTHING},   /* Khmer inherent vowels */
    {0x180b, 0x180f, KIND_NOTHING},   /* Mongolian selectors */
    {0x2000, 0x200a, KIND_BLANK},     /* spaces */
    {0x200b, 0x200f, KIND_NOTHING},   /* no width, directions */
    {0x2028, 0x2029, KIND_BLANK},     /* line and paragraph separators */
    {0x202a, 0x202e, KIND_NOTHING},   /* directions */
    {0x202f, 0x202f, KIND_BLANK},     /* narrow space */
    {0x205f, 0x205f, KIND_BLANK},     /* mathematical space */
    {0x2060, 0x206f, KIND_NOTHING},   /* no width, directions */
    {0x2800, 0x2800, KIND_BLANK},     /* empty Braille cell */
    {0x2010, 0x2bff, KIND_SYMBOL},    /* punctuation, symbols, arrows, boxes */
    {0x3000, 0x3000, KIND_BLANK},     /* ideographic space */
    {0x3002, 0x3002, KIND_STOP},      /* ideographic full stop */
    {0x3001, 0x3004, KIND_SYMBOL},    /* ideographic punctuation */
    {0x3008, 0x3020, KIND_SYMBOL},    /* brackets */
    {0x3164, 0x3164, KIND_NOTHING},   /* Hangul filler */
    {0xfe00, 0xfe0f, KIND_NOTHING},   /* variation selectors */
    {0xfe30, 0xfe6f, KIND_SYMBOL},    /* vertical and small forms */
    {0xfeff, 0xfeff, KIND_NOTHING},   /* byte order mark */
    {0xff61, 0xff61, KIND_STOP},      /* narrow ideographic full stop */
    {0xff62, 0xff65, KIND_SYMBOL},    /* narrow punctuation */
    {0xffa0, 0xffa0, KIND_NOTHING},   /* narrow Hangul filler */
    {0xfff9, 0xfffb, KIND_NOTHING},   /* interlinear annotations */
    {0x1bca0, 0x1bca3, KIND_NOTHING}, /* shorthand format controls */
    {0x1d173, 0x1d17a, KIND_NOTHING}, /* musical format controls */
    {0x1f000, 0x1faff, KIND_SYMBOL},  /* pictures */
    {0xe0000, 0xe0fff, KIND_NOTHING}, /* tags and selectors */
};

static enum kind
kind_of(uint32_t character)
{
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++)
        if (character >= ranges[i].first && character <= ranges[i].last)
            return ranges[i].kind;
    return KIND_LETTER;
}

/* Marks that change the direction of writing. */
static void
note_direction(struct plain_text *plain, uint32_t character)
{
    if (character == 0x202d || character == 0x202e)
        plain->overrides = true;
    if (character == 0x61c || character == 0x200e || character == 0x200f ||
        (character >= 0x202a && character <= 0x202e) ||
        (character >= 0x2066 && character <= 0x2069))
        plain->directs = true;
}

/* Writes what stands for a character outside of ASCII that takes used bytes. Returns the length,
 * which is at most twice that. */
static size_t
put_other(uint32_t character, const char *bytes, size_t used, char *to)
{
    char ascii[GMIME_ASCII_MAX];
    size_t length = gmime_ascii_of(character, ascii);
    if (length > 0 && length <= 2 * used) {
        memcpy(to, ascii, length);
        return length;
    }
    static const char stand_ins[] = {[KIND_BLANK] = ' ', [KIND_STOP] = '.', [KIND_SYMBOL] = ','};
    enum kind kind = kind_of(character);
    if (kind == KIND_NOTHING)
        return 0;
    if (kind != KIND_LETTER) {
        *to = stand_ins[kind];
        return 1;
    }
    memcpy(to, bytes, used);
    return used;
}

static size_t
put_ascii(struct plain_text *plain, char c, char *to)
{
    bool control = (c > 0 && c < ' ' && c != '\t') || c == 0x7f;
    plain->controls = plain->controls || control;
    *to = c;
    if (c == '\t')
        *to = ' ';
    return control ? 0 : 1;
}

void
plain_text_make(const char *text, struct plain_text *plain_r)
{
    size_t length = strlen(text);
    *plain_r = (struct plain_text){.text = xmalloc(2 * length + 1)};
    char *to = plain_r->text;
    for (size_t at = 0; at < length;) {
        uint32_t character;
        size_t used = utf8_decode(text + at, length - at, &character);
        if (used == 0) /* the decoder of encoded words gives UTF-8 only */
            used = 1;
        else if (character < 0x80)
            to += put_ascii(plain_r, text[at], to);
        else
            to += put_other(character, text + at, used, to);
        if (used > 1)
            note_direction(plain_r, character);
        at += used;
    }
    *to = '\0';
    for (const char *c = plain_r->text; (c = strchr(c, '@')) != NULL; c++)
        plain_r->ats++;
    plain_r->undecodable = strstr(plain_r->text, "=?") != NULL;
}

void
plain_text_fini(struct plain_text *plain)
{
    free(plain->text);
    plain->text = NULL;
}
