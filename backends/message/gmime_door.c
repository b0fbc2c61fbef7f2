#include "gmime_door.h"

#include <pthread.h>

#include <gmime/gmime.h>

#include "alloc.h"

/* GMime shares caches of character sets between threads. Its calls take microseconds, so they wait
 * for each other here, where ThreadSanitizer sees it. */
static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;

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
    pthread_mutex_lock(&one_at_a_time);
    InternetAddressList *list = internet_address_list_parse(NULL, value);
    size_t count = list != NULL ? walk(list, found, context) : 0;
    if (list != NULL)
        g_object_unref(list);
    pthread_mutex_unlock(&one_at_a_time);
    return count;
}

char *
gmime_decode_words(const char *text)
{
    pthread_mutex_lock(&one_at_a_time);
    char *decoded = g_mime_utils_header_decode_text(NULL, text);
    char *valid = g_utf8_make_valid(decoded, -1);
    g_free(decoded);
    char *copy = xstrdup(valid);
    g_free(valid);
    pthread_mutex_unlock(&one_at_a_time);
    return copy; /* goes back with free(3) */
}

bool
gmime_converts(const char *charset, const char *bytes, size_t length)
{
    gsize used = 0;
    pthread_mutex_lock(&one_at_a_time);
    char *text = g_convert(bytes, (gssize)length, "UTF-8", g_mime_charset_iconv_name(charset),
                           &used, NULL, NULL);
    bool converts = text != NULL && used == length;
    g_free(text);
    pthread_mutex_unlock(&one_at_a_time);
    return converts;
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
