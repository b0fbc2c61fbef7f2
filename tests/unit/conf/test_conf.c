/* The values that a good configuration has, and how it is printed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "files.h"
#include "sample_types.h"

static struct conf *
load_good(const char *text)
{
    write_text("t.conf", text);
    struct problems problems;
    problems_init(&problems);
    struct conf *conf = conf_load("t.conf", &sample_type, &problems);
    char *lines = problem_lines(&problems);
    assert_string_equal(lines, "");
    free(lines);
    problems_fini(&problems);
    assert_non_null(conf);
    return conf;
}

static void
test_values(void **state)
{
    (void)state;
    setenv("MAILREEVE_TEST_SET", "there", 1);
    write_text("more.conf", "anything = 9223372036854775807\n");
    struct conf *conf = load_good("\xef\xbb\xbfname = \"x \\\"${MAILREEVE_TEST_SET}\\x41\"\r\n"
                                  "wait = 15min  room = 4M # comment\n"
                                  "file = 'sub/it\\.s'\n"
                                  "include('more.conf')\n"
                                  "box \"a\" { open = On colors = {blue, green,}\n"
                                  "  items = {\"x\", '/^a\\.b$/', # why\n  http://y}\n"
                                  "  shelf s1 { weight = 7 } shelf s2 { weight = 8 } }\n"
                                  "box 'b' { items = one } // end\n"
                                  "pet \"tom\" { lives = 3 type = cat }\n"
                                  "door { made_of = iron weight = 4 }");
    const struct sample_top *top = conf_top(conf)->values;
    assert_string_equal(top->name, "x \"thereA");
    assert_int_equal(top->count, 5);
    assert_int_equal(top->anything, INT64_MAX);
    assert_int_equal(top->wait_ms, 900000);
    assert_int_equal(top->room, 4 << 20);
    assert_string_equal(top->file, "sub/it\\.s");
    assert_false(section_is_set(conf_top(conf), "count"));
    assert_int_equal(section_origin(conf_top(conf), "wait").line, 2);
    assert_string_equal(section_origin(conf_top(conf), "anything").file, "more.conf");

    const struct section *a = conf_find(conf, "box", "a"), *b = conf_find(conf, "box", "b");
    const struct sample_box *box = a->values;
    assert_true(box->open);
    assert_int_equal(box->color, SAMPLE_GREEN);
    assert_int_equal(box->colors, 1u << SAMPLE_BLUE | 1u << SAMPLE_GREEN);
    assert_int_equal(box->items.count, 3);
    assert_string_equal(box->items.items[1], "/^a\\.b$/");
    assert_string_equal(box->items.items[2], "http://y");
    assert_int_equal(box->items.origins[2].line, 7);
    const struct sample_box *other = b->values;
    assert_int_equal(other->items.count, 1);
    assert_int_equal(other->colors, 1u << SAMPLE_BLUE | 1u << SAMPLE_RED);

    size_t count;
    const struct section *const *shelves = conf_sections(conf, a, "shelf", &count);
    assert_int_equal(count, 2);
    assert_string_equal(shelves[1]->name, "s2");
    assert_ptr_equal(shelves[1]->parent, a);
    conf_sections(conf, NULL, "box", &count);
    assert_int_equal(count, 2);
    assert_null(conf_sections(conf, b, "shelf", &count));
    assert_int_equal(count, 0);

    const struct section *tom = conf_find(conf, "pet", "tom");
    assert_ptr_equal(tom->type, &sample_cat_type);
    assert_int_equal(((const struct sample_pet *)tom->values)->lives, 3);
    assert_null(conf_find(conf, "pet", "a"));

    const struct section *door = conf_sections(conf, NULL, "door", &count)[0];
    assert_ptr_equal(door->type, &sample_iron_type);
    assert_int_equal(section_origin(door, "made_of").line, 11);
    conf_free(conf);
}

static char *
print(const struct conf *conf)
{
    char *text = NULL;
    size_t size = 0;
    FILE *memory = open_memstream(&text, &size);
    conf_print(conf, memory);
    fclose(memory);
    return text;
}

static void
test_print(void **state)
{
    (void)state;
    struct conf *conf = load_good("name = 'a\"b\\\\c${HOME}'  wait = 1500ms\n"
                                  "box \"a\" { items = {\"x\"} shelf \"s\" { weight = 7 } }\n"
                                  "pet \"rex\" { type = dog sound = w }\ndoor { }\n");
    char *first = print(conf);
    conf_free(conf);
    assert_string_equal(first, "name = \"a\\\"b\\\\c\\${HOME}\"\n"
                               "count = 5  # default\n"
                               "anything = 0\n"
                               "wait = 1500ms\n"
                               "room = 10k  # default\n"
                               "# file is not set\n"
                               "\nbox \"a\" {\n"
                               "    open = false  # default\n"
                               "    color = \"green\"  # default\n"
                               "    colors = {\"red\", \"blue\"}  # default\n"
                               "    items = {\"x\"}\n"
                               "\n    shelf \"s\" {\n"
                               "        weight = 7\n"
                               "    }\n"
                               "}\n"
                               "\npet \"rex\" {\n"
                               "    type = \"dog\"\n"
                               "    sound = \"w\"\n"
                               "}\n"
                               "\ndoor {\n"
                               "    made_of = \"oak\"\n"
                               "}\n");
    conf = load_good(first);
    char *second = print(conf);
    conf_free(conf);
    assert_string_equal(first, second);
    free(first);
    free(second);
}

static void
test_manual(void **state)
{
    (void)state;
    char *text = NULL;
    size_t size = 0;
    FILE *memory = open_memstream(&text, &size);
    conf_print_manual(&sample_type, memory);
    fclose(memory);
    assert_non_null(strstr(text,
                           ".TP\n.BR wait \" = DURATION\"\nHow long \\- at most. From 100ms to "
                           "1d. Default: 30s.\n"));
    assert_non_null(strstr(text, ".SS box \"NAME\" / shelf \"NAME\"\n"));
    assert_non_null(strstr(text, ".B With type = cat:\n"));
    assert_non_null(strstr(text, ".BR color \" = red | green | blue\"\n"));
    free(text);
}

static void
test_section_problem(void **state)
{
    (void)state;
    struct conf *conf = load_good("count = 2\nbox \"a\" {\n color = red\n}\n");
    const struct section *box = conf_find(conf, "box", "a");
    struct problems problems;
    problems_init(&problems);
    section_problem(box, "color", &problems, PROBLEM_WARNING, "is %s", "ugly");
    section_problem(box, "open", &problems, PROBLEM_ERROR, "is closed");
    section_problem(box, NULL, &problems, PROBLEM_ERROR, "is a box");
    section_problem(conf_top(conf), "count", &problems, PROBLEM_ERROR, "is\033odd");
    conf_free(conf); /* problems outlive the conf */
    char *lines = problem_lines(&problems);
    assert_string_equal(lines, "t.conf:1: count: is?odd\n"
                               "t.conf:2: box \"a\": open: is closed\n"
                               "t.conf:2: box \"a\": is a box\n"
                               "t.conf:3: warning: box \"a\": color: is ugly\n");
    assert_int_equal(problems.errors, 3);
    free(lines);
    problems_fini(&problems);
}

static int
remove_scratch(void **state)
{
    (void)state;
    static const char *const names[] = {"t.conf", "more.conf", NULL};
    return leave_scratch(names);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_print),
        cmocka_unit_test(test_manual),
        cmocka_unit_test(test_section_problem),
    };
    return cmocka_run_group_tests(tests, enter_scratch, remove_scratch);
}
