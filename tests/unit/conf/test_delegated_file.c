/* Files that an organization's own administrator writes: what may stand in them, and what their
 * problems give away. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "files.h"
#include "sample_types.h"

#define ALL_TOP "name, count, box"

struct bad_case {
    const char *name;
    const char *text;
    const char *want;
};

static const struct bad_case bad_cases[] = {
    {.name = "a setting that is not delegable is refused, with those that are",
     .text = "count = 3\nwait = 3s\n",
     .want = "d.conf:2: wait: may not be set in a delegated file (it may set: " ALL_TOP ")\n"},
    {.name = "the name of a file is never delegable",
     .text = "file = \"/etc/shadow\"\n",
     .want = "d.conf:1: file: may not be set in a delegated file (it may set: " ALL_TOP ")\n"},
    {.name = "a section that is not delegable is refused whole, with no word about its inside",
     .text = "pet \"tom\" { type = dgo sound = \"x\" zzz = 1 }\ndoor { }\n",
     .want = "d.conf:1: pet: may not be set in a delegated file (it may set: " ALL_TOP ")\n"
             "d.conf:2: door: may not be set in a delegated file (it may set: " ALL_TOP ")\n"},
    {.name = "a setting of a section that may not stand there is refused as such",
     .text = "lives = 3\n",
     .want = "d.conf:1: lives: may not be set in a delegated file (it may set: " ALL_TOP ")\n"},
    {.name = "a setting of a delegable section that is not delegable itself is refused",
     .text = "box \"a\" { open = yes\n color = red }\n",
     .want = "d.conf:1: box \"a\": open: may not be set in a delegated file here (it may set: "
             "color, colors, items, shelf)\n"},
    {.name = "a refused section inside a delegable one is refused",
     .text = "box \"a\" {\n pet \"tom\" { type = cat }\n door { } }\n",
     .want = "d.conf:2: box \"a\": pet: may not be set in a delegated file here (it may set: "
             "color, colors, items, shelf)\n"
             "d.conf:3: box \"a\": door: may not be set in a delegated file here (it may set: "
             "color, colors, items, shelf)\n"},
    {.name = "an unknown setting gets a suggestion of those that may be set",
     .text = "cuont = 3\nwiat = 3s\nbxo \"a\" { x = 1 }\n",
     .want = "d.conf:1: cuont: unknown setting (did you mean \"count\"?)\n"
             "d.conf:2: wiat: unknown setting (a delegated file may set: " ALL_TOP ")\n"
             "d.conf:3: bxo: unknown section (did you mean \"box\"?)\n"},
    {.name = "the values of settings that may be set are checked as ever",
     .text = "count = 99\nbox \"a\" { color = pink colors = {red, yellow} shelf \"s\" { } }\n"
             "box \"a\" { }\nname = a name = b\nbox = 3\ncount { }\n",
     .want = "d.conf:1: count: 99 is out of range (1 to 10)\n"
             "d.conf:2: box \"a\": color: \"pink\" is unknown (it may be red, green or blue)\n"
             "d.conf:2: box \"a\": colors: \"yellow\" is unknown (it may be red, green or blue)\n"
             "d.conf:2: box \"a\": shelf \"s\": weight: is missing (it must be set)\n"
             "d.conf:3: box \"a\": this name is taken (the first is at d.conf:2)\n"
             "d.conf:4: name: is given twice (the first is at d.conf:4)\n"
             "d.conf:5: box: is a section, not a setting (write box \"NAME\" { ... })\n"
             "d.conf:6: count: is a setting, not a section (write count = ...)\n"},
    {.name = "a missing } is found where the next section begins",
     .text = "box \"a\" {\n color = red\nbox \"b\" {\n color = blue\n}\n",
     .want = "d.conf:1: box: the section that begins here is not closed (a } is missing, or the "
             "file is truncated)\n"
             "d.conf:3: box \"a\": box: may not stand inside another section (is a } missing "
             "before it?)\n"},
    {.name = "include() is refused, whatever it names",
     .text = "count = 3\ninclude(\"more.conf\")\nbox \"a\" { include('/etc/shadow') }\ninclude(\n",
     .want = "d.conf:2: include() may not stand in a delegated file\n"
             "d.conf:3: include() may not stand in a delegated file\n"
             "d.conf:4: include() may not stand in a delegated file\n"},
    {.name = "the environment is refused, whether it has the name or not",
     .text = "name = \"${MAILREEVE_TEST_SECRET}\"\nbox \"${HOME}\" { }\n"
             "box \"a\" { items = {\"x\", \"a${MAILREEVE_TEST_UNSET:-b}\"} }\n",
     .want = "d.conf:1: ${NAME} may not stand in a delegated file (write \\${ for the characters "
             "themselves)\n"
             "d.conf:2: ${NAME} may not stand in a delegated file (write \\${ for the characters "
             "themselves)\n"
             "d.conf:3: ${NAME} may not stand in a delegated file (write \\${ for the characters "
             "themselves)\n"},
    {.name = "a truncated file is refused",
     .text = "box \"a\" {\n items = {\"x\",\n",
     .want = "d.conf:1: box: the section that begins here is not closed (a } is missing, or the "
             "file is truncated)\n"
             "d.conf:2: items: the list is not closed (a } is missing before the end of the file "
             "in line 3)\n"},
    {.name = "what is no setting is not quoted: a file of password hashes",
     .text = "root:$6$salt$hash:19000:0:99999:7:::\nbob@acme.example:secret\nmail:*:1\n",
     .want = "d.conf:1: $ may not stand outside of quotes\n"
             "d.conf:2: this is neither a setting nor a section (write NAME = VALUE or NAME "
             "\"TITLE\" {)\n"
             "d.conf:3: * may not stand outside of quotes\n"},
    {.name = "what is no setting is not quoted: a secret on a line of its own",
     .text = "hunter2\n",
     .want = "d.conf:1: this is neither a setting nor a section (write NAME = VALUE or NAME "
             "\"TITLE\" {)\n"},
    {.name = "what is no setting is not quoted: the last line of a key, and what follows",
     .text = "MIIEvQ\nzT9Aab+/Cd=\n-----END\nKey9 = {\nsEcret \"hunter2\" {\n} hunter2 }\n",
     .want = "d.conf:1: this is neither a setting nor a section (write NAME = VALUE or NAME "
             "\"TITLE\" {)\n"
             "d.conf:2: + may not stand outside of quotes\n"
             "d.conf:3: this is neither a setting nor a section (write NAME = VALUE or NAME "
             "\"TITLE\" {)\n"
             "d.conf:4: this is neither a setting nor a section (write NAME = VALUE or NAME "
             "\"TITLE\" {)\n"
             "d.conf:5: this is neither a setting nor a section (write NAME = VALUE or NAME "
             "\"TITLE\" {)\n"
             "d.conf:6: } closes nothing: no section of this file is open here\n"
             "d.conf:6: this is neither a setting nor a section (write NAME = VALUE or NAME "
             "\"TITLE\" {)\n"
             "d.conf:6: } closes nothing: no section of this file is open here\n"},
    {.name = "what is no setting is not quoted: strings, second values and open lists",
     .text = "\"hunter2\"\ncount = 3 hunter2\nbox \"a\" { items = {\"x\"\n \"hunter2\" = 3 } }\n",
     .want = "d.conf:1: this may not stand here (a setting or a section begins with its name)\n"
             "d.conf:2: count: this is a second value (put one value with blanks into quotes, "
             "several into braces with commas)\n"
             "d.conf:3: items: the list is not closed (a } is missing before = in line 4)\n"
             "d.conf:4: items: a comma is missing between two items\n"
             "d.conf:4: = may not stand here (a setting or a section begins with its name)\n"
             "d.conf:4: } closes nothing: no section of this file is open here\n"},
    {.name = "binary junk is not a text",
     .text = "count = 3\n\001\002secret\n",
     .want = "d.conf:2: the byte 0x01 is here: this is not a text file\n"},
    {.name = "sections cannot be nested without end",
     .text = "a { a { a { a { a { a { a { a { a { a { a {\n",
     .want = "d.conf:1: sections are nested more than 8 deep\n"
             "d.conf:1: a: unknown section (a delegated file may set: " ALL_TOP ")\n"},
};

static struct conf *
load(const char *text, size_t length, struct problems *problems)
{
    problems_init(problems);
    return conf_delegated_load("d.conf", text, length, &sample_type, problems);
}

static void
test_bad(void **state)
{
    (void)state;
    setenv("MAILREEVE_TEST_SECRET", "hunter2", 1);
    unsetenv("MAILREEVE_TEST_UNSET");
    int failures = 0;
    for (size_t i = 0; i < sizeof bad_cases / sizeof bad_cases[0]; i++) {
        const struct bad_case *c = &bad_cases[i];
        struct problems problems;
        struct conf *conf = load(c->text, strlen(c->text), &problems);
        char *lines = problem_lines(&problems);
        bool is_weighed = problems.errors == 0 && problems.tenant_errors == problems.count;
        if (conf != NULL || !is_weighed || strcmp(lines, c->want) != 0) {
            print_error("%s:\ngot\n%swant\n%s", c->name, lines, c->want);
            failures++;
        }
        if (strstr(lines, "hunter2") != NULL || strstr(lines, "hash") != NULL) {
            print_error("%s: a secret is given away\n", c->name);
            failures++;
        }
        conf_free(conf);
        free(lines);
        problems_fini(&problems);
    }
    assert_int_equal(failures, 0);
}

static void
test_good(void **state)
{
    (void)state;
    static const char text[] = "\xef\xbb\xbfname = 'a${HOME}' # literal\r\n"
                               "box \"a\" { items = {\"x\\${Y}\", '/^a$/'}\n"
                               "  colors = blue shelf s1 { weight = 7 } }\n";
    char bytes[sizeof text];
    memcpy(bytes, text, sizeof text);
    struct problems problems;
    struct conf *conf = load(bytes, sizeof text - 1, &problems);
    memset(bytes, 'x', sizeof bytes); /* they are the caller's again */
    assert_non_null(conf);
    assert_int_equal(problems.count, 0);

    const struct section *top = conf_top(conf);
    const struct sample_top *values = top->values;
    assert_string_equal(values->name, "a${HOME}");
    assert_true(section_is_set(top, "name"));
    assert_false(section_is_set(top, "count"));
    assert_string_equal(section_origin(top, "name").file, "d.conf");
    const struct section *a = conf_find(conf, "box", "a");
    const struct sample_box *box = a->values;
    assert_string_equal(box->items.items[0], "x${Y}");
    assert_int_equal(box->items.origins[1].line, 2);
    assert_int_equal(box->colors, 1u << SAMPLE_BLUE);
    conf_free(conf);

    conf = load("", 0, &problems);
    assert_non_null(conf);
    assert_false(section_is_set(conf_top(conf), "name"));
    conf_free(conf);
}

/* The file adds to what the main file has at its top; a section of its own is its own business. */
static void
test_required(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {.name = "domains", .type = ROW_STRINGS, .required = true, .offset = 0},
        {.name = "name", .type = ROW_STRING, .required = true, .delegable = true, .offset = 32},
        {0}};
    static const struct section_type *const children[] = {&sample_shelf_type, NULL};
    static const struct section_type top = {.size = 64, .rows = rows, .children = children};
    static const char bare[] = "", shelf[] = "shelf \"s\" { }\n";
    struct problems problems;
    problems_init(&problems);
    struct conf *conf = conf_delegated_load("d.conf", bare, strlen(bare), &top, &problems);
    assert_non_null(conf);
    assert_int_equal(problems.count, 0);
    conf_free(conf);

    assert_null(conf_delegated_load("d.conf", shelf, strlen(shelf), &top, &problems));
    assert_string_equal(problems_line(&problems, 0),
                        "d.conf:1: shelf \"s\": weight: is missing (it must be set)");
    problems_fini(&problems);
}

static void
test_sizes(void **state)
{
    (void)state;
    struct problems problems;
    char *large = malloc(CONF_DELEGATED_MAX + 1);
    assert_non_null(large);
    memset(large, '\n', CONF_DELEGATED_MAX + 1);
    struct conf *conf = load(large, CONF_DELEGATED_MAX, &problems);
    assert_non_null(conf);
    conf_free(conf);
    assert_null(load(large, CONF_DELEGATED_MAX + 1, &problems));
    assert_string_equal(problems_line(&problems, 0), "d.conf:1: is longer than 1048576 bytes");
    problems_fini(&problems);

    for (size_t i = 0; i < CONF_DELEGATED_MAX; i++)
        large[i] = "a=1\n"[i % 4];
    assert_null(load(large, CONF_DELEGATED_MAX, &problems));
    assert_int_equal(problems.tenant_errors, 1);
    assert_string_equal(problems_line(&problems, 0),
                        "d.conf:1: holds more than 10000 settings and sections");
    problems_fini(&problems);

    assert_null(load("count = 3\0box", 13, &problems));
    assert_string_equal(problems_line(&problems, 0),
                        "d.conf:1: the byte 0x00 is here: this is not a text file");
    problems_fini(&problems);
    free(large);
}

/* A tenant's junk must not fill the log, nor hide what is wrong with the main file. */
static void
test_crowds_out_nobody(void **state)
{
    (void)state;
    char text[300 * sizeof "wrong = 1\n"] = "";
    for (size_t i = 0; i < 300; i++)
        memcpy(text + i * strlen("wrong = 1\n"), "wrong = 1\n", strlen("wrong = 1\n"));
    struct problems problems;
    problems_init(&problems);
    for (int i = 0; i < 30; i++) {
        assert_null(conf_delegated_load("d.conf", text, strlen(text), &sample_type, &problems));
        assert_int_equal(problems.tenant_errors, 300 * (i + 1));
        if (i == 0) {
            assert_int_equal(problems.count, 51);
            assert_string_equal(problems_line(&problems, 50),
                                "d.conf:51: more problems of this file are not shown");
        }
    }
    assert_int_equal(problems.count, 1001);
    assert_int_equal(problems.errors, 0);
    problems_add(&problems, PROBLEM_ERROR, (struct origin){"a.conf", 1}, "is wrong");
    assert_int_equal(problems.count, 1002);
    assert_string_equal(problems_line(&problems, 0), "a.conf:1: is wrong");
    assert_int_equal(problems_weight(&problems, 0), PROBLEM_ERROR);
    assert_int_equal(problems_weight(&problems, 1), PROBLEM_TENANT);
    problems_fini(&problems);
}

static void
test_weights(void **state)
{
    (void)state;
    struct problems problems, own;
    problems_init(&problems);
    problems_init(&own);
    problems_add(&own, PROBLEM_ERROR, (struct origin){"d.conf", 2}, "is an error");
    problems_add(&own, PROBLEM_WARNING, (struct origin){"d.conf", 1}, "is odd");
    problems_add(&own, PROBLEM_TENANT, (struct origin){"d.conf", 3}, "is his error");
    problems_take_tenants(&problems, &own);
    assert_int_equal(own.count, 0);
    assert_int_equal(problems.errors, 0);
    assert_int_equal(problems.tenant_errors, 2);
    char *lines = problem_lines(&problems);
    assert_string_equal(lines, "d.conf:1: warning: is odd\n"
                               "d.conf:2: is an error\n"
                               "d.conf:3: is his error\n");
    assert_int_equal(problems_weight(&problems, 0), PROBLEM_WARNING);
    assert_int_equal(problems_weight(&problems, 1), PROBLEM_TENANT);
    free(lines);
    problems_fini(&problems);
}

static void
test_reading(void **state)
{
    (void)state;
    static const char text[] = "count = 3\n";
    write_file("d.conf", text, strlen(text));
    assert_int_equal(symlink("d.conf", "link"), 0);
    assert_int_equal(mkfifo("fifo", 0600), 0);
    assert_int_equal(mkdir("sub", 0700), 0);
    assert_int_equal(symlink("sub", "way"), 0);
    write_file("sub/d.conf", text, strlen(text));
    char *large = calloc(1, CONF_DELEGATED_MAX + 1);
    assert_non_null(large);
    write_file("large", large, CONF_DELEGATED_MAX + 1);
    free(large);

    static const struct {
        const char *path, *want;
    } cases[] = {
        {"d.conf", ""},
        {"way/d.conf", ""}, /* the main file's administrator chose the way there */
        {"none", "cannot open none: No such file or directory\n"},
        {"link", "cannot open link: it is a symbolic link (put the file itself there)\n"},
        {"fifo", "cannot read fifo: it is not a regular file\n"},
        {"sub", "cannot read sub: it is not a regular file\n"},
        {"/dev/zero", "cannot read /dev/zero: it is not a regular file\n"},
        {"large", "cannot read large: it is longer than 1048576 bytes\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct problems problems;
        problems_init(&problems);
        size_t length = 0;
        char *got = conf_delegated_read_file(cases[i].path, &length, &problems);
        char *lines = problem_lines(&problems);
        assert_string_equal(lines, cases[i].want);
        assert_int_equal(problems.errors, 0);
        assert_int_equal(problems.tenant_errors, cases[i].want[0] != '\0');
        if (cases[i].want[0] == '\0') {
            assert_int_equal(length, strlen(text));
            assert_string_equal(got, text);
        } else {
            assert_null(got);
        }
        free(got);
        free(lines);
        problems_fini(&problems);
    }
}

static int
remove_scratch(void **state)
{
    (void)state;
    static const char *const names[] = {"d.conf", "link", "fifo", "way", "large", NULL};
    unlink("sub/d.conf");
    rmdir("sub");
    return leave_scratch(names);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_required),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_crowds_out_nobody),
        cmocka_unit_test(test_weights),
        cmocka_unit_test(test_reading),
    };
    return cmocka_run_group_tests(tests, enter_scratch, remove_scratch);
}
