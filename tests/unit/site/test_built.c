/* What is built of the settings of the rules. */
#include "site_cases.h"

static void
test_listener(void **state)
{
    (void)state;
    write_text("users", "");
    write_text("t.conf", TOP ORG OFFICE LAB
               "listener \"a\" { upstream = up upstream_inbound = in }\n"
               "listener \"b\" { auth = off upstream = up upstream_inbound = in\n"
               "on_auth_when_off = ban\nrelay = organizations\nrelay_organizations = {\"acme\"}\n"
               "relay_ips = office\nlocal_ips = lab\ntrusted_ips = office\n"
               "roles_must_auth = {\"Postmaster\", \"abuse\"}\nrelay_window = 15min\n}\n");
    struct site *site = load_good("t.conf", "");
    const struct listener *a = tenancy_listener(site->tenancy, "a");
    assert_false(a->ban_when_off);
    assert_int_equal(a->relay, RELAY_ALL);
    assert_true(nameset_is_empty(&a->relay_organizations));
    assert_null(a->relay_ips.list);
    assert_int_equal(a->relay_ips.origin.line, 5);
    assert_null(a->local_ips.list);
    assert_null(a->trusted_ips.list);
    assert_true(nameset_is_empty(&a->roles_must_auth));
    assert_int_equal(a->relay_window_ms, 0);

    const struct listener *b = tenancy_listener(site->tenancy, "b");
    assert_true(b->ban_when_off);
    assert_int_equal(b->on_auth_when_off_origin.line, 7);
    assert_int_equal(b->relay, RELAY_ORGANIZATIONS);
    assert_int_equal(b->relay_origin.line, 8);
    assert_true(nameset_has(&b->relay_organizations, "acme"));
    assert_false(nameset_has(&b->relay_organizations, "office"));
    assert_int_equal(b->relay_organizations.origin.line, 9);
    assert_string_equal(list_name(b->relay_ips.list), "office");
    assert_int_equal(b->relay_ips.origin.line, 10);
    assert_string_equal(list_name(b->local_ips.list), "lab");
    assert_string_equal(list_name(b->trusted_ips.list), "office");
    assert_true(nameset_has(&b->roles_must_auth, "postmaster"));
    assert_true(nameset_has(&b->roles_must_auth, "abuse"));
    assert_false(nameset_has(&b->roles_must_auth, "webmaster"));
    assert_int_equal(b->roles_must_auth.origin.line, 13);
    assert_int_equal(b->relay_window_ms, 15 * 60 * 1000);
    assert_int_equal(b->relay_window_origin.line, 14);
    site_drop(site);
}

static void
test_organization(void **state)
{
    (void)state;
    write_text("users", "");
    write_text("t.conf", TOP SUB OFFICE STAFF
               "source \"d\" { type = smtp server = \"mx.example:25\" }\n"
               "organization \"a\" { domains = {\"a.example\"}\nrecipients = d\n"
               "unverifiable_recipient = accept\nauthenticate_senders = unless-local\n"
               "authenticate_inbound = always\nshared_with = {\"b\"}\nmatch_sender = yes\n"
               "match_exempt_senders = staff\nauth_exempt_ips = \"deny office\" }\n"
               "organization \"b\" { domains = {\"b.example\"} sources = {\"d\"} }\n");
    struct site *site = load_good("t.conf", "");
    const struct organization *a = tenancy_owner(site->tenancy, "a.example"),
                              *b = tenancy_owner(site->tenancy, "b.example");
    assert_false(a->broken);
    assert_string_equal(source_name(a->recipients), "d");
    assert_int_equal(a->recipients_origin.line, 7);
    assert_int_equal(a->unverifiable_recipient, UNVERIFIABLE_ACCEPT);
    assert_int_equal(a->unverifiable_recipient_origin.line, 8);
    assert_int_equal(a->authenticate_senders, SENDERS_UNLESS_LOCAL);
    assert_int_equal(a->authenticate_senders_origin.line, 9);
    assert_int_equal(a->authenticate_inbound, INBOUND_ALWAYS);
    assert_int_equal(a->authenticate_inbound_origin.line, 10);
    assert_int_equal(a->shared_with_count, 1);
    assert_ptr_equal(a->shared_with[0], b);
    assert_int_equal(a->shared_with_origin.line, 11);
    assert_true(a->match_sender);
    assert_int_equal(a->match_sender_origin.line, 12);
    assert_string_equal(list_name(a->match_exempt_senders.list), "staff");
    assert_int_equal(a->auth_exempt_ips.mode, ACCESS_DENY);
    assert_string_equal(list_name(a->auth_exempt_ips.list), "office");
    assert_int_equal(a->auth_exempt_ips.origin.line, 14);

    assert_null(b->recipients);
    assert_int_equal(b->unverifiable_recipient, UNVERIFIABLE_DEFER);
    assert_int_equal(b->authenticate_senders, SENDERS_NO);
    assert_int_equal(b->authenticate_inbound, INBOUND_NO);
    assert_int_equal(b->shared_with_count, 0);
    assert_false(b->match_sender);
    assert_null(b->match_exempt_senders.list);
    assert_int_equal(b->auth_exempt_ips.mode, ACCESS_ANY);
    assert_int_equal(b->auth_exempt_ips.origin.line, 15);
    site_drop(site);
}

static void
test_rules(void **state)
{
    (void)state;
    write_text("users", "");
    write_text("t.conf", TOP ORG SUB OFFICE STAFF
               "rule \"z\" { authenticated = off tls = true protocol = {smtp, http}\n"
               "listeners = {\"sub\"} organizations = {\"acme\"} clients = office senders = staff\n"
               "recipients = staff action = defer code = \"421 4.3.2\" text = \"later\" }\n"
               "rule \"a\" { protocol = imap action = tag }\n"
               "rule \"n\" { tls = on action = refuse }\nrule \"m\" { action = defer }\n");
    struct site *site = load_good("t.conf", "");
    size_t count;
    const struct rule *const *rules = tenancy_rules(site->tenancy, &count);
    assert_int_equal(count, 4);
    assert_string_equal(rules[0]->name, "z");
    assert_int_equal(rules[0]->origin.line, 6);
    assert_int_equal(rules[0]->authenticated, CONDITION_NO);
    assert_int_equal(rules[0]->tls, CONDITION_YES);
    assert_int_equal(rules[0]->protocols,
                     PROTOCOL_BIT(PROTOCOL_SMTP) | PROTOCOL_BIT(PROTOCOL_HTTP));
    assert_true(nameset_has(&rules[0]->listeners, "sub"));
    assert_true(nameset_has(&rules[0]->organizations, "acme"));
    assert_string_equal(list_name(rules[0]->clients), "office");
    assert_string_equal(list_name(rules[0]->senders), "staff");
    assert_string_equal(list_name(rules[0]->recipients), "staff");
    assert_int_equal(rules[0]->action, RULE_DEFER);
    assert_string_equal(rules[0]->code, "421 4.3.2");
    assert_string_equal(rules[0]->text, "later");

    assert_string_equal(rules[1]->name, "a");
    assert_int_equal(rules[1]->authenticated, CONDITION_ANY);
    assert_int_equal(rules[1]->tls, CONDITION_ANY);
    assert_int_equal(rules[1]->protocols, PROTOCOL_BIT(PROTOCOL_IMAP));
    assert_true(nameset_is_empty(&rules[1]->listeners));
    assert_true(nameset_is_empty(&rules[1]->organizations));
    assert_null(rules[1]->clients);
    assert_null(rules[1]->senders);
    assert_null(rules[1]->recipients);
    assert_int_equal(rules[1]->action, RULE_TAG);

    assert_string_equal(rules[2]->code, "550 5.7.1");
    assert_string_equal(rules[2]->text, "refused by local policy");
    assert_int_equal(rules[2]->protocols, 0);
    assert_string_equal(rules[3]->code, "450 4.7.1");
    assert_string_equal(rules[3]->text, "not now, try again later");
    site_drop(site);
}

static struct screen
load_screen(const char *text)
{
    write_text("users", "");
    write_text("t.conf", text);
    struct site *site = load_good("t.conf", "");
    struct screen screen = site->settings.screen;
    site_drop(site);
    return screen;
}

/* A section that sets nothing is no other than none. */
static void
test_screen(void **state)
{
    (void)state;
    static const char *const texts[] = {TOP ORG SUB, TOP ORG SUB
                                        "listener \"mx\" { auth = off upstream_inbound = in "
                                        "on_auth_when_off = ban }\nscreen { }\n"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct screen screen = load_screen(texts[i]);
        assert_int_equal(screen.ban_count, 3);
        assert_int_equal(screen.ban_ms[0], 3600 * 1000);
        assert_int_equal(screen.ban_ms[1], 24 * 3600 * 1000);
        assert_int_equal(screen.ban_ms[2], 7 * 24 * 3600 * 1000);
        assert_int_equal(screen.ipv4_prefix, 32);
        assert_int_equal(screen.ipv6_prefix, 64);
        assert_null(screen.never);
    }
    struct screen screen =
        load_screen(TOP ORG SUB OFFICE "listener \"mx\" { auth = off upstream_inbound = in "
                                       "on_auth_when_off = ban }\n"
                                       "screen { ban = {1s, 365d} never = office ipv4_prefix = 24 "
                                       "ipv6_prefix = 48 }\n");
    assert_int_equal(screen.ban_count, 2);
    assert_int_equal(screen.ban_ms[0], 1000);
    assert_true(screen.ban_ms[1] == INT64_C(365) * 24 * 3600 * 1000);
    assert_int_equal(screen.ipv4_prefix, 24);
    assert_int_equal(screen.ipv6_prefix, 48);
    assert_non_null(screen.never);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_listener),
        cmocka_unit_test(test_organization),
        cmocka_unit_test(test_rules),
        cmocka_unit_test(test_screen),
    };
    return cmocka_run_group_tests(tests, enter_scratch, remove_scratch);
}
