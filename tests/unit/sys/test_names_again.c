/* When a name is asked for again, of whom, and what is known of it meanwhile. */
#include "scripted_dns.h"

static void
test_asks_again_when_the_ttl_is_over(void **state)
{
    static const struct {
        const char *sentence;
        int64_t ttl_ms;
        bool fails;
        int64_t early_ms, late_ms; /* not yet, and then */
    } cases[] = {
        {"an answer holds as long as it says", 30000, false, 20000, 10001},
        {"one that is not to be kept holds for a second", 0, false, 300, 701},
        {"none holds for ever", INT64_C(86400000), false, NAMES_MOST_MS - 10000, 10001},
        {"what failed is asked for again soon", 30000, true, NAMES_RETRY_MS - 2000, 2001},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        set_mail_ttl(cases[i].ttl_ms);
        set_failing(cases[i].fails);
        int before = mail_asked_so_far();
        char text[32]; /* the one before may still be asked for */
        snprintf(text, sizeof text, "mail.test:%zu", 30 + i);
        struct name *name = open_name(text);
        struct endpoint endpoints[NAMES_ADDRESSES_MAX];
        size_t count = name_endpoints(name, 20000, endpoints, NULL);
        let_pass(cases[i].early_ms);
        if (count != !cases[i].fails || mail_asked_so_far() != before + 1)
            fail_msg("%s: %zu addresses, asked %d times", cases[i].sentence, count,
                     mail_asked_so_far() - before);
        set_mail_ttl(TTL_MS);
        let_pass(cases[i].late_ms);
        wait_until_mail_was_asked(before + 2);
        name_close(name);
        set_failing(false);
    }
}

/* The second time begins behind the first one's answer. */
static void
let_pass_until_mail_was_asked_twice(void)
{
    const int want = mail_asked_so_far() + 2;
    for (int i = 0; i < 2000 && mail_asked_so_far() < want; i++) {
        let_pass(TTL_MS + 1);
        poll(NULL, 0, 10);
    }
    assert_true(mail_asked_so_far() >= want);
}

static void
test_a_failed_question_keeps_the_old_answer(void **state)
{
    (void)state;
    struct name *name = open_name("mail.test:25");
    struct endpoint endpoints[NAMES_ADDRESSES_MAX];
    assert_int_equal(name_endpoints(name, 20000, endpoints, NULL), 1);
    set_failing(true);
    let_pass_until_mail_was_asked_twice();
    assert_int_equal(name_endpoints(name, 0, endpoints, NULL), 1);
    set_failing(false);
    name_close(name);
}

/* Looks until a name has so many addresses; lets no time pass. */
static void
wait_for_addresses(struct name *name, size_t count,
                   struct endpoint endpoints_r[NAMES_ADDRESSES_MAX])
{
    for (int i = 0; i < 2000 && name_endpoints(name, 0, endpoints_r, NULL) != count; i++)
        poll(NULL, 0, 10);
    assert_int_equal(name_endpoints(name, 0, endpoints_r, NULL), count);
}

static void
test_a_family_that_nobody_can_tell_about_stays(void **state)
{
    (void)state;
    set_unsure(true);
    struct name *name = open_name("both.test:25");
    struct endpoint endpoints[NAMES_ADDRESSES_MAX];
    assert_int_equal(name_endpoints(name, 20000, endpoints, NULL), 1); /* not known from before */
    set_unsure(false);
    let_pass(NAMES_INTERVAL_MS + 1); /* although the answer would hold for an hour */
    wait_for_addresses(name, 2, endpoints);
    set_unsure(true);
    int before = asked_so_far();
    let_pass(TTL_MS + 1);
    wait_until_asked(before + 2); /* the other name, too */
    let_pass(TTL_MS + 1);
    assert_int_equal(name_endpoints(name, 0, endpoints, NULL), 2);
    char text[64];
    endpoint_format(&endpoints[1], text, sizeof text);
    assert_string_equal(text, "[2001:db8::1]:25");
    name_close(name);
    set_unsure(false);
}

static void
test_malformed_servers(void **state)
{
    static const struct {
        const char *text, *want;
    } cases[] = {
        {"dns.test", "\"dns.test\" is no address (write ADDRESS, ADDRESS:PORT or [ADDRESS]:PORT)"},
        {"192.0.2.53,unix:/x",
         "\"unix:/x\" is no address (write ADDRESS, ADDRESS:PORT or [ADDRESS]:PORT)"},
        {"192.0.2.53:0", "malformed port in \"192.0.2.53:0\" (write HOST:PORT, 1 to 65535)"},
        {"192.0.2.1,192.0.2.2,192.0.2.3,192.0.2.4,192.0.2.5,192.0.2.6,192.0.2.7,192.0.2.8,192.0.2."
         "9",
         "there are more than 8 DNS servers"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct err err = {0};
        assert_int_equal(names_use_servers(cases[i].text, &err), -1);
        assert_string_equal(err.text, cases[i].want);
    }
}

static void
test_other_servers_are_asked_at_once(void **state)
{
    (void)state;
    struct name *name = open_name("mail.test:25");
    struct endpoint endpoints[NAMES_ADDRESSES_MAX];
    assert_int_equal(name_endpoints(name, 20000, endpoints, NULL), 1);
    assert_int_equal(servers_asked_last().count, 0);
    int before = mail_asked_so_far();
    assert_int_equal(names_use_servers("192.0.2.53,[2001:db8::53]:5353", NULL), 0);
    wait_until_mail_was_asked(before + 1);
    assert_int_equal(names_use_servers("192.0.2.53:53,[2001:db8::53]:5353", NULL),
                     0); /* the same */
    let_pass(0);
    assert_int_equal(mail_asked_so_far(), before + 1);
    struct dns_servers last = servers_asked_last();
    char text[64];
    assert_int_equal(last.count, 2);
    endpoint_format(&last.endpoints[0], text, sizeof text);
    assert_string_equal(text, "192.0.2.53:53");
    endpoint_format(&last.endpoints[1], text, sizeof text);
    assert_string_equal(text, "[2001:db8::53]:5353");

    assert_int_equal(names_use_servers(NULL, NULL), 0);
    wait_until_mail_was_asked(before + 2);
    assert_int_equal(servers_asked_last().count, 0);
    name_close(name);
}

static void
test_an_answer_of_the_servers_before_does_not_last(void **state)
{
    (void)state;
    set_hanging(true);
    int before = asked_so_far();
    struct name *name = open_name("slowly.test:25");
    name_start(name);
    wait_until_asked(before + 1);
    assert_int_equal(names_use_servers("192.0.2.54", NULL), 0);
    before = asked_so_far();
    set_hanging(false);
    wait_until_asked(before + 1);
    assert_int_equal(servers_asked_last().count, 1);
    assert_int_equal(names_use_servers(NULL, NULL), 0);
    name_close(name);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_asks_again_when_the_ttl_is_over),
        cmocka_unit_test(test_a_failed_question_keeps_the_old_answer),
        cmocka_unit_test(test_a_family_that_nobody_can_tell_about_stays),
        cmocka_unit_test(test_malformed_servers),
        cmocka_unit_test(test_other_servers_are_asked_at_once),
        cmocka_unit_test(test_an_answer_of_the_servers_before_does_not_last),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
