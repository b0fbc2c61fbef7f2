#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "redis_url.h"
#include "store.h"

static const struct {
    const char *what, *text;
    const char *want_address, *want_user, *want_password;
    unsigned want_db;
    const char *want_error; /* a part of it */
} cases[] = {
    {"a host alone has the usual port", "redis://redis.example.org", "redis.example.org", "", "", 0,
     NULL},
    {"a port and a database", "redis://192.0.2.7:7000/3", "192.0.2.7:7000", "", "", 3, NULL},
    {"an IPv6 address", "redis://[2001:db8::1]:6380", "[2001:db8::1]:6380", "", "", 0, NULL},
    {"an empty path is database 0", "redis://127.0.0.1/", "127.0.0.1", "", "", 0, NULL},
    {"user and password", "redis://front:se%40cret@127.0.0.1", "127.0.0.1", "front", "se@cret", 0,
     NULL},
    {"a password of the default user", "redis://:pw@127.0.0.1:1/15", "127.0.0.1:1", "", "pw", 15,
     NULL},
    {"a user whose password is in a file", "redis://front@127.0.0.1", "127.0.0.1", "front", "", 0,
     NULL},
    {"an @ of the password that nobody wrote as %40", "redis://u:p@w@127.0.0.1", "127.0.0.1", "u",
     "p@w", 0, NULL},
    {"a unix socket", "unix:/run/redis/redis.sock", "unix:/run/redis/redis.sock", "", "", 0, NULL},

    {"TLS by hiredis is refused with the ways out", "rediss://127.0.0.1", NULL, NULL, NULL, 0,
     "tls = \"implicit\", or go by the server's unix socket, unix:/PATH, or by a TLS tunnel such "
     "as "
     "stunnel"},
    {"it is refused without the password", "rediss://u:secret@127.0.0.1", NULL, NULL, NULL, 0,
     "cannot use rediss:"},
    {"another scheme", "http://127.0.0.1", NULL, NULL, NULL, 0, "of no kind that is known"},
    {"no scheme", "127.0.0.1:6379", NULL, NULL, NULL, 0, "of no kind that is known"},
    {"nothing", "", NULL, NULL, NULL, 0, "of no kind that is known"},
    {"no host", "redis://", NULL, NULL, NULL, 0, "no host"},
    {"no host behind a user", "redis://u:secret@/1", NULL, NULL, NULL, 0, "no host"},
    {"a socket in the wrong place", "redis://unix:/run/redis.sock", NULL, NULL, NULL, 0, "no host"},
    {"a socket that is no path", "unix:redis.sock", NULL, NULL, NULL, 0, "malformed socket"},
    {"a port that is none", "redis://127.0.0.1:66000", NULL, NULL, NULL, 0, "malformed port"},
    {"a host that is none", "redis://exa mple", NULL, NULL, NULL, 0, "neither an address"},
    {"a database that is none", "redis://127.0.0.1/one", NULL, NULL, NULL, 0, "malformed database"},
    {"a database that is too high", "redis://127.0.0.1/65536", NULL, NULL, NULL, 0,
     "malformed database"},
    {"an empty password", "redis://u:@127.0.0.1", NULL, NULL, NULL, 0, "empty, too long"},
    {"a broken %XX at the end", "redis://u:secret%4@127.0.0.1", NULL, NULL, NULL, 0,
     "empty, too long or malformed"},
    {"a broken %XX", "redis://u:secret%zz@127.0.0.1", NULL, NULL, NULL, 0,
     "empty, too long or malformed"},
    {"a NUL in a password", "redis://u:secret%00@127.0.0.1", NULL, NULL, NULL, 0,
     "empty, too long or malformed"},
};

static void
test_urls(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct redis_url url;
        struct err err = {.text = ""};
        int result = redis_url_parse(cases[i].text, &url, &err);
        if (result != (cases[i].want_error != NULL ? -1 : 0))
            fail_msg("%s: returned %d (%s)", cases[i].what, result, err.text);
        if (result != 0) {
            if (strstr(err.text, cases[i].want_error) == NULL)
                fail_msg("%s: said \"%s\"", cases[i].what, err.text);
            if (strstr(err.text, "secret") != NULL)
                fail_msg("%s: the password is in \"%s\"", cases[i].what, err.text);
            continue;
        }
        if (strcmp(url.address, cases[i].want_address) != 0 ||
            strcmp(url.user, cases[i].want_user) != 0 || url.db != cases[i].want_db ||
            url.password.length != strlen(cases[i].want_password) ||
            memcmp(url.password.length > 0 ? url.password.bytes : "", cases[i].want_password,
                   url.password.length) != 0)
            fail_msg("%s: address \"%s\", user \"%s\", database %u", cases[i].what, url.address,
                     url.user, url.db);
        redis_url_fini(&url);
    }
}

static void
test_passwords_of_any_length_do_no_harm(void **state)
{
    (void)state;
    char text[2048] = "redis://u:";
    for (size_t length = strlen(text); length < sizeof text - 16; length++) {
        struct redis_url url;
        strcpy(text + length, "@127.0.0.1");
        if (redis_url_parse(text, &url, NULL) == 0)
            redis_url_fini(&url);
        text[length] = 'x';
        text[length + 1] = '\0';
    }
}

static const struct {
    const char *what;
    struct store_settings settings;
    const char *want_error; /* NULL: right */
} checks[] = {
    {"a url alone", {.url = "redis://127.0.0.1"}, NULL},
    {"no url", {.url = NULL}, "no url"},
    {"sentinels without a url",
     {.sentinels = (const char *const[]){"192.0.2.1"}, .sentinel_count = 1, .sentinel_master = "m"},
     NULL},
    {"sentinels without master",
     {.sentinels = (const char *const[]){"192.0.2.1"}, .sentinel_count = 1},
     "sentinels without master"},
    {"master without sentinels",
     {.url = "redis://127.0.0.1", .sentinel_master = "m"},
     "master without sentinels"},
    {"a sentinel that is no address",
     {.sentinels = (const char *const[]){"192.0.2"}, .sentinel_count = 1, .sentinel_master = "m"},
     "sentinels: \"192.0.2\" is neither"},
    {"a user without a password",
     {.url = "redis://front@127.0.0.1"},
     "a user in url without a password"},
    {"two passwords",
     {.url = "redis://:pw@127.0.0.1", .password_file = "/etc/redis-password"},
     "a password both in url and in password_file"},
    {"TLS", {.url = "redis://127.0.0.1", .has_tls = true}, NULL},
    {"TLS at a socket",
     {.url = "unix:/run/redis.sock", .has_tls = true},
     "TLS at a unix socket (leave tls out"},
    {"trusted certificates without TLS",
     {.url = "redis://127.0.0.1", .tls = {.ca_file = "/etc/ssl/redis.pem"}},
     "settings of TLS without TLS (set tls = \"implicit\")"},
    {"a certificate at a socket",
     {.url = "unix:/run/redis.sock", .tls = {.cert_file = "c", .key_file = "k"}},
     "settings of TLS without TLS"},
    {"a certificate that nobody verifies, without TLS",
     {.url = "redis://127.0.0.1", .tls = {.no_verify = true}},
     "settings of TLS without TLS"},
    {"trusted certificates for sentinels that are asked in clear",
     {.sentinels = (const char *const[]){"192.0.2.1"},
      .sentinel_count = 1,
      .sentinel_master = "m",
      .tls = {.ca_file = "/etc/ssl/redis.pem"}},
     "settings of TLS without TLS"},
    {"trusted certificates that are not there",
     {.url = "redis://127.0.0.1", .has_tls = true, .tls = {.ca_file = "/nowhere/ca.pem"}},
     "cannot read the trusted certificates in /nowhere/ca.pem"},
    {"a key without its certificate",
     {.url = "redis://127.0.0.1", .has_tls = true, .tls = {.key_file = "/nowhere/key.pem"}},
     "of no use without its certificate"},
};

static void
test_settings_that_can_never_work_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++) {
        struct err err = {.text = ""};
        int result = store_redis.check(&checks[i].settings, &err);
        if (checks[i].want_error == NULL ? result != 0
                                         : strstr(err.text, checks[i].want_error) == NULL)
            fail_msg("%s: returned %d, \"%s\"", checks[i].what, result, err.text);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_urls),
        cmocka_unit_test(test_passwords_of_any_length_do_no_harm),
        cmocka_unit_test(test_settings_that_can_never_work_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
