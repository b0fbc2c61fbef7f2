#include "dns_ttl.h"

enum {
    HEADER_BYTES = 12,
    QUESTION_COUNT_AT = 4,
    ANSWER_COUNT_AT = 6,
    QUESTION_BYTES = 4, /* behind its name */
    RECORD_BYTES = 10,  /* likewise: type, class, TTL, length */
    TTL_AT = 4,
    LENGTH_AT = 8,
    POINTER = 0xc0, /* the first byte of a pointer to where the rest of a name is, and the type bits
                       of any label */
};

struct reader {
    const unsigned char *bytes;
    size_t length, at;
};

/* Both want that the bytes are there. */
static uint32_t
read_u16(const unsigned char *bytes)
{
    return (uint32_t)bytes[0] << 8 | bytes[1];
}

static uint32_t
read_u32(const unsigned char *bytes)
{
    return read_u16(bytes) << 16 | read_u16(bytes + 2);
}

static bool
skip(struct reader *reader, size_t bytes)
{
    if (bytes > reader->length - reader->at)
        return false;
    reader->at += bytes;
    return true;
}

/* Only its end matters, so pointers need not be followed. */
static bool
skip_name(struct reader *reader)
{
    while (reader->at < reader->length) {
        unsigned char label = reader->bytes[reader->at];
        if (label == 0)
            return skip(reader, 1);
        if ((label & POINTER) == POINTER)
            return skip(reader, 2);
        if ((label & POINTER) != 0 || !skip(reader, (size_t)label + 1))
            return false;
    }
    return false;
}

static bool
read_record_ttl(struct reader *reader, uint32_t *ttl_s_r)
{
    if (!skip_name(reader))
        return false;
    const unsigned char *record = reader->bytes + reader->at;
    if (!skip(reader, RECORD_BYTES) || !skip(reader, read_u16(record + LENGTH_AT)))
        return false;
    uint32_t ttl_s = read_u32(record + TTL_AT);
    *ttl_s_r = ttl_s > INT32_MAX ? 0 : ttl_s;
    return true;
}

bool
dns_least_ttl(const unsigned char *message, size_t length, uint32_t *ttl_s_r)
{
    struct reader reader = {.bytes = message, .length = length};
    if (!skip(&reader, HEADER_BYTES))
        return false;
    uint32_t questions = read_u16(message + QUESTION_COUNT_AT);
    uint32_t answers = read_u16(message + ANSWER_COUNT_AT);
    for (uint32_t i = 0; i < questions; i++)
        if (!skip_name(&reader) || !skip(&reader, QUESTION_BYTES))
            return false;

    uint32_t least_s = UINT32_MAX;
    for (uint32_t i = 0; i < answers; i++) {
        uint32_t ttl_s;
        if (!read_record_ttl(&reader, &ttl_s))
            return false;
        if (ttl_s < least_s)
            least_s = ttl_s;
    }
    *ttl_s_r = least_s;
    return answers > 0;
}
