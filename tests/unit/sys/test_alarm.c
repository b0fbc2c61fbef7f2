#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "alarm.h"

struct heard {
    int count;
    enum alarm_kind kind;
    char subject[64], key[64], value[64];
};

static void
hear(void *context, enum alarm_kind kind, const char *subject, const struct log_field *fields,
     size_t count)
{
    struct heard *heard = context;
    heard->count++;
    heard->kind = kind;
    strncpy(heard->subject, subject, sizeof heard->subject - 1);
    assert_int_equal(count, 1);
    strncpy(heard->key, fields[0].key, sizeof heard->key - 1);
    strncpy(heard->value, fields[0].string, sizeof heard->value - 1);
}

static void
raise_one(enum alarm_kind kind)
{
    const struct log_field fields[] = {LOG_STR("error", "refused")};
    alarm_raise(kind, "acme-ldap", fields, 1);
}

static void
test_who_listens_hears(void **state)
{
    (void)state;
    struct heard heard = {0};
    raise_one(ALARM_SOURCE_DOWN);
    alarm_listen(hear, &heard);
    assert_int_equal(heard.count, 0);

    raise_one(ALARM_SOURCE_DOWN);
    assert_int_equal(heard.count, 1);
    assert_int_equal(heard.kind, ALARM_SOURCE_DOWN);
    assert_string_equal(heard.subject, "acme-ldap");
    assert_string_equal(heard.key, "error");
    assert_string_equal(heard.value, "refused");

    alarm_listen(NULL, NULL);
    raise_one(ALARM_SOURCE_DOWN);
    assert_int_equal(heard.count, 1);
}

static void
test_the_last_who_listens_hears_alone(void **state)
{
    (void)state;
    struct heard first = {0}, second = {0};
    alarm_listen(hear, &first);
    alarm_listen(hear, &second);
    raise_one(ALARM_BAN);
    alarm_listen(NULL, NULL);
    assert_int_equal(first.count, 0);
    assert_int_equal(second.count, 1);
}

static void
test_kinds_have_the_names_of_the_settings(void **state)
{
    (void)state;
    static const char *const names[] = {"account-failures", "ban",        "source-down",
                                        "upstream-down",    "store-down", "hijack"};
    assert_int_equal(sizeof names / sizeof names[0], ALARM_KINDS);
    for (int i = 0; i < ALARM_KINDS; i++)
        assert_string_equal(alarm_kind_name((enum alarm_kind)i), names[i]);
}

/* Set when nobody may hear any more. */
struct gone {
    atomic_bool is_gone;
    atomic_int too_late;
};

static void
hear_in_time(void *context, enum alarm_kind kind, const char *subject,
             const struct log_field *fields, size_t count)
{
    (void)kind, (void)subject, (void)fields, (void)count;
    struct gone *gone = context;
    if (atomic_load(&gone->is_gone))
        atomic_fetch_add(&gone->too_late, 1);
}

static void *
raise_many(void *context)
{
    (void)context;
    for (int i = 0; i < 2000; i++)
        raise_one(ALARM_BAN);
    return NULL;
}

static void
test_nobody_hears_after_alarm_listen_has_returned(void **state)
{
    (void)state;
    struct gone gone = {false, 0};
    pthread_t threads[4];
    alarm_listen(hear_in_time, &gone);
    for (size_t i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, raise_many, NULL);
    alarm_listen(NULL, NULL);
    atomic_store(&gone.is_gone, true);
    for (size_t i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&gone.too_late), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_listens_hears),
        cmocka_unit_test(test_the_last_who_listens_hears_alone),
        cmocka_unit_test(test_kinds_have_the_names_of_the_settings),
        cmocka_unit_test(test_nobody_hears_after_alarm_listen_has_returned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
