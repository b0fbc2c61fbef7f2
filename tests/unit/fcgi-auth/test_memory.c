/* What sessions leave behind, and what the next one hears of it. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "clock.h"
#include "memory.h"
#include "site_screening.h"

enum { WINDOW_MS = 3600000, BAN_MS = 60000, TIMEOUT_MS = 10000 };

static const struct {
    const char *name;
    enum protocol protocol;
    struct account account;
    const char *login;
    bool no_windows;  /* no listener takes notice of them */
    const char *want; /* whose window a session from there finds; NULL: nobody's */
    bool want_matching;
} cases[] = {
    {.name = "a login by IMAP opens a window",
     .protocol = PROTOCOL_IMAP,
     .account = {.name = "anna@acme.example"},
     .login = "anna@acme.example",
     .want = "anna@acme.example"},
    {.name = "so does one by POP3",
     .protocol = PROTOCOL_POP3,
     .account = {.name = "anna@acme.example"},
     .login = "anna@acme.example",
     .want = "anna@acme.example"},
    {.name = "one by SMTP does not",
     .protocol = PROTOCOL_SMTP,
     .account = {.name = "anna@acme.example"},
     .login = "anna@acme.example"},
    {.name = "nor does a web page's",
     .protocol = PROTOCOL_HTTP,
     .account = {.name = "anna@acme.example"},
     .login = "anna@acme.example"},
    {.name = "the window of an account without a domain is the login's",
     .protocol = PROTOCOL_IMAP,
     .account = {.name = "anna"},
     .login = "anna@acme.example",
     .want = "anna@acme.example"},
    {.name = "an alias opens the account's own window",
     .protocol = PROTOCOL_IMAP,
     .account = {.name = "anna@acme.example"},
     .login = "boss@acme.example",
     .want = "anna@acme.example"},
    {.name = "who may use IMAP alone has no window",
     .protocol = PROTOCOL_IMAP,
     .account = {.name = "anna@acme.example", .protocols = PROTOCOL_BIT(PROTOCOL_IMAP)},
     .login = "anna@acme.example"},
    {.name = "who may use SMTP as well has",
     .protocol = PROTOCOL_IMAP,
     .account = {.name = "anna@acme.example",
                 .protocols = PROTOCOL_BIT(PROTOCOL_IMAP) | PROTOCOL_BIT(PROTOCOL_SMTP)},
     .login = "anna@acme.example",
     .want = "anna@acme.example"},
    {.name = "SMG 18: an account that cannot be used for SMTP authentication has none",
     .protocol = PROTOCOL_IMAP,
     .account = {.name = "anna@acme.example", .smtp_auth = SMTP_AUTH_NO},
     .login = "anna@acme.example"},
    {.name = "SMG 18: one that may send as itself only is remembered so",
     .protocol = PROTOCOL_IMAP,
     .account = {.name = "anna@acme.example", .smtp_auth = SMTP_AUTH_MATCHING_SENDER},
     .login = "anna@acme.example",
     .want = "anna@acme.example",
     .want_matching = true},
    {.name = "where no listener has windows nothing is kept",
     .protocol = PROTOCOL_IMAP,
     .account = {.name = "anna@acme.example"},
     .login = "anna@acme.example",
     .no_windows = true},
};

/* A store in a folder of its own. */
struct scratch {
    char path[64];
    struct store *store;
};

static void
scratch_open(struct scratch *scratch_r)
{
    struct err err = {.text = ""};
    snprintf(scratch_r->path, sizeof scratch_r->path, "/tmp/test-memory.XXXXXX");
    assert_non_null(mkdtemp(scratch_r->path));
    const struct store_settings settings = {.engine = STORE_LMDB,
                                            .path = scratch_r->path,
                                            .size_bytes = 1 << 20,
                                            .timeout_ms = TIMEOUT_MS};
    scratch_r->store = store_open(&settings, false, &err);
    if (scratch_r->store == NULL)
        fail_msg("%s", err.text);
}

static void
scratch_close(struct scratch *scratch)
{
    store_close(scratch->store);
    DIR *folder = opendir(scratch->path);
    assert_non_null(folder);
    const struct dirent *entry;
    while ((entry = readdir(folder)) != NULL)
        unlinkat(dirfd(folder), entry->d_name, 0);
    closedir(folder);
    assert_int_equal(rmdir(scratch->path), 0);
}

/* A session of a client at 192.0.2.1 that nothing has come of yet. */
struct played {
    struct site site;
    struct request request;
    struct decision decision;
    struct memory memory;
};

static void
begin(struct played *played, struct store *store, struct tenancy *tenancy, enum protocol protocol,
      enum auth_method method)
{
    *played = (struct played){
        .site = {.tenancy = tenancy, .longest_window_ms = WINDOW_MS},
        .request.facts = {.protocol = protocol, .method = method, .listener = "submission"}};
    played->site.settings.screen = (struct screen){
        .mode = SCREEN_ENFORCE, .ban_ms = {BAN_MS}, .ban_count = 1, .ipv4_prefix = 32};
    played->site.settings.store.timeout_ms = TIMEOUT_MS;
    assert_int_equal(netaddr_parse("192.0.2.1", &played->request.facts.client, NULL), 0);
    memory_init(&played->memory, store, &played->site);
}

static void
set_user(struct played *played, const char *login)
{
    struct username *user = &played->decision.user;
    snprintf(user->text, sizeof user->text, "%s", login);
    played->decision.is_attempt = true;
    played->decision.verdict = verdict_make(REASON_AUTH_OK);
}

/* Logs in; source said outcome. */
static void
log_in(struct played *played, const struct account *account, enum verify_outcome outcome,
       const char *source)
{
    const struct verify_result verified = {
        .outcome = outcome, .account = *account, .rule.section_kind = source};
    if (outcome != VERIFY_OK)
        played->decision.verdict = verdict_make(REASON_AUTH_BAD_CREDENTIALS);
    assert_true(memory_begin(&played->memory, &played->decision, deadline_after(TIMEOUT_MS),
                             &played->request.facts));
    memory_end(&played->memory, &played->request, &played->decision, &verified);
}

static void
recall(struct played *played)
{
    memory_recall(&played->memory, deadline_after(TIMEOUT_MS), &played->request.facts);
}

static struct tenancy *
make_tenancy(void)
{
    struct tenancy *tenancy = tenancy_create();
    struct origin origin = {.file = "conf", .line = 1};
    tenancy_add_listener(tenancy, "submission", origin, NULL)->relay_window_ms = WINDOW_MS;
    return tenancy;
}

static void
test_windows(void **unused)
{
    (void)unused;
    struct tenancy *tenancy = make_tenancy();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct scratch scratch;
        scratch_open(&scratch);
        struct played login, later;
        begin(&login, scratch.store, tenancy, cases[i].protocol, METHOD_PLAIN);
        if (cases[i].no_windows)
            login.memory.rules.longest_window_ms = 0;
        set_user(&login, cases[i].login);
        log_in(&login, &cases[i].account, VERIFY_OK, "source");

        begin(&later, scratch.store, tenancy, PROTOCOL_SMTP, METHOD_NONE);
        recall(&later);
        const struct facts *facts = &later.request.facts;
        const char *want = cases[i].want;
        if ((facts->window == NULL) != (want == NULL) ||
            (want != NULL && strcmp(facts->window, want) != 0))
            fail_msg("%s: the window of %s", cases[i].name,
                     facts->window != NULL ? facts->window : "nobody");
        if (facts->matching_sender != cases[i].want_matching)
            fail_msg("%s: matching sender is %d", cases[i].name, facts->matching_sender);
        scratch_close(&scratch);
    }
    tenancy_free(tenancy);
}

/* By what the message guard finds out who the name in XCLIENT is. */
static void
test_identities(void **unused)
{
    static const struct {
        const char *name;
        enum protocol protocol;
        struct account account;
        const char *login;
        enum verify_outcome outcome;
        const char *want; /* the login that is noted; NULL: none */
    } logins[] = {
        {"the login of an account without a domain is noted",
         PROTOCOL_SMTP,
         {.name = "anna"},
         "anna@acme.example",
         VERIFY_OK,
         "anna@acme.example"},
        {"and the alias that was logged in by",
         PROTOCOL_SMTP,
         {.name = "anna@acme.example"},
         "boss@acme.example",
         VERIFY_OK,
         "boss@acme.example"},
        {"a name that says all is not",
         PROTOCOL_SMTP,
         {.name = "anna@acme.example"},
         "anna@acme.example",
         VERIFY_OK,
         NULL},
        {"one without a domain says too little, whoever it is",
         PROTOCOL_SMTP,
         {.name = "anna"},
         "anna",
         VERIFY_OK,
         "anna"},
        {"a wrong password is nobody's login",
         PROTOCOL_SMTP,
         {.name = "anna"},
         "anna@acme.example",
         VERIFY_WRONG_PASSWORD,
         NULL},
        {"a window's user may send by it",
         PROTOCOL_IMAP,
         {.name = "anna"},
         "anna@acme.example",
         VERIFY_OK,
         "anna@acme.example"},
        {"who may read alone has no window",
         PROTOCOL_IMAP,
         {.name = "anna", .smtp_auth = SMTP_AUTH_NO},
         "anna@acme.example",
         VERIFY_OK,
         NULL},
        {"nobody sends from a web page",
         PROTOCOL_HTTP,
         {.name = "anna"},
         "anna@acme.example",
         VERIFY_OK,
         NULL},
    };
    (void)unused;
    struct tenancy *tenancy = make_tenancy();
    for (size_t i = 0; i < sizeof logins / sizeof logins[0]; i++) {
        struct scratch scratch;
        scratch_open(&scratch);
        struct played played;
        begin(&played, scratch.store, tenancy, logins[i].protocol, METHOD_PLAIN);
        set_user(&played, logins[i].login);
        log_in(&played, &logins[i].account, logins[i].outcome, "source");
        const struct client_question question = {.client = played.request.facts.client,
                                                 .user = logins[i].account.name};
        struct client_answer answer;
        client_recall(scratch.store, &played.memory.rules, &question, clock_wall_ms(),
                      deadline_after(TIMEOUT_MS), &answer);
        const char *want = logins[i].want;
        if (answer.has_identity != (want != NULL) ||
            (want != NULL && strcmp(answer.identity.login, want) != 0))
            fail_msg("%s: the login is %s", logins[i].name,
                     answer.has_identity ? answer.identity.login : "unknown");
        scratch_close(&scratch);
    }
    tenancy_free(tenancy);
}

/* What a decision without a login leaves behind, and what the next session of the client hears. */
static void
test_refusals(void **unused)
{
    static const struct {
        const char *name;
        enum reason reason;
        bool ban_client, has_user;
        int times;
        bool want_banned;
    } refusals[] = {
        {"AUTH where it is off bans if the listener says so", REASON_AUTH_OFF, true, false, 1,
         true},
        {"else it does not", REASON_AUTH_OFF, false, false, 9, false},
        {"a bad recipient is one of three", REASON_RECIPIENT_UNKNOWN, false, false, 2, false},
        {"three ban", REASON_RECIPIENT_UNKNOWN, false, false, 3, true},
        {"relaying that is denied counts as well", REASON_RELAY_DENIED, false, false, 3, true},
        {"whoever has logged in by POP is not counted", REASON_RECIPIENT_UNKNOWN, false, true, 9,
         false},
        {"nor is what cannot be verified", REASON_RECIPIENT_UNVERIFIABLE, false, false, 9, false},
        {"nor a session that has to log in", REASON_SESSION_AUTH_REQUIRED, false, false, 9, false},
    };
    (void)unused;
    struct tenancy *tenancy = make_tenancy();
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        struct scratch scratch;
        scratch_open(&scratch);
        struct played played;
        for (int j = 0; j < refusals[i].times; j++) {
            begin(&played, scratch.store, tenancy, PROTOCOL_SMTP, METHOD_NONE);
            played.site.settings.screen.bad_recipients = 3;
            played.site.settings.screen.within_ms = WINDOW_MS;
            if (refusals[i].has_user)
                set_user(&played, "anna@acme.example");
            played.decision.verdict = verdict_make(refusals[i].reason);
            played.decision.ban_client = refusals[i].ban_client;
            memory_end(&played.memory, &played.request, &played.decision, NULL);
        }
        if ((memory_banned_ms(&played.memory) == BAN_MS) != refusals[i].want_banned)
            fail_msg("%s: banned for %lld ms", refusals[i].name,
                     (long long)memory_banned_ms(&played.memory));
        begin(&played, scratch.store, tenancy, PROTOCOL_SMTP, METHOD_NONE);
        recall(&played);
        if (played.request.facts.banned != refusals[i].want_banned)
            fail_msg("%s: banned is %d", refusals[i].name, played.request.facts.banned);
        scratch_close(&scratch);
    }
    tenancy_free(tenancy);
}

/* What a failed login is, and to whom. */
static void
test_logins(void **unused)
{
    static const struct {
        const char *name;
        enum auth_method method;
        enum verify_outcome outcome;
        const char *source; /* the section that spoke; NULL: nobody could tell */
        bool want_banned;
    } logins[] = {
        {"a wrong password counts", METHOD_PLAIN, VERIFY_WRONG_PASSWORD, "source", true},
        {"an unknown user, too", METHOD_PLAIN, VERIFY_UNKNOWN_USER, "source", true},
        {"also where nobody can be asked", METHOD_PLAIN, VERIFY_UNKNOWN_USER, NULL, true},
        {"an outage never does", METHOD_PLAIN, VERIFY_UNAVAILABLE, "source", false},
        {"nor does an account that is locked", METHOD_PLAIN, VERIFY_LOCKED, "source", false},
        {"nor the right password", METHOD_PLAIN, VERIFY_OK, "source", false},
        {"nor a certificate of which no source can tell more", METHOD_EXTERNAL, VERIFY_UNKNOWN_USER,
         NULL, false},
        {"one whose account is unknown does", METHOD_EXTERNAL, VERIFY_UNKNOWN_USER, "source", true},
    };
    (void)unused;
    struct tenancy *tenancy = make_tenancy();
    const struct account account = {.name = "anna@acme.example"};
    for (size_t i = 0; i < sizeof logins / sizeof logins[0]; i++) {
        struct scratch scratch;
        scratch_open(&scratch);
        struct played played;
        for (int j = 0; j < 2; j++) {
            begin(&played, scratch.store, tenancy, PROTOCOL_IMAP, logins[i].method);
            played.site.settings.screen.failures = 2;
            played.site.settings.screen.within_ms = WINDOW_MS;
            set_user(&played, account.name);
            log_in(&played, &account, logins[i].outcome, logins[i].source);
        }
        if ((memory_banned_ms(&played.memory) == BAN_MS) != logins[i].want_banned)
            fail_msg("%s: banned for %lld ms", logins[i].name,
                     (long long)memory_banned_ms(&played.memory));
        begin(&played, scratch.store, tenancy, PROTOCOL_IMAP, METHOD_PLAIN);
        set_user(&played, account.name);
        memory_begin(&played.memory, &played.decision, deadline_after(TIMEOUT_MS),
                     &played.request.facts);
        if (played.request.facts.banned != logins[i].want_banned)
            fail_msg("%s: banned is %d", logins[i].name, played.request.facts.banned);
        scratch_close(&scratch);
    }
    tenancy_free(tenancy);
}

/* Who sends empty passwords, or names that an organization's list refuses, uses up nobody's logins.
 */
static void
test_what_is_refused_anyhow_counts_as_no_login(void **unused)
{
    (void)unused;
    struct tenancy *tenancy = make_tenancy();
    const struct account account = {.name = "anna@acme.example"};
    for (int i = 0; i < 2; i++) {
        const bool is_refused = i == 0;
        struct scratch scratch;
        scratch_open(&scratch);
        struct played played;
        for (int j = 0; j < 4; j++) {
            begin(&played, scratch.store, tenancy, PROTOCOL_IMAP, METHOD_PLAIN);
            played.site.settings.limits.logins_per_user =
                (struct rate){.most = 3, .within_ms = WINDOW_MS};
            set_user(&played, account.name);
            if (is_refused && j < 3) {
                played.decision.verdict = verdict_make(REASON_AUTH_BAD_CREDENTIALS);
                memory_begin(&played.memory, &played.decision, deadline_after(TIMEOUT_MS),
                             &played.request.facts);
                memory_end(&played.memory, &played.request, &played.decision, NULL);
            } else {
                log_in(&played, &account, VERIFY_OK, "source");
            }
        }
        assert_int_equal(played.request.facts.throttled_by == NULL, is_refused);
        scratch_close(&scratch);
    }
    tenancy_free(tenancy);
}

/* Else a slow source would let more guesses pass than there are places. */
static void
test_a_place_outlasts_any_session(void **unused)
{
    (void)unused;
    const struct site site = {.settings.session_timeout_ms = 600000};
    assert_true(site_screening(&site).place_ms > site.settings.session_timeout_ms);
}

/* A malformed request asks nothing, so it cannot be told that its client is banned. */
static void
test_a_malformed_request(void **unused)
{
    (void)unused;
    struct tenancy *tenancy = make_tenancy();
    struct scratch scratch;
    scratch_open(&scratch);
    struct played played;
    begin(&played, scratch.store, tenancy, PROTOCOL_SMTP, METHOD_PLAIN);
    played.decision.verdict = verdict_make(REASON_AUTH_OFF);
    played.decision.ban_client = true;
    memory_end(&played.memory, &played.request, &played.decision, NULL);
    assert_true(memory_banned_ms(&played.memory) > 0);

    for (int i = 0; i < 2; i++) {
        const bool is_malformed = i == 0;
        begin(&played, scratch.store, tenancy, PROTOCOL_SMTP, METHOD_PLAIN);
        played.decision.verdict =
            verdict_make(is_malformed ? REASON_REQUEST_MALFORMED : REASON_AUTH_OFF);
        assert_true(memory_begin(&played.memory, &played.decision, deadline_after(TIMEOUT_MS),
                                 &played.request.facts));
        assert_int_equal(played.request.facts.banned, !is_malformed);
    }
    played.decision.verdict = verdict_make(REASON_AUTH_BANNED);
    memory_explain(&played.memory, &played.decision);
    const char *detail = played.decision.verdict.rule.detail;
    assert_non_null(strstr(detail, "192.0.2.1/32 until 2"));
    assert_non_null(strstr(detail, "Z: auth.off"));
    scratch_close(&scratch);
    tenancy_free(tenancy);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_windows),
        cmocka_unit_test(test_identities),
        cmocka_unit_test(test_logins),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_what_is_refused_anyhow_counts_as_no_login),
        cmocka_unit_test(test_a_place_outlasts_any_session),
        cmocka_unit_test(test_a_malformed_request),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
