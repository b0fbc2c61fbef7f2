/* Which source of a chain knows a recipient. */
#include "chain_words.h"

static const struct deadline forever = {INT64_MAX};

static void
test_who_knows_a_recipient(void **state)
{
    (void)state;
    static const struct {
        const char *name, *chain;
        enum knowledge want;
        bool want_can_tell;
        int want_asked;
    } cases[] = {
        {"nobody there knows nobody", "", KNOWLEDGE_UNKNOWN, false, 0},
        {"a source that knows passwords alone is not asked", "o", KNOWLEDGE_UNKNOWN, false, 0},
        {"nor is one whose settings do not let it", "+!", KNOWLEDGE_UNKNOWN, false, 0},
        {"known", "+", KNOWLEDGE_KNOWN, true, 1},
        {"unknown", "-", KNOWLEDGE_UNKNOWN, true, 1},
        {"an outage", "?", KNOWLEDGE_CANNOT_TELL, true, 1},
        {"the first that knows ends the questions", "+ + -", KNOWLEDGE_KNOWN, true, 1},
        {"the second knows", "- +", KNOWLEDGE_KNOWN, true, 2},
        {"the second knows, and the first had an outage", "? +", KNOWLEDGE_KNOWN, true, 2},
        {"an outage makes unknown cannot tell", "? -", KNOWLEDGE_CANNOT_TELL, true, 2},
        {"also the other way round", "- ?", KNOWLEDGE_CANNOT_TELL, true, 2},
        {"all say unknown", "- - -", KNOWLEDGE_UNKNOWN, true, 3},
        {"those that cannot tell by their kind are left out", "o - o", KNOWLEDGE_UNKNOWN, true, 1},
        {"so are those that cannot by their settings", "?! -", KNOWLEDGE_UNKNOWN, true, 1},
        {"what our own users file knows is not elsewhere", "E -", KNOWLEDGE_UNKNOWN, true, 1},
        {"our own users file alone knows nobody elsewhere", "E", KNOWLEDGE_UNKNOWN, false, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct bench bench;
        print_message("%s\n", cases[i].name);
        bench_open(&bench, cases[i].chain, AMBIGUOUS_REFUSE);
        assert_int_equal(source_chain_can_tell(bench.chain), cases[i].want_can_tell);
        assert_int_equal(source_chain_knows(bench.chain, &recipient, forever), cases[i].want);
        int asked = 0;
        for (size_t j = 0; j < bench.count; j++)
            asked += bench.fakes[j].asked_for_recipient;
        assert_int_equal(asked, cases[i].want_asked);
        bench_close(&bench);
    }
}

static void
test_a_source_asked_for_a_recipient(void **state)
{
    (void)state;
    static const struct {
        const char *name, *word;
        const char *want_unfit; /* NULL: it can tell */
        enum knowledge want;
        bool want_kept;
        const char *want_name;
    } cases[] = {
        {"known", "+", NULL, KNOWLEDGE_KNOWN, true, "name in +"},
        {"unknown, which this kind does not keep", "-", NULL, KNOWLEDGE_UNKNOWN, false,
         "name in -"},
        {"cannot tell", "?", NULL, KNOWLEDGE_CANNOT_TELL, false, "name in ?"},
        {"a kind without lifetimes keeps nothing", "+f", NULL, KNOWLEDGE_KNOWN, false,
         "name in +f"},
        {"a kind that never can tell", "o",
         "a source of type \"plain\" cannot tell which recipients exist", KNOWLEDGE_CANNOT_TELL,
         false, ""},
        {"settings that do not let it", "+!", "lacks a filter", KNOWLEDGE_CANNOT_TELL, false, ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fake fake;
        struct recipient_result first, again;
        struct err err = {""};
        print_message("%s\n", cases[i].name);
        struct source *source = open_fake(&fake, cases[i].word);
        const char *unfit = cases[i].want_unfit;
        assert_int_equal(source_check_recipients(source, &err), unfit != NULL ? -1 : 0);
        assert_string_equal(err.text, unfit != NULL ? unfit : "");
        source_recipient(source, &recipient, forever, &first);
        source_recipient(source, &recipient, forever, &again);
        assert_int_equal(first.knowledge, cases[i].want);
        assert_int_equal(again.knowledge, cases[i].want);
        assert_string_equal(again.name, cases[i].want_name);
        assert_string_equal(first.detail, unfit != NULL ? unfit : "");
        assert_false(first.was_cached);
        assert_int_equal(again.was_cached, cases[i].want_kept);
        assert_int_equal(fake.asked_for_recipient, unfit != NULL ? 0 : cases[i].want_kept ? 1 : 2);
        source_close(source);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_knows_a_recipient),
        cmocka_unit_test(test_a_source_asked_for_a_recipient),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
