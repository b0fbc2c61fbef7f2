#include "auth_reply.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* The two words of Auth-Status that are no text for the client: nginx connects him to the server,
 * or asks for the same again. */
static const char go_on[] = "OK", ask_again[] = "WAIT";

void
auth_reply_wait(struct answer *answer_r, unsigned wait_s)
{
    answer_init(answer_r, "200 OK");
    answer_add(answer_r, "Auth-Status", ask_again);
    answer_add_number(answer_r, "Auth-Wait", wait_s);
    answer_end(answer_r, NULL);
}

/* Writes what the client is to read. A rule's text may be the very word that nginx takes for more
 * than a text; with a full stop it is not. */
static void
add_text(struct answer *answer, const char *text)
{
    char sentence[16];
    if (strcmp(text, go_on) == 0 || strcmp(text, ask_again) == 0) {
        snprintf(sentence, sizeof sentence, "%s.", text);
        text = sentence;
    }
    answer_add(answer, "Auth-Status", text);
}

void
auth_reply_refuse(struct answer *answer_r, const struct verdict *verdict, enum protocol protocol)
{
    assert(verdict->action != VERDICT_ACCEPT);
    const char *code = verdict_code(verdict, protocol);
    const char *text = verdict_text(verdict);

    answer_init(answer_r, "200 OK");
    if (protocol == PROTOCOL_SMTP) {
        add_text(answer_r, text);
        answer_add(answer_r, "Auth-Error-Code", code);
    } else {
        char status[256];
        snprintf(status, sizeof status, "%s%s%s", code, *code != '\0' ? " " : "", text);
        add_text(answer_r, status);
    }
    if (verdict->wait_s > 0)
        answer_add_number(answer_r, "Auth-Wait", verdict->wait_s);
    answer_end(answer_r, NULL);
}

bool
auth_reply_takes_password(const struct secret *password)
{
    size_t length = password->length;
    if (length == 0)
        return true;
    if (length > PASSWORD_MAX || password->bytes[0] == ' ' || password->bytes[length - 1] == ' ')
        return false;
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)password->bytes[i] < ' ' || password->bytes[i] == 0x7f)
            return false;
    return true;
}

int
auth_reply_accept(struct answer *answer_r, const struct route *route, const char *user,
                  const struct secret *password, enum auth_method method)
{
    bool has_none = method == METHOD_NONE || method == METHOD_EXTERNAL;
    bool says_password = password->length > 0 || has_none;
    answer_init(answer_r, "200 OK");
    if (answer_add(answer_r, "Auth-Server", route->address) != 0 ||
        answer_add_number(answer_r, "Auth-Port", route->port) != 0 ||
        answer_add(answer_r, "Auth-User", user) != 0 ||
        (says_password &&
         answer_add(answer_r, "Auth-Pass", password->length > 0 ? password->bytes : "") != 0) ||
        answer_add(answer_r, "Auth-Status", go_on) != 0)
        return -1;
    answer_end(answer_r, NULL);
    return 0;
}
