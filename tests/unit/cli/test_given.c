/* What `explain` is given about a login or a recipient, and what it refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "given.h"
#include "given_bench.h"

static const struct {
    const char *name;
    const char *words[WORDS_MAX];
    const char *want_err;
} refused[] = {
    {"a word without = is refused", {"listener"}, "\"listener\" is not key=value"},
    {"a mistyped key gets a suggestion",
     {"listner=a"},
     "unknown key \"listner\": did you mean \"listener\"?"},
    {"a key that nothing is near to is refused", {"zzzzzzzz=1"}, "unknown key \"zzzzzzzz\""},
    {"a key given twice is refused", {"user=a", "user=b"}, "user: given twice"},
    {"stage has two words",
     {"stage=header"},
     "stage: it cannot be \"header\" (use session or message)"},
    {"who has logged in has a name",
     {"stage=message", "auth="},
     "auth: it cannot be empty (use the name of the user who has logged in)"},
    {"a forgotten stage=message is noticed",
     {"listener=a", "user=b", "auth=anna@acme.example"},
     "auth= goes with stage=message only"},
    {"a header is of a message",
     {"listener=a", "method=none", "to=c@d", "header-from=a@b"},
     "header-from= goes with stage=message only"},
    {"a size is of a message",
     {"listener=a", "method=none", "to=c@d", "size=10"},
     "size= goes with stage=message only"},
    {"a message has no login", {"stage=message", "user=b"}, "user= does not go with stage=message"},
    {"a message has no method",
     {"stage=message", "method=none"},
     "method= does not go with stage=message"},
    {"a message's protocol is SMTP",
     {"protocol=imap", "stage=message"},
     "protocol= does not go with stage=message"},
    {"a header that shows nobody is refused",
     {"stage=message", "header=Subject: a@b"},
     "header: it cannot be \"Subject: a@b\" (use From:, Sender:, Resent-From: or Resent-Sender: "
     "with a value behind it)"},
    {"a header has a value",
     {"stage=message", "header=From"},
     "header: it cannot be \"From\" (use From:, Sender:, Resent-From: or Resent-Sender: with a "
     "value behind it)"},
    {"a header's name is not cut to a known one",
     {"stage=message", "header=Sender-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx: a@b"},
     "header: it cannot be \"Sender-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx: a@b\" (use From:, "
     "Sender:, Resent-From: or Resent-Sender: with a value behind it)"},
    {"a size has its units",
     {"stage=message", "size=10 MB"},
     "size: \"10 MB\" is not a size (a number of bytes, or one with k, M or G, as 10k or 4M)"},
    {"messages are counted",
     {"stage=message", "messages=-1"},
     "messages: it cannot be \"-1\" (use a number from 0 to 1000000)"},
    {"limited has two words",
     {"stage=message", "limited=on"},
     "limited: it cannot be \"on\" (use yes or no)"},
    {"a user owns addresses", {"owns=anna"}, "owns: not of the form local@domain"},
    {"who owns an address is not unavailable",
     {"stage=message", "owns=a@b", "sender-owned=unavailable"},
     "owns= and sender-owned=unavailable exclude each other"},
    {"a session has one recipient",
     {"listener=a", "method=none", "to=a@b", "to=c@d"},
     "to: given twice"},
    {"tls has two words", {"tls=maybe"}, "tls: it cannot be \"maybe\" (use on or off)"},
    {"banned has two words", {"banned=1"}, "banned: it cannot be \"1\" (use yes or no)"},
    {"throttled has two words", {"throttled=on"}, "throttled: it cannot be \"on\" (use yes or no)"},
    {"password-ok has a word for each outcome",
     {"password-ok=perhaps"},
     "password-ok: it cannot be \"perhaps\" (use yes, no, unavailable, unknown, ambiguous, "
     "disabled, "
     "locked, account-expired, expired, must-change, not-allowed or not-clear)"},
    {"certificate has two words",
     {"certificate=yes"},
     "certificate: it cannot be \"yes\" (use verified or none)"},
    {"clear-password has two words",
     {"clear-password=on"},
     "clear-password: it cannot be \"on\" (use yes or no)"},
    {"sender-owned has three words",
     {"sender-owned=maybe"},
     "sender-owned: it cannot be \"maybe\" (use yes, no or unavailable)"},
    {"matching-sender has two words",
     {"matching-sender=unavailable"},
     "matching-sender: it cannot be \"unavailable\" (use yes or no)"},
    {"an unknown protocol is refused",
     {"protocol=nntp"},
     "protocol: it cannot be \"nntp\" (use smtp, imap, pop3 or http)"},
    {"recipient has three words",
     {"recipient=yes"},
     "recipient: it cannot be \"yes\" (use exists, unknown or unverifiable)"},
    {"sender-elsewhere has three words",
     {"sender-elsewhere=exists"},
     "sender-elsewhere: it cannot be \"exists\" (use yes, no or unavailable)"},
    {"a window is somebody's",
     {"window="},
     "window: it cannot be empty (use the name of the user whose window is open)"},
    {"attempts count from one",
     {"attempt=0"},
     "attempt: it cannot be \"0\" (use a number from 1 to 1000000)"},
    {"an attempt is a number",
     {"attempt=2x"},
     "attempt: it cannot be \"2x\" (use a number from 1 to 1000000)"},
    {"the listener is missing", {"user=anna"}, "listener=NAME is missing"},
    {"the user is missing", {"listener=a"}, "user=NAME is missing"},
    {"the recipient is missing",
     {"listener=a", "method=none"},
     "to=ADDRESS is missing: with method=none the recipient is what is asked about"},
    {"a forgotten method=none is noticed",
     {"listener=a", "user=b", "to=c@d"},
     "from= and to= go with method=none or stage=message only"},
    {"only SMTP has recipients",
     {"listener=a", "method=none", "protocol=imap", "to=c@d"},
     "method=none goes with protocol=smtp only"},
};

static void
test_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        print_message("%s\n", refused[i].name);
        struct given given;
        struct err err = {0};
        int status = given_parse(refused[i].words, count_words(refused[i].words), &given, &err);
        given_fini(&given);
        assert_int_equal(status, -1);
        assert_string_equal(err.text, refused[i].want_err);
    }
}

static const struct {
    const char *name;
    const char *words[WORDS_MAX];
    const char *want_from, *want_to;
} paths[] = {
    {"bare addresses become command lines",
     {"from=a@b", "to=c@d"},
     "MAIL FROM:<a@b>",
     "RCPT TO:<c@d>"},
    {"paths become command lines",
     {"from=<a@b> SIZE=10", "to=<c@d>"},
     "MAIL FROM:<a@b> SIZE=10",
     "RCPT TO:<c@d>"},
    {"command lines stay as they are",
     {"from=mail from: <a@b>", "to=RCPT TO:<c@d> NOTIFY=NEVER"},
     "mail from: <a@b>",
     "RCPT TO:<c@d> NOTIFY=NEVER"},
    {"an empty sender is the null path", {"from=", "to=c@d"}, "MAIL FROM:<>", "RCPT TO:<c@d>"},
    {"without a sender it is the null path", {"to=c@d"}, "MAIL FROM:<>", "RCPT TO:<c@d>"},
};

static void
test_paths(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        print_message("%s\n", paths[i].name);
        const char *words[WORDS_MAX + 2] = {"listener=mx", "method=none"};
        size_t count = count_words(paths[i].words);
        memcpy(words + 2, paths[i].words, count * sizeof words[0]);
        struct given given;
        assert_int_equal(given_parse(words, count + 2, &given, NULL), 0);
        assert_int_equal(given.facts.method, METHOD_NONE);
        assert_string_equal(given.facts.mail_from, paths[i].want_from);
        assert_string_equal(given.facts.rcpt_to, paths[i].want_to);
        assert_int_equal(given.facts.rcpt_to_length, strlen(paths[i].want_to));
        given_fini(&given);
    }
}

static void
test_an_ordinary_session_is_assumed(void **state)
{
    (void)state;
    const char *const words[] = {"listener=submission", "user=anna"};
    struct given given;
    assert_int_equal(given_parse(words, 2, &given, NULL), 0);
    assert_int_equal(given.facts.protocol, PROTOCOL_SMTP);
    assert_int_equal(given.facts.method, METHOD_PLAIN);
    assert_int_equal(given.facts.attempt, 1);
    assert_false(given.facts.tls);
    assert_false(given.facts.banned);
    assert_null(given.facts.throttled_by);
    assert_int_equal(given.outcome, VERIFY_OK);
    char address[NETADDR_TEXT_MAX];
    netaddr_format(&given.facts.client, address);
    assert_string_equal(address, "127.0.0.1");
    given_fini(&given);
}

static void
test_all_facts_are_taken(void **state)
{
    (void)state;
    const char *const words[] = {"listener=imap",
                                 "method=apop",
                                 "user=anna",
                                 "ip=2001:db8::1",
                                 "tls=on",
                                 "banned=yes",
                                 "password-ok=unavailable",
                                 "protocol=pop3",
                                 "attempt=7",
                                 "throttled=yes"};
    struct given given;
    assert_int_equal(given_parse(words, sizeof words / sizeof words[0], &given, NULL), 0);
    assert_string_equal(given.facts.listener, "imap");
    assert_int_equal(given.facts.method, METHOD_APOP);
    assert_string_equal(given.facts.user, "anna");
    assert_int_equal(given.facts.user_length, 4);
    assert_int_equal(given.facts.client.family, NETADDR_IPV6);
    assert_true(given.facts.tls);
    assert_true(given.facts.banned);
    assert_non_null(given.facts.throttled_by);
    assert_int_equal(given.outcome, VERIFY_UNAVAILABLE);
    assert_int_equal(given.facts.protocol, PROTOCOL_POP3);
    assert_int_equal(given.facts.attempt, 7);
    given_fini(&given);
}

static const struct {
    const char *name;
    const char *word;
    enum knowledge want_recipient, want_sender_elsewhere;
    const char *want_window;
} found_out[] = {
    {"an ordinary recipient exists, and nobody else knows the sender", "tls=on", KNOWLEDGE_KNOWN,
     KNOWLEDGE_UNKNOWN, NULL},
    {"a recipient exists", "recipient=exists", KNOWLEDGE_KNOWN, KNOWLEDGE_UNKNOWN, NULL},
    {"a recipient is unknown", "recipient=unknown", KNOWLEDGE_UNKNOWN, KNOWLEDGE_UNKNOWN, NULL},
    {"a recipient cannot be verified", "recipient=unverifiable", KNOWLEDGE_CANNOT_TELL,
     KNOWLEDGE_UNKNOWN, NULL},
    {"a sender is known elsewhere", "sender-elsewhere=yes", KNOWLEDGE_KNOWN, KNOWLEDGE_KNOWN, NULL},
    {"a sender is not known elsewhere", "sender-elsewhere=no", KNOWLEDGE_KNOWN, KNOWLEDGE_UNKNOWN,
     NULL},
    {"elsewhere nobody answers", "sender-elsewhere=unavailable", KNOWLEDGE_KNOWN,
     KNOWLEDGE_CANNOT_TELL, NULL},
    {"a relay window is open", "window=anna", KNOWLEDGE_KNOWN, KNOWLEDGE_UNKNOWN, "anna"},
};

static void
test_what_the_world_would_say_is_given(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof found_out / sizeof found_out[0]; i++) {
        print_message("%s\n", found_out[i].name);
        const char *const words[] = {"listener=mx", "method=none", "to=a@b", found_out[i].word};
        struct given given;
        assert_int_equal(given_parse(words, 4, &given, NULL), 0);
        assert_int_equal(given.facts.recipient, found_out[i].want_recipient);
        assert_int_equal(given.facts.sender_elsewhere, found_out[i].want_sender_elsewhere);
        if (found_out[i].want_window == NULL)
            assert_null(given.facts.window);
        else
            assert_string_equal(given.facts.window, found_out[i].want_window);
        given_fini(&given);
    }
}

/* RFC 4422 A.1: the certificate may say who it is. */
static void
test_a_certificate_needs_no_name(void **state)
{
    (void)state;
    const char *const words[] = {"listener=a", "method=external", "certificate=verified",
                                 "fingerprint=8F:43", "subject=CN=Boss,O=Acme"};
    struct given given;
    assert_int_equal(given_parse(words, 2, &given, NULL), 0);
    assert_int_equal(given.facts.method, METHOD_EXTERNAL);
    assert_null(given.facts.user);
    assert_false(given.facts.certificate_verified);
    assert_null(given.facts.certificate_fingerprint);
    assert_null(given.facts.certificate_subject);
    assert_false(given.has_clear_password);
    given_fini(&given);

    assert_int_equal(given_parse(words, 5, &given, NULL), 0);
    assert_true(given.facts.certificate_verified);
    assert_string_equal(given.facts.certificate_fingerprint, "8F:43");
    assert_string_equal(given.facts.certificate_subject, "CN=Boss,O=Acme");
    given_fini(&given);
}

static const struct {
    const char *word;
    enum verify_outcome want;
} outcomes[] = {
    {"password-ok=yes", VERIFY_OK},
    {"password-ok=no", VERIFY_WRONG_PASSWORD},
    {"password-ok=unavailable", VERIFY_UNAVAILABLE},
    {"password-ok=unknown", VERIFY_UNKNOWN_USER},
    {"password-ok=ambiguous", VERIFY_AMBIGUOUS},
    {"password-ok=disabled", VERIFY_DISABLED},
    {"password-ok=locked", VERIFY_LOCKED},
    {"password-ok=account-expired", VERIFY_ACCOUNT_EXPIRED},
    {"password-ok=expired", VERIFY_PASSWORD_EXPIRED},
    {"password-ok=must-change", VERIFY_MUST_CHANGE},
    {"password-ok=not-allowed", VERIFY_NOT_ALLOWED},
    {"password-ok=not-clear", VERIFY_NO_CLEAR_PASSWORD},
};

static void
test_every_outcome_has_a_word(void **state)
{
    (void)state;
    assert_int_equal(sizeof outcomes / sizeof outcomes[0], VERIFY_OUTCOMES);
    for (size_t i = 0; i < sizeof outcomes / sizeof outcomes[0]; i++) {
        const char *const words[] = {"listener=a", "user=b", outcomes[i].word};
        struct given given;
        assert_int_equal(given_parse(words, 3, &given, NULL), 0);
        assert_int_equal(given.outcome, outcomes[i].want);
        given_fini(&given);
    }
}

static void
test_a_web_page_is_a_protocol(void **state)
{
    (void)state;
    const char *const words[] = {"listener=web", "user=anna", "protocol=http"};
    struct given given;
    assert_int_equal(given_parse(words, 3, &given, NULL), 0);
    assert_int_equal(given.facts.protocol, PROTOCOL_HTTP);
    given_fini(&given);
}

static void
test_a_client_without_an_address_is_a_fact(void **state)
{
    (void)state;
    const char *const words[] = {"listener=a", "user=b", "ip=unix:"};
    struct given given;
    assert_int_equal(given_parse(words, 3, &given, NULL), 0);
    assert_int_equal(given.facts.client.family, NETADDR_NONE);
    given_fini(&given);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_an_ordinary_session_is_assumed),
        cmocka_unit_test(test_all_facts_are_taken),
        cmocka_unit_test(test_what_the_world_would_say_is_given),
        cmocka_unit_test(test_a_certificate_needs_no_name),
        cmocka_unit_test(test_every_outcome_has_a_word),
        cmocka_unit_test(test_a_web_page_is_a_protocol),
        cmocka_unit_test(test_a_client_without_an_address_is_a_fact),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
