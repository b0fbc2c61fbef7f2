/* The first byte chooses the kind, the first line is what is asked about, the rest is the file. An
 * entry that is found must be one of the file's lines; a file is read the same way twice. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "list.h"
#include "utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { QUESTION_MAX = 300, FILE_MAX = 4096 };

static void
hear(void *context, struct origin origin, const struct err *err)
{
    size_t *heard = context;
    (*heard)++;
    assert(origin.line > 0);
    assert(err->text[0] != '\0' && utf8_is_printable(err->text, strlen(err->text)));
}

static struct list *
load(enum list_kind kind, const char *text, size_t length)
{
    struct list *list = list_create("fuzz", kind, (struct origin){.file = NULL});
    size_t heard = 0;
    size_t bad = list_add_text(list, text, length, "file", hear, &heard);
    assert(bad == heard);
    list_freeze(list);
    return list;
}

static enum list_answer
ask(const struct list *list, const char *question, struct list_hit *hit_r)
{
    switch (list_kind(list)) {
    case LIST_IP: {
        struct netaddr addr;
        if (netaddr_parse(question, &addr, NULL) != 0)
            netaddr_parse("192.0.2.1", &addr, NULL);
        return list_match_address(list, &addr, hit_r);
    }
    case LIST_USER:
        return list_match_name(list, question, hit_r);
    }
    return LIST_CANNOT_TELL;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0 || size > FILE_MAX)
        return 0;
    enum list_kind kind = data[0] % 2 == 0 ? LIST_IP : LIST_USER;
    const char *text = (const char *)data + 1;
    const char *end = (const char *)data + size;
    char question[QUESTION_MAX + 1] = "";
    size_t length = 0;
    while (text < end && *text != '\n') {
        if (length < QUESTION_MAX)
            question[length++] = *text;
        text++;
    }

    struct list *list = load(kind, text, (size_t)(end - text));
    struct list_hit hit = {.entry = NULL};
    enum list_answer answer = ask(list, question, &hit);
    assert((answer == LIST_MATCH) == (hit.entry != NULL));
    if (hit.entry != NULL)
        assert(memmem(text, (size_t)(end - text), hit.entry, strlen(hit.entry)) != NULL);
    struct list *again = load(kind, text, (size_t)(end - text));
    assert(list_size(again) == list_size(list) && ask(again, question, NULL) == answer);
    list_free(again);
    list_free(list);
    return 0;
}
