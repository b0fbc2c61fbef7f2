#include "log.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "escape.h"

enum {
    CUT_ROOM = 40,      /* for the note about what was left out and the end of the line */
    WRITE_WAIT_MS = 100 /* for a reader of the log that is behind; then the line is lost */
};

static _Atomic int current_format = LOG_LOGFMT;
static _Atomic int current_level = LOG_INFO;
static bool levels_are_marked;

struct line {
    enum log_format format;
    char text[LOG_LINE_MAX];
    size_t begin, length; /* begin: behind the mark */
    unsigned left_out;
};

void
log_configure(enum log_format format, enum log_level least)
{
    atomic_store_explicit(&current_format, (int)format, memory_order_relaxed);
    atomic_store_explicit(&current_level, (int)least, memory_order_relaxed);
}

enum log_level
log_level(void)
{
    return (enum log_level)atomic_load_explicit(&current_level, memory_order_relaxed);
}

void
log_mark_levels(bool marked)
{
    levels_are_marked = marked;
}

const char *
log_mark(enum log_level level)
{
    static const char *const marks[] = {
        [LOG_ERROR] = "<3>", [LOG_WARN] = "<4>", [LOG_INFO] = "<6>", [LOG_DEBUG] = "<7>"};
    return levels_are_marked ? marks[level] : "";
}

static const char *
level_name(enum log_level level)
{
    static const char *const names[] = {
        [LOG_ERROR] = "error", [LOG_WARN] = "warn", [LOG_INFO] = "info", [LOG_DEBUG] = "debug"};
    return names[level];
}

/* Appends KEY=VALUE or "KEY":VALUE if it leaves `reserve` bytes free. */
static bool
add_pair(struct line *line, const char *key, const char *value, size_t reserve)
{
    bool json = line->format == LOG_JSON, first = line->length == line->begin;
    const char *parts[] = {json ? (first ? "{\"" : ",\"") : (first ? "" : " "), key,
                           json ? "\":" : "=", value};
    size_t needed = 0;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        needed += strlen(parts[i]);
    if (line->length + needed + reserve > sizeof line->text)
        return false;

    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        size_t length = strlen(parts[i]);
        memcpy(line->text + line->length, parts[i], length);
        line->length += length;
    }
    return true;
}

static void
add_string(struct line *line, const char *key, const char *bytes, size_t length)
{
    char value[LOG_VALUE_MAX];
    if (line->format == LOG_JSON)
        escape_json(bytes, length, value, sizeof value);
    else
        escape_logfmt(bytes, length, value, sizeof value);
    if (!add_pair(line, key, value, CUT_ROOM))
        line->left_out++;
}

static void
add_int(struct line *line, const char *key, int64_t number, size_t reserve)
{
    char value[24];
    snprintf(value, sizeof value, "%" PRId64, number);
    if (!add_pair(line, key, value, reserve))
        line->left_out++;
}

static void
add_field(struct line *line, const struct log_field *field)
{
    switch (field->type) {
    case LOG_FIELD_STRING:
        if (field->string != NULL)
            add_string(line, field->key, field->string, strlen(field->string));
        break;
    case LOG_FIELD_BYTES:
        if (field->string != NULL)
            add_string(line, field->key, field->string, field->length);
        break;
    case LOG_FIELD_INT:
        add_int(line, field->key, field->number, CUT_ROOM);
        break;
    }
}

static void
add_time(struct line *line)
{
    int64_t now_ms = clock_wall_ms();
    time_t now_s = (time_t)(now_ms / 1000);
    struct tm parts;
    gmtime_r(&now_s, &parts);
    char text[64];
    size_t length = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
    snprintf(text + length, sizeof text - length, ".%03dZ", (int)(now_ms % 1000));
    add_string(line, "time", text, strlen(text));
}

/* A line is at most PIPE_BUF long, so lines of several threads or processes never mix, and what is
 * left after a partial write is rare: a full disk, a signal. */
static void
write_line(const char *text, size_t length)
{
    while (length > 0) {
        ssize_t written = write(STDERR_FILENO, text, length);
        if (written > 0) {
            text += written;
            length -= (size_t)written;
        } else if (written < 0 && errno == EAGAIN) {
            struct pollfd writable = {.fd = STDERR_FILENO, .events = POLLOUT};
            if (poll(&writable, 1, WRITE_WAIT_MS) == 0)
                return;
        } else if (written == 0 || errno != EINTR) {
            return;
        }
    }
}

void
log_fields(enum log_level level, const char *event, const struct log_field *fields, size_t count)
{
    if (level > log_level())
        return;
    int saved_errno = errno;

    struct line line;
    line.format = (enum log_format)atomic_load_explicit(&current_format, memory_order_relaxed);
    line.begin = line.length = strlen(log_mark(level));
    memcpy(line.text, log_mark(level), line.length);
    line.left_out = 0;
    add_time(&line);
    add_string(&line, "level", level_name(level), strlen(level_name(level)));
    add_string(&line, "event", event, strlen(event));
    for (size_t i = 0; i < count; i++)
        add_field(&line, &fields[i]);
    if (line.left_out > 0)
        add_int(&line, "cut", line.left_out, sizeof "}\n");

    const char *end = line.format == LOG_JSON ? "}\n" : "\n";
    memcpy(line.text + line.length, end, strlen(end));
    write_line(line.text, line.length + strlen(end));
    errno = saved_errno;
}

size_t
log_escape(const char *bytes, size_t length, char *text_r, size_t size)
{
    return escape_logfmt(bytes, length, text_r, size);
}
