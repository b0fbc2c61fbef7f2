#include "auth_reply.h"

#include <assert.h>
#include <stdio.h>

/* Where nginx asks for the same again; it is nobody's answer. */
static const char ask_again[] = "WAIT";

void
auth_reply_wait(struct answer *answer_r, unsigned wait_s)
{
    answer_init(answer_r, "200 OK");
    answer_add(answer_r, "Auth-Status", ask_again);
    answer_add_number(answer_r, "Auth-Wait", wait_s);
    answer_end(answer_r, NULL);
}

void
auth_reply_refuse(struct answer *answer_r, const struct verdict *verdict, enum protocol protocol)
{
    assert(verdict->action != VERDICT_ACCEPT);
    const char *code = reason_code(verdict->reason, protocol);
    const char *text = reason_text(verdict->reason);

    answer_init(answer_r, "200 OK");
    if (protocol == PROTOCOL_SMTP) {
        answer_add(answer_r, "Auth-Status", text);
        answer_add(answer_r, "Auth-Error-Code", code);
    } else {
        char status[256];
        snprintf(status, sizeof status, "%s%s%s", code, *code != '\0' ? " " : "", text);
        answer_add(answer_r, "Auth-Status", status);
    }
    if (verdict->wait_s > 0)
        answer_add_number(answer_r, "Auth-Wait", verdict->wait_s);
    answer_end(answer_r, NULL);
}

static int
add_user(struct answer *answer, const char *user)
{
    if (user != NULL)
        return answer_add(answer, "Auth-User", user);
    return answer_add(answer, "Auth-User", "") != 0 ? -1 : answer_add(answer, "Auth-Pass", "");
}

int
auth_reply_accept(struct answer *answer_r, const struct route *route, const char *user)
{
    answer_init(answer_r, "200 OK");
    if (answer_add(answer_r, "Auth-Server", route->address) != 0 ||
        answer_add_number(answer_r, "Auth-Port", route->port) != 0 ||
        add_user(answer_r, user) != 0 || answer_add(answer_r, "Auth-Status", "OK") != 0)
        return -1;
    answer_end(answer_r, NULL);
    return 0;
}
