#include "world.h"

#define A50 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const struct {
    const char *name;
    const char *user;
    size_t user_length;
    const char *password;
    size_t password_length;
    enum username_encoding encoding;
    enum reason want;
    const char *want_rule; /* NULL: not looked at */
    const char *want_user; /* NULL: refused */
    const char *want_organization;
} credentials[] = {
    {"a plain login", BYTES("boss@acme.example"), BYTES("secret"), 0, REASON_AUTH_OK,
     "conf:10 listener \"submission\"", "boss@acme.example", "acme"},
    {"a login of another organization", BYTES("eve@widgets.example"), BYTES("secret"), 0,
     REASON_AUTH_OK, NULL, "eve@widgets.example", "widgets"},
    {"a name of no organization goes on to the users file", BYTES("eve@elsewhere.example"),
     BYTES("secret"), 0, REASON_AUTH_OK, NULL, "eve@elsewhere.example", NULL},
    {"upper case finds the organization", BYTES("Boss@ACME.example"), BYTES("secret"), 0,
     REASON_AUTH_OK, NULL, "boss@acme.example", "acme"},
    {"a name without a domain stays so where there is no default", BYTES("boss"), BYTES("secret"),
     0, REASON_AUTH_OK, NULL, "boss", NULL},
    {"no name", NULL, 0, BYTES("secret"), 0, REASON_REQUEST_MALFORMED,
     "conf:10 listener \"submission\": malformed request: no user name was sent", NULL, NULL},
    {"an empty name", BYTES(""), BYTES("secret"), 0, REASON_REQUEST_MALFORMED,
     "conf:10 listener \"submission\": malformed request: the user name is empty", NULL, NULL},
    {"a NUL in the name", BYTES("boss\0@acme.example"), BYTES("secret"), 0,
     REASON_REQUEST_MALFORMED,
     "conf:10 listener \"submission\": malformed request: the user name has a control character or "
     "is not UTF-8",
     NULL, NULL},
    {"a NUL behind the name", BYTES("boss@acme.example\0.evil"), BYTES("secret"), 0,
     REASON_REQUEST_MALFORMED, NULL, NULL, NULL},
    {"a line break in the name", BYTES("u\r\nMAIL FROM:<x@y>"), BYTES("secret"), 0,
     REASON_REQUEST_MALFORMED, NULL, NULL, NULL},
    {"an XCLIENT attribute in the name", BYTES("u ADDR=6.6.6.6"), BYTES("secret"), 0,
     REASON_REQUEST_MALFORMED, NULL, NULL, NULL},
    {"an over-long name", BYTES(A50 A50 A50 A50 A50 "@acme.example"), BYTES("secret"), 0,
     REASON_REQUEST_MALFORMED,
     "conf:10 listener \"submission\": malformed request: the user name is longer than 254 bytes",
     NULL, NULL},
    {"a name that is not UTF-8", BYTES("\xff@acme.example"), BYTES("secret"), USERNAME_XTEXT,
     REASON_REQUEST_MALFORMED, NULL, NULL, NULL},
    {"'+' in the name", BYTES("boss+x@acme.example"), BYTES("secret"), USERNAME_PLAIN,
     REASON_REQUEST_MALFORMED, NULL, NULL, NULL},
    {"'=' in the name", BYTES("boss=x@acme.example"), BYTES("secret"), USERNAME_PLAIN,
     REASON_REQUEST_MALFORMED, NULL, NULL, NULL},
    {"a letter outside of ASCII", BYTES("b\xc3\xb6ss@acme.example"), BYTES("secret"),
     USERNAME_PLAIN, REASON_REQUEST_MALFORMED, NULL, NULL, NULL},
    {"'+', '=' and letters outside of ASCII with xtext", BYTES("b\xc3\xb6ss+x=y@acme.example"),
     BYTES("secret"), USERNAME_XTEXT, REASON_AUTH_OK, NULL, "b\xc3\xb6ss+x=y@acme.example", "acme"},
    {"a NUL in the password", BYTES("boss@acme.example"), BYTES("sec\0ret"), 0,
     REASON_REQUEST_MALFORMED,
     "conf:10 listener \"submission\": malformed request: the password has a control character",
     NULL, NULL},
    {"a password of a NUL alone", BYTES("boss@acme.example"), BYTES("\0"), 0,
     REASON_REQUEST_MALFORMED, NULL, NULL, NULL},
    {"a line break in the password", BYTES("boss@acme.example"), BYTES("sec\nret"), 0,
     REASON_REQUEST_MALFORMED, NULL, NULL, NULL},
    {"DEL in the password", BYTES("boss@acme.example"), BYTES("\x7f"), 0, REASON_REQUEST_MALFORMED,
     NULL, NULL, NULL},
    {"a password of any other bytes", BYTES("boss@acme.example"), BYTES(" \xff\xc3\xbc+=\"'"), 0,
     REASON_AUTH_OK, NULL, "boss@acme.example", "acme"},
    {"an empty password looks like a wrong one", BYTES("boss@acme.example"), BYTES(""), 0,
     REASON_AUTH_BAD_CREDENTIALS, "conf:10 listener \"submission\": password: it is empty", NULL,
     NULL},
    {"no password looks like a wrong one", BYTES("boss@acme.example"), NULL, 0, 0,
     REASON_AUTH_BAD_CREDENTIALS, "conf:10 listener \"submission\": password: it is empty", NULL,
     NULL},
};

static void
test_credentials(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(credentials); i++) {
        const char *name = credentials[i].name;
        struct world world;
        world_init(&world);
        world.settings.encoding = credentials[i].encoding;
        world.facts.user = credentials[i].user;
        world.facts.user_length = credentials[i].user_length;
        world.facts.password = credentials[i].password;
        world.facts.password_length = credentials[i].password_length;
        world_ask_auth(&world);
        world_check(name, &world, credentials[i].want);
        if (credentials[i].want_rule != NULL)
            world_check_rule(name, &world, credentials[i].want_rule);
        const struct organization *organization = world.decision.organization;
        if (credentials[i].want == REASON_AUTH_OK) {
            CHECK_TEXT(name, world.decision.user.text, credentials[i].want_user);
            CHECK(name, (organization != NULL) == (credentials[i].want_organization != NULL));
            if (organization != NULL)
                CHECK_TEXT(name, organization->name, credentials[i].want_organization);
        }
        world_fini(&world);
    }
}

static void
test_a_password_has_a_limit(void **state)
{
    (void)state;
    char password[PASSWORD_MAX + 1];
    memset(password, 'a', sizeof password);
    struct world world;
    world_init(&world);
    world.facts.password = password;
    world.facts.password_length = sizeof password;
    world_ask_auth(&world);
    world_check("one byte too many", &world, REASON_REQUEST_MALFORMED);
    world.facts.password_length = PASSWORD_MAX;
    world_ask_auth(&world);
    world_check("as many as allowed", &world, REASON_AUTH_OK);
    world_fini(&world);
}

static void
test_a_bare_name_gets_the_listeners_domain(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    world.listener->default_domain = "widgets.example";
    world.facts.user = "Eve";
    world.facts.user_length = 3;
    world_ask_auth(&world);
    world_check("a bare name", &world, REASON_AUTH_OK);
    assert_string_equal(world.decision.user.text, "eve@widgets.example");
    assert_ptr_equal(world.decision.organization, world.widgets);
    world_fini(&world);
}

static const struct {
    const char *name;
    enum auth_method method;
    unsigned offered;
    enum reason want;
} methods[] = {
    {"plain where plain is offered", METHOD_PLAIN, METHOD_BIT(METHOD_PLAIN), REASON_AUTH_OK},
    {"plain where only another is offered", METHOD_PLAIN, METHOD_BIT(METHOD_CRAM_MD5),
     REASON_AUTH_METHOD},
    {"plain where nothing is offered", METHOD_PLAIN, 0, REASON_AUTH_METHOD},
    {"cram-md5 where only plain is offered", METHOD_CRAM_MD5, METHOD_BIT(METHOD_PLAIN),
     REASON_AUTH_METHOD},
    {"apop where only plain is offered", METHOD_APOP, METHOD_BIT(METHOD_PLAIN), REASON_AUTH_METHOD},
    {"external where only plain is offered", METHOD_EXTERNAL, METHOD_BIT(METHOD_PLAIN),
     REASON_AUTH_METHOD},
    {"a method that we do not know", METHOD_UNKNOWN, METHOD_BIT(METHOD_PLAIN), REASON_AUTH_METHOD},
    {"a method that we do not know, whatever is offered", METHOD_UNKNOWN, ~0u, REASON_AUTH_METHOD},
    {"none is no login, whatever is offered", METHOD_NONE, ~0u, REASON_AUTH_METHOD},
};

static void
test_methods(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(methods); i++) {
        struct world world;
        world_init(&world);
        world.listener->methods = methods[i].offered;
        world.facts.method = methods[i].method;
        world_ask_auth(&world);
        world_check(methods[i].name, &world, methods[i].want);
        world_fini(&world);
    }
}

/* nginx sends the password of the attempt before with EXTERNAL (measured). */
static void
test_external_has_no_password(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    world_external(&world);
    world.facts.password = "old\0one";
    world.facts.password_length = 7;
    world_ask_auth(&world);
    world_check("another attempt's password", &world, REASON_AUTH_OK);
    world.facts.password_length = 0;
    world_ask_auth(&world);
    world_check("no password", &world, REASON_AUTH_OK);
    world_fini(&world);
}

static void
test_require_tls_holds_where_auth_does_not_ask_for_it(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    world.listener->auth = AUTH_ON;
    world.listener->require_tls = true;
    world.facts.tls = false;
    world_ask_auth(&world);
    world_check("without TLS", &world, REASON_AUTH_TLS_REQUIRED);
    world_check_rule("without TLS", &world, "conf:13 listener \"submission\": require_tls");
    world.facts.tls = true;
    world_ask_auth(&world);
    world_check("with TLS", &world, REASON_AUTH_OK);
    world_fini(&world);
}

static const struct {
    const char *name;
    unsigned delay_s, max_attempts, attempt;
    bool banned;
    unsigned want_s;
} waits[] = {
    {"the first of three attempts", 2, 3, 1, false, 2},
    {"the second of three attempts", 2, 3, 2, false, 2},
    {"the last attempt ends the session", 2, 3, 3, false, 0},
    {"an attempt behind the last ends the session", 2, 3, 9, false, 0},
    {"one attempt only", 2, 1, 1, false, 0},
    {"without a delay the session still goes on", 0, 3, 1, false, 1},
    {"a ban ends the session", 2, 3, 1, true, 0},
};

static void
test_waits(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(waits); i++) {
        struct world world;
        world_init(&world);
        world.settings.failure_delay_s = waits[i].delay_s;
        world.settings.max_attempts = waits[i].max_attempts;
        world.facts.attempt = waits[i].attempt;
        world.facts.banned = waits[i].banned;
        world.facts.password_length = 0;
        world_ask_auth(&world);
        CHECK(waits[i].name, world.decision.verdict.wait_s == waits[i].want_s);
        world_fini(&world);
    }
}

/*
 * MDaemon: "Do not allow authentication on the SMTP port: This option disables AUTH support over
 *     the SMTP port. AUTH will not be offered in the EHLO response, and will be treated as an
 *     unknown command if provided by the SMTP client."
 *     "...add their IP to the Dynamic Screen if they attempt it anyway: ... this option will add to
 *     the Dynamic Screen any IP address of any client that attempts to authenticate on the SMTP
 *     port anyway. The connection will also be immediately terminated."
 */
static const struct {
    const char *name;
    enum auth_availability auth;
    bool ban_when_off, tls;
    enum reason want;
    bool want_ban;
    unsigned want_wait_s;
} ports[] = {
    {"off, refuse", AUTH_OFF, false, true, REASON_AUTH_OFF, false, 2},
    {"off, ban", AUTH_OFF, true, true, REASON_AUTH_OFF, true, 0},
    {"off, ban, without TLS", AUTH_OFF, true, false, REASON_AUTH_OFF, true, 0},
    {"on, ban", AUTH_ON, true, true, REASON_AUTH_OK, false, 0},
    {"encrypted, ban, without TLS", AUTH_ENCRYPTED, true, false, REASON_AUTH_TLS_REQUIRED, false,
     2},
};

static void
test_mdaemon_no_authentication_on_the_smtp_port(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(ports); i++) {
        struct world world;
        world_init(&world);
        world.listener->auth = ports[i].auth;
        world.listener->ban_when_off = ports[i].ban_when_off;
        world.facts.tls = ports[i].tls;
        world_ask_auth(&world);
        world_check(ports[i].name, &world, ports[i].want);
        CHECK(ports[i].name, world.decision.ban_client == ports[i].want_ban);
        CHECK(ports[i].name, world.decision.verdict.wait_s == ports[i].want_wait_s);
        if (ports[i].want_ban) {
            world_check_rule(ports[i].name, &world, "conf:11 listener \"submission\": auth");
            CHECK(ports[i].name, strstr(world.trail, "next conf:26 listener \"submission\": "
                                                     "on_auth_when_off: the client is to be "
                                                     "banned\n") != NULL);
        }
        world_fini(&world);
    }
}

/* A session that needs no login is not banned for the port's sake. */
static void
test_recipients_are_no_attempts_to_authenticate(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    world.listener->auth = AUTH_OFF;
    world.listener->ban_when_off = true;
    world_ask_recipient(&world);
    world_check("a recipient", &world, REASON_RECIPIENT_OK);
    assert_false(world.decision.ban_client);
    world_fini(&world);
}

static void
test_a_broken_organization_is_not_now(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    list_freeze(world.names);
    world.acme->broken = true;
    world.acme->auth_users.mode = ACCESS_ALLOW;
    world.acme->auth_users.list = world.names;
    world_ask_auth(&world);
    world_check("its own user", &world, REASON_INTERNAL);
    world_check_rule("its own user", &world,
                     "conf:42 organization \"acme\": delegated: the delegated file is broken, and "
                     "there are no earlier settings");
    world.facts.user = "eve@widgets.example";
    world.facts.user_length = 19;
    world_ask_auth(&world);
    world_check("another's user", &world, REASON_AUTH_OK);
    world_fini(&world);
}

static void
test_the_listener_must_be_known(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    world.facts.listener = "submision";
    world_ask_auth(&world);
    world_check("an unknown listener", &world, REASON_INTERNAL);
    world_check_rule("an unknown listener", &world,
                     "conf:1 listener: nginx names a listener that is not configured "
                     "(auth_http_header X-Listener)");
    assert_null(world.decision.listener);
    world.facts.listener = NULL;
    world_ask_auth(&world);
    world_check("no listener", &world, REASON_INTERNAL);
    world_check_rule("no listener", &world,
                     "conf:1 listener: nginx names no listener (auth_http_header X-Listener)");
    world_fini(&world);
}

static void
test_every_rule_is_told(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    world_fill(world.addresses, (const char *const[]){"192.0.2.0/24"}, 1);
    list_freeze(world.addresses);
    world.listener->auth_ips.mode = ACCESS_ALLOW;
    world.listener->auth_ips.list = world.addresses;
    world_ask_auth(&world);
    assert_string_equal(world.trail,
                        "next conf:10 listener \"submission\": malformed request\n"
                        "next conf:10 listener \"submission\": ban\n"
                        "next conf:11 listener \"submission\": auth\n"
                        "next conf:13 listener \"submission\": require_tls\n"
                        "next conf:12 listener \"submission\": methods\n"
                        "next conf:15 listener \"submission\": auth_ips: entry \"192.0.2.0/24\" at "
                        "list:1: in list \"addresses\"\n"
                        "next conf:16 listener \"submission\": auth_users\n"
                        "next conf:10 listener \"submission\": throttle\n"
                        "next conf:21 organization \"acme\": auth_users\n"
                        "next conf:10 listener \"submission\": password\n");

    world.trail[0] = '\0';
    world.facts.tls = false;
    world_ask_auth(&world);
    assert_string_equal(world.trail, "next conf:10 listener \"submission\": malformed request\n"
                                     "next conf:10 listener \"submission\": ban\n"
                                     "refuse conf:11 listener \"submission\": auth\n");

    world.trail[0] = '\0';
    world.facts.banned = true;
    decide_auth(world.tenancy, &world.settings, &world.facts, NULL, &world.decision);
    assert_string_equal(world.trail, "");
    world_check("nobody listens", &world, REASON_AUTH_BANNED);
    world_fini(&world);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_credentials),
        cmocka_unit_test(test_a_password_has_a_limit),
        cmocka_unit_test(test_a_bare_name_gets_the_listeners_domain),
        cmocka_unit_test(test_methods),
        cmocka_unit_test(test_external_has_no_password),
        cmocka_unit_test(test_require_tls_holds_where_auth_does_not_ask_for_it),
        cmocka_unit_test(test_waits),
        cmocka_unit_test(test_mdaemon_no_authentication_on_the_smtp_port),
        cmocka_unit_test(test_recipients_are_no_attempts_to_authenticate),
        cmocka_unit_test(test_a_broken_organization_is_not_now),
        cmocka_unit_test(test_the_listener_must_be_known),
        cmocka_unit_test(test_every_rule_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
