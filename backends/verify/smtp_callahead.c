#include "smtp_callahead.h"

#include <stdio.h>
#include <string.h>

bool
smtp_callahead_needs_utf8(const char *address)
{
    for (; *address != '\0'; address++)
        if ((unsigned char)*address >= 0x80)
            return true;
    return false;
}

/* mailbox_format lets dots stand anywhere, because many servers do; not all. */
static bool
has_stray_dot(const char *local)
{
    const size_t length = strlen(local);
    return local[0] == '.' || strstr(local, "..") != NULL ||
           (length > 0 && local[length - 1] == '.');
}

void
smtp_callahead_argument(const struct mailbox *recipient, char argument_r[SMTP_ARGUMENT_MAX])
{
    char text[MAILBOX_TEXT_MAX];
    mailbox_format(recipient, text);
    if (text[0] != '"' && has_stray_dot(recipient->local))
        snprintf(argument_r, SMTP_ARGUMENT_MAX, "TO:<\"%s\"%s>", recipient->local,
                 text + strlen(recipient->local));
    else
        snprintf(argument_r, SMTP_ARGUMENT_MAX, "TO:<%s>", text);
}

/* What a reply to RCPT says about the recipient. */
static enum smtp_judgement
judge_recipient(const struct smtp_reply *reply)
{
    if (reply->contradicts_itself)
        return SMTP_NOT_JUDGED;
    switch (reply->code / 100) {
    case 2:
        return SMTP_YES;
    case 5:
        break;
    default:
        return SMTP_NOT_JUDGED;
    }
    switch (reply->code) {
    case 500: /* RFC 5321 4.2.2: these are about the command or the whole server */
    case 502:
    case 503:
    case 504:
    case 521:
    case 530:
    case 535:
    case 538:
        return SMTP_REFUSED_US;
    default:
        return reply->blames_us ? SMTP_REFUSED_US : SMTP_NO;
    }
}

/* Whether the server takes the sender, and so will hear about recipients. */
static enum smtp_judgement
judge_sender(const struct smtp_reply *reply)
{
    if (reply->code / 100 == 2 && !reply->contradicts_itself)
        return SMTP_YES;
    return reply->code >= 500 ? SMTP_REFUSED_US : SMTP_NOT_JUDGED;
}

static enum smtp_judgement
ask_sender(struct conn *conn, const char *sender, bool with_utf8, struct deadline deadline,
           struct err *err)
{
    struct smtp_reply reply;
    char argument[SMTP_COMMAND_MAX];
    snprintf(argument, sizeof argument, "FROM:<%s>%s", sender, with_utf8 ? " SMTPUTF8" : "");
    if (smtp_talk_ask(conn, "MAIL", argument, &reply, deadline, err) != 0) {
        err_wrap(err, "MAIL");
        return SMTP_NOT_JUDGED;
    }
    err_set(err, "MAIL: the server said \"%s\"", reply.text);
    return judge_sender(&reply);
}

enum smtp_judgement
smtp_callahead(struct conn *conn, const struct smtp_reply *offer, const char *sender,
               const struct mailbox *recipient, struct deadline deadline, struct err *err)
{
    char path[SMTP_ARGUMENT_MAX];
    smtp_callahead_argument(recipient, path);
    const bool needs_utf8 = smtp_callahead_needs_utf8(path);
    if (needs_utf8 && !offer->offers_smtputf8) {
        err_set(err, "the server does not offer SMTPUTF8, which the address needs");
        return SMTP_NOT_JUDGED;
    }
    enum smtp_judgement taken = ask_sender(conn, sender, needs_utf8, deadline, err);
    if (taken != SMTP_YES)
        return taken;

    struct smtp_reply reply;
    if (smtp_talk_ask(conn, "RCPT", path, &reply, deadline, err) != 0) {
        err_wrap(err, "RCPT");
        return SMTP_NOT_JUDGED;
    }
    err_set(err, "RCPT: the server said \"%s\"", reply.text);
    return judge_recipient(&reply);
}
