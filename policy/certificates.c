#include "certificates.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "ascii.h"
#include "lines.h"
#include "strmap.h"
#include "textpool.h"
#include "username.h"
#include "utf8.h"

enum { FINGERPRINT_DIGITS = 40, BLOCK_SIZE = 64 };

/* Entries are pointed to, so they never move. */
struct block {
    struct block *next;
    struct certificate entries[BLOCK_SIZE];
};

struct certificates {
    const char *name;
    struct origin origin;
    struct textpool texts;
    struct block *blocks; /* the first is the one that is filled */
    size_t count;
    struct strmap fingerprints, subjects; /* to struct certificate */
};

struct certificates *
certificates_create(const char *name, struct origin origin)
{
    struct certificates *certificates = xcalloc(1, sizeof *certificates);
    certificates->name = name;
    certificates->origin = origin;
    textpool_init(&certificates->texts);
    strmap_init(&certificates->fingerprints);
    strmap_init(&certificates->subjects);
    return certificates;
}

void
certificates_free(struct certificates *certificates)
{
    if (certificates == NULL)
        return;
    while (certificates->blocks != NULL) {
        struct block *next = certificates->blocks->next;
        free(certificates->blocks);
        certificates->blocks = next;
    }
    strmap_fini(&certificates->fingerprints);
    strmap_fini(&certificates->subjects);
    textpool_fini(&certificates->texts);
    free(certificates);
}

const char *
certificates_name(const struct certificates *certificates)
{
    return certificates->name;
}

size_t
certificates_count(const struct certificates *certificates)
{
    return certificates->count;
}

static bool
is_hex_digit(char c)
{
    char lower = ascii_lower(c);
    return ascii_is_digit(c) || (lower >= 'a' && lower <= 'f');
}

/* Writes the digits in lower case, without colons. Returns whether it is a SHA-1 fingerprint. */
static bool
read_fingerprint(const char *text, char digits_r[FINGERPRINT_DIGITS + 1])
{
    size_t count = 0;
    for (; *text != '\0'; text++) {
        if (*text == ':')
            continue;
        if (!is_hex_digit(*text) || count == FINGERPRINT_DIGITS)
            return false;
        digits_r[count++] = ascii_lower(*text);
    }
    digits_r[count] = '\0';
    return count == FINGERPRINT_DIGITS;
}

static bool
is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static size_t
name_length(const char *entry)
{
    size_t length = 0;
    while (entry[length] != '\0' && !is_blank(entry[length]))
        length++;
    return length;
}

/* The certificate of an entry: all behind the name and white space. */
static const char *
certificate_of(const char *entry)
{
    const char *at = entry + name_length(entry);
    while (is_blank(*at))
        at++;
    return at;
}

static int
check_entry(const char *entry, struct err *err)
{
    struct username user;
    const char *certificate = certificate_of(entry);
    char digits[FINGERPRINT_DIGITS + 1];
    if (*certificate == '\0') {
        err_set(err, "an entry is a user name, a space, and a fingerprint or subject");
        return -1;
    }
    if (username_parse(entry, name_length(entry), USERNAME_XTEXT, NULL, &user, err) != 0)
        return -1;
    if (read_fingerprint(certificate, digits))
        return 0;
    if (strchr(certificate, '=') == NULL) {
        err_set(err, "a certificate is a SHA-1 fingerprint (40 hexadecimal digits) or a subject "
                     "(CN=Boss,O=Acme)");
        return -1;
    }
    if (!utf8_is_printable(certificate, strlen(certificate))) {
        err_set(err, "the subject has a control character or is not UTF-8");
        return -1;
    }
    return 0;
}

/* The place of the next entry, which is not taken yet. */
static struct certificate *
next_place(struct certificates *certificates)
{
    size_t index = certificates->count % BLOCK_SIZE;
    if (index == 0) {
        struct block *block = xcalloc(1, sizeof *block);
        block->next = certificates->blocks;
        certificates->blocks = block;
    }
    return &certificates->blocks->entries[index];
}

/* The map and the key in it by which a checked certificate is found. */
static struct strmap *
choose_map(struct certificates *certificates, const char **key)
{
    char digits[FINGERPRINT_DIGITS + 1];
    if (!read_fingerprint(*key, digits))
        return &certificates->subjects;
    *key = textpool_copy(&certificates->texts, digits, FINGERPRINT_DIGITS);
    return &certificates->fingerprints;
}

int
certificates_add(struct certificates *certificates, const char *entry, struct origin origin,
                 struct err *err)
{
    if (check_entry(entry, err) != 0)
        return -1;
    struct textpool *texts = &certificates->texts;
    const char *text = textpool_copy(texts, entry, strlen(entry));
    const char *key = certificate_of(text);
    struct strmap *map = choose_map(certificates, &key);
    const struct certificate *owner = strmap_get(map, key);
    if (owner != NULL) {
        err_set(err, "the certificate is that of \"%s\" already (%s:%u)", owner->user,
                owner->origin.file, owner->origin.line);
        return -1;
    }
    struct certificate *added = next_place(certificates);
    *added = (struct certificate){
        .entry = text, .user = textpool_copy(texts, text, name_length(text)), .origin = origin};
    strmap_add(map, key, added);
    certificates->count++;
    return 0;
}

static int
add_line(void *certificates, const char *entry, struct origin origin, struct err *err)
{
    return certificates_add(certificates, entry, origin, err);
}

size_t
certificates_add_text(struct certificates *certificates, const char *text, size_t length,
                      const char *file,
                      void (*problem)(void *context, struct origin origin, const struct err *err),
                      void *context)
{
    const struct lines lines = {.text = text,
                                .length = length,
                                .file = file,
                                .add = add_line,
                                .list = certificates,
                                .problem = problem,
                                .context = context};
    return lines_add(&lines);
}

const struct certificate *
certificates_find(const struct certificates *certificates, const char *fingerprint,
                  const char *subject)
{
    char digits[FINGERPRINT_DIGITS + 1];
    const struct certificate *found = NULL;
    if (fingerprint != NULL && read_fingerprint(fingerprint, digits))
        found = strmap_get(&certificates->fingerprints, digits);
    if (found == NULL && subject != NULL && *subject != '\0')
        found = strmap_get(&certificates->subjects, subject);
    return found;
}
