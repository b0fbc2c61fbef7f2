#include <string.h>

#include "build.h"

static const char *
kind_name(enum list_kind kind)
{
    return kind == LIST_IP ? "ip" : "user";
}

/* Reads "allow LIST" or "deny LIST". Returns the list's name, or NULL. */
static const char *
read_words(const char *text, enum access_mode *mode_r)
{
    static const struct {
        const char *word;
        enum access_mode mode;
    } modes[] = {{"allow ", ACCESS_ALLOW}, {"deny ", ACCESS_DENY}};

    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        size_t length = strlen(modes[i].word);
        if (strncmp(text, modes[i].word, length) == 0) {
            *mode_r = modes[i].mode;
            return text + length + strspn(text + length, " ");
        }
    }
    return NULL;
}

struct access
build_access(struct built_site *built, const struct section *section, const char *setting,
             const char *text, enum list_kind kind, struct problems *problems)
{
    struct access access = {.origin = section_origin(section, setting)};
    if (strcmp(text, "any") == 0)
        return access;

    enum access_mode mode = ACCESS_ANY;
    const char *name = read_words(text, &mode);
    if (name == NULL || *name == '\0') {
        section_problem(section, setting, problems, PROBLEM_ERROR,
                        "\"%s\" is unknown (write \"any\", \"allow LIST\" or \"deny LIST\")", text);
        return access;
    }
    struct part *part = parts_refer(&built->lists, name, section, setting, access.origin, problems);
    const struct list *list = part != NULL ? part->item : NULL;
    if (list == NULL)
        return access; /* reported; the site is not used */
    if (list_kind(list) != kind) {
        section_problem(section, setting, problems, PROBLEM_ERROR,
                        "list \"%s\" is of kind \"%s\" (a list of kind \"%s\" is needed)", name,
                        kind_name(list_kind(list)), kind_name(kind));
        return access;
    }
    if (mode == ACCESS_ALLOW && list_size(list) == 0)
        section_problem(section, setting, problems, PROBLEM_WARNING,
                        "list \"%s\" is empty: nobody passes", name);
    access.mode = mode;
    access.list = list;
    return access;
}
