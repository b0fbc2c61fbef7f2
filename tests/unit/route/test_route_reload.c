/* Upstreams that are used, changed and replaced at the same time. */
#include "checked_upstream.h"

/* What a reload does: the new upstream is open and running before the old one is closed. */
static void
test_a_new_upstream_knows_what_the_old_one_knew(void **state)
{
    (void)state;
    struct loopback server;
    struct site old_site, new_site;
    loopback_start(&server, busy);
    open_checked_port(&old_site, "smtp", &server, "");
    log_begin();
    upstream_start(old_site.upstream);
    wait_for_choice(&old_site, '-');
    server.script = stalling; /* so that no check of the new one ends */
    open_checked_port(&new_site, "smtp", &server, "timeout = 2min");
    upstream_start(new_site.upstream);
    assert_choices(&new_site, "-");
    site_close(&old_site);
    assert_choices(&new_site, "-");
    site_close(&new_site);
    log_end();
    loopback_stop(&server);
}

static atomic_bool is_enough;

static void *
choose_often(void *argument)
{
    struct site *site = argument;
    for (size_t i = 0; !is_enough; i++) {
        struct route route;
        struct upstream_server server;
        upstream_choose(site->upstream, "bob", &route, NULL);
        upstream_choose_host(site->upstream, "x.test", "bob", &route, NULL);
        upstream_server_at(site->upstream, i % 4, &server);
    }
    return NULL;
}

/* Sessions choose while records, names, checks and drains change who there is, and a reload takes
 * over. */
static void
test_threads(void **state)
{
    static const char *const records[] = {"1 0 25 x.test\n1 0 25 y.test", "1 0 25 x.test",
                                          "1 0 25 y.test\n2 0 25 x.test"};
    static const char *const hosts[] = {"127.0.0.1 127.0.0.2", "127.0.0.2", "127.0.0.3 127.0.0.1"};
    static const char *const drained[] = {"x.test", "a"};
    (void)state;
    struct loopback server;
    struct site site, next;
    pthread_t threads[4];
    char text[300];
    loopback_start(&server, healthy);
    fake_host("y.test", "127.0.0.1");
    snprintf(text, sizeof text,
             "upstream \"u\" {\n check = \"smtp\" interval = 100ms timeout = 50ms\n"
             " server \"a\" { address = \"127.0.0.1:%u\" }\n"
             " server \"b\" { srv = \"_s._tcp.test\" }\n}\n",
             server.port);
    site_open(&site, text);
    log_begin();
    upstream_start(site.upstream);
    is_enough = false;
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, choose_often, &site), 0);
    for (size_t i = 0; i < 6; i++) {
        int before = server.accepted;
        fake_srv("_s._tcp.test", records[i % 3]);
        fake_host("x.test", hosts[i % 3]);
        upstream_set_drained(site.upstream, drained, i % 3);
        wait_for_checks(&server, before + 6); /* a look at the names is among them */
    }
    site_open(&next, text);
    upstream_start(next.upstream);
    is_enough = true;
    for (size_t i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    site_close(&site);
    site_close(&next);
    log_end();
    fake_forget();
    upstream_close(NULL);
    loopback_stop(&server);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_new_upstream_knows_what_the_old_one_knew),
        cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
