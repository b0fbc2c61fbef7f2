#include "ldap_group.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "alloc.h"
#include "ldap_template.h"

/* [MS-ADTS] 3.1.1.3.4.4.3: LDAP_MATCHING_RULE_TRANSITIVE_EVAL */
#define RULE_IN_CHAIN "1.2.840.113556.1.4.1941"

bool
ldap_group_is_named(const struct ldap_settings *settings, const struct ldap_member *member)
{
    for (size_t i = 0; i < settings->require_group.count; i++)
        for (size_t j = 0; j < member->member_of->count; j++)
            if (strcasecmp(settings->require_group.items[i], member->member_of->items[j].bytes) ==
                0)
                return true;
    return false;
}

/* A filter that is put together of parts. */
struct filter {
    char *text;
    size_t length;
};

/* Adds "(NAME=VALUE)" with the value escaped. */
static void
add_part(struct filter *filter, const char *name, const char *value, size_t length)
{
    size_t room = strlen(name) + 3 * length + sizeof "(=)";
    filter->text = xrealloc(filter->text, filter->length + room + sizeof ")", 1);
    filter->length += (size_t)sprintf(filter->text + filter->length, "(%s=", name);
    filter->length += ldap_escape(value, length, LDAP_SYNTAX_FILTER, filter->text + filter->length);
    filter->length += (size_t)sprintf(filter->text + filter->length, ")");
}

/* Whether the entry at base matches. */
static enum ldap_answer
ask_entry(struct ldap_visit *visit, const char *base, const char *filter, struct err *err)
{
    const struct ldap_query query = {.base = base, .scope = LDAP_SEARCH_BASE, .filter = filter};
    struct ldap_found found;
    enum ldap_answer answer = ldap_pool_search(visit, &query, &found, err);
    if (answer == LDAP_ANSWER_YES && found.count == 0)
        answer = LDAP_ANSWER_NO;
    ldap_found_fini(&found);
    return answer;
}

static enum ldap_answer
ask_member(struct ldap_visit *visit, const char *group, const struct ldap_member *member,
           struct err *err)
{
    struct filter filter = {xstrdup(""), 0};
    add_part(&filter, "memberOf:" RULE_IN_CHAIN ":", group, strlen(group));
    enum ldap_answer answer = ask_entry(visit, member->dn, filter.text, err);
    free(filter.text);
    return answer;
}

static enum ldap_answer
ask_group(struct ldap_visit *visit, const char *group, const struct ldap_member *member,
          struct err *err)
{
    struct filter filter = {xstrdup("(|"), 2};
    add_part(&filter, "member", member->dn, strlen(member->dn));
    add_part(&filter, "uniqueMember", member->dn, strlen(member->dn));
    for (size_t i = 0; i < member->uid->count; i++)
        add_part(&filter, "memberUid", member->uid->items[i].bytes, member->uid->items[i].length);
    memcpy(filter.text + filter.length, ")", sizeof ")");
    enum ldap_answer answer = ask_entry(visit, group, filter.text, err);
    free(filter.text);
    return answer;
}

enum ldap_answer
ldap_group_ask(struct ldap_visit *visit, const struct ldap_settings *settings,
               const struct ldap_member *member, struct err *err)
{
    if (ldap_group_is_named(settings, member))
        return LDAP_ANSWER_YES;
    bool is_nested = ldap_directory((enum ldap_make)settings->directory)->has_nested_groups;
    enum ldap_answer worst = LDAP_ANSWER_NO;
    for (size_t i = 0; i < settings->require_group.count; i++) {
        const char *group = settings->require_group.items[i];
        struct err trouble = {0};
        enum ldap_answer answer = is_nested ? ask_member(visit, group, member, &trouble)
                                            : ask_group(visit, group, member, &trouble);
        if (answer == LDAP_ANSWER_YES)
            return LDAP_ANSWER_YES;
        if (answer == LDAP_ANSWER_NO)
            continue;
        err_wrap(&trouble, "group \"%s\" (require_group)", group);
        *err = trouble;
        if (answer == LDAP_ANSWER_BROKEN)
            return LDAP_ANSWER_BROKEN;
        worst = LDAP_ANSWER_FAILED;
    }
    return worst;
}
