/* A server that says any lines: the client never says more than a login, and takes the password for
 * right only where a line of the server's says so behind the last thing that the client said, and
 * for wrong only where one says no. The first byte says what is offered and allowed. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "login_dialog.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SAYS_MAX = 3 };

static bool
begins(const char *line, size_t length, const char *text)
{
    return length >= strlen(text) && strncasecmp(line, text, strlen(text)) == 0;
}

/* What a line must begin with to be the answer. */
static const char *const yes[] = {[LOGIN_IMAP] = LOGIN_TAG " ", [LOGIN_POP3] = "+OK"};
static const char *const no[] = {[LOGIN_IMAP] = LOGIN_TAG " ", [LOGIN_POP3] = "-ERR"};

static void
check(const struct login_dialog *dialog, unsigned says, const char *line, size_t length)
{
    if (dialog->judgement == LOGIN_RIGHT &&
        (!begins(line, length, yes[dialog->protocol]) || says == 0))
        abort();
    if ((dialog->judgement == LOGIN_WRONG || dialog->judgement == LOGIN_PASSWORD_EXPIRED ||
         dialog->judgement == LOGIN_DISABLED) &&
        !begins(line, length, no[dialog->protocol]))
        abort();
}

static void
converse(struct login_dialog *dialog, const char *text, const char *end)
{
    struct err err = {.text = ""};
    unsigned says = 0;
    enum login_step step = login_dialog_begin(dialog, &err);
    while (step != LOGIN_STEP_DONE && text < end) {
        if (step == LOGIN_STEP_SAY && ++says > SAYS_MAX)
            abort();
        const char *feed = memchr(text, '\n', (size_t)(end - text));
        const size_t length = (size_t)((feed != NULL ? feed : end) - text);
        step = login_dialog_hear(dialog, text, length, &err);
        if (step == LOGIN_STEP_DONE)
            check(dialog, says, text, length);
        text += length + 1;
    }
    if (strstr(err.text, "open sesame") != NULL)
        abort();
    login_dialog_fini(dialog);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    const char *text = (const char *)data + 1, *end = (const char *)data + size;
    struct login_offer offer = {.has_list = data[0] & 1,
                                .plain = data[0] & 2,
                                .initial_response = data[0] & 4,
                                .user = data[0] & 8,
                                .has_auth_codes = data[0] & 16};
    struct secret password;
    secret_init(&password);
    secret_set(&password, "open sesame", 11);
    struct login_dialog dialog = {.protocol = data[0] & 32 ? LOGIN_POP3 : LOGIN_IMAP,
                                  .mechanisms = data[0] >> 6,
                                  .offer = &offer,
                                  .user = "boss@acme.example",
                                  .password = &password};
    converse(&dialog, text, end);
    secret_fini(&password);

    /* The offer's lines may be anything too. */
    for (const char *line = text; line < end;) {
        const char *feed = memchr(line, '\n', (size_t)(end - line));
        const size_t length = (size_t)((feed != NULL ? feed : end) - line);
        login_offer_read(&offer, dialog.protocol, line, length);
        line += length + 1;
    }
    return 0;
}
