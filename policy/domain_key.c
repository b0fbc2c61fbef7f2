/* The door to libidn2. Its mapping (UTS 46) makes capital letters and composed accents one form. */
#include "domain_key.h"

#include <stdbool.h>
#include <string.h>

#include <idn2.h>

static bool
is_ascii(const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)bytes[i] >= 0x80)
            return false;
    return true;
}

/* Writes the label's other form. Returns its length, or 0: it has none. */
static size_t
convert(const char *bytes, size_t length, char converted_r[DOMAIN_LABEL_MAX + 1])
{
    char label[DOMAIN_MAX + 1], *ascii = NULL;
    memcpy(label, bytes, length);
    label[length] = '\0';
    size_t converted = 0;
    if (idn2_to_ascii_8z(label, &ascii, IDN2_NONTRANSITIONAL) == IDN2_OK &&
        strlen(ascii) <= DOMAIN_LABEL_MAX) {
        converted = strlen(ascii);
        memcpy(converted_r, ascii, converted + 1);
    }
    idn2_free(ascii);
    return converted;
}

void
domain_key(const char *domain, char key_r[DOMAIN_KEY_MAX + 1])
{
    while (true) {
        size_t length = strcspn(domain, ".");
        char converted[DOMAIN_LABEL_MAX + 1];
        size_t used = is_ascii(domain, length) ? 0 : convert(domain, length, converted);
        memcpy(key_r, used > 0 ? converted : domain, used > 0 ? used : length);
        key_r += used > 0 ? used : length;
        domain += length;
        if (*domain == '\0')
            break;
        *key_r++ = *domain++;
    }
    *key_r = '\0';
}
