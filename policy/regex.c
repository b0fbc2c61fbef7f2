#include "regex.h"

#include <stdint.h>
#include <stdlib.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "alloc.h"

/* Far above what a sensible pattern needs for a name of 254 bytes, and a few milliseconds at most.
 * PCRE2 counts anew at each place where a match can begin, up to 255 of them. */
enum { MATCH_LIMIT = 100000, MATCH_LIMIT_EACH = 4000, HEAP_LIMIT_KIB = 1024 };
/* PCRE2 compiles parentheses by recursion: 32 of them fit a small stack. */
enum { NEST_LIMIT = 32 };

struct regex {
    pcre2_code *code;
    pcre2_match_context *limits; /* only read by a match */
};

static pcre2_code *
compile(const char *pattern, size_t length, struct err *err)
{
    pcre2_compile_context *context = pcre2_compile_context_create(NULL);
    if (context == NULL)
        abort();
    pcre2_set_parens_nest_limit(context, NEST_LIMIT);

    const uint32_t options = PCRE2_CASELESS | PCRE2_UTF | PCRE2_MATCH_INVALID_UTF |
                             PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_BACKSLASH_C;
    int code = 0;
    size_t offset = 0;
    pcre2_code *compiled =
        pcre2_compile((PCRE2_SPTR)pattern, length, options, &code, &offset, context);
    pcre2_compile_context_free(context);
    if (compiled == NULL) {
        char message[ERR_TEXT_MAX];
        pcre2_get_error_message(code, (PCRE2_UCHAR *)message, sizeof message);
        err_set(err, "not a regular expression: %s at character %zu", message, offset + 1);
    }
    return compiled;
}

/* The steps that a match may take from one place. */
static uint32_t
match_limit(const pcre2_code *code)
{
    uint32_t options = 0;
    pcre2_pattern_info(code, PCRE2_INFO_ALLOPTIONS, &options);
    return (options & PCRE2_ANCHORED) != 0 ? MATCH_LIMIT : MATCH_LIMIT_EACH;
}

struct regex *
regex_create(const char *pattern, size_t length, struct err *err)
{
    if (length == 0 || length > REGEX_PATTERN_MAX) {
        err_set(err, "a regular expression has 1 to %d bytes", REGEX_PATTERN_MAX);
        return NULL;
    }
    pcre2_code *code = compile(pattern, length, err);
    if (code == NULL)
        return NULL;
    /* A system that forbids writable code (MemoryDenyWriteExecute) makes this fail: PCRE2 then
     * interprets, within the same limits. */
    (void)pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);

    struct regex *regex = xmalloc(sizeof *regex);
    *regex = (struct regex){.code = code, .limits = pcre2_match_context_create(NULL)};
    if (regex->limits == NULL)
        abort();
    pcre2_set_match_limit(regex->limits, match_limit(code));
    pcre2_set_heap_limit(regex->limits, HEAP_LIMIT_KIB);
    return regex;
}

void
regex_free(struct regex *regex)
{
    if (regex == NULL)
        return;
    pcre2_match_context_free(regex->limits);
    pcre2_code_free(regex->code);
    free(regex);
}

enum regex_answer
regex_match(const struct regex *regex, const char *subject, size_t length)
{
    pcre2_match_data *data = pcre2_match_data_create(1, NULL);
    if (data == NULL)
        abort();
    int result = pcre2_match(regex->code, (PCRE2_SPTR)subject, length, 0, 0, data, regex->limits);
    pcre2_match_data_free(data);
    if (result >= 0)
        return REGEX_MATCH;
    return result == PCRE2_ERROR_NOMATCH ? REGEX_NO_MATCH : REGEX_CANNOT_TELL;
}
