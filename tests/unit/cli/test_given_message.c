/* What `explain` is given about a message, and about whose a sender is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "given.h"
#include "given_bench.h"

static const struct {
    const char *word;
    enum knowledge want_owned;
    bool want_matching;
} owners[] = {
    {"tls=on", KNOWLEDGE_UNKNOWN, false},
    {"sender-owned=yes", KNOWLEDGE_KNOWN, false},
    {"sender-owned=no", KNOWLEDGE_UNKNOWN, false},
    {"sender-owned=unavailable", KNOWLEDGE_CANNOT_TELL, false},
    {"matching-sender=yes", KNOWLEDGE_UNKNOWN, true},
    {"matching-sender=no", KNOWLEDGE_UNKNOWN, false},
};

static void
test_whose_a_sender_is_is_given(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof owners / sizeof owners[0]; i++) {
        print_message("%s\n", owners[i].word);
        const char *const words[] = {"listener=mx", "method=none", "to=a@b", "window=anna",
                                     owners[i].word};
        struct given given;
        assert_int_equal(given_parse(words, 5, &given, NULL), 0);
        assert_int_equal(given.facts.owned.knowledge, owners[i].want_owned);
        assert_int_equal(given.facts.matching_sender, owners[i].want_matching);
        given_fini(&given);
    }
}

static void
test_an_ordinary_message_is_assumed(void **state)
{
    (void)state;
    const char *const words[] = {"stage=message"};
    struct given given;
    assert_int_equal(given_parse(words, 1, &given, NULL), 0);
    assert_true(given.is_message);
    assert_ptr_equal(given.facts.message, &given.message);
    assert_int_equal(given.facts.method, METHOD_NONE);
    assert_int_equal(given.facts.protocol, PROTOCOL_SMTP);
    assert_null(given.facts.listener);
    assert_string_equal(given.facts.mail_from, "MAIL FROM:<>");
    assert_null(given.facts.rcpt_to);
    assert_int_equal(given.recipients.count, 0);
    assert_int_equal(given.headers.count, 0);
    assert_null(given.message.authenticated);
    assert_false(given.message.tls_known);
    assert_int_equal(given.message.size, 0);
    assert_int_equal(given.message.messages, 0);
    assert_false(given.is_limited);
    assert_false(given.says_matching_sender);
    given_fini(&given);
}

static void
test_all_of_a_message_is_taken(void **state)
{
    (void)state;
    const char *const words[] = {"stage=message",
                                 "listener=submission",
                                 "auth=anna@acme.example",
                                 "from=anna@acme.example",
                                 "to=a@b",
                                 "to=<c@d> NOTIFY=NEVER",
                                 "header-from=Anna <anna@acme.example>",
                                 "header=sender: x@y",
                                 "header-from=bob@acme.example",
                                 "size=4M",
                                 "messages=3",
                                 "limited=yes",
                                 "tls=off",
                                 "matching-sender=no"};
    struct given given;
    assert_int_equal(given_parse(words, sizeof words / sizeof words[0], &given, NULL), 0);
    assert_string_equal(given.facts.listener, "submission");
    assert_string_equal(given.message.authenticated, "anna@acme.example");
    assert_string_equal(given.facts.mail_from, "MAIL FROM:<anna@acme.example>");
    assert_int_equal(given.recipients.count, 2);
    assert_string_equal(given.recipients.items[0], "RCPT TO:<a@b>");
    assert_string_equal(given.recipients.items[1], "RCPT TO:<c@d> NOTIFY=NEVER");
    assert_int_equal(given.headers.count, 3);
    assert_string_equal(given.headers.items[0], "From:Anna <anna@acme.example>");
    assert_string_equal(given.headers.items[1], "sender: x@y");
    assert_string_equal(given.headers.items[2], "From:bob@acme.example");
    assert_int_equal(given.message.size, 4 << 20);
    assert_int_equal(given.message.messages, 3);
    assert_true(given.is_limited);
    assert_true(given.message.tls_known);
    assert_false(given.facts.tls);
    assert_true(given.says_matching_sender);
    assert_false(given.facts.matching_sender);
    given_fini(&given);
}

static const struct {
    const char *name;
    const char *words[WORDS_MAX];
    enum knowledge want;
    const char *want_addresses; /* with a space before each */
} owned[] = {
    {"nothing is owned unless it is said", {"from=a@b"}, KNOWLEDGE_UNKNOWN, ""},
    {"what is owned is in lower case",
     {"owns=Sales@ACME.example"},
     KNOWLEDGE_KNOWN,
     " sales@acme.example"},
    {"several may be owned", {"owns=a@b", "owns=c@d"}, KNOWLEDGE_KNOWN, " a@b c@d"},
    {"the sender may be among them",
     {"owns=c@d", "sender-owned=yes", "from=A@B"},
     KNOWLEDGE_KNOWN,
     " c@d a@b"},
    {"that the sender is not leaves the others",
     {"owns=c@d", "sender-owned=no", "from=a@b"},
     KNOWLEDGE_KNOWN,
     " c@d"},
    {"nobody owns the null sender", {"sender-owned=yes", "from=<>"}, KNOWLEDGE_KNOWN, ""},
    {"nobody may be there to ask", {"sender-owned=unavailable"}, KNOWLEDGE_CANNOT_TELL, ""},
};

static void
test_what_a_user_owns_is_given(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2 * (sizeof owned / sizeof owned[0]); i++) {
        size_t at = i / 2;
        print_message("%s: %s\n", i % 2 ? "a session" : "a message", owned[at].name);
        const char *session[WORDS_MAX + 3] = {"listener=mx", "method=none", "to=e@f"};
        const char *message[WORDS_MAX + 3] = {"listener=mx", "stage=message", "to=e@f"};
        const char **words = i % 2 ? session : message;
        size_t count = count_words(owned[at].words);
        memcpy(words + 3, owned[at].words, count * sizeof words[0]);
        struct given given;
        assert_int_equal(given_parse(words, count + 3, &given, NULL), 0);
        char addresses[256] = "";
        for (size_t k = 0; k < given.facts.owned.count; k++) {
            strcat(addresses, " ");
            strcat(addresses, given.facts.owned.addresses[k]);
        }
        assert_int_equal(given.facts.owned.knowledge, owned[at].want);
        assert_string_equal(addresses, owned[at].want_addresses);
        given_fini(&given);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whose_a_sender_is_is_given),
        cmocka_unit_test(test_an_ordinary_message_is_assumed),
        cmocka_unit_test(test_all_of_a_message_is_taken),
        cmocka_unit_test(test_what_a_user_owns_is_given),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
