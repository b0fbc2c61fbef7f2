#include "encoded_words.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "ascii.h"
#include "gmime_door.h"

enum { CHARSET_MAX = 64 };

struct word {
    char charset[CHARSET_MAX + 1]; /* lower case, without the language of RFC 2231 */
    bool base64;
    const char *payload;
    size_t length;
    const char *end; /* behind the word */
};

/* Reads the word that text, which begins with "=?", begins with. */
static bool
read_word(const char *text, struct word *word_r)
{
    const char *charset = text + 2;
    size_t length = strcspn(charset, "? \t");
    if (length == 0 || length > CHARSET_MAX || charset[length] != '?')
        return false;
    const char *encoding = charset + length + 1;
    char letter = ascii_lower(encoding[0]);
    if ((letter != 'q' && letter != 'b') || encoding[1] != '?')
        return false;
    word_r->payload = encoding + 2;
    const char *end = strstr(word_r->payload, "?=");
    if (end == NULL)
        return false;
    word_r->base64 = letter == 'b';
    word_r->length = (size_t)(end - word_r->payload);
    word_r->end = end + 2;
    ascii_lower_copy(word_r->charset, charset, length);
    word_r->charset[strcspn(word_r->charset, "*")] = '\0';
    return true;
}

static int
hex_value(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *digit = c != '\0' ? strchr(digits, ascii_lower(c)) : NULL;
    return digit != NULL ? (int)(digit - digits) : -1;
}

/* Writes the bytes of a "Q" word. Returns how many, and whether it is well formed. */
static size_t
decode_quoted(const struct word *word, char *bytes_r, bool *well_formed_r)
{
    size_t used = 0;
    *well_formed_r = true;
    for (size_t i = 0; i < word->length; i++) {
        const char *c = word->payload + i;
        if (*c == '=' && word->length - i > 2 && hex_value(c[1]) >= 0 && hex_value(c[2]) >= 0) {
            bytes_r[used++] = (char)(unsigned char)(hex_value(c[1]) * 16 + hex_value(c[2]));
            i += 2;
            continue;
        }
        bytes_r[used++] = *c;
        if (*c == '_')
            bytes_r[used - 1] = ' ';
        else if (*c == '=' || *c == '?' || *c == ' ' || *c == '\t' || (unsigned char)*c >= 0x80)
            *well_formed_r = false;
    }
    return used;
}

/* The same of a "B" word; what is no letter of base64 is passed over, as programs do. */
static size_t
decode_base64(const struct word *word, char *bytes_r, bool *well_formed_r)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t used = 0, count = 0, padding = 0;
    unsigned bits = 0;
    *well_formed_r = true;
    for (size_t i = 0; i < word->length; i++) {
        const char *letter = strchr(letters, word->payload[i]);
        if (letter == NULL) {
            padding++;
            *well_formed_r = *well_formed_r && word->payload[i] == '=';
            continue;
        }
        *well_formed_r = *well_formed_r && padding == 0;
        bits = bits << 6 | (unsigned)(letter - letters);
        if (count++ % 4 != 0)
            bytes_r[used++] = (char)(bits >> (6 - 2 * ((count - 1) % 4)));
    }
    *well_formed_r = *well_formed_r && (count + padding) % 4 == 0 && padding <= 2;
    return used;
}

/* Whether mail programs share the charset. */
static bool
is_common(const char *charset)
{
    static const char *const families[] = {"iso-8859-", "windows-125", "koi8-"};
    static const char *const names[] = {"utf-8",     "us-ascii",  "ascii",       "gb2312",
                                        "gbk",       "gb18030",   "big5",        "euc-jp",
                                        "euc-kr",    "shift_jis", "iso-2022-jp", "ks_c_5601-1987",
                                        "macintosh", "tis-620",   "windows-874"};
    for (size_t i = 0; i < sizeof families / sizeof families[0]; i++)
        if (strncmp(charset, families[i], strlen(families[i])) == 0)
            return true;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(charset, names[i]) == 0)
            return true;
    return false;
}

/* Whether ASCII characters are themselves in it. */
static bool
keeps_ascii(const char *charset)
{
    return is_common(charset) && strncmp(charset, "iso-2022-", strlen("iso-2022-")) != 0;
}

static bool
may_hide(const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)bytes[i] < 0x20 || strchr("+~&|\x7f", bytes[i]) != NULL)
            return true;
    return false;
}

/* Judges one word. Returns whether it has one reading only. */
static bool
judge(const struct word *word, const char *bytes, size_t length, bool well_formed,
      struct encoded_words *words)
{
    if (memchr(bytes, '\0', length) != NULL) {
        words->fault = "a NUL in an encoded word";
        return false;
    }
    bool converts = gmime_converts(word->charset, bytes, length);
    if ((!converts || !well_formed) && may_hide(bytes, length)) {
        words->fault = "an encoded word that not every program can read";
        words->hides = words->hides || !keeps_ascii(word->charset);
    }
    return converts && well_formed && is_common(word->charset);
}

/* Appends bytes of ISO 8859-1 as UTF-8. */
static char *
append_latin1(char *to, const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)bytes[i];
        if (byte >= 0x80) {
            *to++ = (char)(unsigned char)(0xc0 | byte >> 6);
            byte = (unsigned char)(0x80 | (byte & 0x3f));
        }
        if (byte != 0)
            *to++ = (char)byte;
    }
    return to;
}

/* White space between two encoded words is not shown. */
static const char *
skip_gap(const char *text)
{
    const char *next = text + strspn(text, " \t");
    return strncmp(next, "=?", 2) == 0 ? next : text;
}

/* RFC 2047 5: white space stands around encoded words. Where it does not, some programs see a space
 * and others do not; beside quotes and brackets that is the same. */
static bool
stands_alone(const char *text, const char *start, const char *end)
{
    static const char borders[] = " \t\"(),:;<>";
    return (start == text || strchr(borders, start[-1]) != NULL) && strchr(borders, *end) != NULL;
}

/* Reads one word and writes what stands for it: with a fault its bytes by themselves. */
static void
take_word(const struct word *word, char *bytes, bool faulty, struct encoded_words *words, char **to)
{
    bool well_formed = false;
    size_t length = (word->base64 ? decode_base64 : decode_quoted)(word, bytes, &well_formed);
    words->malformed = words->malformed || !well_formed;
    bool one_reading = judge(word, bytes, length, well_formed, words);
    if (one_reading && !faulty) {
        *(*to)++ = ',';
        return;
    }
    if (faulty)
        *(*to)++ = ' ';
    *to = append_latin1(*to, bytes, length);
    if (faulty)
        *(*to)++ = ' ';
}

static void
read_text(const char *text, bool faulty, struct encoded_words *words)
{
    size_t room = 2 * strlen(text) + 1, count = 0;
    char *bytes = xmalloc(room), *to = words->rest = xmalloc(room);
    for (const char *at = text; *at != '\0';) {
        struct word word;
        bool begins = at[0] == '=' && at[1] == '?';
        words->too_many = words->too_many || (begins && ++count > ENCODED_WORDS_MAX);
        if (begins && !words->too_many && read_word(at, &word)) {
            take_word(&word, bytes, faulty, words, &to);
            if (!stands_alone(text, at, word.end))
                words->fault = "an encoded word amid other text";
            at = skip_gap(word.end);
            continue;
        }
        if (begins)
            words->fault = "an encoded word that cannot be decoded";
        *to++ = *at++;
    }
    *to = '\0';
    free(bytes);
}

/* Decoding makes a text longer, by as much as the charset has. */
struct growing {
    char *text;
    size_t used, room;
};

static void
append(struct growing *growing, const char *bytes, size_t length)
{
    if (growing->used + length >= growing->room) {
        growing->room = 2 * (growing->used + length) + 1;
        growing->text = xrealloc(growing->text, growing->room, 1);
    }
    memcpy(growing->text + growing->used, bytes, length);
    growing->used += length;
    growing->text[growing->used] = '\0';
}

static void
append_decoded(struct growing *growing, const char *bytes, size_t length)
{
    char *word = xstrndup(bytes, length);
    char *decoded = gmime_decode_words(word);
    append(growing, decoded, strlen(decoded));
    free(decoded);
    free(word);
}

char *
encoded_words_decode_each(const char *text)
{
    struct growing growing = {0};
    size_t count = 0;
    append(&growing, "", 0);
    for (const char *at = text; *at != '\0';) {
        struct word word;
        if (at[0] == '=' && at[1] == '?' && ++count <= ENCODED_WORDS_MAX && read_word(at, &word)) {
            append_decoded(&growing, at, (size_t)(word.end - at));
            at = skip_gap(word.end);
        } else {
            append(&growing, at++, 1);
        }
    }
    return growing.text;
}

void
encoded_words_read(const char *text, struct encoded_words *words_r)
{
    *words_r = (struct encoded_words){.fault = NULL};
    read_text(text, false, words_r);
    if (words_r->fault != NULL) {
        free(words_r->rest);
        read_text(text, true, words_r);
    }
    if (words_r->too_many)
        words_r->fault = "too many encoded words";
}

void
encoded_words_fini(struct encoded_words *words)
{
    free(words->rest);
    *words = (struct encoded_words){.fault = NULL};
}
