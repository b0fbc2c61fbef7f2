/* SRV records, by their service. */
#include "scripted_dns.h"

static struct srv *
open_service(const char *text)
{
    struct err err = {0};
    struct srv *srv = srv_open(text, &err);
    assert_string_equal(err.text, "");
    assert_non_null(srv);
    return srv;
}

static void
wait_for_answer(struct srv *srv)
{
    for (int i = 0; i < 2000 && srv_is_pending(srv); i++)
        poll(NULL, 0, 10);
    assert_false(srv_is_pending(srv));
}

static void
test_services(void **state)
{
    (void)state;
    int before = asked_so_far();
    struct srv *srv = open_service("_submission._tcp.acme.test");
    struct srv_target targets[NAMES_TARGETS_MAX];
    struct err err = {0};
    assert_int_equal(srv_targets(srv, targets, &err), 0);
    assert_string_equal(err.text,
                        "cannot find the servers of _submission._tcp.acme.test: no answer yet");
    assert_int_equal(asked_so_far(), before);
    assert_ptr_equal(open_service("_Submission._TCP.acme.test"), srv);
    srv_close(srv);

    srv_start(srv);
    wait_for_answer(srv);
    assert_int_equal(srv_targets(srv, targets, NULL), 2);
    assert_string_equal(targets[1].host, "two.test");
    assert_int_equal(targets[1].port, 26);
    srv_close(srv);
    srv_close(NULL);
}

static void
test_a_service_that_there_is_not(void **state)
{
    (void)state;
    struct srv *srv = open_service("_none._tcp.acme.test");
    srv_start(srv);
    wait_for_answer(srv);
    struct srv_target targets[NAMES_TARGETS_MAX];
    struct err err = {0};
    assert_int_equal(srv_targets(srv, targets, &err), 0);
    assert_string_equal(err.text, "_none._tcp.acme.test names no server");
    srv_close(srv);

    set_failing(true);
    srv = open_service("_imap._tcp.acme.test");
    srv_start(srv);
    wait_for_answer(srv);
    assert_int_equal(srv_targets(srv, targets, &err), 0);
    assert_string_equal(err.text,
                        "cannot find the servers of _imap._tcp.acme.test: no DNS server answered");
    srv_close(srv);
    set_failing(false);
}

static void
test_malformed_services(void **state)
{
    static const char *const texts[] = {"",
                                        "mail.acme.test",
                                        "_submission",
                                        "_submission._tcp",
                                        "_submission._tcp.",
                                        "_submission.tcp.acme.test",
                                        "_._tcp.acme.test",
                                        "_submission._.acme.test",
                                        "_submission._tcp.acme.test:25",
                                        "_a._tcp.a b",
                                        "_submission._tcp..test",
                                        "unix:/_a._tcp.x"};
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct err err = {0};
        char want[128];
        snprintf(want, sizeof want, "\"%s\" is no name of a service (write _SERVICE._tcp.DOMAIN)",
                 texts[i]);
        assert_null(srv_open(texts[i], &err));
        assert_string_equal(err.text, want);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_services),
        cmocka_unit_test(test_a_service_that_there_is_not),
        cmocka_unit_test(test_malformed_services),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
