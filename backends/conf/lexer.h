/*
 * lexer: the tokens of a configuration file, each with its line.
 *
 * Pure but for the environment, which ${NAME} is looked up in. Stricter than libConfuse's own
 * lexer, which drops bytes that it does not expect, reads \. as a dot, an unset ${NAME} as nothing
 * and a string without its closing quote up to the end of the file: each of these is TOKEN_BAD
 * here, with err, and lexing goes on behind it.
 */
#ifndef MAILREEVE_LEXER_H
#define MAILREEVE_LEXER_H

#include <stdbool.h>
#include <stddef.h>

#include "err.h"

enum token_type {
    TOKEN_END = 0,
    TOKEN_WORD,   /* a bare word */
    TOKEN_STRING, /* in double or single quotes, which are part of the token */
    TOKEN_OPEN,   /* { */
    TOKEN_CLOSE,
    TOKEN_PAREN_OPEN,
    TOKEN_PAREN_CLOSE,
    TOKEN_EQUALS,
    TOKEN_APPEND, /* += */
    TOKEN_COMMA,
    TOKEN_BAD, /* stands where a value may */
};

struct token {
    enum token_type type;
    const char *start; /* into the text */
    size_t length;
    unsigned line; /* where it begins */
};

/* A cursor: may be copied to look ahead. */
struct lexer {
    const char *at, *end;
    unsigned line;
    bool
        no_environment; /* ${NAME} is TOKEN_BAD: the environment is none of the author's business */
};

/* text outlives the lexer, holds no NUL and is followed by one that length does not count. */
struct lexer lexer_begin(const char *text, size_t length);

/* Reads the next token; err is set if its type is TOKEN_BAD. */
struct token lexer_next(struct lexer *lexer, struct err *err);

/* Whether the token can be a value. */
bool token_is_value(const struct token *token);

#endif
