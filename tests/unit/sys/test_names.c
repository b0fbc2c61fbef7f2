/* Names that are asked for in the background, so that nobody waits who must not. */
#include "scripted_dns.h"

static void
test_literals_need_no_resolver(void **state)
{
    static const char *const texts[] = {"192.0.2.7:25", "[2001:db8::7]:25", "unix:/run/x"};
    (void)state;
    int before = asked_so_far();
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct name *name = open_name(texts[i]);
        name_start(name);
        assert_false(name_is_pending(name));
        struct endpoint endpoints[NAMES_ADDRESSES_MAX];
        assert_int_equal(name_endpoints(name, 0, endpoints, NULL), 1);
        char text[128];
        endpoint_format(&endpoints[0], text, sizeof text);
        assert_string_equal(text, texts[i]);
        name_close(name);
    }
    assert_int_equal(asked_so_far(), before);
}

static void
test_open_asks_nobody(void **state)
{
    (void)state;
    int before = asked_so_far();
    struct name *name = open_name("quiet.test:25");
    assert_string_equal(name_host(name), "quiet.test");
    assert_int_equal(name_port(name), 25);
    assert_true(name_is_pending(name));
    name_close(name);
    assert_int_equal(asked_so_far(), before);
}

static void
test_malformed(void **state)
{
    (void)state;
    struct err err = {0};
    assert_null(name_open("no port", 0, &err));
    assert_true(err.text[0] != '\0');
    name_close(NULL);
}

static void
test_resolves(void **state)
{
    (void)state;
    struct name *name = open_name("mail.test:25");
    struct endpoint endpoints[NAMES_ADDRESSES_MAX];
    struct err err = {0};
    assert_int_equal(name_endpoints(name, 20000, endpoints, &err), 1);
    char text[128];
    endpoint_format(&endpoints[0], text, sizeof text);
    assert_string_equal(text, "192.0.2.1:25");
    assert_false(name_is_pending(name));
    name_close(name);
}

static void
test_the_same_text_is_the_same_name(void **state)
{
    (void)state;
    struct name *first = open_name("mail.test:25"), *second = open_name("MAIL.test:25");
    struct name *other = open_name("mail.test:26");
    assert_ptr_equal(first, second);
    assert_ptr_not_equal(first, other);
    name_close(first);
    struct endpoint endpoints[NAMES_ADDRESSES_MAX];
    assert_int_equal(name_endpoints(second, 20000, endpoints, NULL), 1);
    name_close(second);
    name_close(other);
}

static void
test_a_name_that_fails(void **state)
{
    (void)state;
    set_failing(true);
    struct name *name = open_name("unknown.test:25");
    struct endpoint endpoints[NAMES_ADDRESSES_MAX];
    struct err err = {0};
    assert_int_equal(name_endpoints(name, 20000, endpoints, &err), 0);
    assert_string_equal(err.text, "cannot resolve unknown.test: no DNS server answered");
    assert_false(name_is_pending(name));
    name_close(name);
    set_failing(false);
}

static void
test_a_dead_resolver_holds_up_nobody(void **state)
{
    (void)state;
    set_hanging(true);
    int before = asked_so_far();
    struct name *slow = open_name("slow.test:25"), *fast = open_name("fast.test:25");
    name_start(slow);
    wait_until_asked(before + 1);

    struct endpoint endpoints[NAMES_ADDRESSES_MAX];
    struct err err = {0};
    int64_t started_ms = clock_now_ms();
    assert_int_equal(name_endpoints(slow, 0, endpoints, &err), 0);
    assert_string_equal(err.text, "cannot resolve slow.test: no answer yet");
    assert_int_equal(name_endpoints(slow, 50, endpoints, &err), 0);
    assert_true(clock_now_ms() - started_ms < 10000);
    assert_true(name_is_pending(slow));

    assert_int_equal(name_endpoints(fast, 20000, endpoints, &err), 1);

    name_close(slow); /* while it is being asked for */
    struct name *again = open_name("slow.test:25");
    set_hanging(false);
    assert_int_equal(name_endpoints(again, 20000, endpoints, &err), 1);
    name_close(again);
    name_close(fast);
}

static void
test_many_dead_names_hold_up_nobody(void **state)
{
    (void)state;
    enum { DEAD = 20 };
    struct name *dead[DEAD];
    set_hanging(true);
    int before = asked_so_far();
    for (int i = 0; i < DEAD; i++) {
        char text[32];
        snprintf(text, sizeof text, "slow%d.test:25", i);
        dead[i] = open_name(text);
        name_start(dead[i]);
    }
    wait_until_asked(before + DEAD);

    struct name *fast = open_name("quick.test:25");
    struct endpoint endpoints[NAMES_ADDRESSES_MAX];
    assert_int_equal(name_endpoints(fast, 20000, endpoints, NULL), 1);
    set_hanging(false);
    for (int i = 0; i < DEAD; i++) {
        assert_int_equal(name_endpoints(dead[i], 20000, endpoints, NULL), 1);
        name_close(dead[i]);
    }
    name_close(fast);
}

static void *
use_names(void *argument)
{
    static const char *const texts[] = {"a.test:1", "b.test:2", "c.test:3", "192.0.2.1:4"};
    unsigned seed = *(unsigned *)argument;
    for (int i = 0; i < 300; i++) {
        const char *text = texts[(seed + (unsigned)i) % 4];
        struct name *name = name_open(text, 0, NULL);
        struct endpoint endpoints[NAMES_ADDRESSES_MAX];
        if (name_endpoints(name, i % 3, endpoints, NULL) == 0)
            name_is_pending(name);
        name_close(name);
    }
    return NULL;
}

static void
test_threads(void **state)
{
    (void)state;
    pthread_t threads[8];
    unsigned seeds[8];
    for (unsigned i = 0; i < 8; i++) {
        seeds[i] = i;
        assert_int_equal(pthread_create(&threads[i], NULL, use_names, &seeds[i]), 0);
    }
    for (size_t i = 0; i < 8; i++)
        pthread_join(threads[i], NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_literals_need_no_resolver),
        cmocka_unit_test(test_open_asks_nobody),
        cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_resolves),
        cmocka_unit_test(test_the_same_text_is_the_same_name),
        cmocka_unit_test(test_a_name_that_fails),
        cmocka_unit_test(test_a_dead_resolver_holds_up_nobody),
        cmocka_unit_test(test_many_dead_names_hold_up_nobody),
        cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
