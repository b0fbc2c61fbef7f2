#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "file.h"
#include "outline_reader.h"

static struct origin
place(const struct outline_reader *reader, const struct token *token)
{
    return (struct origin){reader->file, token->line};
}

static struct token
next(struct outline_reader *reader)
{
    struct err err;
    struct token token = lexer_next(&reader->lexer, &err);
    if (token.type == TOKEN_BAD)
        problems_add(reader->problems, PROBLEM_ERROR, place(reader, &token), "%s", err.text);
    return token;
}

static struct token
peek(const struct outline_reader *reader)
{
    struct lexer ahead = reader->lexer;
    return lexer_next(&ahead, NULL);
}

/* How a token is called in a complaint. */
static const char *
show_token(const struct outline_reader *reader, const struct token *token, char text_r[64])
{
    if (token->type == TOKEN_END)
        return "the end of the file";
    if (reader->outline->delegated && token_is_value(token))
        return "this";
    snprintf(text_r, 64, "%.*s%s", (int)(token->length < 50 ? token->length : 50), token->start,
             token->length < 50 ? "" : "...");
    return text_r;
}

/* Leaves the rest of a statement that went wrong: up to the end of its line, but a brace that
 * closes the section still does. */
static void
skip_line(struct outline_reader *reader, unsigned line)
{
    for (;;) {
        struct token token = peek(reader);
        if (token.type == TOKEN_END || token.type == TOKEN_CLOSE || token.line != line)
            return;
        lexer_next(&reader->lexer, NULL);
    }
}

static size_t
add_node(struct outline_reader *reader, const struct token *name, bool is_section)
{
    struct outline *outline = reader->outline;
    if (outline->node_count == outline->node_room) {
        outline->node_room = outline->node_room == 0 ? 64 : 2 * outline->node_room;
        outline->nodes = xrealloc(outline->nodes, outline->node_room, sizeof *outline->nodes);
    }
    outline->nodes[outline->node_count] = (struct outline_node){
        .name = xstrndup(name->start, name->length),
        .is_section = is_section,
        .parent = reader->section,
        .origin = place(reader, name),
        .first_value = outline->value_count,
    };
    return outline->node_count++;
}

/* Adds a value to the newest node. */
static void
add_value(struct outline_reader *reader, const struct token *token)
{
    struct outline *outline = reader->outline;
    if (outline->value_count == outline->value_room) {
        outline->value_room = outline->value_room == 0 ? 64 : 2 * outline->value_room;
        outline->values = xrealloc(outline->values, outline->value_room, sizeof *outline->values);
    }
    outline->values[outline->value_count++] = (struct outline_value){
        .raw = token->type == TOKEN_BAD ? NULL : token->start,
        .raw_length = token->length,
        .origin = place(reader, token),
    };
    outline->nodes[outline->node_count - 1].value_count++;
}

/* Reads the items of a brace list whose { is read. */
static void
read_list(struct outline_reader *reader, const struct token *name)
{
    bool comma_due = false;
    for (;;) {
        struct token token = peek(reader);
        struct lexer ahead = reader->lexer;
        lexer_next(&ahead, NULL);
        /* A word with = behind it is the next setting: the list was not closed. */
        bool is_next_setting =
            token.type == TOKEN_WORD && comma_due && lexer_next(&ahead, NULL).type == TOKEN_EQUALS;
        if (token.type == TOKEN_CLOSE) {
            lexer_next(&reader->lexer, NULL);
            return;
        }
        if (token_is_value(&token) && !is_next_setting) {
            if (comma_due)
                problems_add(reader->problems, PROBLEM_ERROR, place(reader, &token),
                             "%.*s: a comma is missing between two items", (int)name->length,
                             name->start);
            token = next(reader);
            add_value(reader, &token);
            comma_due = true;
        } else if (token.type == TOKEN_COMMA && comma_due) {
            lexer_next(&reader->lexer, NULL);
            comma_due = false;
        } else {
            char text[64];
            problems_add(reader->problems, PROBLEM_ERROR, place(reader, name),
                         "%.*s: the list is not closed (a } is missing before %s in line %u)",
                         (int)name->length, name->start, show_token(reader, &token, text),
                         token.line);
            return;
        }
    }
}

/* `timeout = 5 min`: what is behind a value on its line and does not begin a statement. */
static void
refuse_second_value(struct outline_reader *reader, const struct token *name, unsigned line)
{
    struct token second = peek(reader);
    if (!token_is_value(&second) || second.line != line)
        return;
    struct lexer ahead = reader->lexer;
    lexer_next(&ahead, NULL);
    struct token third = lexer_next(&ahead, NULL);
    bool begins_statement = third.type == TOKEN_EQUALS || third.type == TOKEN_APPEND ||
                            third.type == TOKEN_OPEN || third.type == TOKEN_PAREN_OPEN ||
                            (token_is_value(&third) && third.line == line);
    if (second.type == TOKEN_WORD && begins_statement)
        return;
    char text[64];
    problems_add(reader->problems, PROBLEM_ERROR, place(reader, &second),
                 "%.*s: %s is a second value (put one value with blanks into quotes, several into "
                 "braces with commas)",
                 (int)name->length, name->start, show_token(reader, &second, text));
    lexer_next(&reader->lexer, NULL);
}

/* Reads what is behind the equals sign. */
static void
read_setting(struct outline_reader *reader, const struct token *name)
{
    size_t node = add_node(reader, name, false);
    struct token token = peek(reader);
    if (token.type == TOKEN_OPEN) {
        lexer_next(&reader->lexer, NULL);
        reader->outline->nodes[node].has_braces = true;
        read_list(reader, name);
    } else if (token_is_value(&token)) {
        token = next(reader);
        add_value(reader, &token);
        refuse_second_value(reader, name, token.line);
    } else {
        problems_add(reader->problems, PROBLEM_ERROR, place(reader, name),
                     "%.*s: a value is missing behind =", (int)name->length, name->start);
        reader->outline->nodes[node].dropped = true;
    }
}

static unsigned
section_depth(const struct outline *outline, size_t node)
{
    unsigned depth = 0;
    for (; node != OUTLINE_TOP; node = outline->nodes[node].parent)
        depth++;
    return depth;
}

static void
end_section(struct outline_reader *reader)
{
    struct outline_node *node = &reader->outline->nodes[reader->section];
    node->end = reader->outline->node_count;
    reader->section = node->parent;
}

/* Enters a section whose { is read. title is NULL if it has none. */
static void
enter_section(struct outline_reader *reader, const struct token *name, const struct token *title)
{
    size_t node = add_node(reader, name, true);
    if (title != NULL)
        add_value(reader, title);
    reader->section = node;
    if (section_depth(reader->outline, node) > OUTLINE_SECTION_DEPTH_MAX) {
        problems_add(reader->problems, PROBLEM_ERROR, place(reader, name),
                     "sections are nested more than %d deep", OUTLINE_SECTION_DEPTH_MAX);
        reader->lexer.at = reader->lexer.end; /* whatever follows would be a guess */
        while (reader->section != reader->floor)
            end_section(reader);
    }
}

/* Reads ("file") and the file. Its name is taken literally: no escapes, no variables. */
static void
read_include(struct outline_reader *reader, const struct token *keyword)
{
    next(reader); /* ( */
    if (reader->outline->delegated) {
        problems_add(reader->problems, PROBLEM_ERROR, place(reader, keyword),
                     "include() may not stand in a delegated file");
        skip_line(reader, keyword->line);
        return;
    }
    struct token name = next(reader), close = peek(reader);
    bool is_plain = name.type == TOKEN_STRING && name.length > 2 &&
                    memchr(name.start, '\\', name.length) == NULL &&
                    memchr(name.start, '$', name.length) == NULL;
    if (name.type == TOKEN_BAD || !is_plain || close.type != TOKEN_PAREN_CLOSE) {
        problems_add(reader->problems, PROBLEM_ERROR, place(reader, keyword),
                     "include takes one file's name without \\ and $ (write include(\"file\"))");
        skip_line(reader, keyword->line);
        return;
    }
    next(reader);
    char *written = xstrndup(name.start + 1, name.length - 2);
    char *path = file_beside(reader->file, written);
    outline_read_file(reader->outline, path, place(reader, keyword), reader, reader->problems);
    free(path);
    free(written);
}

/* Whether a word has the form that all names of settings and sections have. In a file that is no
 * configuration next to nothing has, so that nothing of it is quoted. */
static bool
looks_like_name(const struct token *word)
{
    enum { LONGEST = 40 };
    for (size_t i = 0; i < word->length; i++)
        if (strchr("abcdefghijklmnopqrstuvwxyz0123456789_", word->start[i]) == NULL)
            return false;
    return word->length <= LONGEST;
}

static void
read_statement(struct outline_reader *reader, const struct token *name)
{
    struct token token = peek(reader);
    char text[64];
    if (reader->outline->delegated && !looks_like_name(name))
        token.type = TOKEN_END; /* whatever follows, this begins nothing */
    switch (token.type) {
    case TOKEN_APPEND:
        problems_add(reader->problems, PROBLEM_ERROR, place(reader, &token),
                     "%.*s: += is not understood (write all items into one list)",
                     (int)name->length, name->start);
        next(reader);
        read_setting(reader, name);
        return;
    case TOKEN_EQUALS:
        next(reader);
        read_setting(reader, name);
        return;
    case TOKEN_OPEN:
        next(reader);
        enter_section(reader, name, NULL);
        return;
    case TOKEN_PAREN_OPEN:
        if (name->length == strlen("include") && memcmp(name->start, "include", 7) == 0) {
            read_include(reader, name);
            return;
        }
        break;
    case TOKEN_WORD:
    case TOKEN_STRING:
    case TOKEN_BAD: {
        struct token title = token.line == name->line ? next(reader) : token;
        if (peek(reader).type == TOKEN_OPEN && token.line == name->line) {
            next(reader);
            enter_section(reader, name, &title);
            return;
        }
        break;
    }
    case TOKEN_END:
    case TOKEN_CLOSE:
    case TOKEN_PAREN_CLOSE:
    case TOKEN_COMMA:
        break;
    }
    problems_add(reader->problems, PROBLEM_ERROR, place(reader, name),
                 "%s is neither a setting nor a section (write NAME = VALUE or NAME \"TITLE\" {)",
                 show_token(reader, name, text));
    skip_line(reader, name->line);
}

static void
leave_section(struct outline_reader *reader, const struct token *close)
{
    if (reader->section == reader->floor)
        problems_add(reader->problems, PROBLEM_ERROR, place(reader, close),
                     "} closes nothing: no section of this file is open here");
    else
        end_section(reader);
}

static void
refuse_open_sections(struct outline_reader *reader)
{
    while (reader->section != reader->floor) {
        const struct outline_node *node = &reader->outline->nodes[reader->section];
        problems_add(reader->problems, PROBLEM_ERROR, node->origin,
                     "%s: the section that begins here is not closed (a } is missing, or the file "
                     "is truncated)",
                     node->name);
        end_section(reader);
    }
}

void
outline_read_statements(struct outline_reader *reader)
{
    for (;;) {
        struct token token = next(reader);
        if (token.type == TOKEN_END) {
            refuse_open_sections(reader);
            return;
        }
        if (token.type == TOKEN_CLOSE) {
            leave_section(reader, &token);
        } else if (token.type == TOKEN_WORD) {
            read_statement(reader, &token);
        } else {
            char text[64];
            if (token.type != TOKEN_BAD)
                problems_add(reader->problems, PROBLEM_ERROR, place(reader, &token),
                             "%s may not stand here (a setting or a section begins with its name)",
                             show_token(reader, &token, text));
            skip_line(reader, token.line);
        }
    }
}
