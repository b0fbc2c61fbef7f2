#include "domain_key.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "utf8.h"

/* The label's characters; a label of the command line has at most as many as bytes. */
struct label {
    uint32_t characters[DOMAIN_LABEL_MAX];
    size_t count;
};

/* What is written. */
struct key {
    char *at;
    size_t used;
};

/* Capital letters from first to last: every one (step 1) or every other one (step 2) of them is
 * distance below its small letter. */
static const struct {
    uint32_t first, last, step, distance;
} capitals[] = {
    {0xc0, 0xd6, 1, 32},   {0xd8, 0xde, 1, 32},    {0x100, 0x12e, 2, 1},   {0x132, 0x136, 2, 1},
    {0x139, 0x147, 2, 1},  {0x14a, 0x176, 2, 1},   {0x179, 0x17d, 2, 1},   {0x218, 0x21e, 2, 1},
    {0x386, 0x386, 1, 38}, {0x388, 0x38a, 1, 37},  {0x38c, 0x38c, 1, 64},  {0x38e, 0x38f, 1, 63},
    {0x391, 0x3a1, 1, 32}, {0x3a3, 0x3ab, 1, 32},  {0x400, 0x40f, 1, 80},  {0x410, 0x42f, 1, 32},
    {0x460, 0x480, 2, 1},  {0x48a, 0x4be, 2, 1},   {0x4c1, 0x4cd, 2, 1},   {0x4d0, 0x52e, 2, 1},
    {0x531, 0x556, 1, 48}, {0x1e00, 0x1e94, 2, 1}, {0x1ea0, 0x1efe, 2, 1},
};

static uint32_t
lower(uint32_t character)
{
    if (character == 0x178) /* the one whose small letter stands before it */
        return 0xff;
    for (size_t i = 0; i < sizeof capitals / sizeof capitals[0]; i++)
        if (character >= capitals[i].first && character <= capitals[i].last &&
            (character - capitals[i].first) % capitals[i].step == 0)
            return character + capitals[i].distance;
    return character;
}

static void
put(struct key *key, const char *text, size_t length)
{
    assert(key->used + length <= DOMAIN_KEY_MAX);
    memcpy(key->at + key->used, text, length);
    key->used += length;
}

/* RFC 3492 5: the parameters of Punycode. */
enum { BASE = 36, T_MIN = 1, T_MAX = 26, SKEW = 38, DAMP = 700, BIAS = 72, FIRST = 0x80 };

/* RFC 3492 6.1 */
static uint32_t
adapt(uint32_t delta, uint32_t points, bool is_first)
{
    uint32_t k = 0;
    delta /= is_first ? DAMP : 2;
    delta += delta / points;
    for (; delta > (BASE - T_MIN) * T_MAX / 2; k += BASE)
        delta /= BASE - T_MIN;
    return k + (BASE - T_MIN + 1) * delta / (delta + SKEW);
}

static void
put_number(struct key *key, uint32_t number, uint32_t bias)
{
    static const char digits[] = "abcdefghijklmnopqrstuvwxyz0123456789";
    for (uint32_t k = BASE;; k += BASE) {
        uint32_t t = k <= bias ? T_MIN : k >= bias + T_MAX ? T_MAX : k - bias;
        if (number < t) {
            put(key, &digits[number], 1);
            return;
        }
        put(key, &digits[t + (number - t) % (BASE - t)], 1);
        number = (number - t) / (BASE - t);
    }
}

/* The smallest character from a bound on that the label has. */
static uint32_t
next_character(const struct label *label, uint32_t bound)
{
    uint32_t next = UINT32_MAX;
    for (size_t i = 0; i < label->count; i++)
        if (label->characters[i] >= bound && label->characters[i] < next)
            next = label->characters[i];
    return next;
}

/* Returns how many there are. */
static uint32_t
put_ascii(struct key *key, const struct label *label)
{
    uint32_t count = 0;
    for (size_t i = 0; i < label->count; i++)
        if (label->characters[i] < FIRST) {
            const char c = (char)label->characters[i];
            put(key, &c, 1);
            count++;
        }
    if (count > 0)
        put(key, "-", 1);
    return count;
}

/* RFC 3492 6.3. Nothing overflows: 63 characters below 0x110000 make numbers below 2^27. */
static void
put_punycode(struct key *key, const struct label *label)
{
    const uint32_t ascii = put_ascii(key, label);
    uint32_t handled = ascii, bound = FIRST, delta = 0, bias = BIAS;
    while (handled < label->count) {
        uint32_t character = next_character(label, bound);
        delta += (character - bound) * (handled + 1);
        for (size_t i = 0; i < label->count; i++) {
            delta += label->characters[i] < character;
            if (label->characters[i] != character)
                continue;
            put_number(key, delta, bias);
            bias = adapt(delta, handled + 1, handled == ascii);
            delta = 0;
            handled++;
        }
        delta++;
        bound = character + 1;
    }
}

/* Returns whether it could be a label: all characters are valid, and there are not too many. */
static bool
read_label(const char *bytes, size_t length, struct label *label_r)
{
    label_r->count = 0;
    for (size_t at = 0; at < length;) {
        uint32_t character;
        size_t used = utf8_decode(bytes + at, length - at, &character);
        if (used == 0 || label_r->count == DOMAIN_LABEL_MAX)
            return false;
        label_r->characters[label_r->count++] = lower(character);
        at += used;
    }
    return true;
}

static bool
is_ascii(const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)bytes[i] >= FIRST)
            return false;
    return true;
}

static void
put_label(struct key *key, const char *bytes, size_t length)
{
    static const char prefix[] = "xn--";
    const size_t start = key->used;
    struct label label;
    if (!is_ascii(bytes, length) && read_label(bytes, length, &label)) {
        put(key, prefix, sizeof prefix - 1);
        put_punycode(key, &label);
        if (key->used - start <= DOMAIN_LABEL_MAX)
            return;
        key->used = start;
    }
    put(key, bytes, length);
}

void
domain_key(const char *domain, char key_r[DOMAIN_KEY_MAX + 1])
{
    struct key key = {.at = key_r};
    while (true) {
        size_t length = strcspn(domain, ".");
        put_label(&key, domain, length);
        domain += length;
        if (*domain == '\0')
            break;
        put(&key, domain++, 1);
    }
    key_r[key.used] = '\0';
}
