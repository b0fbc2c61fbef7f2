/* The first line is a user's name, the second a sender, the rest the file. An entry that gives the
 * sender to the user must be one of the file's lines; a file is read the same way twice; and nobody
 * but the owners has it: a user of a domain that is in no file has nothing. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "owners.h"
#include "username.h"
#include "utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LINE_MAX_BYTES = 300, FILE_MAX = 4096 };

static void
hear(void *context, struct origin origin, const struct err *err)
{
    size_t *heard = context;
    (*heard)++;
    assert(origin.line > 0);
    assert(err->text[0] != '\0' && utf8_is_printable(err->text, strlen(err->text)));
}

static struct owners *
load(const char *text, size_t length)
{
    struct owners *owners = owners_create();
    size_t heard = 0;
    size_t bad = owners_add_text(owners, text, length, "file", hear, &heard);
    assert(bad == heard);
    owners_freeze(owners);
    return owners;
}

/* Moves *text behind the line that it begins with. */
static void
take_line(const char **text, const char *end, char line_r[LINE_MAX_BYTES + 1])
{
    size_t length = 0;
    for (; *text < end && **text != '\n'; (*text)++)
        if (length < LINE_MAX_BYTES)
            line_r[length++] = **text;
    line_r[length] = '\0';
    if (*text < end)
        (*text)++;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > FILE_MAX)
        return 0;
    const char *text = (const char *)data, *end = text + size;
    char name[LINE_MAX_BYTES + 1], address[LINE_MAX_BYTES + 1];
    take_line(&text, end, name);
    take_line(&text, end, address);
    struct username user;
    struct mailbox sender;
    if (username_parse(name, strlen(name), USERNAME_XTEXT, NULL, &user, NULL) != 0)
        username_parse("bob@acme.example", 16, USERNAME_XTEXT, NULL, &user, NULL);
    if (mailbox_parse(address, strlen(address), &sender, NULL) != 0)
        mailbox_parse("sales@acme.example", 18, &sender, NULL);

    struct owners *owners = load(text, (size_t)(end - text));
    struct list_hit hit = {.entry = "stale"};
    bool has = owners_has(owners, &sender, user.text, &hit);
    assert(has == (hit.entry != NULL));
    if (has)
        assert(memmem(text, (size_t)(end - text), hit.entry, strlen(hit.entry)) != NULL);
    if (memmem(text, (size_t)(end - text), "nowhere", 7) == NULL)
        assert(!owners_has(owners, &sender, "nobody@nowhere", &hit));
    struct owners *again = load(text, (size_t)(end - text));
    assert(owners_size(again) == owners_size(owners));
    assert(owners_has(again, &sender, user.text, &hit) == has);
    owners_free(again);
    owners_free(owners);
    return 0;
}
