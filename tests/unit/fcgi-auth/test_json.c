#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "alloc.h"
#include "json.h"

#define DEEP_16 "[[[[[[[[[[[[[[["
#define UP_16   "]]]]]]]]]]]]]]]"

static const struct {
    const char *name, *text;
    size_t length;          /* 0: of the text */
    const char *want_error; /* NULL: it is taken */
} texts[] = {
    {.name = "an object with nothing in it", .text = "{}"},
    {.name = "white space around it", .text = " \t\r\n{ } \n"},
    {.name = "sixteen deep", .text = "{\"a\":" DEEP_16 UP_16 "}"},
    {.name = "seventeen deep",
     .text = "{\"a\":[" DEEP_16 UP_16 "]}",
     .want_error = "read the body: objects in objects go deeper than 16"},
    {.name = "brackets in a text are no depth",
     .text = "{\"a\":\"[[[[[[[[[[[[[[[[[[[[[\\\"{{{{{{{{\"}"},
    {.name = "side by side is no depth",
     .text = "{\"a\":[[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[]]}"},
    {.name = "nothing", .text = "", .want_error = "read the body: there is none"},
    {.name = "white space only",
     .text = "  ",
     .want_error = "read the body: its end is missing (line 1, column 2)"},
    {.name = "a list", .text = "[1]", .want_error = "read the body: it is not an object"},
    {.name = "a text",
     .text = "\"a\"",
     .want_error = "read the body: it is not JSON (line 1, column 3)"},
    {.name = "a form, as browsers send it",
     .text = "login=anna&success=1",
     .want_error = "read the body: it is not JSON (line 1, column 5)"},
    {.name = "an end that is missing",
     .text = "{\"login\":\"anna\"",
     .want_error = "read the body: its end is missing (line 1, column 15)"},
    {.name = "something behind the end",
     .text = "{}{}",
     .want_error = "read the body: something stands behind its end (line 1, column 3)"},
    {.name = "a name twice: whose value would hold?",
     .text = "{\"login\":\"anna\",\"login\":\"boss\"}",
     .want_error = "read the body: a name comes twice in one object (line 1, column 23)"},
    {.name = "a name twice, spelled in two ways",
     .text = "{\"a\":1,\"\\u0061\":2}",
     .want_error = "read the body: a name comes twice in one object (line 1, column 15)"},
    {.name = "a NUL in a text",
     .text = "{\"login\":\"anna\\u0000boss\"}",
     .want_error = "read the body: a text holds a NUL (line 1, column 25)"},
    {.name = "a NUL in a name",
     .text = "{\"lo\\u0000gin\":1}",
     .want_error = "read the body: a text holds a NUL (line 1, column 14)"},
    {.name = "a NUL byte",
     .text = "{\"a\":\0 1}",
     .length = 9,
     .want_error = "read the body: its end is missing (line 1, column 6)"},
    {.name = "what is not UTF-8",
     .text = "{\"login\":\"\xff\"}",
     .want_error = "read the body: it is not UTF-8 (line 1, column 10)"},
    {.name = "half of a surrogate pair",
     .text = "{\"login\":\"\\ud800\"}",
     .want_error = "read the body: it is not JSON (line 1, column 17)"},
    {.name = "a number that does not fit",
     .text = "{\"login\":99999999999999999999}",
     .want_error = "read the body: a number is too large (line 1, column 29)"},
    {.name = "a comma too many",
     .text = "{\"a\":1,}",
     .want_error = "read the body: it is not JSON (line 1, column 8)"},
    {.name = "single quotes",
     .text = "{'a':1}",
     .want_error = "read the body: it is not JSON (line 1, column 2)"},
};

/* A copy without an end, so that who reads on is found out. */
static struct json_document *
parse(const char *text, size_t length, struct err *err)
{
    char *bytes = xmalloc(length + 1);
    memcpy(bytes, text, length);
    char *exact = realloc(bytes, length > 0 ? length : 1);
    struct json_document *document = json_document_parse(exact, length, err);
    free(exact);
    return document;
}

static void
test_texts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct err err = {.text = ""};
        size_t length = texts[i].length > 0 ? texts[i].length : strlen(texts[i].text);
        struct json_document *document = parse(texts[i].text, length, &err);
        const char *want = texts[i].want_error;
        if ((document != NULL) != (want == NULL))
            fail_msg("%s: %s", texts[i].name, document != NULL ? "was taken" : err.text);
        if (want != NULL && strcmp(err.text, want) != 0)
            fail_msg("%s: %s", texts[i].name, err.text);
        json_document_free(document);
    }
}

static void
test_the_deepest_text_needs_no_deep_stack(void **state)
{
    (void)state;
    enum { LENGTH = 64 * 1024 };
    char *text = xmalloc(LENGTH);
    memset(text, '[', LENGTH);
    struct err err;
    assert_null(parse(text, LENGTH, &err));
    memset(text, '"', LENGTH);
    text[0] = '{';
    assert_null(parse(text, LENGTH, &err));
    free(text);
}

static void
test_members(void **state)
{
    (void)state;
    static const char text[] = "{\"text\":\"a\\u00e4\\\"\",\"number\":-7,\"yes\":true,\"no\":false,"
                               "\"null\":null,\"half\":0.5,\"object\":{\"inner\":1},\"list\":[1]}";
    struct err err;
    struct json_document *document = parse(text, strlen(text), &err);
    assert_non_null(document);
    struct json_member member = json_document_find(document, "text");
    assert_int_equal(member.kind, JSON_KIND_TEXT);
    assert_string_equal(member.text, "a\xc3\xa4\"");
    member = json_document_find(document, "number");
    assert_int_equal(member.kind, JSON_KIND_NUMBER);
    assert_int_equal(member.number, -7);
    assert_int_equal(json_document_find(document, "yes").kind, JSON_KIND_BOOLEAN);
    assert_true(json_document_find(document, "yes").boolean);
    assert_int_equal(json_document_find(document, "no").kind, JSON_KIND_BOOLEAN);
    assert_false(json_document_find(document, "no").boolean);
    assert_int_equal(json_document_find(document, "null").kind, JSON_KIND_NONE);
    assert_int_equal(json_document_find(document, "half").kind, JSON_KIND_OTHER);
    assert_int_equal(json_document_find(document, "object").kind, JSON_KIND_OTHER);
    assert_int_equal(json_document_find(document, "list").kind, JSON_KIND_OTHER);
    assert_int_equal(json_document_find(document, "inner").kind, JSON_KIND_NONE);
    assert_int_equal(json_document_find(document, "Text").kind, JSON_KIND_NONE);
    json_document_free(document);
    json_document_free(NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_the_deepest_text_needs_no_deep_stack),
        cmocka_unit_test(test_members),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
