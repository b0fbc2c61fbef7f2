#include "gmime_door.h"

#include <gmime/gmime.h>

#include "alloc.h"

/* The door's texts go back with free(3). */
static char *
take_text(char *text)
{
    char *copy = xstrdup(text);
    g_free(text);
    return copy;
}

void
gmime_begin_process(void)
{
    g_mime_init();
    /* else the first threads that want one make it, and the others see it grow */
    g_type_class_ref(INTERNET_ADDRESS_TYPE_MAILBOX);
    g_type_class_ref(INTERNET_ADDRESS_TYPE_GROUP);
    g_type_class_ref(INTERNET_ADDRESS_LIST_TYPE);
}

static size_t
walk(InternetAddressList *list, void (*found)(void *context, const char *address), void *context)
{
    size_t count = 0;
    for (int i = 0; i < internet_address_list_length(list); i++) {
        InternetAddress *address = internet_address_list_get_address(list, i);
        if (INTERNET_ADDRESS_IS_GROUP(address)) {
            count += walk(internet_address_group_get_members(INTERNET_ADDRESS_GROUP(address)),
                          found, context);
        } else {
            const char *text = internet_address_mailbox_get_addr(INTERNET_ADDRESS_MAILBOX(address));
            found(context, text != NULL ? text : "");
            count++;
        }
    }
    return count;
}

size_t
gmime_mailboxes(const char *value, void (*found)(void *context, const char *address), void *context)
{
    InternetAddressList *list = internet_address_list_parse(NULL, value);
    if (list == NULL)
        return 0;
    size_t count = walk(list, found, context);
    g_object_unref(list);
    return count;
}

char *
gmime_decode_words(const char *text)
{
    char *decoded = g_mime_utils_header_decode_text(NULL, text);
    char *valid = g_utf8_make_valid(decoded, -1);
    g_free(decoded);
    return take_text(valid);
}

bool
gmime_converts(const char *charset, const char *bytes, size_t length)
{
    gsize used = 0;
    char *text = g_convert(bytes, (gssize)length, "UTF-8", g_mime_charset_iconv_name(charset),
                           &used, NULL, NULL);
    g_free(text);
    return text != NULL && used == length;
}

size_t
gmime_ascii_of(uint32_t character, char ascii_r[GMIME_ASCII_MAX])
{
    gunichar parts[G_UNICHAR_MAX_DECOMPOSITION_LENGTH];
    _Static_assert(G_UNICHAR_MAX_DECOMPOSITION_LENGTH <= GMIME_ASCII_MAX, "parts fit");
    size_t count =
        g_unichar_fully_decompose(character, TRUE, parts, G_UNICHAR_MAX_DECOMPOSITION_LENGTH);
    if (count > G_UNICHAR_MAX_DECOMPOSITION_LENGTH)
        return 0;
    for (size_t i = 0; i < count; i++) {
        if (parts[i] >= 0x80)
            return 0;
        ascii_r[i] = (char)parts[i];
    }
    return count;
}
