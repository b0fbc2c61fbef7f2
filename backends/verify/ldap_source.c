#include "ldap_source.h"

#include <stdio.h>
#include <string.h>

#include "ldap_recipient.h"
#include "ldap_search.h"

/* What is asked of one server after the other. */
struct login {
    const struct ldap_settings *settings;
    struct origin origin; /* of the source */
    const struct username *user;
    const struct secret *password; /* NULL: only whether the name is known */
    struct verify_result *result;  /* with a password */
    enum knowledge knowledge;      /* without one */
};

static enum ldap_answer
check_password(struct ldap_visit *visit, const struct login *login, const char *dn, struct err *err)
{
    struct verify_result *result = login->result;
    enum ldap_answer answer = ldap_pool_bind(visit, dn, login->password, &result->outcome, err);
    if (answer != LDAP_ANSWER_YES && answer != LDAP_ANSWER_NO)
        err_wrap(err, "as \"%s\"", dn);
    if (answer != LDAP_ANSWER_BROKEN)
        snprintf(result->detail, sizeof result->detail, "%s%s%s", dn,
                 answer == LDAP_ANSWER_NO ? ": " : "", answer == LDAP_ANSWER_NO ? err->text : "");
    return answer;
}

/* The one name of the account. Returns 0, or -1 with err: the entry says nothing that may be a
 * name. */
static int
set_account(const struct login *login, const struct ldap_found *found, struct err *err)
{
    const char *attribute =
        login->settings->user_dn == NULL ? login->settings->username_attribute : NULL;
    struct username canonical = *login->user;
    if (attribute != NULL && found->values[0].count == 0) {
        err_set(err, "\"%s\" has no %s (username_attribute)", found->dn, attribute);
        return -1;
    }
    if (attribute != NULL &&
        username_parse(found->values[0].items[0].bytes, found->values[0].items[0].length,
                       USERNAME_XTEXT, NULL, &canonical, err) != 0) {
        err_wrap(err, "\"%s\": its %s (username_attribute) cannot be a login name", found->dn,
                 attribute);
        return -1;
    }
    memcpy(login->result->account.name, canonical.text, sizeof canonical.text);
    login->result->account.origin = login->origin;
    return 0;
}

/* Decides on what a search has found. */
static enum ldap_answer
judge(struct ldap_visit *visit, struct login *login, const struct ldap_found *found,
      struct err *err)
{
    if (login->password == NULL) {
        login->knowledge = found->count > 0 ? KNOWLEDGE_KNOWN : KNOWLEDGE_UNKNOWN;
        return LDAP_ANSWER_YES;
    }
    if (found->count == 0) {
        login->result->outcome = VERIFY_UNKNOWN_USER;
        return LDAP_ANSWER_YES;
    }
    if (found->dn == NULL) {
        err_set(err, "search: the entry has no name that makes sense");
        return LDAP_ANSWER_FAILED;
    }
    if (found->count > 1) {
        login->result->outcome = VERIFY_AMBIGUOUS;
        snprintf(login->result->detail, sizeof login->result->detail,
                 "several entries match, the first is %s", found->dn);
        return LDAP_ANSWER_YES;
    }
    if (set_account(login, found, err) != 0)
        return LDAP_ANSWER_FAILED;
    return check_password(visit, login, found->dn, err);
}

static enum ldap_answer
ask_with_search(struct ldap_visit *visit, struct login *login, struct err *err)
{
    const struct ldap_settings *settings = login->settings;
    const struct ldap_subject subject = ldap_subject_of(login->user);
    struct ldap_found found;
    enum ldap_answer answer =
        ldap_search(visit, settings, ldap_settings_filter(settings), &subject, &found, err);
    if (answer == LDAP_ANSWER_YES)
        answer = judge(visit, login, &found, err);
    ldap_found_fini(&found);
    return answer;
}

static enum ldap_answer
ask_with_user_dn(struct ldap_visit *visit, const struct login *login, struct err *err)
{
    char dn[LDAP_TEXT_MAX];
    const struct ldap_subject subject = ldap_subject_of(login->user);
    ldap_template_expand(login->settings->user_dn, LDAP_SYNTAX_DN, &subject, dn);
    const struct ldap_found itself = {.count = 1, .dn = dn};
    if (set_account(login, &itself, err) != 0)
        return LDAP_ANSWER_FAILED;
    login->result->wrong_may_be_unknown = true;
    return check_password(visit, login, dn, err);
}

static enum ldap_answer
ask_server(struct ldap_visit *visit, void *context, struct err *err)
{
    struct login *login = context;
    return login->settings->user_dn != NULL ? ask_with_user_dn(visit, login, err)
                                            : ask_with_search(visit, login, err);
}

static void
ask(struct ldap_servers *servers, struct login *login, struct deadline deadline,
    char trouble_r[VERIFY_DETAIL_MAX])
{
    login->settings = ldap_servers_settings(servers);
    login->origin = ldap_servers_section(servers)->origin;
    const struct ldap_question question = {.ask = ask_server, .context = login};
    ldap_servers_ask(servers, &question, deadline, trouble_r);
}

static void
ldap_verify(void *self, const struct verify_request *request, struct verify_result *result_r)
{
    struct login login = {.user = request->user, .password = request->password, .result = result_r};
    char trouble[VERIFY_DETAIL_MAX];
    ask(self, &login, request->deadline, trouble);
    if (result_r->outcome == VERIFY_UNAVAILABLE)
        memcpy(result_r->detail, trouble, sizeof trouble);
    if (result_r->outcome != VERIFY_WRONG_PASSWORD)
        result_r->wrong_may_be_unknown = false;
}

static enum knowledge
ldap_knows(void *self, const struct username *user, struct deadline deadline)
{
    struct login login = {.user = user, .knowledge = KNOWLEDGE_CANNOT_TELL};
    char trouble[VERIFY_DETAIL_MAX];
    if (ldap_servers_settings(self)->user_dn == NULL)
        ask(self, &login, deadline, trouble);
    return login.knowledge;
}

static void *
ldap_open(const struct section *section, struct problems *problems)
{
    return ldap_servers_open(section, problems);
}

static void
ldap_close(void *self)
{
    ldap_servers_close(self);
}

const struct source_kind source_kind_ldap = {
    .section = &ldap_source_section,
    .open = ldap_open,
    .verify = ldap_verify,
    .knows = ldap_knows,
    .recipient = ldap_recipient,
    .check_recipients = ldap_check_recipients,
    .recipient_lifetimes = ldap_recipient_lifetimes,
    .close = ldap_close,
};
