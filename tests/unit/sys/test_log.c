#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "log.h"

/* What one call of log_fields writes, read back through a socket in place of standard error that
 * keeps the bounds of each write(2). */
struct capture {
    int saved_stderr, read_end;
    bool has_second_write;
    char text[16384];
};

static void
capture_begin(struct capture *capture)
{
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends), 0);
    capture->saved_stderr = dup(STDERR_FILENO);
    capture->read_end = ends[0];
    dup2(ends[1], STDERR_FILENO);
    close(ends[1]);
}

static const char *
capture_end(struct capture *capture)
{
    dup2(capture->saved_stderr, STDERR_FILENO);
    close(capture->saved_stderr);
    ssize_t length = recv(capture->read_end, capture->text, sizeof capture->text - 1, MSG_DONTWAIT);
    capture->text[length > 0 ? length : 0] = '\0';
    char byte;
    capture->has_second_write = recv(capture->read_end, &byte, 1, MSG_DONTWAIT) >= 0;
    close(capture->read_end);
    return capture->text;
}

/* The line without its time, after a look at the time's form. */
static const char *
without_time(const char *line)
{
    const char *time = strstr(line, "20");
    assert_non_null(time);
    for (size_t i = 0; i < strlen("2026-11-22T02:40:00.123Z"); i++) {
        char form = "dddd-dd-ddTdd:dd:dd.dddZ"[i];
        if (form == 'd')
            assert_in_range(time[i], '0', '9');
        else
            assert_int_equal(time[i], form);
    }
    const char *level = strstr(line, "level");
    assert_non_null(level);
    return level;
}

static void
test_escape(void **state)
{
    static const struct {
        const char *name, *bytes;
        size_t length;
        const char *want;
    } cases[] = {
        {"a word is bare", "boss@example.com", 16, "boss@example.com"},
        {"nothing is two quotes, so that the field is seen", "", 0, "\"\""},
        {"a space needs quotes", "a b", 3, "\"a b\""},
        {"an equals sign could begin a field", "a=b", 3, "\"a=b\""},
        {"a quote is escaped", "a\"b", 3, "\"a\\\"b\""},
        {"a backslash is escaped", "a\\nb", 4, "\"a\\\\nb\""},
        {"a line break does not make a line", "a\r\nlevel=error", 14, "\"a\\r\\nlevel=error\""},
        {"a tab is named", "a\tb", 3, "\"a\\tb\""},
        {"a NUL does not end it", "a\0b", 3, "\"a\\x00b\""},
        {"an escape sequence of a terminal is shown", "\033[2J", 4, "\"\\x1b[2J\""},
        {"DEL is shown", "\177", 1, "\"\\x7f\""},
        {"UTF-8 stays readable",
         "Gr\xc3\xbc\xc3\x9f"
         "e",
         7,
         "\"Gr\xc3\xbc\xc3\x9f"
         "e\""},
        {"a byte that is not UTF-8 is shown", "a\xff", 2, "\"a\\xff\""},
        {"an overlong slash is shown by its bytes", "\xc0\xaf", 2, "\"\\xc0\\xaf\""},
        {"a character that breaks off is shown", "\xe2\x82", 2, "\"\\xe2\\x82\""},
        {"a C1 control character is shown",
         "\xc2\x9b"
         "2J",
         4, "\"\\xc2\\x9b2J\""},
        {"text that runs backwards on a screen is shown",
         "\xe2\x80\xae"
         "cba",
         6,
         "\"\\xe2\\x80\\xae"
         "cba\""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        print_message("%s\n", cases[i].name);
        char text[64];
        size_t length = log_escape(cases[i].bytes, cases[i].length, text, sizeof text);
        assert_string_equal(text, cases[i].want);
        assert_int_equal(length, strlen(text));
    }
}

static void
test_escape_never_overruns(void **state)
{
    (void)state;
    char bytes[40];
    memset(bytes, '\xff', sizeof bytes);
    for (size_t size = 8; size < 200; size++) {
        char *text = malloc(size); /* exact, for the sanitizer */
        assert_non_null(text);
        size_t length = log_escape(bytes, sizeof bytes, text, size);
        assert_true(length < size);
        assert_int_equal(strlen(text), length);
        assert_int_equal(text[length - 1], '"');
        bool is_cut = length < 2 + 4 * sizeof bytes;
        assert_int_equal(strcmp(text + length - 4, "...\"") == 0, is_cut);
        free(text);
    }
}

static void
test_lines(void **state)
{
    static const struct {
        const char *name;
        enum log_format format;
        const char *value;
        const char *want;
    } cases[] = {
        {"logfmt", LOG_LOGFMT, "a b", "level=warn event=test.event value=\"a b\" n=-7 last=x\n"},
        {"a field without a value is left out", LOG_LOGFMT, NULL,
         "level=warn event=test.event n=-7 last=x\n"},
        {"JSON", LOG_JSON, "a \"b\"",
         "level\":\"warn\",\"event\":\"test.event\",\"value\":\"a \\\"b\\\"\",\"n\":-7,"
         "\"last\":\"x\"}\n"},
        {"JSON without a value", LOG_JSON, NULL,
         "level\":\"warn\",\"event\":\"test.event\",\"n\":-7,\"last\":\"x\"}\n"},
        {"JSON of bytes that are not UTF-8", LOG_JSON, "\xff",
         "level\":\"warn\",\"event\":\"test.event\",\"value\":\"\\\\xff\",\"n\":-7,\"last\":"
         "\"x\"}\n"},
        {"JSON beyond 16 bits", LOG_JSON, "\xf3\xa0\x80\x81",
         "level\":\"warn\",\"event\":\"test.event\",\"value\":\"\\udb40\\udc01\",\"n\":-7,"
         "\"last\":\"x\"}\n"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        print_message("%s\n", cases[i].name);
        struct capture capture;
        log_configure(cases[i].format, LOG_INFO);
        capture_begin(&capture);
        log_event(LOG_WARN, "test.event", LOG_STR("value", cases[i].value), LOG_INT("n", -7),
                  LOG_BYTES("last", "xyz", 1));
        assert_string_equal(without_time(capture_end(&capture)), cases[i].want);
        assert_false(capture.has_second_write);
    }
}

static void
test_marks(void **state)
{
    static const struct {
        const char *name;
        enum log_format format;
        enum log_level level;
        const char *want;
    } cases[] = {
        {"an error", LOG_LOGFMT, LOG_ERROR, "<3>time=20"},
        {"a warning", LOG_LOGFMT, LOG_WARN, "<4>time=20"},
        {"what is only to be known", LOG_LOGFMT, LOG_INFO, "<6>time=20"},
        {"what is for the curious", LOG_LOGFMT, LOG_DEBUG, "<7>time=20"},
        {"JSON", LOG_JSON, LOG_WARN, "<4>{\"time\":\"20"},
    };
    (void)state;
    log_mark_levels(true);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        print_message("%s\n", cases[i].name);
        struct capture capture;
        log_configure(cases[i].format, LOG_DEBUG);
        capture_begin(&capture);
        log_event(cases[i].level, "test.event", LOG_INT("n", 1));
        const char *line = capture_end(&capture);
        assert_int_equal(strncmp(line, cases[i].want, strlen(cases[i].want)), 0);
        assert_false(capture.has_second_write);
    }
    log_mark_levels(false);
    assert_string_equal(log_mark(LOG_ERROR), "");
}

/* Reads the JSON string at text strictly (RFC 8259) and returns what follows it. The characters
 * are decoded into value_r, those above 0xff as '?'. */
static const char *
read_json_string(const char *text, char *value_r, size_t size)
{
    static const char named[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
    size_t length = 0;
    assert_int_equal(*text++, '"');
    while (*text != '"') {
        assert_true((unsigned char)*text >= 0x20 && length + 1 < size);
        if (*text != '\\') {
            value_r[length++] = *text++;
        } else if (text[1] == 'u') {
            char digits[5] = {text[2], text[3], text[4], text[5], '\0'}, *end;
            unsigned long code = strtoul(digits, &end, 16);
            assert_ptr_equal(end, digits + 4);
            value_r[length++] = code <= 0xff ? (char)code : '?';
            text += 6;
        } else {
            const char *name = strchr(named, text[1]);
            assert_true(name != NULL && text[1] != '\0');
            value_r[length++] = meant[name - named];
            text += 2;
        }
    }
    value_r[length] = '\0';
    return text + 1;
}

/* Whether the line is one JSON object of strings and numbers with `count` members. */
static void
assert_json(const char *line, size_t count)
{
    char value[LOG_LINE_MAX];
    assert_int_equal(*line++, '{');
    for (size_t i = 0; i < count; i++) {
        line = read_json_string(line, value, sizeof value);
        assert_int_equal(*line++, ':');
        if (*line == '"')
            line = read_json_string(line, value, sizeof value);
        else
            line += strspn(line, "-0123456789");
        assert_int_equal(*line++, i + 1 < count ? ',' : '}');
    }
    assert_string_equal(line, "\n");
}

static void
test_every_byte(void **state)
{
    (void)state;
    for (int byte = 0; byte <= 255; byte++)
        for (int format = LOG_LOGFMT; format <= LOG_JSON; format++) {
            char bytes[] = {'a', (char)byte, 'b'};
            struct capture capture;
            log_configure((enum log_format)format, LOG_INFO);
            capture_begin(&capture);
            log_event(LOG_INFO, "e", LOG_BYTES("user", bytes, sizeof bytes), LOG_INT("n", 1));
            const char *line = capture_end(&capture);

            assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
            for (const char *at = line; *at != '\n'; at++)
                assert_in_range(*at, ' ', '~');
            if (format == LOG_JSON)
                assert_json(line, 5);
            else
                assert_non_null(strstr(line, " n=1\n"));
        }
}

static void
test_long_lines(void **state)
{
    (void)state;
    static char bytes[8000];
    static const unsigned char fillings[] = {'x', 0xff, '"', '\n', 0};
    for (size_t i = 0; i < sizeof fillings; i++)
        for (int format = LOG_LOGFMT; format <= LOG_JSON; format++) {
            memset(bytes, fillings[i], sizeof bytes);
            struct log_field fields[12];
            for (size_t n = 0; n < 11; n++)
                fields[n] = LOG_BYTES("client", bytes, sizeof bytes);
            fields[11] = LOG_STR("verdict", "refuse");
            struct capture capture;
            log_configure((enum log_format)format, LOG_INFO);
            capture_begin(&capture);
            log_fields(LOG_INFO, "audit", fields, 12);
            const char *line = capture_end(&capture);

            assert_true(strlen(line) <= LOG_LINE_MAX);
            assert_false(capture.has_second_write);
            assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
            /* six values fit, five are left out, ours is still there */
            assert_non_null(strstr(line, format == LOG_JSON ? "\"verdict\":\"refuse\",\"cut\":5}\n"
                                                            : " verdict=refuse cut=5\n"));
            if (format == LOG_JSON)
                assert_json(line, 3 + 6 + 2);
        }
}

static const char *
must_not_be_called(void)
{
    fail_msg("a field of a level that is off was evaluated");
    return "";
}

static void
test_levels(void **state)
{
    static const char *const names[] = {"error", "warn", "info", "debug"};
    (void)state;
    for (int least = LOG_ERROR; least <= LOG_DEBUG; least++)
        for (int level = LOG_ERROR; level <= LOG_DEBUG; level++) {
            struct capture capture;
            log_configure(LOG_LOGFMT, (enum log_level)least);
            capture_begin(&capture);
            log_event((enum log_level)level, "e", LOG_INT("n", 1));
            const char *line = capture_end(&capture);
            if (level > least) {
                assert_string_equal(line, "");
            } else {
                char want[64];
                snprintf(want, sizeof want, "level=%s event=e n=1\n", names[level]);
                assert_string_equal(without_time(line), want);
            }
        }
    log_configure(LOG_LOGFMT, LOG_ERROR);
    log_event(LOG_DEBUG, "e", LOG_STR("value", must_not_be_called()));
}

static void
test_reader_that_is_behind(void **state)
{
    (void)state;
    struct capture capture;
    log_configure(LOG_LOGFMT, LOG_INFO);
    capture_begin(&capture);
    fcntl(STDERR_FILENO, F_SETFL, O_NONBLOCK);
    char page[4096];
    memset(page, '.', sizeof page);
    while (write(STDERR_FILENO, page, sizeof page) > 0)
        ;
    errno = EBADMSG;
    log_event(LOG_INFO, "lost", LOG_INT("n", 1));
    int errno_after = errno;
    capture_end(&capture);
    assert_int_equal(errno_after, EBADMSG);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_escape),     cmocka_unit_test(test_escape_never_overruns),
        cmocka_unit_test(test_lines),      cmocka_unit_test(test_marks),
        cmocka_unit_test(test_every_byte), cmocka_unit_test(test_long_lines),
        cmocka_unit_test(test_levels),     cmocka_unit_test(test_reader_that_is_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
