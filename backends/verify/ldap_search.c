#include "ldap_search.h"

enum ldap_answer
ldap_search(struct ldap_visit *visit, const struct ldap_settings *settings, const char *filter,
            const struct ldap_subject *subject, const struct ldap_wanted *wanted,
            struct ldap_found *found_r, struct err *err)
{
    char expanded[LDAP_TEXT_MAX];
    ldap_template_expand(filter, LDAP_SYNTAX_FILTER, subject, expanded);
    const struct ldap_query query = {
        .base = ldap_settings_base(settings),
        .scope = (enum ldap_scope)settings->scope,
        .filter = expanded,
        .attributes = wanted->attributes,
        .attribute_count = wanted->count,
    };
    enum ldap_answer answer = ldap_pool_search(visit, &query, found_r, err);
    if (answer != LDAP_ANSWER_YES)
        err_wrap(err, "base \"%s\"", query.base);
    return answer;
}

enum ldap_answer
ldap_search_user_dn(struct ldap_visit *visit, const struct ldap_settings *settings,
                    const struct ldap_subject *subject, const struct ldap_wanted *wanted,
                    struct ldap_found *found_r, struct err *err)
{
    char dn[LDAP_TEXT_MAX];
    ldap_template_expand(settings->user_dn, LDAP_SYNTAX_DN, subject, dn);
    const struct ldap_query query = {
        .base = dn,
        .scope = LDAP_SEARCH_BASE,
        .filter = "(objectClass=*)",
        .attributes = wanted->attributes,
        .attribute_count = wanted->count,
    };
    enum ldap_answer answer = ldap_pool_search(visit, &query, found_r, err);
    if (answer == LDAP_ANSWER_FAILED && found_r->no_base)
        return LDAP_ANSWER_YES;
    if (answer != LDAP_ANSWER_YES)
        err_wrap(err, "\"%s\"", dn);
    return answer;
}

enum ldap_answer
ldap_search_login(struct ldap_visit *visit, const struct ldap_settings *settings,
                  const struct username *login, const struct ldap_wanted *wanted,
                  struct ldap_found *found_r, struct err *err)
{
    const struct ldap_subject subject = ldap_subject_of(login);
    return settings->user_dn != NULL
               ? ldap_search_user_dn(visit, settings, &subject, wanted, found_r, err)
               : ldap_search(visit, settings, ldap_settings_filter(settings), &subject, wanted,
                             found_r, err);
}
