#include <stdlib.h>

#include "alloc.h"
#include "build.h"
#include "certificates.h"
#include "file.h"
#include "owners.h"

/* A million networks or names are some 30 MB. */
enum { LIST_FILE_MAX = 1 << 30 };

static const struct choice kinds[] = {{"ip", LIST_IP},
                                      {"user", LIST_USER},
                                      {"certificate", LIST_OF_CERTIFICATES},
                                      {"owners", LIST_OF_OWNERS},
                                      {0}};

static const struct row rows[] = {
    {.name = "kind",
     .type = ROW_CHOICE,
     .offset = offsetof(struct list_values, kind),
     .required = true,
     .choices = kinds,
     .delegable = true,
     .help = "What it holds: ip: addresses of clients; user: names of users; certificate: "
             "certificates of clients with the users whose they are; owners: senders with the "
             "users who may send as them."},
    {.name = "entries",
     .type = ROW_STRINGS,
     .offset = offsetof(struct list_values, entries),
     .delegable = true,
     .help = "ip: an address, a network (192.0.2.0/24), a wildcard (10.1.*.*) or a /regular "
             "expression/. user: a name, a wildcard (*@acme.example) or a /regular expression/; "
             "without case. certificate: a name, white space, and the certificate's SHA-1 "
             "fingerprint (40 hexadecimal digits, colons allowed) or its subject as nginx writes "
             "it (CN=Boss,O=Acme): whatever the authorities that nginx trusts have signed for "
             "it. owners: a sender, white space, and names of users with commas between them, as "
             "in smtpd_sender_login_maps of Postfix (sales@acme.example bob@acme.example, "
             "carol@acme.example); *@acme.example is every sender or user of a domain."},
    {.name = "file",
     .type = ROW_PATH,
     .offset = offsetof(struct list_values, file),
     .help = "A file with more entries, one a line; # begins a comment."},
    {0}};

const struct section_type list_section = {
    .name = "list",
    .titled = true,
    .delegable = true,
    .size = sizeof(struct list_values),
    .rows = rows,
    .help =
        "Patterns of addresses or names for settings that allow or deny a list, certificates, or "
        "who may send as whom.",
};

/* Where the mistakes in a list go. */
struct complaint {
    const struct section *section;
    enum problem_weight weight;
    struct problems *problems;
};

static int
add_entry(struct built_list *list, const char *entry, struct origin origin, struct err *err)
{
    if (list->owners != NULL)
        return owners_add(list->owners, entry, origin, err);
    return list->list != NULL ? list_add(list->list, entry, origin, err)
                              : certificates_add(list->certificates, entry, origin, err);
}

/* Returns whether all entries are good. */
static bool
add_entries(struct built_list *list, const struct complaint *to)
{
    const struct strings *entries = &((const struct list_values *)to->section->values)->entries;
    bool is_good = true;
    for (size_t i = 0; i < entries->count; i++) {
        struct err err;
        struct origin origin = entries->origins[i];
        if (add_entry(list, entries->items[i], origin, &err) == 0)
            continue;
        section_problem_at(to->section, "entries", origin, to->problems, to->weight, "\"%s\": %s",
                           entries->items[i], err.text);
        is_good = false;
    }
    return is_good;
}

static void
complain_line(void *context, struct origin origin, const struct err *err)
{
    const struct complaint *complaint = context;
    section_problem_at(complaint->section, NULL, origin, complaint->problems, complaint->weight,
                       "%s", err->text);
}

static size_t
add_text(struct built_list *list, const char *text, size_t length, const char *file,
         struct complaint *to)
{
    if (list->owners != NULL)
        return owners_add_text(list->owners, text, length, file, complain_line, to);
    return list->list != NULL
               ? list_add_text(list->list, text, length, file, complain_line, to)
               : certificates_add_text(list->certificates, text, length, file, complain_line, to);
}

/* Returns whether the file was read and all its entries are good. */
static bool
add_file(struct built_list *list, struct complaint *to)
{
    const struct list_values *values = to->section->values;
    if (values->file == NULL)
        return true;
    struct err err;
    size_t length;
    char *text = file_read(values->file, LIST_FILE_MAX, &length, &err);
    if (text == NULL) {
        section_problem(to->section, "file", to->problems, to->weight, "%s", err.text);
        return false;
    }
    size_t bad = add_text(list, text, length, values->file, to);
    free(text);
    return bad == 0;
}

static struct built_list *
create_list(const struct section *section)
{
    const struct list_values *values = section->values;
    struct built_list *list = xcalloc(1, sizeof *list);
    if (values->kind == LIST_OF_CERTIFICATES)
        list->certificates = certificates_create(section->name, section->origin);
    else if (values->kind == LIST_OF_OWNERS)
        list->owners = owners_create();
    else
        list->list = list_create(section->name, (enum list_kind)values->kind, section->origin);
    return list;
}

static void
close_list(void *item)
{
    struct built_list *list = item;
    list_free(list->list);
    certificates_free(list->certificates);
    owners_free(list->owners);
    free(list);
}

static void *
open_list(struct conf *conf, const struct section *section, enum problem_weight weight,
          struct problems *problems)
{
    (void)conf;
    struct complaint to = {section, weight, problems};
    struct built_list *list = create_list(section);
    bool is_there = section_is_set(section, "entries") || section_is_set(section, "file");
    if (!is_there)
        section_problem(section, NULL, problems, weight,
                        "has neither entries nor a file (an empty list is entries = {})");
    bool entries_good = add_entries(list, &to), file_good = add_file(list, &to);
    if (!is_there || !entries_good || !file_good) {
        close_list(list);
        return NULL;
    }
    if (list->list != NULL)
        list_freeze(list->list);
    if (list->owners != NULL)
        owners_freeze(list->owners);
    return list;
}

const struct parts_kind list_parts = {"list", open_list, close_list};
