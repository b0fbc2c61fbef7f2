#include "alert_message.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "alloc.h"
#include "date.h"
#include "escape.h"

enum {
    OWN_VALUES = 8,
    KEY_MAX = 64, /* with quotes, colon and comma */
};

struct text {
    char *bytes;
    size_t length;
};

static void
add(struct text *text, const char *more)
{
    size_t length = strlen(more);
    memcpy(text->bytes + text->length, more, length + 1);
    text->length += length;
}

static void
add_key(struct text *text, const char *key)
{
    char start[KEY_MAX];
    snprintf(start, sizeof start, "%s\"%.48s\": ", text->length == 0 ? "{" : ", ", key);
    add(text, start);
}

static void
add_bytes(struct text *text, const char *key, const char *bytes, size_t length)
{
    add_key(text, key);
    text->length += escape_json(bytes, length, text->bytes + text->length, ALERT_VALUE_MAX);
}

static void
add_string(struct text *text, const char *key, const char *string)
{
    add_bytes(text, key, string, strlen(string));
}

static void
add_number(struct text *text, const char *key, int64_t number)
{
    char digits[24];
    snprintf(digits, sizeof digits, "%" PRId64, number);
    add_key(text, key);
    add(text, digits);
}

/* As in the log: "2026-11-22T02:40:00.123Z". */
static void
add_time(struct text *text, const char *key, int64_t wall_ms)
{
    char date[DATE_TEXT_MAX], exact[DATE_TEXT_MAX + 8];
    date_format(wall_ms / 1000, date);
    snprintf(exact, sizeof exact, "%.*s.%03dZ", (int)strcspn(date, "Z"), date,
             (int)(wall_ms % 1000));
    add_string(text, key, exact);
}

static void
add_field(struct text *text, const struct log_field *field)
{
    switch (field->type) {
    case LOG_FIELD_STRING:
        if (field->string != NULL)
            add_string(text, field->key, field->string);
        break;
    case LOG_FIELD_BYTES:
        if (field->string != NULL)
            add_bytes(text, field->key, field->string, field->length);
        break;
    case LOG_FIELD_INT:
        add_number(text, field->key, field->number);
        break;
    }
}

char *
alert_message_format(const struct alert_message *message)
{
    const size_t most = (OWN_VALUES + message->field_count) * (KEY_MAX + ALERT_VALUE_MAX) + KEY_MAX;
    struct text text = {.bytes = xmalloc(most)};
    add_string(&text, "alert", message->alert);
    add_string(&text, "event", alarm_kind_name(message->kind));
    add_string(&text, "subject", message->subject);
    add_time(&text, "time", message->wall_ms);
    add_string(&text, "host", message->host);
    add_number(&text, "count", message->count);
    add_time(&text, "since", message->since_wall_ms);
    if (message->held_back > 0)
        add_number(&text, "held_back", message->held_back);
    for (size_t i = 0; i < message->field_count; i++)
        add_field(&text, &message->fields[i]);
    add(&text, "}\n");
    return xrealloc(text.bytes, 1, text.length + 1);
}
