#include "smtp_talk.h"

#include <stdio.h>
#include <string.h>

enum { REPLY_LINE_MAX = 1024 }; /* more than the RFC's 512 bytes */

int
smtp_talk_hear(struct conn *conn, struct smtp_reply *reply_r, struct deadline deadline,
               struct err *err)
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

int
smtp_talk_say(struct conn *conn, const char *line, size_t length, struct deadline deadline,
              struct err *err)
{
    if (!conn_has_unread(conn))
        return conn_write(conn, line, length, deadline, err);
    err_set(err, "the server said more than it was asked for");
    return -1;
}

static bool
has_control(const char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            return true;
    return false;
}

int
smtp_talk_ask(struct conn *conn, const char *verb, const char *argument, struct smtp_reply *reply_r,
              struct deadline deadline, struct err *err)
{
    char command[SMTP_COMMAND_MAX + 1];
    int length = snprintf(command, sizeof command, "%s%s%s\r\n", verb, *argument == '\0' ? "" : " ",
                          argument);
    if (has_control(argument) || (size_t)length >= sizeof command) {
        err_set(err, "the command was not sent: it has a control character, or more than %d bytes",
                SMTP_COMMAND_MAX);
        return -1;
    }
    if (smtp_talk_say(conn, command, (size_t)length, deadline, err) != 0)
        return -1;
    return smtp_talk_hear(conn, reply_r, deadline, err);
}
