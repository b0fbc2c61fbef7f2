#include "smtp_client.h"

#include <string.h>

#include "smtp_talk.h"

enum { QUIT_MS = 50 };

enum { CODE_READY = 220, CODE_DONE = 250 };

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

enum smtp_judgement
smtp_client_forward(struct conn *conn, const char *helo, const struct smtp_xclient *xclient,
                    struct smtp_reply *offer, struct deadline deadline, struct err *err)
{
    char argument[SMTP_COMMAND_MAX];
    if (!smtp_xclient_format(xclient, offer->xclient, argument))
        return SMTP_YES;
    struct smtp_reply reply;
    if (smtp_talk_ask(conn, "XCLIENT", argument, &reply, deadline, err) != 0) {
        err_wrap(err, "XCLIENT");
        return SMTP_NOT_JUDGED;
    }
    enum smtp_judgement passed = pass(&reply, CODE_READY, "XCLIENT", err);
    return passed != SMTP_YES ? passed : pass_ehlo(conn, helo, offer, deadline, err);
}

void
smtp_client_quit(struct conn *conn)
{
    static const char quit[] = "QUIT\r\n";
    (void)conn_write(conn, quit, strlen(quit), deadline_after(QUIT_MS), NULL);
}
