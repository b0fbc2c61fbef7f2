#include "smtp_client.h"

#include <stdio.h>
#include <string.h>

#include "base64.h"
#include "smtp_talk.h"

enum { QUIT_MS = 50 };

enum {
    CODE_READY = 220,
    CODE_AUTHENTICATED = 235,
    CODE_DONE = 250,
    CODE_GO_ON = 334,
    CODE_BAD_CREDENTIALS = 535,
};

/* A step that everybody has to pass. A 5xx there means that we are refused. */
static enum smtp_judgement
pass(const struct smtp_reply *reply, unsigned code, const char *what, struct err *err)
{
    if (reply->code == code)
        return SMTP_YES;
    err_set(err, "%s: the server said \"%s\"", what, reply->text);
    return reply->code >= 500 ? SMTP_REFUSED_US : SMTP_NOT_JUDGED;
}

static enum smtp_judgement
pass_ehlo(struct conn *conn, const char *helo, struct smtp_reply *offer_r, struct deadline deadline,
          struct err *err)
{
    if (smtp_talk_ask(conn, "EHLO", helo, offer_r, deadline, err) != 0) {
        err_wrap(err, "EHLO");
        return SMTP_NOT_JUDGED;
    }
    return pass(offer_r, CODE_DONE, "EHLO", err);
}

static enum smtp_judgement
pass_starttls(struct conn *conn, const struct smtp_manner *manner, const struct smtp_reply *offer,
              struct deadline deadline, struct err *err)
{
    if (!offer->offers_starttls) {
        err_set(err, "the server does not offer STARTTLS, and is asked nothing without it "
                     "(tls = \"implicit\" for a port that begins with TLS)");
        return SMTP_REFUSED_US;
    }
    struct smtp_reply reply;
    if (smtp_talk_ask(conn, "STARTTLS", "", &reply, deadline, err) != 0) {
        err_wrap(err, "STARTTLS");
        return SMTP_NOT_JUDGED;
    }
    enum smtp_judgement passed = pass(&reply, CODE_READY, "STARTTLS", err);
    if (passed != SMTP_YES)
        return passed;
    return conn_start_tls(conn, manner->tls_context, manner->host, deadline, err) == 0
               ? SMTP_YES
               : SMTP_NOT_JUDGED;
}

enum smtp_judgement
smtp_client_greet(struct conn *conn, const struct smtp_manner *manner, struct deadline deadline,
                  struct smtp_reply *offer_r, struct err *err)
{
    if (manner->tls == SMTP_TLS_IMPLICIT &&
        conn_start_tls(conn, manner->tls_context, manner->host, deadline, err) != 0)
        return SMTP_NOT_JUDGED;

    struct smtp_reply greeting;
    if (smtp_talk_hear(conn, &greeting, deadline, err) != 0) {
        err_wrap(err, "greeting");
        return SMTP_NOT_JUDGED;
    }
    enum smtp_judgement passed = pass(&greeting, CODE_READY, "greeting", err);
    if (passed == SMTP_YES)
        passed = pass_ehlo(conn, manner->helo, offer_r, deadline, err);
    if (manner->tls != SMTP_TLS_STARTTLS || passed != SMTP_YES)
        return passed;
    passed = pass_starttls(conn, manner, offer_r, deadline, err);
    return passed != SMTP_YES ? passed : pass_ehlo(conn, manner->helo, offer_r, deadline, err);
}

static int
choose_mechanism(const struct smtp_reply *offer, unsigned allowed, int *mechanism_r,
                 struct err *err)
{
    static const int in_order[] = {SMTP_MECHANISM_PLAIN, SMTP_MECHANISM_LOGIN};
    for (size_t i = 0; i < sizeof in_order / sizeof in_order[0]; i++)
        if ((offer->mechanisms & allowed & SMTP_MECHANISM_BIT(in_order[i])) != 0) {
            *mechanism_r = in_order[i];
            return 0;
        }
    err_set(err, offer->offers_auth ? "the server offers none of the configured mechanisms"
                                    : "the server does not offer AUTH on this port");
    return -1;
}

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
judge(const struct smtp_reply *reply, bool credentials_sent, struct err *err)
{
    err_set(err, "AUTH: the server said %.*s", (int)reply->status_length, reply->text);
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
    default:
        return SMTP_NOT_JUDGED;
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
            return asked != 0 ? SMTP_NOT_JUDGED : judge(&reply, false, err);
        }
    }
    secret_fini(&message);
    if (ask_secret(conn, &line, &reply, deadline, err) != 0)
        return SMTP_NOT_JUDGED;
    return judge(&reply, true, err);
}

static enum smtp_judgement
authenticate_login(struct conn *conn, const char *user, const struct secret *password,
                   struct deadline deadline, struct err *err)
{
    struct smtp_reply reply;
    if (smtp_talk_ask(conn, "AUTH", "LOGIN", &reply, deadline, err) != 0)
        return SMTP_NOT_JUDGED;
    if (reply.code != CODE_GO_ON)
        return judge(&reply, false, err);

    struct secret line;
    make_line(&line, "", user, strlen(user));
    if (ask_secret(conn, &line, &reply, deadline, err) != 0)
        return SMTP_NOT_JUDGED;
    /* A yes before the password came is nonsense; a no is one to the name. */
    if (reply.code != CODE_GO_ON)
        return judge(&reply, reply.code != CODE_AUTHENTICATED, err);

    make_line(&line, "", password->bytes, password->length);
    if (ask_secret(conn, &line, &reply, deadline, err) != 0)
        return SMTP_NOT_JUDGED;
    return judge(&reply, true, err);
}

enum smtp_judgement
smtp_client_authenticate(struct conn *conn, const struct smtp_reply *offer, unsigned mechanisms,
                         const char *user, const struct secret *password, struct deadline deadline,
                         struct err *err)
{
    int mechanism = 0;
    if (choose_mechanism(offer, mechanisms, &mechanism, err) != 0)
        return SMTP_REFUSED_US;
    enum smtp_judgement judgement = mechanism == SMTP_MECHANISM_PLAIN
                                        ? authenticate_plain(conn, user, password, deadline, err)
                                        : authenticate_login(conn, user, password, deadline, err);
    conn_wipe(conn);
    return judgement;
}

void
smtp_client_quit(struct conn *conn)
{
    static const char quit[] = "QUIT\r\n";
    (void)conn_write(conn, quit, strlen(quit), deadline_after(QUIT_MS), NULL);
}
