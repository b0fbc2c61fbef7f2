#include "lexer.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "ascii.h"

enum { STRING_MAX = 8192 };

struct lexer
lexer_begin(const char *text, size_t length)
{
    struct lexer lexer = {.at = text, .end = text + length, .line = 1};
    if (length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
        lexer.at += 3; /* the byte order mark that some editors put there */
    return lexer;
}

bool
token_is_value(const struct token *token)
{
    return token->type == TOKEN_WORD || token->type == TOKEN_STRING || token->type == TOKEN_BAD;
}

static bool
starts_with(const struct lexer *lexer, const char *two)
{
    return lexer->at[0] == two[0] && lexer->end - lexer->at > 1 && lexer->at[1] == two[1];
}

/* Steps behind a C-style comment. Returns false, with the line where it began, if it does not end.
 */
static bool
skip_block_comment(struct lexer *lexer)
{
    unsigned first_line = lexer->line;
    for (lexer->at += 2; lexer->at < lexer->end; lexer->at++) {
        if (starts_with(lexer, "*/")) {
            lexer->at += 2;
            return true;
        }
        lexer->line += *lexer->at == '\n';
    }
    lexer->line = first_line;
    return false;
}

/* Steps to the next token. Returns false at a comment that does not end; the token is then bad. */
static bool
skip_space(struct lexer *lexer)
{
    while (lexer->at < lexer->end) {
        if (*lexer->at == '#' || starts_with(lexer, "//")) {
            while (lexer->at < lexer->end && *lexer->at != '\n')
                lexer->at++;
        } else if (starts_with(lexer, "/*")) {
            if (!skip_block_comment(lexer))
                return false;
        } else if (strchr(" \t\r\n", *lexer->at) != NULL) {
            lexer->line += *lexer->at == '\n';
            lexer->at++;
        } else {
            return true;
        }
    }
    return true;
}

/* Checks ${NAME} or ${NAME:-default} at text. Returns its length, or 0 with err. */
static size_t
check_variable(const char *text, const char *end, struct err *err)
{
    const char *name = text + 2, *at = name;
    while (at < end && (ascii_is_alnum(*at) || *at == '_'))
        at++;
    const char *close = at;
    while (close < end && *close != '}' && *close != '"' && *close != '\\')
        close++;
    bool has_default = end - at >= 2 && at[0] == ':' && at[1] == '-';
    if (at == name || close == end || *close != '}' || (at != close && !has_default)) {
        err_set(err, "${ does not begin a variable (write ${NAME} or ${NAME:-default}, or \\${ for "
                     "the characters themselves)");
        return 0;
    }
    char *copy = xstrndup(name, (size_t)(at - name));
    bool is_set = has_default || getenv(copy) != NULL;
    if (!is_set)
        err_set(err, "the environment has no %s (set it, or write ${%s:-default})", copy, copy);
    free(copy);
    return is_set ? (size_t)(close + 1 - text) : 0;
}

static size_t
refuse_variable(struct err *err)
{
    err_set(err, "${NAME} may not stand in a delegated file (write \\${ for the characters "
                 "themselves)");
    return 0;
}

static int
digit_value(char c)
{
    const char *const digits = "0123456789abcdef", *digit = strchr(digits, ascii_lower(c));
    return c != '\0' && digit != NULL ? (int)(digit - digits) : 16;
}

/* Reads up to most digits of a base. Returns how many there are. */
static size_t
read_code(const char *at, const char *end, int base, size_t most, int *code_r)
{
    size_t count = 0;
    *code_r = 0;
    while (count < most && at + count < end && digit_value(at[count]) < base)
        *code_r = *code_r * base + digit_value(at[count++]);
    return count;
}

/* Checks the escape at text, a backslash. Returns its length, or 0 with err. A NUL would end the
 * value early, and libConfuse refuses an octal one above 255 or with a fourth digit. */
static size_t
check_escape(const char *text, const char *end, struct err *err)
{
    if (strchr("nrtbfaev\"\\'$", text[1]) != NULL)
        return 2;
    int code;
    bool is_hex = text[1] == 'x';
    size_t digits =
        is_hex ? read_code(text + 2, end, 16, 2, &code) : read_code(text + 1, end, 8, 3, &code);
    size_t length = (is_hex ? 2 : 1) + digits;
    bool goes_on = !is_hex && text + length < end && ascii_is_digit(text[length]);
    if (digits == 0 || code == 0 || code > 255 || goes_on) {
        err_set(err, "\\%c is not an escape (write \\\\ for a backslash, or use single quotes)",
                text[1]);
        return 0;
    }
    return length;
}

/* Checks the inside of a string in double quotes. */
static int
check_double_quoted(const struct lexer *lexer, const char *at, const char *end, struct err *err)
{
    while (at < end) {
        size_t length = 1;
        if (*at == '\\')
            length = check_escape(at, end, err);
        else if (*at == '$' && end - at > 1 && at[1] == '{')
            length = lexer->no_environment ? refuse_variable(err) : check_variable(at, end, err);
        if (length == 0)
            return -1;
        at += length;
    }
    return 0;
}

/* Finds the closing quote on the same line. */
static const char *
closing_quote(const struct lexer *lexer)
{
    char quote = *lexer->at;
    for (const char *at = lexer->at + 1; at < lexer->end && *at != '\n'; at++) {
        if (*at == quote)
            return at;
        if (*at == '\\' && at + 1 < lexer->end && at[1] != '\n')
            at++;
    }
    return NULL;
}

static void
read_string(struct lexer *lexer, struct token *token, struct err *err)
{
    const char *close = closing_quote(lexer);
    token->type = TOKEN_STRING;
    if (close == NULL) {
        err_set(err, "the string is not closed on its line (the closing %c is missing)",
                *lexer->at);
        token->type = TOKEN_BAD;
        while (lexer->at < lexer->end && *lexer->at != '\n')
            lexer->at++;
    } else {
        lexer->at = close + 1;
        if (lexer->at - token->start > STRING_MAX) {
            err_set(err, "the string is longer than %d bytes", STRING_MAX);
            token->type = TOKEN_BAD;
        } else if (*close == '"' && check_double_quoted(lexer, token->start + 1, close, err) != 0) {
            token->type = TOKEN_BAD;
        }
    }
    token->length = (size_t)(lexer->at - token->start);
}

static bool
ends_word(char c)
{
    return strchr(" \t\r\n#\"'={}(),", c) != NULL;
}

static void
read_word(struct lexer *lexer, struct token *token, struct err *err)
{
    token->type = TOKEN_WORD;
    for (; lexer->at < lexer->end && !ends_word(*lexer->at); lexer->at++)
        if (strchr("*+\\$", *lexer->at) != NULL && token->type == TOKEN_WORD) {
            err_set(err, "%c may not stand outside of quotes", *lexer->at);
            token->type = TOKEN_BAD;
        }
    token->length = (size_t)(lexer->at - token->start);
    if (token->length > STRING_MAX && token->type == TOKEN_WORD) {
        err_set(err, "the word is longer than %d bytes", STRING_MAX);
        token->type = TOKEN_BAD;
    }
}

struct token
lexer_next(struct lexer *lexer, struct err *err)
{
    static const struct {
        char c;
        enum token_type type;
    } marks[] = {
        {'{', TOKEN_OPEN},        {'}', TOKEN_CLOSE},  {'(', TOKEN_PAREN_OPEN},
        {')', TOKEN_PAREN_CLOSE}, {'=', TOKEN_EQUALS}, {',', TOKEN_COMMA},
    };

    bool fine = skip_space(lexer);
    struct token token = {.start = lexer->at, .line = lexer->line};
    if (!fine) {
        err_set(err, "a comment is not closed (*/ is missing)");
        token.type = TOKEN_BAD;
        return token;
    }
    if (lexer->at == lexer->end)
        return token;
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
        if (*lexer->at == marks[i].c) {
            token.type = marks[i].type;
            token.length = 1;
            lexer->at++;
            return token;
        }
    if (starts_with(lexer, "+=")) {
        token.type = TOKEN_APPEND;
        token.length = 2;
        lexer->at += 2;
        return token;
    }
    if (*lexer->at == '"' || *lexer->at == '\'')
        read_string(lexer, &token, err);
    else
        read_word(lexer, &token, err);
    return token;
}
