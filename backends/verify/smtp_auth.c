#include "smtp_auth.h"

#include <stdio.h>
#include <string.h>

#include "base64.h"
#include "challenge.h"
#include "username.h"

enum {
    CODE_AUTHENTICATED = 235,
    CODE_GO_ON = 334,
    CODE_BAD_CREDENTIALS = 535,
};

enum { ANSWER_LENGTH = 32 };

/* Makes "PREFIX BASE64 CR LF" in line_r, which the caller ends with secret_fini. */
static void
make_line(struct secret *line_r, const char *prefix, const char *bytes, size_t length)
{
    secret_init(line_r);
    char *to = secret_reserve(line_r, strlen(prefix) + BASE64_LENGTH(length) + 2);
    char *at = base64_encode(bytes, length, stpcpy(to, prefix));
    *at++ = '\r';
    *at++ = '\n';
    line_r->length = (size_t)(at - to);
}

/* Sends the line and wipes it before it waits for the reply. */
static int
ask_secret(struct conn *conn, struct secret *line, struct smtp_reply *reply_r,
           struct deadline deadline, struct err *err)
{
    int written = smtp_talk_say(conn, line->bytes, line->length, deadline, err);
    secret_fini(line);
    return written == 0 ? smtp_talk_hear(conn, reply_r, deadline, err) : -1;
}

/* What the reply says; only its codes go into err, because its text may repeat what we sent. */
static enum smtp_judgement
judge(const char *mechanism, const struct smtp_reply *reply, bool credentials_sent, struct err *err)
{
    err_set(err, "AUTH %s: the server said %.*s", mechanism, (int)reply->status_length,
            reply->text);
    if (reply->contradicts_itself)
        return SMTP_NOT_JUDGED;
    switch (reply->code) {
    case CODE_AUTHENTICATED:
        return credentials_sent ? SMTP_YES : SMTP_NOT_JUDGED;
    case CODE_BAD_CREDENTIALS:
        return credentials_sent ? SMTP_NO : SMTP_NOT_JUDGED;
    case 502:
    case 503:
    case 504:
    case 530:
    case 534:
    case 538:
        return SMTP_REFUSED_US;
    default: /* "525 5.7.13 User account disabled", "550 5.7.1 blocked" */
        return credentials_sent && (reply->code == 525 || reply->code >= 550) ? SMTP_UNCLEAR
                                                                              : SMTP_NOT_JUDGED;
    }
}

/* Makes NUL user NUL password (RFC 4616); ended with secret_fini. */
static void
make_plain_message(struct secret *message_r, const char *user, const struct secret *password)
{
    const size_t user_length = strlen(user);
    secret_init(message_r);
    char *to = secret_reserve(message_r, user_length + password->length + 2);
    to[0] = '\0';
    memcpy(to + 1, user, user_length);
    to[user_length + 1] = '\0';
    memcpy(to + user_length + 2, password->bytes, password->length);
    message_r->length = user_length + password->length + 2;
}

static enum smtp_judgement
authenticate_plain(struct conn *conn, const char *user, const struct secret *password,
                   struct deadline deadline, struct err *err)
{
    struct smtp_reply reply;
    struct secret message, line;
    make_plain_message(&message, user, password);
    make_line(&line, "AUTH PLAIN ", message.bytes, message.length);
    /* RFC 4954 4: an initial response that does not fit is sent as an answer to 334. */
    if (line.length > SMTP_COMMAND_MAX) {
        secret_fini(&line);
        make_line(&line, "", message.bytes, message.length);
        int asked = smtp_talk_ask(conn, "AUTH", "PLAIN", &reply, deadline, err);
        if (asked != 0 || reply.code != CODE_GO_ON) {
            secret_fini(&message);
            secret_fini(&line);
            return asked != 0 ? SMTP_NOT_JUDGED : judge("PLAIN", &reply, false, err);
        }
    }
    secret_fini(&message);
    if (ask_secret(conn, &line, &reply, deadline, err) != 0)
        return SMTP_NOT_JUDGED;
    return judge("PLAIN", &reply, true, err);
}

static enum smtp_judgement
authenticate_login(struct conn *conn, const char *user, const struct secret *password,
                   struct deadline deadline, struct err *err)
{
    struct smtp_reply reply;
    if (smtp_talk_ask(conn, "AUTH", "LOGIN", &reply, deadline, err) != 0)
        return SMTP_NOT_JUDGED;
    if (reply.code != CODE_GO_ON)
        return judge("LOGIN", &reply, false, err);

    struct secret line;
    make_line(&line, "", user, strlen(user));
    if (ask_secret(conn, &line, &reply, deadline, err) != 0)
        return SMTP_NOT_JUDGED;
    /* A yes before the password came is nonsense; a no is one to the name. */
    if (reply.code != CODE_GO_ON)
        return judge("LOGIN", &reply, reply.code != CODE_AUTHENTICATED, err);

    make_line(&line, "", password->bytes, password->length);
    if (ask_secret(conn, &line, &reply, deadline, err) != 0)
        return SMTP_NOT_JUDGED;
    return judge("LOGIN", &reply, true, err);
}

/* Takes the challenge out of a reply; to challenge_r's salt, which has SMTP_REPLY_TEXT_MAX bytes of
 * room. Returns 0, or -1 with err. One that was cut must not be answered: the server would call the
 * password wrong. */
static int
read_challenge(const struct smtp_reply *reply, struct challenge *challenge_r, char *salt_r,
               struct err *err)
{
    const size_t code_length = strlen("334 ");
    const size_t length = strlen(reply->text);
    ssize_t salt_length = -1;
    if (reply->lines == 1 && !reply->is_cut && length > code_length)
        salt_length = base64_decode(reply->text + code_length, length - code_length, salt_r);
    if (salt_length <= 0) {
        err_set(err, "AUTH CRAM-MD5: the server's challenge is not one line of base64");
        return -1;
    }
    *challenge_r = (struct challenge){
        .kind = CHALLENGE_CRAM_MD5, .salt = salt_r, .salt_length = (size_t)salt_length};
    return 0;
}

static enum smtp_judgement
authenticate_cram_md5(struct conn *conn, const char *user, const struct secret *password,
                      struct deadline deadline, struct err *err)
{
    struct smtp_reply reply;
    if (smtp_talk_ask(conn, "AUTH", "CRAM-MD5", &reply, deadline, err) != 0)
        return SMTP_NOT_JUDGED;
    if (reply.code != CODE_GO_ON)
        return judge("CRAM-MD5", &reply, false, err);

    struct challenge challenge;
    char salt[SMTP_REPLY_TEXT_MAX], answer[ANSWER_LENGTH + 1];
    if (read_challenge(&reply, &challenge, salt, err) != 0)
        return SMTP_NOT_JUDGED;
    if (challenge_answer(&challenge, password, answer) != 0) {
        err_set(err, "AUTH CRAM-MD5: this machine's OpenSSL does not offer MD5");
        return SMTP_REFUSED_US;
    }
    char message[USERNAME_MAX + 1 + sizeof answer];
    snprintf(message, sizeof message, "%s %s", user, answer);
    struct secret line;
    make_line(&line, "", message, strlen(message));
    explicit_bzero(answer, sizeof answer);
    explicit_bzero(message, sizeof message);
    if (ask_secret(conn, &line, &reply, deadline, err) != 0)
        return SMTP_NOT_JUDGED;
    return judge("CRAM-MD5", &reply, true, err);
}

struct mechanism {
    unsigned bit;
    enum smtp_judgement (*authenticate)(struct conn *conn, const char *user,
                                        const struct secret *password, struct deadline deadline,
                                        struct err *err);
};

/* The first in its order that is offered and allowed, or NULL with err. */
static const struct mechanism *
choose_mechanism(const struct smtp_reply *offer, unsigned allowed, bool has_tls, struct err *err)
{
    static const struct mechanism in_order[] = {
        {SMTP_MECHANISM_BIT(SMTP_MECHANISM_CRAM_MD5), authenticate_cram_md5}, /* without TLS */
        {SMTP_MECHANISM_BIT(SMTP_MECHANISM_PLAIN), authenticate_plain},
        {SMTP_MECHANISM_BIT(SMTP_MECHANISM_LOGIN), authenticate_login},
        {SMTP_MECHANISM_BIT(SMTP_MECHANISM_CRAM_MD5), authenticate_cram_md5},
    };
    for (size_t i = has_tls ? 1 : 0; i < sizeof in_order / sizeof in_order[0]; i++)
        if ((offer->mechanisms & allowed & in_order[i].bit) != 0)
            return &in_order[i];
    err_set(err, offer->offers_auth ? "the server offers none of the configured mechanisms"
                                    : "the server does not offer AUTH on this port");
    return NULL;
}

enum smtp_judgement
smtp_auth(struct conn *conn, const struct smtp_reply *offer, unsigned mechanisms, const char *user,
          const struct secret *password, struct deadline deadline, struct err *err)
{
    const struct mechanism *mechanism =
        choose_mechanism(offer, mechanisms, conn_has_tls(conn), err);
    if (mechanism == NULL)
        return SMTP_REFUSED_US;
    enum smtp_judgement judgement = mechanism->authenticate(conn, user, password, deadline, err);
    conn_wipe(conn);
    return judgement;
}
