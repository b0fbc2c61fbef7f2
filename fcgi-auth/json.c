/*
 * Depth is bounded before jansson sees the text: its own bound (2048) lets it call itself far
 * deeper than a session's stack of 128 KiB goes.
 */
#include "json.h"

#include <jansson.h>

#include "alloc.h"

struct json_document {
    json_t *object;
};

/* Brackets inside of texts do not count. What is no JSON may count anything. */
static bool
is_too_deep(const char *bytes, size_t length)
{
    size_t depth = 0;
    bool in_text = false;
    for (size_t i = 0; i < length; i++) {
        const char c = bytes[i];
        if (in_text && c == '\\')
            i++;
        else if (c == '"')
            in_text = !in_text;
        else if (!in_text && (c == '{' || c == '['))
            depth++;
        else if (!in_text && (c == '}' || c == ']') && depth > 0)
            depth--;
        if (depth > JSON_DEPTH_MAX)
            return true;
    }
    return false;
}

/* In our own words: jansson's quote the text. */
static void
explain(const json_error_t *error, struct err *err)
{
    const char *what = "it is not JSON";
    const enum json_error_code code = json_error_code(error);
    if (code == json_error_duplicate_key)
        what = "a name comes twice in one object";
    else if (code == json_error_null_character || code == json_error_null_byte_in_key)
        what = "a text holds a NUL";
    else if (code == json_error_invalid_utf8)
        what = "it is not UTF-8";
    else if (code == json_error_numeric_overflow)
        what = "a number is too large";
    else if (code == json_error_premature_end_of_input)
        what = "its end is missing";
    else if (code == json_error_end_of_input_expected)
        what = "something stands behind its end";
    err_set(err, "read the body: %s (line %d, column %d)", what, error->line, error->column);
}

struct json_document *
json_document_parse(const char *bytes, size_t length, struct err *err)
{
    if (length == 0) {
        err_set(err, "read the body: there is none");
        return NULL;
    }
    if (is_too_deep(bytes, length)) {
        err_set(err, "read the body: objects in objects go deeper than %d", JSON_DEPTH_MAX);
        return NULL;
    }
    json_error_t error;
    json_t *value = json_loadb(bytes, length, JSON_REJECT_DUPLICATES, &error);
    if (value == NULL) {
        explain(&error, err);
        return NULL;
    }
    if (!json_is_object(value)) {
        json_decref(value);
        err_set(err, "read the body: it is not an object");
        return NULL;
    }
    struct json_document *document = xcalloc(1, sizeof *document);
    document->object = value;
    return document;
}

void
json_document_free(struct json_document *document)
{
    if (document == NULL)
        return;
    json_decref(document->object);
    free(document);
}

struct json_member
json_document_find(const struct json_document *document, const char *name)
{
    const json_t *value = json_object_get(document->object, name);
    if (value == NULL || json_is_null(value))
        return (struct json_member){.kind = JSON_KIND_NONE};
    if (json_is_string(value))
        return (struct json_member){.kind = JSON_KIND_TEXT, .text = json_string_value(value)};
    if (json_is_integer(value))
        return (struct json_member){.kind = JSON_KIND_NUMBER, .number = json_integer_value(value)};
    if (json_is_boolean(value))
        return (struct json_member){.kind = JSON_KIND_BOOLEAN, .boolean = json_is_true(value)};
    return (struct json_member){.kind = JSON_KIND_OTHER};
}
