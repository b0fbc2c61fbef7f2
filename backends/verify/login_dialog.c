/*
 * A login is a row of stages. Each says something and names the word with which the server goes on
 * to the next; behind the last one, which completes the password, the answer is the judgement.
 */
#include "login_dialog.h"

#include <stdio.h>
#include <string.h>

#include "base64.h"

enum piece {
    PIECE_END = 0,
    PIECE_IMAP_PLAIN,         /* "tag AUTHENTICATE PLAIN" */
    PIECE_IMAP_PLAIN_AT_ONCE, /* ... and the response */
    PIECE_POP3_PLAIN,         /* "AUTH PLAIN" */
    PIECE_RESPONSE,           /* NUL name NUL password in base64 */
    PIECE_LOGIN,              /* "tag LOGIN {length of the name}" */
    PIECE_NAME,               /* the name and "{length of the password}" */
    PIECE_PASSWORD,           /* the password alone */
    PIECE_USER,               /* "USER name" */
    PIECE_PASS,               /* "PASS password" */
};

struct login_stage {
    enum piece piece;
    enum login_word next_at; /* what leads to the next stage; LOGIN_WORD_BROKEN: it is the last */
    const char *what;        /* for the log */
};

static const struct login_stage imap_plain_at_once[] = {
    {PIECE_IMAP_PLAIN_AT_ONCE, LOGIN_WORD_BROKEN, "AUTHENTICATE PLAIN"},
};
static const struct login_stage imap_plain[] = {
    {PIECE_IMAP_PLAIN, LOGIN_WORD_GO_ON, "AUTHENTICATE PLAIN"},
    {PIECE_RESPONSE, LOGIN_WORD_BROKEN, "AUTHENTICATE PLAIN"},
};
static const struct login_stage imap_login[] = {
    {PIECE_LOGIN, LOGIN_WORD_GO_ON, "LOGIN"},
    {PIECE_NAME, LOGIN_WORD_GO_ON, "LOGIN"},
    {PIECE_PASSWORD, LOGIN_WORD_BROKEN, "LOGIN"},
};
static const struct login_stage pop3_plain[] = {
    {PIECE_POP3_PLAIN, LOGIN_WORD_GO_ON, "AUTH PLAIN"},
    {PIECE_RESPONSE, LOGIN_WORD_BROKEN, "AUTH PLAIN"},
};
static const struct login_stage pop3_user[] = {
    {PIECE_USER, LOGIN_WORD_OK, "USER"},
    {PIECE_PASS, LOGIN_WORD_BROKEN, "PASS"},
};

static void
put(struct secret *say, const char *bytes, size_t length)
{
    memcpy(say->bytes + say->length, bytes, length);
    say->length += length;
    say->bytes[say->length] = '\0';
}

static void
put_text(struct secret *say, const char *text)
{
    put(say, text, strlen(text));
}

static void
put_length(struct secret *say, size_t length)
{
    char text[32];
    snprintf(text, sizeof text, "{%zu}", length);
    put_text(say, text);
}

static void
put_response(struct secret *say, const char *user, const struct secret *password)
{
    struct secret plain;
    secret_init(&plain);
    secret_reserve(&plain, strlen(user) + password->length + 2);
    put(&plain, "", 1);
    put_text(&plain, user);
    put(&plain, "", 1);
    put(&plain, password->bytes, password->length);
    say->length =
        (size_t)(base64_encode(plain.bytes, plain.length, say->bytes + say->length) - say->bytes);
    secret_fini(&plain);
}

static void
put_piece(struct secret *say, enum piece piece, const char *user, const struct secret *password)
{
    switch (piece) {
    case PIECE_END:
        break;
    case PIECE_IMAP_PLAIN:
        put_text(say, LOGIN_TAG " AUTHENTICATE PLAIN");
        break;
    case PIECE_IMAP_PLAIN_AT_ONCE:
        put_text(say, LOGIN_TAG " AUTHENTICATE PLAIN ");
        put_response(say, user, password);
        break;
    case PIECE_POP3_PLAIN:
        put_text(say, "AUTH PLAIN");
        break;
    case PIECE_RESPONSE:
        put_response(say, user, password);
        break;
    case PIECE_LOGIN:
        put_text(say, LOGIN_TAG " LOGIN ");
        put_length(say, strlen(user));
        break;
    case PIECE_NAME:
        put_text(say, user);
        put_text(say, " ");
        put_length(say, password->length);
        break;
    case PIECE_PASSWORD:
        put(say, password->bytes, password->length);
        break;
    case PIECE_USER:
        put_text(say, "USER ");
        put_text(say, user);
        break;
    case PIECE_PASS:
        put_text(say, "PASS ");
        put(say, password->bytes, password->length);
        break;
    }
}

static enum login_step
say(struct login_dialog *dialog, const struct login_stage *stage)
{
    const size_t words_max = 128;
    const size_t plain = strlen(dialog->user) + dialog->password->length + 2;
    dialog->stage = stage;
    secret_reserve(&dialog->say, BASE64_LENGTH(plain) + words_max);
    put_piece(&dialog->say, stage->piece, dialog->user, dialog->password);
    put(&dialog->say, "\r\n", 2);
    return LOGIN_STEP_SAY;
}

static enum login_step
end(struct login_dialog *dialog, enum login_judgement judgement)
{
    dialog->judgement = judgement;
    return LOGIN_STEP_DONE;
}

/* Returns NULL if no mechanism is both allowed and offered. */
static const struct login_stage *
choose(const struct login_dialog *dialog)
{
    const struct login_offer *offer = dialog->offer;
    const bool plain = offer->plain && (dialog->mechanisms & LOGIN_MECHANISM_BIT(LOGIN_PLAIN)) != 0;
    const bool command = (dialog->mechanisms & LOGIN_MECHANISM_BIT(LOGIN_COMMAND)) != 0;
    switch (dialog->protocol) {
    case LOGIN_IMAP:
        if (plain)
            return offer->initial_response ? imap_plain_at_once : imap_plain;
        return command && !offer->login_disabled ? imap_login : NULL;
    case LOGIN_POP3:
        if (plain)
            return pop3_plain;
        /* Servers older than CAPA (RFC 2449) know nothing else. */
        return command && (offer->user || !offer->has_list) ? pop3_user : NULL;
    }
    return NULL;
}

enum login_step
login_dialog_begin(struct login_dialog *dialog, struct err *err)
{
    secret_init(&dialog->say);
    if (dialog->offer->is_preauthenticated) {
        err_set(err, "the server takes whoever connects for somebody that it knows (PREAUTH)");
        return end(dialog, LOGIN_REFUSED_US);
    }
    const struct login_stage *stage = choose(dialog);
    if (stage == NULL) {
        err_set(err, "the server offers none of the configured mechanisms");
        return end(dialog, LOGIN_REFUSED_US);
    }
    return say(dialog, stage);
}

/* What an answer means that came before the password was said. */
static enum login_judgement
judge_early(const struct login_dialog *dialog, const struct login_reply *reply)
{
    const bool is_refused = reply->word == LOGIN_WORD_NO || reply->word == LOGIN_WORD_BAD;
    if (dialog->stage->piece == PIECE_USER && is_refused)
        return reply->judgement; /* RFC 1939 7: "-ERR never heard of mailbox name" */
    return is_refused ? LOGIN_REFUSED_US : LOGIN_NOT_JUDGED;
}

enum login_step
login_dialog_hear(struct login_dialog *dialog, const char *line, size_t length, struct err *err)
{
    const struct login_stage *stage = dialog->stage;
    const struct login_reply reply =
        login_reply_read(dialog->protocol, dialog->offer, line, length);
    if (reply.word == LOGIN_WORD_ASIDE && dialog->asides++ < LOGIN_ASIDES_MAX)
        return LOGIN_STEP_LISTEN;

    const bool is_last = stage->next_at == LOGIN_WORD_BROKEN;
    if (!is_last && reply.word == stage->next_at)
        return say(dialog, stage + 1);
    const enum login_judgement judgement = is_last ? reply.judgement : judge_early(dialog, &reply);
    if (judgement != LOGIN_RIGHT)
        err_set(err, "%s: the server said %s", stage->what, reply.said);
    return end(dialog, judgement);
}

const char *
login_dialog_goodbye(enum login_protocol protocol)
{
    return protocol == LOGIN_IMAP ? LOGIN_TAG "2 LOGOUT\r\n" : "QUIT\r\n";
}

void
login_dialog_fini(struct login_dialog *dialog)
{
    secret_fini(&dialog->say);
}
