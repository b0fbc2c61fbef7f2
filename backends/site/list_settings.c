#include <string.h>

#include "build.h"
#include "certificates.h"
#include "owners.h"

static const char *
kind_name(int kind)
{
    static const char *const names[] = {[LIST_IP] = "ip",
                                        [LIST_USER] = "user",
                                        [LIST_OF_CERTIFICATES] = "certificate",
                                        [LIST_OF_OWNERS] = "owners"};
    return names[kind];
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

/* The list of a kind with a name, or NULL if there is none: then problems tells. */
static const struct built_list *
find_of_kind(struct parts *lists, const struct section *section, const char *setting,
             const char *name, int kind, struct problems *problems)
{
    struct origin origin = section_origin(section, setting);
    struct part *part = parts_refer(lists, name, section, setting, origin, problems);
    if (part == NULL || part->item == NULL)
        return NULL;
    int its_kind = ((const struct list_values *)part->section->values)->kind;
    if (its_kind == kind)
        return part->item;
    section_problem(section, setting, problems, lists->weight,
                    "list \"%s\" is of kind \"%s\" (a list of kind \"%s\" is needed)", name,
                    kind_name(its_kind), kind_name(kind));
    return NULL;
}

static const struct list *
find_list(struct parts *lists, const struct section *section, const char *setting, const char *name,
          enum list_kind kind, struct problems *problems)
{
    const struct built_list *found =
        find_of_kind(lists, section, setting, name, (int)kind, problems);
    return found != NULL ? found->list : NULL;
}

static void
warn_empty(const struct section *section, const char *setting, const char *name, size_t size,
           const char *if_empty, struct problems *problems)
{
    if (size == 0)
        section_problem(section, setting, problems, PROBLEM_WARNING, "list \"%s\" is empty: %s",
                        name, if_empty);
}

static void
warn_empty_list(const struct section *section, const char *setting, const struct list *list,
                const char *if_empty, struct problems *problems)
{
    warn_empty(section, setting, list_name(list), list_size(list), if_empty, problems);
}

/* open is the word for "no list". */
static struct access
read_access(struct parts *lists, const struct section *section, const char *setting,
            const char *text, const char *open, enum list_kind kind, struct problems *problems)
{
    struct access access = {.origin = section_origin(section, setting)};
    if (strcmp(text, open) == 0)
        return access;

    enum access_mode mode = ACCESS_ANY;
    const char *name = read_words(text, &mode);
    if (name == NULL || *name == '\0') {
        section_problem(section, setting, problems, lists->weight,
                        "\"%s\" is unknown (write \"%s\", \"allow LIST\" or \"deny LIST\")", text,
                        open);
        return access;
    }
    access.list = find_list(lists, section, setting, name, kind, problems);
    if (access.list != NULL)
        access.mode = mode;
    return access;
}

struct access
build_access(struct parts *lists, const struct section *section, const char *setting,
             const char *text, enum list_kind kind, struct problems *problems)
{
    struct access access = read_access(lists, section, setting, text, "any", kind, problems);
    if (access.mode == ACCESS_ALLOW)
        warn_empty_list(section, setting, access.list, "nobody passes", problems);
    return access;
}

struct access
build_exemption(struct parts *lists, const struct section *section, const char *setting,
                const char *text, struct problems *problems)
{
    struct access access = read_access(lists, section, setting, text, "none", LIST_IP, problems);
    if (access.mode != ACCESS_ANY)
        warn_empty_list(section, setting, access.list, "nobody is exempt", problems);
    return access;
}

struct list_setting
build_list_setting(struct parts *lists, const struct section *section, const char *setting,
                   const char *name, enum list_kind kind, const char *if_empty,
                   struct problems *problems)
{
    struct list_setting found = {.origin = section_origin(section, setting)};
    if (name == NULL)
        return found;
    found.list = find_list(lists, section, setting, name, kind, problems);
    if (found.list != NULL)
        warn_empty_list(section, setting, found.list, if_empty, problems);
    return found;
}

const struct certificates *
build_certificates(struct parts *lists, const struct section *section, const char *setting,
                   const char *name, const char *if_empty, struct problems *problems)
{
    if (name == NULL)
        return NULL;
    const struct built_list *found =
        find_of_kind(lists, section, setting, name, LIST_OF_CERTIFICATES, problems);
    if (found == NULL)
        return NULL;
    warn_empty(section, setting, name, certificates_count(found->certificates), if_empty, problems);
    return found->certificates;
}

const struct owners *
build_owners(struct parts *lists, const struct section *section, const char *setting,
             const char *name, const char *if_empty, struct problems *problems)
{
    if (name == NULL)
        return NULL;
    const struct built_list *found =
        find_of_kind(lists, section, setting, name, LIST_OF_OWNERS, problems);
    if (found == NULL)
        return NULL;
    warn_empty(section, setting, name, owners_size(found->owners), if_empty, problems);
    return found->owners;
}
