#include "utf8.h"

/* One row for each length of a sequence. */
static const struct {
    uint8_t lead_mask, lead;
    uint32_t smallest; /* below this a shorter form exists */
} forms[] = {
    {0x80, 0x00, 0x0},
    {0xe0, 0xc0, 0x80},
    {0xf0, 0xe0, 0x800},
    {0xf8, 0xf0, 0x10000},
};

size_t
utf8_decode(const char *bytes, size_t length, uint32_t *character_r)
{
    if (length == 0)
        return 0;
    uint8_t lead = (uint8_t)bytes[0];
    size_t extra = 0;
    while (extra < sizeof forms / sizeof forms[0] &&
           (lead & forms[extra].lead_mask) != forms[extra].lead)
        extra++;
    if (extra == sizeof forms / sizeof forms[0] || extra >= length)
        return 0;

    uint32_t character = lead & (uint8_t)~forms[extra].lead_mask;
    for (size_t i = 1; i <= extra; i++) {
        uint8_t byte = (uint8_t)bytes[i];
        if ((byte & 0xc0) != 0x80)
            return 0;
        character = character << 6 | (byte & 0x3fu);
    }
    bool surrogate = character >= 0xd800 && character <= 0xdfff;
    if (character < forms[extra].smallest || character > 0x10ffff || surrogate)
        return 0;
    *character_r = character;
    return extra + 1;
}

bool
utf8_is_printable(const char *bytes, size_t length)
{
    for (size_t at = 0; at < length;) {
        uint32_t character;
        size_t used = utf8_decode(bytes + at, length - at, &character);
        if (used == 0 || character < 0x20 || (character >= 0x7f && character < 0xa0))
            return false;
        at += used;
    }
    return true;
}

bool
utf8_is_hidden(uint32_t character)
{
    static const struct {
        uint32_t from, to;
    } hidden[] = {{0, 0x1f},        {0x7f, 0x9f},     {0xad, 0xad},      {0x61c, 0x61c},
                  {0x180e, 0x180e}, {0x200b, 0x200f}, {0x2028, 0x202e},  {0x2060, 0x206f},
                  {0xfeff, 0xfeff}, {0xfff9, 0xfffb}, {0xe0000, 0xe007f}};
    for (size_t i = 0; i < sizeof hidden / sizeof hidden[0]; i++)
        if (character >= hidden[i].from && character <= hidden[i].to)
            return true;
    return false;
}
