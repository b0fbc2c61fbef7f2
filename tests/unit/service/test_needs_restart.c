#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "expect_text.h"
#include "needs_restart.h"

static const char *const one[] = {"a:1"}, *const same_one[] = {"a:1"}, *const other_one[] = {"b:1"};

static void
test_stores(void **state)
{
    static const struct store_settings before = {.path = "/var/lib/mailreeve",
                                                 .size_bytes = 1 << 20,
                                                 .url = "unix:/r",
                                                 .sentinels = one,
                                                 .sentinel_count = 1,
                                                 .sentinel_master = "m",
                                                 .prefix = "p:",
                                                 .connections = 16,
                                                 .timeout_ms = 500};
    struct store_settings after[17];
    for (size_t i = 0; i < sizeof after / sizeof after[0]; i++)
        after[i] = before;
    after[1].engine = STORE_REDIS;
    after[2].path = "/var/lib/mailreeve2";
    after[3].size_bytes = 2 << 20;
    after[4].url = NULL;
    after[5].password_file = "password";
    after[6].sentinel_master = "other";
    after[7].sentinels = other_one;
    after[8].sentinel_count = 0;
    after[9].prefix = "";
    after[10].connections = 1;
    after[11].timeout_ms = 1;
    after[12].tls.ca_file = "ca.pem";
    after[13].tls.cert_file = "front.pem";
    after[14].tls.key_file = "front.key";
    after[15].tls.no_verify = true;
    after[16].has_tls = true;
    (void)state;
    after[0].sentinels = same_one;
    assert_null(needs_restart_store(&before, &after[0]));
    for (size_t i = 1; i < sizeof after / sizeof after[0]; i++)
        expect_text("a changed store", "names", needs_restart_store(&before, &after[i]), "state");
}

static void
test_sockets(void **state)
{
    static const struct site_settings before = {
        .socket = "/run/auth.sock", .socket_mode = 0660, .socket_group = "www-data"};
    struct site_settings after[4];
    for (size_t i = 0; i < sizeof after / sizeof after[0]; i++)
        after[i] = before;
    after[1].socket = "/run/other.sock";
    after[2].socket_mode = 0600;
    after[3].socket_group = NULL;
    (void)state;
    assert_null(needs_restart_socket(&before, &after[0]));
    for (size_t i = 1; i < sizeof after / sizeof after[0]; i++)
        expect_text("a changed socket", "names", needs_restart_socket(&before, &after[i]),
                    "socket, socket_mode, socket_group");
}

static void
test_guards(void **state)
{
    static const struct guard_settings before = {.socket = "unix:/run/milter.sock",
                                                 .socket_mode = 0660,
                                                 .socket_group = "postfix",
                                                 .listener = "submission"};
    struct guard_settings after[5];
    for (size_t i = 0; i < sizeof after / sizeof after[0]; i++)
        after[i] = before;
    after[0].listener = "mx";
    after[1].socket = "inet:8891@127.0.0.1";
    after[2].socket_mode = 0600;
    after[3].socket_group = NULL;
    after[4].socket_group = "mail";
    (void)state;
    assert_null(needs_restart_guard(&before, &after[0]));
    for (size_t i = 1; i < sizeof after / sizeof after[0]; i++)
        expect_text("a changed socket", "names", needs_restart_guard(&before, &after[i]),
                    "guard: socket, socket_mode, socket_group");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_stores),
                                       cmocka_unit_test(test_sockets),
                                       cmocka_unit_test(test_guards)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
