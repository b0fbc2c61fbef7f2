#include "smtp_path.h"

#include <stdbool.h>
#include <string.h>

#include "ascii.h"
#include "domain.h"
#include "utf8.h"

/* What is left of the line to read. */
struct rest {
    const char *at;
    size_t length;
};

static void
skip(struct rest *rest, size_t count)
{
    rest->at += count;
    rest->length -= count;
}

/* Returns how many spaces there were. */
static size_t
skip_spaces(struct rest *rest)
{
    size_t count = 0;
    while (count < rest->length && rest->at[count] == ' ')
        count++;
    skip(rest, count);
    return count;
}

static bool
skip_word(struct rest *rest, const char *word)
{
    if (!ascii_has_prefix(rest->at, rest->length, word))
        return false;
    skip(rest, strlen(word));
    return true;
}

static void
drop_line_end(struct rest *rest)
{
    if (rest->length > 0 && rest->at[rest->length - 1] == '\n') {
        rest->length--;
        if (rest->length > 0 && rest->at[rest->length - 1] == '\r')
            rest->length--;
    }
}

/* Reads "MAIL FROM:" or "RCPT TO:". */
static bool
skip_command(struct rest *rest, enum path_command command)
{
    bool mail = command == PATH_MAIL_FROM;
    if (!skip_word(rest, mail ? "mail" : "rcpt") || skip_spaces(rest) == 0)
        return false;
    return skip_word(rest, mail ? "from:" : "to:");
}

/* Returns the length of "<...>" at the start, a '>' in quotes not counted, or 0 if it has no end.
 */
static size_t
bracketed_length(const struct rest *rest)
{
    bool quoted = false;
    for (size_t i = 1; i < rest->length; i++) {
        char c = rest->at[i];
        if (c == '"')
            quoted = !quoted;
        else if (quoted && c == '\\')
            i++;
        else if (!quoted && c == '>')
            return i + 1;
    }
    return 0;
}

/* Reads the source route "@a,@b:" if there is one (RFC 5321 4.1.2 A-d-l: to be ignored). */
static int
skip_route(struct rest *rest, struct err *err)
{
    while (rest->length > 0 && rest->at[0] == '@') {
        size_t end = 1;
        while (end < rest->length && rest->at[end] != ',' && rest->at[end] != ':')
            end++;
        if (domain_check(rest->at + 1, end - 1, err) != 0)
            return -1;
        bool more = end + 1 < rest->length && rest->at[end] == ',' && rest->at[end + 1] == '@';
        bool last = end < rest->length && rest->at[end] == ':';
        if (!more && !last) {
            err_set(err, "the source route does not end with a colon");
            return -1;
        }
        skip(rest, end + 1);
        if (last)
            break;
    }
    return 0;
}

/* Reads what stands between the angle brackets. */
static enum path_kind
parse_inner(enum path_command command, struct rest inner, struct mailbox *mailbox_r,
            struct err *err)
{
    if (inner.length == 0) {
        if (command == PATH_MAIL_FROM)
            return PATH_NULL;
        err_set(err, "the recipient is empty");
        return PATH_MALFORMED;
    }
    static const char postmaster[] = "postmaster";
    if (command == PATH_RCPT_TO && inner.length == sizeof postmaster - 1 &&
        ascii_has_prefix(inner.at, inner.length, postmaster)) {
        memcpy(mailbox_r->local, postmaster, sizeof postmaster);
        return PATH_MAILBOX;
    }
    if (skip_route(&inner, err) != 0 || mailbox_parse(inner.at, inner.length, mailbox_r, err) != 0)
        return PATH_MALFORMED;
    return PATH_MAILBOX;
}

/* Reads one esmtp-param, keyword[=value] (RFC 5321 4.1.2, RFC 6531 3.3). The RFC has no '=' in a
 * value, but Postfix sends XVERP=+= to those who offer it. */
static bool
skip_parameter(struct rest *rest)
{
    size_t length = 0;
    while (length < rest->length &&
           (ascii_is_alnum(rest->at[length]) || (length > 0 && rest->at[length] == '-')))
        length++;
    if (length == 0)
        return false;
    skip(rest, length);
    if (rest->length == 0 || rest->at[0] != '=')
        return true;

    skip(rest, 1);
    length = 0;
    while (length < rest->length && rest->at[length] != ' ')
        length++;
    skip(rest, length);
    return length > 0;
}

static int
check_parameters(struct rest rest, struct err *err)
{
    while (rest.length > 0) {
        if (skip_spaces(&rest) == 0 || (rest.length > 0 && !skip_parameter(&rest))) {
            err_set(err, "what follows the path is not a list of ESMTP parameters");
            return -1;
        }
    }
    return 0;
}

enum path_kind
smtp_path_parse(enum path_command command, const char *line, size_t length,
                struct smtp_path *path_r, struct err *err)
{
    *path_r = (struct smtp_path){.kind = PATH_MALFORMED};
    struct rest rest = {.at = line, .length = length};
    drop_line_end(&rest);
    if (!utf8_is_printable(rest.at, rest.length)) {
        err_set(err, "the command has a control character or is not UTF-8");
        return PATH_MALFORMED;
    }
    if (!skip_command(&rest, command)) {
        err_set(err, "the command does not begin with %s",
                command == PATH_MAIL_FROM ? "MAIL FROM:" : "RCPT TO:");
        return PATH_MALFORMED;
    }
    skip_spaces(&rest);
    size_t path_length = rest.length > 0 && rest.at[0] == '<' ? bracketed_length(&rest) : 0;
    if (path_length == 0 || path_length > MAILBOX_PATH_MAX) {
        err_set(err, path_length == 0 ? "the path is not in angle brackets"
                                      : "the path is longer than 256 bytes");
        return PATH_MALFORMED;
    }
    struct rest inner = {.at = rest.at + 1, .length = path_length - 2};
    skip(&rest, path_length);
    struct mailbox mailbox = {.local = ""};
    enum path_kind kind = parse_inner(command, inner, &mailbox, err);
    if (kind == PATH_MALFORMED || check_parameters(rest, err) != 0)
        return PATH_MALFORMED;
    *path_r = (struct smtp_path){.kind = kind, .mailbox = mailbox};
    return kind;
}
