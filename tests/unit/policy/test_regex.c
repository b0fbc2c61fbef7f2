#include "cases.h"

#include <pthread.h>

#include "regex.h"

#define A60 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const struct {
    const char *name, *pattern, *subject;
    size_t length;
    enum regex_answer want;
} cases[] = {
    {"unanchored", "b", BYTES("abc"), REGEX_MATCH},
    {"anchored", "^b", BYTES("abc"), REGEX_NO_MATCH},
    {"without case", "^SVC-[0-9]+@", BYTES("svc-12@b"), REGEX_MATCH},
    {"without case, letters outside of ASCII too", "\xc3\x9c", BYTES("m\xc3\xbcller"), REGEX_MATCH},
    {"a dot is one character", "^.$", BYTES("\xc3\xbc"), REGEX_MATCH},
    {"the dollar is the very end", "^a$", BYTES("a\n"), REGEX_NO_MATCH},
    {"an empty subject", "^$", BYTES(""), REGEX_MATCH},
    {"a NUL does not end the subject", "b", BYTES("a\0b"), REGEX_MATCH},
    {"a subject that is not UTF-8", "^.$", BYTES("\xff"), REGEX_NO_MATCH},
    {"a class of digits is ASCII's", "^\\d$", BYTES("\xd9\xa3"), REGEX_NO_MATCH},
    {"the step limit", "^(a|aa)+$", BYTES(A60 A60 A60 A60 "!"), REGEX_CANNOT_TELL},
    {"a few thousand steps are allowed", "^(a|aa)+$", BYTES("aaaaaaaaaaaaaaa!"), REGEX_NO_MATCH},
    {"a million steps are not", "^(a|aa)+$", BYTES("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!"),
     REGEX_CANNOT_TELL},
    {"a million steps are not, interpreted", "(*NO_JIT)^(a|aa)+$",
     BYTES("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!"), REGEX_CANNOT_TELL},
    {"the step limit in backtracking", "(x+x+)+y",
     BYTES("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
           "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxyx"),
     REGEX_MATCH},
    {"the step limit is for all places where a match can begin", "(?=.*.*.*z)",
     BYTES(A60 A60 A60 A60), REGEX_CANNOT_TELL},
    {"the step limit is for all places, interpreted", "(*NO_JIT)(?=.*.*[yz])",
     BYTES(A60 A60 A60 A60), REGEX_CANNOT_TELL},
    {"the usual words of lists are far from it, even in the longest names",
     "[a-z]+@.*[a-z0-9]+[.](acme|mail)[.]example$", BYTES(A60 A60 A60 A60 "@acme.example"),
     REGEX_NO_MATCH},
    {"the usual words, interpreted", "(*NO_JIT)[a-z]+@.*[a-z0-9]+[.](acme|mail)[.]example$",
     BYTES(A60 A60 A60 A60 "@acme.example"), REGEX_NO_MATCH},
    {"a pattern cannot raise the limit", "(*LIMIT_MATCH=4000000000)^(a|aa)+$",
     BYTES(A60 A60 A60 A60 "!"), REGEX_CANNOT_TELL},
    {"the interpreter has the same limit", "(*NO_JIT)^(a|aa)+$", BYTES(A60 A60 A60 A60 "!"),
     REGEX_CANNOT_TELL},
    {"the interpreter answers as well", "(*NO_JIT)^A+$", BYTES("aaa"), REGEX_MATCH},
    {"recursion without end", "(?R)?a(?R)?$", BYTES("b"), REGEX_CANNOT_TELL},
    {"recursion without end, interpreted", "(*NO_JIT)(?R)?a(?R)?$", BYTES("b"), REGEX_CANNOT_TELL},
    {"deep recursion of the pattern", "^((?:a(?1)?b?))+$", BYTES(A60 A60 A60 A60 "!"),
     REGEX_CANNOT_TELL},
};

static void
check_all_cases(void)
{
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct err err = {.text = ""};
        struct regex *regex = regex_create(cases[i].pattern, strlen(cases[i].pattern), &err);
        if (regex == NULL)
            fail_msg("%s: %s", cases[i].name, err.text);
        enum regex_answer answer = regex_match(regex, cases[i].subject, cases[i].length);
        regex_free(regex);
        if (answer != cases[i].want)
            fail_msg("%s: got %d", cases[i].name, (int)answer);
    }
}

static void
test_answers(void **state)
{
    (void)state;
    check_all_cases();
}

static const struct {
    const char *name, *pattern, *want_err;
} malformed[] = {
    {"nothing", "", "a regular expression has 1 to 1024 bytes"},
    {"an open parenthesis", "a(b",
     "not a regular expression: missing closing parenthesis at character 4"},
    {"a quantifier of nothing", "*a",
     "not a regular expression: quantifier does not follow a repeatable item at character 1"},
    {"a pattern that is not UTF-8", "\xff", NULL},
    {"a single byte of a character", "\\C", NULL},
    {"too many nested parentheses",
     "((((((((((((((((((((((((((((((((((((a))))))))))))))))))))))))))))))))))))", NULL},
};

static void
test_malformed(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(malformed); i++) {
        struct err err = {.text = ""};
        const char *pattern = malformed[i].pattern;
        CHECK(malformed[i].name, regex_create(pattern, strlen(pattern), &err) == NULL);
        CHECK(malformed[i].name, err.text[0] != '\0');
        if (malformed[i].want_err != NULL)
            CHECK_TEXT(malformed[i].name, err.text, malformed[i].want_err);
    }
    char longest[REGEX_PATTERN_MAX + 1];
    memset(longest, 'a', sizeof longest);
    assert_null(regex_create(longest, sizeof longest, NULL));
    struct regex *regex = regex_create(longest, sizeof longest - 1, NULL);
    assert_non_null(regex);
    regex_free(regex);
    regex_free(NULL);
}

/* What a session thread has, less what a sanitizer's frames need more. */
enum { SMALL_STACK = 128 * 1024, THREADS = 4, ROUNDS = 20 };

static const char *failed;

/* cmocka's own checks are for the main thread only. */
static void *
match_on_a_small_stack(void *shared)
{
    struct regex *const *regexes = shared;
    for (size_t round = 0; round < ROUNDS; round++)
        for (size_t i = 0; i < COUNT_OF(cases); i++)
            if (cases[i].want != REGEX_CANNOT_TELL || round == 0)
                if (regex_match(regexes[i], cases[i].subject, cases[i].length) != cases[i].want)
                    failed = cases[i].name;
    static const char nested[] = "((((((((((((((((((((((((((((((a+)+)+)+)+)+)+)+)+)+)+)+)+)+)+)+)+)"
                                 "+)+)+)+)+)+)+)+)+)+)+)+)+)+$";
    struct regex *regex = regex_create(nested, sizeof nested - 1, NULL);
    if (regex == NULL || regex_match(regex, BYTES("aaab")) == REGEX_MATCH)
        failed = "a nested pattern";
    regex_free(regex);
    return NULL;
}

static void
test_threads_with_small_stacks_share_patterns(void **state)
{
    (void)state;
    struct regex *regexes[COUNT_OF(cases)];
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        regexes[i] = regex_create(cases[i].pattern, strlen(cases[i].pattern), NULL);
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, SMALL_STACK);
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], &attributes, match_on_a_small_stack, regexes),
                         0);
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    pthread_attr_destroy(&attributes);
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        regex_free(regexes[i]);
    if (failed != NULL)
        fail_msg("%s", failed);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_threads_with_small_stacks_share_patterns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
