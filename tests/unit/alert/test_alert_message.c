#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "alert_message.h"

static void
test_a_message_is_one_line_of_json(void **state)
{
    (void)state;
    const struct log_field fields[] = {
        LOG_STR("network", "192.0.2.1/32"),
        LOG_INT("seconds", 3600),
        LOG_STR("reason", NULL),
        LOG_BYTES("maker", "ab\0c", 4),
    };
    const struct alert_message message = {
        .alert = "nft",
        .host = "front.example",
        .kind = ALARM_BAN,
        .subject = "192.0.2.1/32",
        .wall_ms = INT64_C(1795315200123),
        .count = 7,
        .since_wall_ms = INT64_C(1795315199007),
        .fields = fields,
        .field_count = sizeof fields / sizeof fields[0],
    };
    char *text = alert_message_format(&message);
    assert_string_equal(text,
                        "{\"alert\": \"nft\", \"event\": \"ban\", \"subject\": \"192.0.2.1/32\", "
                        "\"time\": \"2026-11-22T02:40:00.123Z\", \"host\": \"front.example\", "
                        "\"count\": 7, \"since\": \"2026-11-22T02:39:59.007Z\", "
                        "\"network\": \"192.0.2.1/32\", \"seconds\": 3600, "
                        "\"maker\": \"ab\\u0000c\"}\n");
    free(text);
}

static void
test_what_was_held_back_is_said(void **state)
{
    (void)state;
    const struct alert_message message = {
        .alert = "a", .host = "h", .kind = ALARM_HIJACK, .subject = "anna", .held_back = 280};
    char *text = alert_message_format(&message);
    assert_non_null(strstr(text, ", \"held_back\": 280}\n"));
    free(text);
}

static char *
format_subject(const char *subject)
{
    const struct alert_message message = {
        .alert = "a", .host = "h", .kind = ALARM_HIJACK, .subject = subject};
    return alert_message_format(&message);
}

static void
test_bytes_of_an_attacker_stay_in_their_value(void **state)
{
    (void)state;
    static const struct {
        const char *sentence, *subject, *want;
    } cases[] = {
        {"a quote", "a\", \"event\": \"ban", "\"subject\": \"a\\\", \\\"event\\\": \\\"ban\", "},
        {"a new line", "a\r\nTo: x", "\"subject\": \"a\\r\\nTo: x\", "},
        {"an escape character", "\033[2J", "\"subject\": \"\\u001b[2J\", "},
        {"a byte that is no UTF-8", "a\xff", "\"subject\": \"a\\\\xff\", "},
        {"a character cut in two", "\xc3", "\"subject\": \"\\\\xc3\", "},
        {"UTF-8 is kept", "j\xc3\xbcrgen", "\"subject\": \"j\xc3\xbcrgen\", "},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *text = format_subject(cases[i].subject);
        print_message("%s\n", cases[i].sentence);
        assert_non_null(strstr(text, cases[i].want));
        assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
        free(text);
    }
}

static void
test_a_long_value_is_cut(void **state)
{
    (void)state;
    char *subject = malloc(100000);
    assert_non_null(subject);
    memset(subject, 0x01, 99999);
    subject[99999] = '\0';
    char *text = format_subject(subject);
    assert_true(strlen(text) < ALERT_VALUE_MAX + 256);
    assert_non_null(strstr(text, "\\u0001...\", \"time\""));
    free(text);
    free(subject);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_message_is_one_line_of_json),
        cmocka_unit_test(test_what_was_held_back_is_said),
        cmocka_unit_test(test_bytes_of_an_attacker_stay_in_their_value),
        cmocka_unit_test(test_a_long_value_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
