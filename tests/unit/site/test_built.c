/* What is built of the settings of the rules. */
#include <sys/stat.h>

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

static struct site *
load_text(const char *text)
{
    write_text("users", "");
    write_text("t.conf", text);
    return load_good("t.conf", "");
}

/* Without a section nothing is counted, but what the numbers would be is known. */
static void
test_screen_defaults(void **state)
{
    (void)state;
    static const char *const texts[] = {TOP ORG SUB, TOP ORG SUB "screen { }\n"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct site *site = load_text(texts[i]);
        const struct screen *screen = &site->settings.screen;
        assert_int_equal(screen->mode, i == 0 ? SCREEN_OFF : SCREEN_ENFORCE);
        assert_int_equal(screen->failures, i == 0 ? 0 : 10);
        assert_int_equal(screen->within_ms, 10 * 60 * 1000);
        assert_int_equal(screen->unknown_names, i == 0 ? 0 : 5);
        assert_int_equal(screen->unknown_within_ms, 3600 * 1000);
        assert_int_equal(screen->bad_recipients, i == 0 ? 0 : 10);
        assert_int_equal(screen->ban_count, 3);
        assert_int_equal(screen->ban_ms[0], 3600 * 1000);
        assert_int_equal(screen->ban_ms[1], 24 * 3600 * 1000);
        assert_int_equal(screen->ban_ms[2], 7 * 24 * 3600 * 1000);
        assert_true(screen->same_password_once);
        assert_int_equal(screen->ipv4_prefix, 32);
        assert_int_equal(screen->ipv6_prefix, 64);
        assert_null(screen->never);
        assert_int_equal(screen->account_failures, i == 0 ? 0 : 50);
        assert_int_equal(screen->account_within_ms, 24 * 3600 * 1000);
        assert_int_equal(screen->origin.line, i == 0 ? 1 : 4);
        assert_int_equal(screen->failures_origin.line, i == 0 ? 1 : 4);
        site_drop(site);
    }
}

static void
test_screen(void **state)
{
    (void)state;
    struct site *site =
        load_text(TOP ORG SUB OFFICE "screen { ban = {1s, 365d} never = office mode = monitor\n"
                                     "failures = 7\nwithin = 2min unknown_names = 3\n"
                                     "unknown_within = 3h bad_recipients = 4 ipv4_prefix = 24\n"
                                     "ipv6_prefix = 48 same_password_once = no\n"
                                     "account_failures = 9\naccount_within = 2d }\n");
    const struct screen *screen = &site->settings.screen;
    assert_int_equal(screen->mode, SCREEN_MONITOR);
    assert_int_equal(screen->failures, 7);
    assert_int_equal(screen->within_ms, 2 * 60 * 1000);
    assert_int_equal(screen->unknown_names, 3);
    assert_int_equal(screen->unknown_within_ms, 3 * 3600 * 1000);
    assert_int_equal(screen->bad_recipients, 4);
    assert_int_equal(screen->ban_count, 2);
    assert_int_equal(screen->ban_ms[0], 1000);
    assert_true(screen->ban_ms[1] == INT64_C(365) * 24 * 3600 * 1000);
    assert_false(screen->same_password_once);
    assert_int_equal(screen->ipv4_prefix, 24);
    assert_int_equal(screen->ipv6_prefix, 48);
    assert_non_null(screen->never);
    assert_int_equal(screen->account_failures, 9);
    assert_int_equal(screen->account_within_ms, 2 * 24 * 3600 * 1000);
    assert_int_equal(screen->origin.line, 5);
    assert_int_equal(screen->failures_origin.line, 6);
    assert_int_equal(screen->account_failures_origin.line, 10);
    site_drop(site);
}

static void
assert_rate(const struct rate *rate, int64_t most, int64_t within_ms, unsigned line)
{
    assert_int_equal(rate->most, most);
    assert_int_equal(rate->within_ms, within_ms);
    assert_int_equal(rate->origin.line, line);
}

static void
test_limits(void **state)
{
    (void)state;
    struct site *site = load_text(TOP ORG SUB);
    assert_rate(&site->settings.limits.logins_per_address, 0, 0, 1);
    assert_rate(&site->settings.limits.logins_per_user, 0, 0, 1);
    assert_rate(&site->settings.limits.addresses_per_user, 0, 0, 1);
    site_drop(site);

    site = load_text(TOP ORG SUB "limits { logins_per_address = \"100/30s\"\n"
                                 "logins_per_user = 0\n addresses_per_user = \"255/30d\" }\n");
    assert_rate(&site->settings.limits.logins_per_address, 100, 30 * 1000, 4);
    assert_rate(&site->settings.limits.logins_per_user, 0, 0, 5);
    assert_rate(&site->settings.limits.addresses_per_user, 255, INT64_C(30) * 24 * 3600 * 1000, 6);
    site_drop(site);
}

static void
test_store(void **state)
{
    (void)state;
    static const char *const texts[] = {TOP ORG SUB, TOP ORG SUB "state { }\n",
                                        TOP ORG SUB "state { engine = lmdb }\n"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct site *site = load_text(texts[i]);
        const struct store_settings *store = &site->settings.store;
        assert_int_equal(store->engine, STORE_LMDB);
        assert_string_equal(store->path, "/var/lib/mailreeve");
        assert_int_equal(store->size_bytes, 256 << 20);
        assert_int_equal(store->timeout_ms, 500);
        site_drop(site);
    }
    struct site *site = load_text(TOP ORG SUB "state { path = kept size = 4M timeout = 1s }\n");
    assert_string_equal(site->settings.store.path, "kept");
    assert_int_equal(site->settings.store.size_bytes, 4 << 20);
    assert_int_equal(site->settings.store.timeout_ms, 1000);
    site_drop(site);

    write_text("list", "secret\n");
    assert_int_equal(chmod("list", 0600), 0);
    site = load_text(TOP ORG SUB "state { engine = redis url = \"redis://192.0.2.1:6379/1\"\n"
                                 "password_file = list sentinels = {\"a:1\", \"b:2\"} master = m\n"
                                 "prefix = \"p:\" connections = 3 }\n");
    const struct store_settings *store = &site->settings.store;
    assert_int_equal(store->engine, STORE_REDIS);
    assert_string_equal(store->url, "redis://192.0.2.1:6379/1");
    assert_string_equal(store->password_file, "list");
    assert_int_equal(store->sentinel_count, 2);
    assert_string_equal(store->sentinels[1], "b:2");
    assert_string_equal(store->sentinel_master, "m");
    assert_string_equal(store->prefix, "p:");
    assert_int_equal(store->connections, 3);
    assert_int_equal(store->timeout_ms, 500);
    site_drop(site);
}

static void
test_longest_window(void **state)
{
    (void)state;
    struct site *site = load_text(TOP ORG SUB);
    assert_int_equal(site->longest_window_ms, 0);
    site_drop(site);
    site =
        load_text(TOP ORG SUB
                  "listener \"a\" { upstream = up upstream_inbound = in relay_window = 20min }\n"
                  "listener \"b\" { upstream = up upstream_inbound = in relay_window = 15min }\n");
    assert_int_equal(site->longest_window_ms, 20 * 60 * 1000);
    site_drop(site);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_listener), cmocka_unit_test(test_organization),
        cmocka_unit_test(test_rules),    cmocka_unit_test(test_screen_defaults),
        cmocka_unit_test(test_screen),   cmocka_unit_test(test_limits),
        cmocka_unit_test(test_store),    cmocka_unit_test(test_longest_window),
    };
    return cmocka_run_group_tests(tests, enter_scratch, remove_scratch);
}
