/*
 * log: one line per event, in logfmt or JSON, to standard error.
 *
 * Thread-safe; each line is one write(2). A line is a list of fields; every value is escaped here,
 * so nothing that a client sent can forge a field or a line. There is no field for a password, and
 * no caller may pass one.
 *
 *     log_event(LOG_WARN, "source.down", LOG_STR("source", name), LOG_STR("error", err.text));
 *     time=2026-11-22T02:40:00.123Z level=warn event=source.down source=acme-ldap error="connect
 * ..."
 */
#ifndef MAILREEVE_LOG_H
#define MAILREEVE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };
enum log_format { LOG_LOGFMT, LOG_JSON };

enum log_field_type { LOG_FIELD_STRING, LOG_FIELD_BYTES, LOG_FIELD_INT };

struct log_field {
    const char *key; /* a lower-case word of ours, never a client's */
    enum log_field_type type;
    const char *string; /* NULL: the field is left out */
    size_t length;      /* LOG_FIELD_BYTES only */
    int64_t number;
};

#define LOG_STR(key, value) ((struct log_field){(key), LOG_FIELD_STRING, (value), 0, 0})
#define LOG_BYTES(key, value, length) \
    ((struct log_field){(key), LOG_FIELD_BYTES, (value), (length), 0})
#define LOG_INT(key, value) ((struct log_field){(key), LOG_FIELD_INT, NULL, 0, (value)})

/* Set before threads start and at reload: both take effect with the next line. Default: logfmt,
 * LOG_INFO. */
void log_configure(enum log_format format, enum log_level least);

enum log_level log_level(void);

/* Whether each line begins with its level as the journal reads and removes it, "<4>"
 * (sd-daemon(3)). Set before threads start. Default: no. */
void log_mark_levels(bool marked);

/* What a line of this level begins with. */
const char *log_mark(enum log_level level);

/* Writes a line of at most LOG_LINE_MAX bytes, which a pipe takes whole or not at all. Values
 * longer than LOG_VALUE_MAX are cut and end in "..."; a field that does not fit is left out, so
 * that a client's long values do not push out ours, and the line then ends with cut=COUNT. The
 * values are not evaluated if the level is off. */
#define log_event(level, event, ...)                                             \
    ((level) > log_level()                                                       \
         ? (void)0                                                               \
         : log_fields((level), (event), (const struct log_field[]){__VA_ARGS__}, \
                      sizeof((const struct log_field[]){__VA_ARGS__}) / sizeof(struct log_field)))

enum { LOG_LINE_MAX = 4096, LOG_VALUE_MAX = 640 };

void log_fields(enum log_level level, const char *event, const struct log_field *fields,
                size_t count);

/* Writes the value as logfmt would: bare if it can be, else in quotes with \n, \" and \xHH.
 * Control characters, invalid UTF-8 and characters that turn a terminal's text around are \xHH. A
 * value that does not fit is cut and ends in "...". size is 8 at least. Returns the length written;
 * the result is always terminated and never longer than size. */
size_t log_escape(const char *bytes, size_t length, char *text_r, size_t size);

#endif
