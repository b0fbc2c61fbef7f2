#include "marks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "alloc.h"

enum { FORGED_MAX = 100, TAGS_TEXT_MAX = 256 };

static const char results_name[] = "Authentication-Results";

/* A header's name that is looked for. */
struct watched {
    const char *name;
    bool is_tag; /* all are forged; else those that claim to be our host's */
    int seen;
};

struct forged {
    const char *name;
    int index;
};

struct marks {
    const char *host;
    struct watched *watched;
    size_t watched_count;
    struct forged forged[FORGED_MAX];
    size_t forged_count;
    const struct rule **tags;
    size_t tag_count;
    char tags_text[TAGS_TEXT_MAX];
};

/* White space before the colon is no part of a name (RFC 5322 4.5): mail servers and filters look
 * for names without it. White space within makes it another name, which must not be counted. */
static struct watched *
find(struct marks *marks, const char *name)
{
    size_t length = strlen(name);
    while (length > 0 && (name[length - 1] == ' ' || name[length - 1] == '\t'))
        length--;
    for (size_t i = 0; i < marks->watched_count; i++)
        if (strncasecmp(marks->watched[i].name, name, length) == 0 &&
            marks->watched[i].name[length] == '\0')
            return &marks->watched[i];
    return NULL;
}

static void
watch(struct marks *marks, const char *name, bool is_tag)
{
    struct watched *watched = find(marks, name);
    if (watched == NULL)
        marks->watched[marks->watched_count++] = (struct watched){.name = name, .is_tag = is_tag};
    else
        watched->is_tag = watched->is_tag || is_tag;
}

struct marks *
marks_create(const struct site *site, const char *host)
{
    size_t count;
    const struct rule *const *rules = tenancy_rules(site->tenancy, &count);
    struct marks *marks = xcalloc(1, sizeof *marks);
    marks->host = host;
    marks->watched = xcalloc(count + 1, sizeof *marks->watched);
    marks->tags = xcalloc(count + 1, sizeof(const struct rule *));
    if (host != NULL)
        watch(marks, results_name, false);
    for (size_t i = 0; i < count; i++)
        if (rules[i]->action == RULE_TAG)
            watch(marks, rules[i]->header, true);
    return marks;
}

void
marks_free(struct marks *marks)
{
    if (marks == NULL)
        return;
    free(marks->watched);
    free(marks->tags);
    free(marks);
}

int
marks_look(struct marks *marks, const char *name, const char *value)
{
    struct watched *watched = find(marks, name);
    if (watched == NULL)
        return 0;
    watched->seen++;
    if (!watched->is_tag && !authentication_results_claims(value, strlen(value), marks->host))
        return 0;
    if (marks->forged_count == FORGED_MAX)
        return -1;
    marks->forged[marks->forged_count++] =
        (struct forged){.name = watched->name, .index = watched->seen};
    return 0;
}

void
marks_tag(struct marks *marks, const struct rule *rule)
{
    for (size_t i = 0; i < marks->tag_count; i++)
        if (marks->tags[i] == rule)
            return;
    marks->tags[marks->tag_count++] = rule;
    size_t length = strlen(marks->tags_text);
    snprintf(marks->tags_text + length, sizeof marks->tags_text - length, "%s%s",
             length > 0 ? "," : "", rule->name);
}

const char *
marks_tags(const struct marks *marks)
{
    return marks->tag_count > 0 ? marks->tags_text : NULL;
}

/* The last ones first: mail servers differ in whether a removed header still counts. */
static int
remove_forged(const struct marks *marks, const struct mta *mta)
{
    for (size_t i = marks->forged_count; i > 0; i--) {
        const struct forged *forged = &marks->forged[i - 1];
        if (mta->remove_header(mta->context, forged->name, forged->index) != 0)
            return -1;
    }
    return 0;
}

static int
add_tags(const struct marks *marks, const struct mta *mta)
{
    for (size_t i = 0; i < marks->tag_count; i++) {
        const struct rule *rule = marks->tags[i];
        if (mta->insert_header(mta->context, rule->header, rule->name) != 0)
            return -1;
    }
    return 0;
}

static int
add_results(const struct marks *marks, const struct mta *mta, const char *user,
            enum authenticated_by by)
{
    char value[AUTHENTICATION_RESULTS_MAX];
    if (marks->host == NULL || user == NULL)
        return 0;
    if (authentication_results_write(marks->host, user, by, value) != 0)
        return -1;
    return mta->insert_header(mta->context, results_name, value);
}

int
marks_apply(const struct marks *marks, const struct mta *mta, const char *user,
            enum authenticated_by by)
{
    if (remove_forged(marks, mta) != 0 || add_tags(marks, mta) != 0)
        return -1;
    return add_results(marks, mta, user, by);
}
