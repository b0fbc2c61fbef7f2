/*
 * EXTERNAL (RFC 4422 appendix A): the client's certificate says who it is, and nginx whether the
 * certificate is to be trusted.
 */
#include "world.h"

#define RULE "conf:27 listener \"submission\": certificates"

static const struct {
    const char *name;
    bool verified;
    const char *fingerprint, *subject;
    const char *user; /* NULL: not sent */
    size_t user_length;
    const char *default_domain;
    enum username_encoding encoding;
    enum reason want;
    const char *want_rule, *want_user; /* of the first NULL: not looked at */
    const char *want_organization;     /* NULL: none */
} logins[] = {
    {"its fingerprint is enough", true, WORLD_FINGERPRINT, NULL, NULL, 0, NULL, USERNAME_PLAIN,
     REASON_AUTH_OK, NULL, "boss@acme.example", "acme"},
    {"its subject is enough", true, NULL, "CN=Eve,O=Widgets", NULL, 0, NULL, USERNAME_PLAIN,
     REASON_AUTH_OK, NULL, "eve@widgets.example", "widgets"},
    {"an empty name leaves it to the certificate", true, WORLD_FINGERPRINT, NULL, BYTES(""), NULL,
     USERNAME_PLAIN, REASON_AUTH_OK, NULL, "boss@acme.example", "acme"},
    {"the certificate's own name", true, WORLD_FINGERPRINT, NULL, BYTES("boss@acme.example"), NULL,
     USERNAME_PLAIN, REASON_AUTH_OK, NULL, "boss@acme.example", "acme"},
    {"the certificate's own name in another case", true, NULL, "CN=Eve,O=Widgets",
     BYTES("EVE@Widgets.Example"), NULL, USERNAME_PLAIN, REASON_AUTH_OK, NULL,
     "eve@widgets.example", "widgets"},
    {"the certificate's own name without its domain", true, WORLD_FINGERPRINT, NULL, BYTES("boss"),
     "acme.example", USERNAME_PLAIN, REASON_AUTH_OK, NULL, "boss@acme.example", "acme"},
    {"an entry without a domain gets the listener's", true, NULL, "CN=Printer", NULL, 0,
     "acme.example", USERNAME_PLAIN, REASON_AUTH_OK, NULL, "printer@acme.example", "acme"},
    {"an entry without a domain where there is no default", true, NULL, "CN=Printer", NULL, 0, NULL,
     USERNAME_PLAIN, REASON_AUTH_OK, NULL, "printer", NULL},
    {"nginx does not trust it", false, WORLD_FINGERPRINT, "CN=Eve,O=Widgets", NULL, 0, NULL,
     USERNAME_PLAIN, REASON_AUTH_BAD_CREDENTIALS,
     RULE ": the client has no certificate that nginx trusts", "", NULL},
    {"nginx does not trust it, and the client knows a name", false, WORLD_FINGERPRINT, NULL,
     BYTES("boss@acme.example"), NULL, USERNAME_PLAIN, REASON_AUTH_BAD_CREDENTIALS,
     RULE ": the client has no certificate that nginx trusts", NULL, "acme"},
    {"it is nobody's", true, "0000000000000000000000000000000000000000", "CN=Boss,O=Acme", NULL, 0,
     NULL, USERNAME_PLAIN, REASON_AUTH_BAD_CREDENTIALS, RULE ": the client's is not among them", "",
     NULL},
    {"nginx says nothing about it", true, NULL, NULL, NULL, 0, NULL, USERNAME_PLAIN,
     REASON_AUTH_BAD_CREDENTIALS, RULE ": the client's is not among them", "", NULL},
    {"the name is another user's", true, WORLD_FINGERPRINT, NULL, BYTES("anna@acme.example"), NULL,
     USERNAME_PLAIN, REASON_AUTH_BAD_CREDENTIALS,
     RULE ": entry \"boss@acme.example " WORLD_FINGERPRINT
          "\" at phones:1: the client says that it is somebody else",
     "anna@acme.example", "acme"},
    {"the name is that of another organization's user", true, WORLD_FINGERPRINT, NULL,
     BYTES("boss@widgets.example"), NULL, USERNAME_PLAIN, REASON_AUTH_BAD_CREDENTIALS, NULL, NULL,
     "widgets"},
    {"the name is in another domain than the default", true, WORLD_FINGERPRINT, NULL, BYTES("boss"),
     "widgets.example", USERNAME_PLAIN, REASON_AUTH_BAD_CREDENTIALS, NULL, NULL, "widgets"},
    {"the entry's name cannot be sent to the server", true, NULL, "CN=Plus", NULL, 0, NULL,
     USERNAME_PLAIN, REASON_INTERNAL,
     RULE ": entry \"boss+x@acme.example CN=Plus\" at phones:4: the entry's name is unusable: the "
          "user name has '+', '=' or a letter outside of ASCII (auth_user_encoding = \"xtext\" "
          "allows them)",
     "", NULL},
    {"the entry's name in xtext", true, NULL, "CN=Plus", NULL, 0, NULL, USERNAME_XTEXT,
     REASON_AUTH_OK, NULL, "boss+x@acme.example", "acme"},
    {"a name with a NUL is malformed", true, WORLD_FINGERPRINT, NULL, BYTES("boss\0@acme.example"),
     NULL, USERNAME_PLAIN, REASON_REQUEST_MALFORMED, NULL, "", NULL},
    {"a NUL alone is no empty name", true, WORLD_FINGERPRINT, NULL, BYTES("\0"), NULL,
     USERNAME_PLAIN, REASON_REQUEST_MALFORMED, NULL, "", NULL},
    {"a name with nothing before the '@'", true, WORLD_FINGERPRINT, NULL, BYTES("@acme.example"),
     NULL, USERNAME_PLAIN, REASON_REQUEST_MALFORMED, NULL, "", NULL},
};

static void
check_login(size_t i)
{
    const char *name = logins[i].name;
    struct world world;
    world_init(&world);
    world_external(&world);
    world.settings.encoding = logins[i].encoding;
    world.listener->default_domain = logins[i].default_domain;
    world.facts.certificate_verified = logins[i].verified;
    world.facts.certificate_fingerprint = logins[i].fingerprint;
    world.facts.certificate_subject = logins[i].subject;
    world.facts.user = logins[i].user;
    world.facts.user_length = logins[i].user_length;
    world_ask_auth(&world);
    world_check(name, &world, logins[i].want);
    if (logins[i].want_rule != NULL)
        world_check_rule(name, &world, logins[i].want_rule);
    if (logins[i].want_user != NULL)
        CHECK_TEXT(name, world.decision.user.text, logins[i].want_user);
    const struct organization *organization = world.decision.organization;
    CHECK_TEXT(name, organization != NULL ? organization->name : "",
               logins[i].want_organization != NULL ? logins[i].want_organization : "");
    world_fini(&world);
}

static void
test_who_logs_in(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(logins); i++)
        check_login(i);
}

static void
test_a_listener_without_certificates_knows_nobody(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    world_external(&world);
    world.listener->certificates = NULL;
    world_ask_auth(&world);
    world_check("no list", &world, REASON_AUTH_BAD_CREDENTIALS);
    world_check_rule("no list", &world, RULE ": the client's is not among them");
    world_fini(&world);
}

/* The lists of names hold for whoever the certificate says it is. */
static void
test_the_certificates_user_is_asked_about(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    world_external(&world);
    world_fill(world.names, (const char *const[]){"boss@acme.example"}, 1);
    world_freeze(&world);
    world.listener->auth_users = (struct access){
        .mode = ACCESS_DENY, .list = world.names, .origin = world.listener->auth_users.origin};
    world_ask_auth(&world);
    world_check("the listener's list", &world, REASON_AUTH_USER_DENIED);
    world.listener->auth_users.mode = ACCESS_ANY;
    world.acme->auth_users = (struct access){
        .mode = ACCESS_DENY, .list = world.names, .origin = world.acme->auth_users.origin};
    world_ask_auth(&world);
    world_check("the organization's list", &world, REASON_AUTH_ORG_USER_DENIED);
    world_fini(&world);
}

/* Only with EXTERNAL is the certificate looked at. */
static void
test_the_rule_is_told_with_external_alone(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    world.facts.certificate_verified = true;
    world.facts.certificate_fingerprint = "0000000000000000000000000000000000000000";
    world.listener->certificates = world.certificates;
    world_ask_auth(&world);
    world_check("plain", &world, REASON_AUTH_OK);
    CHECK("plain", strstr(world.trail, "certificates") == NULL);

    world_external(&world);
    world_ask_auth(&world);
    world_check("external", &world, REASON_AUTH_OK);
    CHECK("external",
          strstr(world.trail,
                 "next conf:12 listener \"submission\": methods\n"
                 "next " RULE ": entry \"boss@acme.example " WORLD_FINGERPRINT "\" at phones:1\n"
                 "next conf:15 listener \"submission\": auth_ips\n") != NULL);
    world_fini(&world);
}

static const struct {
    const char *name;
    enum protocol protocol;
    bool proxy_smtp_auth, want;
} servers[] = {
    {"nginx logs in at POP servers", PROTOCOL_POP3, false, true},
    {"nginx logs in at IMAP servers", PROTOCOL_IMAP, false, true},
    {"nginx tells SMTP servers by XCLIENT", PROTOCOL_SMTP, false, false},
    {"nginx logs in at SMTP servers with proxy_smtp_auth", PROTOCOL_SMTP, true, true},
    {"proxy_smtp_auth is about SMTP", PROTOCOL_IMAP, true, true},
    {"a web page's login goes nowhere", PROTOCOL_HTTP, true, false},
};

static void
test_where_nginx_needs_a_password(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(servers); i++) {
        struct world world;
        world_init(&world);
        world.facts.protocol = servers[i].protocol;
        world.listener->proxy_smtp_auth = servers[i].proxy_smtp_auth;
        world_ask_auth(&world);
        CHECK(servers[i].name,
              decide_needs_password(&world.facts, &world.decision) == servers[i].want);
        world_fini(&world);
    }
}

static void
test_a_login_without_a_password_for_the_server_is_refused(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    world_external(&world);
    world.facts.protocol = PROTOCOL_IMAP;
    world_ask_login(&world);
    world_check("the source accepts", &world, REASON_AUTH_OK);
    struct trail trail = {.asked = world_hear, .context = &world};
    decide_no_password(&world.settings, &world.facts, &trail, &world.decision);
    world_check("nobody has the password", &world, REASON_AUTH_METHOD);
    world_check_rule("nobody has the password", &world,
                     "conf:12 listener \"submission\": methods: external: nginx has to log in at "
                     "the server, and no source told the password");
    assert_int_equal(world.decision.verdict.wait_s, 2);
    CHECK("it is told", strstr(world.trail, "refuse conf:12 listener") != NULL);
    world_fini(&world);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_logs_in),
        cmocka_unit_test(test_a_listener_without_certificates_knows_nobody),
        cmocka_unit_test(test_the_certificates_user_is_asked_about),
        cmocka_unit_test(test_the_rule_is_told_with_external_alone),
        cmocka_unit_test(test_where_nginx_needs_a_password),
        cmocka_unit_test(test_a_login_without_a_password_for_the_server_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
