/*
 * A login name of any bytes in the filter and the DN of an ldap source: libldap must still see the
 * same filter and the same DN around it, and templates of any bytes are refused or expand.
 *
 * Input: the name, a line feed, a template.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ldap_door.h"
#include "ldap_template.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
expands_to_sense(const char *text, enum ldap_syntax syntax, const struct ldap_subject *subject)
{
    char expanded[LDAP_TEXT_MAX];
    size_t length = ldap_template_expand(text, syntax, subject, expanded);
    if (length >= sizeof expanded || strlen(expanded) != length)
        abort();
    int result = syntax == LDAP_SYNTAX_DN ? ldap_dn_check(expanded, NULL)
                                          : ldap_filter_check(expanded, NULL);
    if (result != 0)
        abort();
}

static void
try_template(const char *text, enum ldap_syntax syntax, const struct ldap_subject *subject)
{
    char expanded[LDAP_TEXT_MAX];
    if (ldap_template_check(text, syntax, "name", NULL) == 0 &&
        ldap_template_expand(text, syntax, subject, expanded) >= sizeof expanded)
        abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *line_feed = memchr(data, '\n', size);
    size_t length = line_feed != NULL ? (size_t)(line_feed - data) : size;
    struct username user = {.local_length = 0};
    memcpy(user.text, data, length < USERNAME_MAX ? length : USERNAME_MAX);
    const char *at = strrchr(user.text, '@');
    user.local_length = at != NULL ? (size_t)(at - user.text) : strlen(user.text);

    const struct ldap_subject subject = ldap_subject_of(&user);
    expands_to_sense("(|(mail=%u)(&(uid=%n)(o=%d)))", LDAP_SYNTAX_FILTER, &subject);
    expands_to_sense("uid=%n+mail=%u,o=%d", LDAP_SYNTAX_DN, &subject);
    if (line_feed == NULL)
        return 0;
    size_t rest = size - length - 1;
    char *text = calloc(rest + 1, 1);
    memcpy(text, line_feed + 1, rest);
    try_template(text, LDAP_SYNTAX_FILTER, &subject);
    try_template(text, LDAP_SYNTAX_DN, &subject);
    free(text);
    return 0;
}
