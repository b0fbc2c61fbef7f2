#include "smtp_client.h"

#include <stdio.h>
#include <string.h>

#include "smtp_reply.h"

/* RFC 5321 4.5.3.1.4: a command line. RFC 4954 4: an initial response that does not fit is sent as
 * an answer to 334. Replies may be longer than the RFC's 512 bytes. */
enum { COMMAND_MAX = 512, REPLY_LINE_MAX = 1024, QUIT_MS = 50 };

enum {
    CODE_READY = 220,
    CODE_AUTHENTICATED = 235,
    CODE_DONE = 250,
    CODE_GO_ON = 334,
    CODE_BAD_CREDENTIALS = 535,
};

/* Reads a whole reply. Returns 0, or -1 with err. */
static int
read_reply(struct conn *conn, struct smtp_reply *reply_r, struct deadline deadline, struct err *err)
{
    *reply_r = (struct smtp_reply){0};
    char line[REPLY_LINE_MAX];
    enum smtp_line step;
    do {
        int length = conn_read_line(conn, line, sizeof line, deadline, err);
        step = length < 0 ? SMTP_LINE_BROKEN : smtp_reply_add(reply_r, line, (size_t)length, err);
    } while (step == SMTP_LINE_MORE);
    explicit_bzero(line, sizeof line);
    return step == SMTP_LINE_LAST ? 0 : -1;
}

/* Sends a line. What has come by then answers nothing that was asked: taken as the answer to this
 * line it could be a yes to anybody. */
static int
say(struct conn *conn, const char *line, size_t length, struct deadline deadline, struct err *err)
{
    if (!conn_has_unread(conn))
        return conn_write(conn, line, length, deadline, err);
    err_set(err, "the server said more than it was asked for");
    return -1;
}

/* Sends a command without secrets and reads the reply. */
static int
ask(struct conn *conn, const char *verb, const char *argument, struct smtp_reply *reply_r,
    struct deadline deadline, struct err *err)
{
    char command[COMMAND_MAX];
    int length = snprintf(command, sizeof command, "%s%s%s\r\n", verb, *argument == '\0' ? "" : " ",
                          argument);
    if (say(conn, command, (size_t)length, deadline, err) != 0)
        return -1;
    return read_reply(conn, reply_r, deadline, err);
}

static int
expect(const struct smtp_reply *reply, unsigned code, const char *what, struct err *err)
{
    if (reply->code == code)
        return 0;
    err_set(err, "%s: the server said \"%s\"", what, reply->text);
    return -1;
}

static int
say_ehlo(struct conn *conn, const char *helo, struct smtp_reply *reply_r, struct deadline deadline,
         struct err *err)
{
    if (ask(conn, "EHLO", helo, reply_r, deadline, err) != 0) {
        err_wrap(err, "EHLO");
        return -1;
    }
    return expect(reply_r, CODE_DONE, "EHLO", err);
}

static int
start_tls(struct conn *conn, const struct smtp_manner *manner, const struct smtp_reply *offer,
          struct deadline deadline, struct err *err)
{
    if (!offer->offers_starttls) {
        err_set(err, "the server does not offer STARTTLS, and the password is not sent without it "
                     "(tls = \"implicit\" for a port that begins with TLS)");
        return -1;
    }
    struct smtp_reply reply;
    if (ask(conn, "STARTTLS", "", &reply, deadline, err) != 0) {
        err_wrap(err, "STARTTLS");
        return -1;
    }
    if (expect(&reply, CODE_READY, "STARTTLS", err) != 0)
        return -1;
    return conn_start_tls(conn, manner->tls_context, manner->host, deadline, err);
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

int
smtp_client_greet(struct conn *conn, const struct smtp_manner *manner, struct deadline deadline,
                  int *mechanism_r, struct err *err)
{
    if (manner->tls == SMTP_TLS_IMPLICIT &&
        conn_start_tls(conn, manner->tls_context, manner->host, deadline, err) != 0)
        return -1;

    struct smtp_reply reply;
    if (read_reply(conn, &reply, deadline, err) != 0) {
        err_wrap(err, "greeting");
        return -1;
    }
    if (expect(&reply, CODE_READY, "greeting", err) != 0 ||
        say_ehlo(conn, manner->helo, &reply, deadline, err) != 0)
        return -1;
    if (manner->tls == SMTP_TLS_STARTTLS &&
        (start_tls(conn, manner, &reply, deadline, err) != 0 ||
         say_ehlo(conn, manner->helo, &reply, deadline, err) != 0))
        return -1;
    return choose_mechanism(&reply, manner->mechanisms, mechanism_r, err);
}

/* Makes "PREFIX BASE64 CR LF" in line_r, which the caller ends with secret_fini. */
static void
make_line(struct secret *line_r, const char *prefix, const char *bytes, size_t length)
{
    static const char digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";
    enum { PADDING = 64 };
    secret_init(line_r);
    char *to = secret_reserve(line_r, strlen(prefix) + (length + 2) / 3 * 4 + 2);
    char *at = stpcpy(to, prefix);
    for (size_t i = 0; i < length; i += 3) {
        const size_t left = length - i;
        unsigned group = (unsigned)(unsigned char)bytes[i] << 16;
        group |= left > 1 ? (unsigned)(unsigned char)bytes[i + 1] << 8 : 0;
        group |= left > 2 ? (unsigned)(unsigned char)bytes[i + 2] : 0;
        *at++ = digits[group >> 18];
        *at++ = digits[group >> 12 & 63];
        *at++ = digits[left > 1 ? group >> 6 & 63 : PADDING];
        *at++ = digits[left > 2 ? group & 63 : PADDING];
    }
    *at++ = '\r';
    *at++ = '\n';
    line_r->length = (size_t)(at - to);
}

/* Sends the line and wipes it before it waits for the reply. */
static int
ask_secret(struct conn *conn, struct secret *line, struct smtp_reply *reply_r,
           struct deadline deadline, struct err *err)
{
    int written = say(conn, line->bytes, line->length, deadline, err);
    secret_fini(line);
    return written == 0 ? read_reply(conn, reply_r, deadline, err) : -1;
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
        return credentials_sent ? SMTP_RIGHT : SMTP_NOT_JUDGED;
    case CODE_BAD_CREDENTIALS:
        return credentials_sent ? SMTP_WRONG : SMTP_NOT_JUDGED;
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
    if (line.length > COMMAND_MAX) {
        secret_fini(&line);
        make_line(&line, "", message.bytes, message.length);
        int asked = ask(conn, "AUTH", "PLAIN", &reply, deadline, err);
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
    if (ask(conn, "AUTH", "LOGIN", &reply, deadline, err) != 0)
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
smtp_client_authenticate(struct conn *conn, int mechanism, const char *user,
                         const struct secret *password, struct deadline deadline, struct err *err)
{
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
