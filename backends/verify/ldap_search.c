#include "ldap_search.h"

enum ldap_answer
ldap_search(struct ldap_visit *visit, const struct ldap_settings *settings, const char *filter,
            const struct ldap_subject *subject, struct ldap_found *found_r, struct err *err)
{
    char expanded[LDAP_TEXT_MAX];
    ldap_template_expand(filter, LDAP_SYNTAX_FILTER, subject, expanded);
    const struct ldap_query query = {
        .base = ldap_settings_base(settings),
        .scope = (enum ldap_scope)settings->scope,
        .filter = expanded,
        .attributes = &settings->username_attribute,
        .attribute_count = settings->username_attribute != NULL,
    };
    enum ldap_answer answer = ldap_pool_search(visit, &query, found_r, err);
    if (answer != LDAP_ANSWER_YES)
        err_wrap(err, "base \"%s\"", query.base);
    return answer;
}
