#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "command_words.h"

struct split_case {
    const char *sentence, *text;
    const char *want[8];
    const char *want_err; /* NULL: none */
};

static const struct split_case cases[] = {
    {"blanks separate", "/bin/mail  a@b.example\tc", {"/bin/mail", "a@b.example", "c"}, NULL},
    {"blanks around it are nothing", "  /bin/mail \n", {"/bin/mail"}, NULL},
    {"single quotes keep blanks", "/bin/mail 'a b' c", {"/bin/mail", "a b", "c"}, NULL},
    {"double quotes keep blanks", "/bin/mail \"a b\" c", {"/bin/mail", "a b", "c"}, NULL},
    {"quotes may stand inside of a word", "/bin/m --to='a b'c", {"/bin/m", "--to=a bc"}, NULL},
    {"an empty word can be written", "/bin/m '' \"\"", {"/bin/m", "", ""}, NULL},
    {"double quotes have an escape", "/bin/m \"a\\\"b\\\\c\\d\"", {"/bin/m", "a\"b\\c\\d"}, NULL},
    {"single quotes have none", "/bin/m 'a\\'", {"/bin/m", "a\\"}, NULL},
    {"the other quotes are characters", "/bin/m \"it's\" '\"'", {"/bin/m", "it's", "\""}, NULL},
    {"a shell's signs mean nothing",
     "/bin/m $HOME `id` *;ls|cat >x &",
     {"/bin/m", "$HOME", "`id`", "*;ls|cat", ">x", "&"},
     NULL},
    {"the program may stand in quotes", "'/opt/a b/c' d", {"/opt/a b/c", "d"}, NULL},
    {"an open single quote", "/bin/m 'a b", {NULL}, "a ' is not closed"},
    {"an open double quote, escaped last", "/bin/m \"a\\\"", {NULL}, "a \" is not closed"},
    {"nothing", "", {NULL}, "names no program"},
    {"blanks only", " \t ", {NULL}, "names no program"},
    {"an empty program",
     "'' a",
     {NULL},
     "\"\" is no absolute path (write the program with its whole path)"},
    {"a program that would have to be looked for",
     "mail a",
     {NULL},
     "\"mail\" is no absolute path (write the program with its whole path)"},
};

static void
test_a_command_is_split(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct split_case *c = &cases[i];
        struct err err = {0};
        char **words = command_words_parse(c->text, &err);
        print_message("%s\n", c->sentence);
        if (c->want_err != NULL) {
            assert_null(words);
            assert_string_equal(err.text, c->want_err);
            continue;
        }
        assert_non_null(words);
        size_t n = 0;
        for (; c->want[n] != NULL; n++) {
            assert_non_null(words[n]);
            assert_string_equal(words[n], c->want[n]);
        }
        assert_null(words[n]);
        char **copy = command_words_copy(words);
        assert_ptr_not_equal(copy[0], words[0]);
        command_words_free(words);
        assert_string_equal(copy[n - 1], c->want[n - 1]);
        assert_null(copy[n]);
        command_words_free(copy);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_a_command_is_split)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
