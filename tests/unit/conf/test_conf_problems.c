/* The problems that one run finds in a whole configuration. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "files.h"
#include "sample_types.h"

struct bad_case {
    const char *name;
    const char *text;
    const char *included; /* the file "more.conf" */
    const char *want;
};

static const struct bad_case bad_cases[] = {
    {.name = "an unknown setting gets a suggestion",
     .text = "cuont = 3\n",
     .want = "t.conf:1: cuont: unknown setting (did you mean \"count\"?)\n"},
    {.name = "an unknown setting that is like nothing gets none",
     .text = "zzzzzzzz = 3\n",
     .want = "t.conf:1: zzzzzzzz: unknown setting\n"},
    {.name = "a setting of a section that stands outside is told where it belongs",
     .text = "colors = red\n",
     .want = "t.conf:1: colors: unknown setting here (it belongs inside a section box)\n"},
    {.name = "an unknown section gets a suggestion and is skipped whole",
     .text = "bxo \"a\" { color = 1  inner { x = {1,2} } }\ncount = 0\n",
     .want = "t.conf:1: bxo: unknown section (did you mean \"box\"?)\n"
             "t.conf:2: count: 0 is out of range (1 to 10)\n"},
    {.name = "all problems of all kinds are found in one run",
     .text = "# a comment\n"
             "count = 11\n"
             "/* over\n lines */ wait = 5m\n"
             "// another\n"
             "box \"a\" { # here\n"
             "  opne = yes\n"
             "  color = \"gren\"\n"
             "  colors = {\"red\", # red\n"
             "            \"yellow\"}\n"
             "  shelf \"top\" { weight = heavy }\n"
             "}\n"
             "pet \"tom\" { type = \"cat\" sound = \"wuff\" lives = 10 }\n"
             "pet \"rex\" { type = dog }\n",
     .want =
         "t.conf:2: count: 11 is out of range (1 to 10)\n"
         "t.conf:4: wait: \"5m\" is not a duration (a number with ms, s, min, h or d, as 30s or "
         "15min)\n"
         "t.conf:7: box \"a\": opne: unknown setting (did you mean \"open\"?)\n"
         "t.conf:8: box \"a\": color: \"gren\" is not red, green or blue (did you mean "
         "\"green\"?)\n"
         "t.conf:10: box \"a\": colors: \"yellow\" is unknown (it may be red, green or blue)\n"
         "t.conf:11: box \"a\": shelf \"top\": weight: \"heavy\" is not a number\n"
         "t.conf:13: pet \"tom\": sound: is not a setting of a pet with type = \"cat\" (it needs "
         "\"dog\")\n"
         "t.conf:13: pet \"tom\": lives: 10 is out of range (1 to 9)\n"
         "t.conf:14: pet \"rex\": sound: is missing (it must be set)\n"},
    {.name = "a variant that is meant where none is named",
     .text = "door {\n weight = 3 }\n",
     .want = "t.conf:2: door: weight: is not a setting of a door with made_of = \"oak\" (it needs "
             "\"iron\")\n"},
    {.name = "the other variant, by its name only",
     .text = "door { made_of = ion }\n",
     .want =
         "t.conf:1: door: made_of: \"ion\" is unknown (did you mean \"iron\"?) (it may be: oak, "
         "iron)\n"},
    {.name = "a truncated file is refused",
     .text = "count = 3\nbox \"a\" {\n  open = yes\n",
     .want = "t.conf:2: box: the section that begins here is not closed (a } is missing, or the "
             "file is truncated)\n"},
    {.name = "a file that ends inside a list is refused",
     .text = "box \"a\" {\n items = {\"x\",\n",
     .want =
         "t.conf:1: box: the section that begins here is not closed (a } is missing, or the "
         "file is truncated)\n"
         "t.conf:2: items: the list is not closed (a } is missing before the end of the file in "
         "line 3)\n"},
    {.name = "a file that ends inside a string is refused",
     .text = "name = \"abc\n",
     .want = "t.conf:1: the string is not closed on its line (the closing \" is missing)\n"},
    {.name = "a file that ends inside a comment is refused",
     .text = "count = 3\n/* never\nclosed\n",
     .want = "t.conf:2: a comment is not closed (*/ is missing)\n"},
    {.name = "a file that ends behind = is refused",
     .text = "count =",
     .want = "t.conf:1: count: a value is missing behind =\n"},
    {.name = "a } in the wrong place is refused",
     .text = "count = 3\n}\n",
     .want = "t.conf:2: } closes nothing: no section of this file is open here\n"},
    {.name = "a missing } before the next section is found there, and that section is checked",
     .text = "box \"a\" {\n  open = yes\nbox \"b\" {\n  open = maybe\n}\n",
     .want =
         "t.conf:1: box: the section that begins here is not closed (a } is missing, or the "
         "file is truncated)\n"
         "t.conf:3: box \"a\": box: may not stand inside another section (is a } missing before "
         "it?)\n"
         "t.conf:4: box \"b\": open: \"maybe\" is neither true nor false (write true or "
         "false)\n"},
    {.name = "a setting that is given twice names both lines",
     .text = "count = 3\n\ncount = 4\n",
     .want = "t.conf:3: count: is given twice (the first is at t.conf:1)\n"},
    {.name = "a variant setting that is given twice is refused too",
     .text = "pet \"a\" { type = cat\n type = dog }\n",
     .want = "t.conf:2: pet \"a\": type: is given twice (the first is at t.conf:1)\n"},
    {.name = "a name that is taken names the first",
     .text = "box \"a\" { }\nbox \"b\" { }\nbox \"a\" { open = perhaps }\n",
     .want = "t.conf:3: box \"a\": this name is taken (the first is at t.conf:1)\n"
             "t.conf:3: box \"a\": open: \"perhaps\" is neither true nor false (write true or "
             "false)\n"},
    {.name = "the same name in two parents is two names",
     .text = "box \"a\" { shelf \"s\" { weight = 1 } }\nbox \"b\" { shelf \"s\" { weight = 1 }\n"
             "shelf \"s\" { weight = 2 } }\n",
     .want = "t.conf:3: box \"b\": shelf \"s\": this name is taken (the first is at t.conf:2)\n"},
    {.name = "a single section may stand only once",
     .text = "door { }\ndoor { }\n",
     .want = "t.conf:2: door: may stand only once (the first is at t.conf:1)\n"},
    {.name = "a name is needed where there is one, and refused where there is none",
     .text = "box { open = 7 }\ndoor \"x\" { }\n",
     .want = "t.conf:1: box: a name is missing (write box \"NAME\" {)\n"
             "t.conf:1: box: open: \"7\" is neither true nor false (write true or false)\n"
             "t.conf:2: door: takes no name (write door {)\n"},
    {.name = "a name with a blank is no name",
     .text = "box \"a b\" { }\n",
     .want = "t.conf:1: box \"a b\": is not a name (1 to 63 printable ASCII characters without "
             "blanks, quotes, commas and semicolons)\n"},
    {.name = "a setting written as a section, and the other way round",
     .text = "count { a = 1 }\nbox = 3\n",
     .want = "t.conf:1: count: is a setting, not a section (write count = ...)\n"
             "t.conf:2: box: is a section, not a setting (write box \"NAME\" { ... })\n"},
    {.name = "a list where one value is wanted",
     .text = "count = {1, 2}\n",
     .want = "t.conf:1: count: takes one value, not a list\n"},
    {.name = "two values where one is wanted",
     .text = "wait = 5 min\ncount = 99\n",
     .want = "t.conf:1: wait: min is a second value (put one value with blanks into quotes, "
             "several into braces with commas)\n"
             "t.conf:1: wait: \"5\" is not a duration (a number with ms, s, min, h or d, as 30s or "
             "15min)\n"
             "t.conf:2: count: 99 is out of range (1 to 10)\n"},
    {.name = "a forgotten = does not hide the rest",
     .text = "count 3\nwait = 1\n",
     .want = "t.conf:1: count is neither a setting nor a section (write NAME = VALUE or NAME "
             "\"TITLE\" {)\n"
             "t.conf:2: wait: \"1\" is not a duration (a number with ms, s, min, h or d, as 30s or "
             "15min)\n"},
    {.name = "a forgotten comma in a list",
     .text = "box \"a\" { items = {\"x\" \"y\"} }\n",
     .want = "t.conf:1: items: a comma is missing between two items\n"},
    {.name = "a list that is not closed ends at the next setting",
     .text = "box \"a\" {\n items = {\"x\",\n \"y\"\n color = pink\n}\n",
     .want = "t.conf:2: items: the list is not closed (a } is missing before color in line 4)\n"
             "t.conf:4: box \"a\": color: \"pink\" is unknown (it may be red, green or blue)\n"},
    {.name = "+= is refused and the value still checked",
     .text = "count += 99\n",
     .want = "t.conf:1: count: += is not understood (write all items into one list)\n"
             "t.conf:1: count: 99 is out of range (1 to 10)\n"},
    {.name = "an unknown variant is told what there is",
     .text = "pet \"a\" { type = \"dgo\" lives = 99 }\npet \"b\" { lives = 3 }\n",
     .want = "t.conf:1: pet \"a\": type: \"dgo\" is unknown (did you mean \"dog\"?) (it may be: "
             "cat, dog)\n"
             "t.conf:2: pet \"b\": type: is missing (it may be: cat, dog)\n"},
    {.name = "a regular expression with a lost backslash is refused",
     .text = "name = \"a\\.b\"\n",
     .want = "t.conf:1: \\. is not an escape (write \\\\ for a backslash, or use single quotes)\n"},
    {.name = "a NUL cannot be smuggled in by an escape",
     .text = "name = \"a\\0b\"\nfile = \"a\\x00b\"\n",
     .want = "t.conf:1: \\0 is not an escape (write \\\\ for a backslash, or use single quotes)\n"
             "t.conf:2: \\x is not an escape (write \\\\ for a backslash, or use single quotes)\n"},
    {.name = "an octal escape that libConfuse does not take is refused",
     .text = "name = \"\\777\"\nfile = \"\\1234\"\n",
     .want = "t.conf:1: \\7 is not an escape (write \\\\ for a backslash, or use single quotes)\n"
             "t.conf:2: \\1 is not an escape (write \\\\ for a backslash, or use single quotes)\n"},
    {.name = "a control character by an escape is refused where it is used",
     .text = "name = \"a\\nb\"\n",
     .want = "t.conf:1: name: holds a control character or is not UTF-8\n"},
    {.name = "a variable that the environment does not have is refused",
     .text = "name = \"${MAILREEVE_TEST_UNSET}\"\nfile = \"${MAILREEVE_TEST_UNSET:-}\"\n",
     .want = "t.conf:1: the environment has no MAILREEVE_TEST_UNSET (set it, or write "
             "${MAILREEVE_TEST_UNSET:-default})\n"
             "t.conf:2: file: is empty (leave the setting out if it is not wanted)\n"},
    {.name = "what libConfuse would drop without a word is refused",
     .text = "name = a*b\n",
     .want = "t.conf:1: * may not stand outside of quotes\n"},
    {.name = "an empty string is refused",
     .text = "name = \"\"\nbox \"a\" { items = {\"x\", \"\"} }\n",
     .want = "t.conf:1: name: is empty (leave the setting out if it is not wanted)\n"
             "t.conf:2: box \"a\": items: is empty (leave the setting out if it is not wanted)\n"},
    {.name = "binary junk is not a text",
     .text = "count = 3\n\001\002\n",
     .want = "t.conf:2: the byte 0x01 is here: this is not a text file\n"},
    {.name = "a file that includes itself is refused",
     .text = "count = 3\ninclude(\"t.conf\")\n",
     .want = "t.conf:2: t.conf includes itself\n"},
    {.name = "two files that include each other are refused",
     .text = "include(\"more.conf\")\n",
     .included = "\n\ninclude(\"./t.conf\")\n",
     .want = "more.conf:3: ./t.conf includes itself\n"},
    {.name = "a file that is not there is named where it is included",
     .text = "\ninclude(\"none.conf\")\ncount = 0\n",
     .want = "t.conf:2: cannot open none.conf: No such file or directory\n"
             "t.conf:3: count: 0 is out of range (1 to 10)\n"},
    {.name = "a directory is not a file",
     .text = "include(\"/\")\n",
     .want = "t.conf:1: cannot read /: it is not a regular file\n"},
    {.name = "lines in included files are those of the file",
     .text = "# one\nbox \"a\" {\n  include(\"more.conf\")\n  open = 2\n}\n",
     .included = "# c\n# d\ncolor = pink\nopen = true\n",
     .want = "more.conf:3: box \"a\": color: \"pink\" is unknown (it may be red, green or blue)\n"
             "t.conf:4: box \"a\": open: is given twice (the first is at more.conf:4)\n"},
    {.name = "an included file cannot close a section of another",
     .text = "box \"a\" {\ninclude(\"more.conf\")\n}\n",
     .included = "open = yes\n}\n",
     .want = "more.conf:2: } closes nothing: no section of this file is open here\n"},
    {.name = "include takes a plain name",
     .text = "include(more.conf)\ninclude(\"${HOME}\")\ninclude(\"a\", \"b\")\n",
     .want =
         "t.conf:1: include takes one file's name without \\ and $ (write include(\"file\"))\n"
         "t.conf:2: include takes one file's name without \\ and $ (write include(\"file\"))\n"
         "t.conf:3: include takes one file's name without \\ and $ (write include(\"file\"))\n"},
    {.name = "sections cannot be nested without end",
     .text = "a { a { a { a { a { a { a { a { a { a { a {\n",
     .want = "t.conf:1: sections are nested more than 8 deep\n"
             "t.conf:1: a: unknown section\n"},
};

static void
test_bad(void **state)
{
    (void)state;
    unsetenv("MAILREEVE_TEST_UNSET");
    int failures = 0;
    for (size_t i = 0; i < sizeof bad_cases / sizeof bad_cases[0]; i++) {
        const struct bad_case *c = &bad_cases[i];
        write_text("t.conf", c->text);
        write_text("more.conf", c->included != NULL ? c->included : "");
        struct problems problems;
        problems_init(&problems);
        struct conf *conf = conf_load("t.conf", &sample_type, &problems);
        char *lines = problem_lines(&problems);
        if (conf != NULL || strcmp(lines, c->want) != 0) {
            print_error("%s:\ngot\n%swant\n%s", c->name, lines, c->want);
            failures++;
        }
        conf_free(conf);
        free(lines);
        problems_fini(&problems);
    }
    assert_int_equal(failures, 0);
}

static void
test_unreadable(void **state)
{
    (void)state;
    static const struct {
        const char *path, *want;
    } cases[] = {
        {"none.conf", "cannot open none.conf: No such file or directory\n"},
        {".", "cannot read .: it is not a regular file\n"},
        {"/dev/zero", "cannot read /dev/zero: it is not a regular file\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct problems problems;
        problems_init(&problems);
        assert_null(conf_load(cases[i].path, &sample_type, &problems));
        char *lines = problem_lines(&problems);
        assert_string_equal(lines, cases[i].want);
        free(lines);
        problems_fini(&problems);
    }
}

/* 2 to the power of 30 files, if nobody counted them. */
static void
test_include_bomb(void **state)
{
    (void)state;
    for (int i = 0; i < 6; i++) {
        char name[32], text[4096] = "";
        snprintf(name, sizeof name, "bomb%d", i);
        for (int k = 0; k < 32 && i < 5; k++)
            sprintf(text + strlen(text), "include(\"bomb%d\")\n", i + 1);
        write_text(name, text);
    }
    struct problems problems;
    problems_init(&problems);
    assert_null(conf_load("bomb0", &sample_type, &problems));
    assert_non_null(
        strstr(problems_line(&problems, 0), "is one file too many (at most 1000 files"));
    problems_fini(&problems);
}

static void
test_nul(void **state)
{
    (void)state;
    write_file("t.conf", "count = 3\0box", 13);
    struct problems problems;
    problems_init(&problems);
    assert_null(conf_load("t.conf", &sample_type, &problems));
    char *lines = problem_lines(&problems);
    assert_string_equal(lines, "t.conf:1: the byte 0x00 is here: this is not a text file\n");
    free(lines);
    problems_fini(&problems);
}

static void
test_many_problems(void **state)
{
    (void)state;
    char *text = NULL;
    size_t size = 0;
    FILE *memory = open_memstream(&text, &size);
    for (int i = 0; i < 5000; i++)
        fputs("wrong = 1\n", memory);
    fclose(memory);
    write_text("t.conf", text);
    free(text);
    struct problems problems;
    problems_init(&problems);
    assert_null(conf_load("t.conf", &sample_type, &problems));
    assert_int_equal(problems.errors, 5000);
    assert_int_equal(problems.count, 1001);
    assert_string_equal(problems_line(&problems, 999), "t.conf:1000: wrong: unknown setting");
    assert_string_equal(problems_line(&problems, 1000), "more problems are not shown");
    problems_fini(&problems);
}

static int
remove_scratch(void **state)
{
    (void)state;
    static const char *const names[] = {"t.conf", "more.conf", "bomb0", "bomb1", "bomb2",
                                        "bomb3",  "bomb4",     "bomb5", NULL};
    return leave_scratch(names);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bad),           cmocka_unit_test(test_unreadable),
        cmocka_unit_test(test_include_bomb),  cmocka_unit_test(test_nul),
        cmocka_unit_test(test_many_problems),
    };
    return cmocka_run_group_tests(tests, enter_scratch, remove_scratch);
}
