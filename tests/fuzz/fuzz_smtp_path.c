/* The first byte chooses the command, the rest is the line. What is understood must be clean, and
 * must be understood again in the same way when it is written back. */
#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "smtp_path.h"
#include "utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_mailbox(const struct mailbox *mailbox)
{
    assert(mailbox->local[0] != '\0');
    assert(utf8_is_printable(mailbox->local, strlen(mailbox->local)));
    assert(utf8_is_printable(mailbox->domain, strlen(mailbox->domain)));
    assert(strpbrk(mailbox->domain, "<>@ \"") == NULL);

    char text[MAILBOX_TEXT_MAX];
    mailbox_format(mailbox, text);
    struct mailbox again;
    if (mailbox->domain[0] == '\0') {
        assert(strcmp(text, "postmaster") == 0);
        return;
    }
    assert(mailbox_parse(text, strlen(text), &again, NULL) == 0);
    assert(strcmp(again.local, mailbox->local) == 0);
    assert(strcmp(again.domain, mailbox->domain) == 0);

    /* A path without route or parameters means the same to everybody behind us. */
    char line[MAILBOX_TEXT_MAX + 16];
    int length = snprintf(line, sizeof line, "RCPT TO:<%s>", text);
    struct smtp_path path;
    assert(smtp_path_parse(PATH_RCPT_TO, line, (size_t)length, &path, NULL) == PATH_MAILBOX);
    assert(strcmp(path.mailbox.domain, mailbox->domain) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    enum path_command command = data[0] % 2 == 0 ? PATH_MAIL_FROM : PATH_RCPT_TO;
    struct smtp_path path;
    struct err err = {.text = ""};
    enum path_kind kind = smtp_path_parse(command, (const char *)data + 1, size - 1, &path, &err);
    assert(path.kind == kind);
    switch (kind) {
    case PATH_MALFORMED:
        assert(err.text[0] != '\0' && utf8_is_printable(err.text, strlen(err.text)));
        assert(path.mailbox.local[0] == '\0');
        break;
    case PATH_NULL:
        assert(command == PATH_MAIL_FROM && path.mailbox.local[0] == '\0');
        break;
    case PATH_MAILBOX:
        check_mailbox(&path.mailbox);
        break;
    }
    return 0;
}
