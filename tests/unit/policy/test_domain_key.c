#include "cases.h"

#include <stdio.h>

#include "domain_key.h"

/* U labels of RFC 3492 7.1 and of others, and their A labels. */
static const struct {
    const char *name, *domain, *want;
} cases[] = {
    {"ASCII stays as it is", "acme.example", "acme.example"},
    {"a single label", "localhost", "localhost"},
    {"nothing", "", ""},
    {"one letter", "ü.example", "xn--tda.example"},
    {"letters of both kinds", "bücher.example", "xn--bcher-kva.example"},
    {"a later label", "mail.bücher.example", "mail.xn--bcher-kva.example"},
    {"two labels", "bücher.münchen.example", "xn--bcher-kva.xn--mnchen-3ya.example"},
    {"Russian", "почемужеонинеговорятпорусски.example",
     "xn--b1abfaaepdrnnbgefbadotcwatmq2g4l.example"},
    {"Chinese", "他们为什么不说中文.example", "xn--ihqwcrb4cv8a8dqg056pqjye.example"},
    {"Japanese with ASCII", "3年b組金八先生.example", "xn--3b-ww4c5e180e575a65lsy2b.example"},
    {"Japanese with hyphens", "ひとつ屋根の下2.example", "xn--2-u9tlzr9756bt3uc0v.example"},
    {"Hebrew", "למההםפשוטלאמדבריםעברית.example", "xn--4dbcagdahymbxekheh6e0a7fei0b.example"},
    {"above the basic plane", "𐐨𐑂.example", "xn--hj8cxb.example"},
    {"a capital letter", "bÜcher.example", "xn--bcher-kva.example"},
    {"capital letters of Latin", "ÀÖØÞĀĶŁŸŹẀỲ", "xn--0ca8bgyfl29a2czy801v39a"},
    {"capital letters of Greek", "ΆΈΌΎΏΑΣΩΫ", "xn--hxacm6e4amdij"},
    {"capital letters of Cyrillic and Armenian", "ЀЏАЯѠҊӁӐԮԱ",
     "xn--80a6db4dm6wvn4d61bko"},
    {"an accent that stands alone",
     "bu\xcc\x88"
     "cher.example",
     "xn--bcher-kva.example"},
    {"a letter that is not two", "straße.example", "xn--strae-oqa.example"},
    {"what IDNA does not know", "×.example", "×.example"},
    {"a label that just fits", "üüüüüüüüüüüüüüüüüüüüüüüüüüüüüüü",
     "xn--tdaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},
};

static void
test_keys(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char key[DOMAIN_KEY_MAX + 1];
        domain_key(cases[i].domain, key);
        CHECK_TEXT(cases[i].name, key, cases[i].want);
    }
}

/* A label that is too long for DNS is still below the wildcard that it is below. */
static void
test_what_has_no_other_form_stays(void **state)
{
    (void)state;
    char key[DOMAIN_KEY_MAX + 1], text[DOMAIN_MAX + 1];
    size_t label = 0;
    for (unsigned i = 0; i < 50; i++)
        label += (size_t)sprintf(text + label, "%c%c%c", 0xe4 + i % 5, 0x80 + i, 0x80 + i * 7 % 64);
    strcpy(text + label, ".ü.example");
    domain_key(text, key);
    assert_memory_equal(key, text, label);
    assert_string_equal(key + label, ".xn--tda.example");
}

/* What becomes longest: labels of one letter. */
static void
test_the_longest_domain_has_a_key(void **state)
{
    (void)state;
    static const char *const labels[] = {"ü.", "\xdf\xbf.", "€.", "𐐨."};
    for (size_t i = 0; i < COUNT_OF(labels); i++) {
        char key[DOMAIN_KEY_MAX + 1], text[DOMAIN_MAX + 1] = "";
        while (strlen(text) + strlen(labels[i]) <= DOMAIN_MAX)
            strcat(text, labels[i]);
        domain_key(text, key);
        CHECK(labels[i], strlen(key) <= 3 * strlen(text));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_what_has_no_other_form_stays),
        cmocka_unit_test(test_the_longest_domain_has_a_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
