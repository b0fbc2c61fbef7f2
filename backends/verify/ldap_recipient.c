#include "ldap_recipient.h"

#include <stdio.h>
#include <string.h>

#include "ldap_search.h"

struct errand {
    const struct ldap_settings *settings;
    const struct ldap_subject *subject;
    struct recipient_result *result;
    struct ldap_wanted wanted;
};

/* The one name, as a login would have it. An entry that has none gets mail all the same. */
static void
set_name(const struct errand *errand, const struct ldap_found *found)
{
    static const struct username nobody = {.text = ""};
    struct recipient_result *result = errand->result;
    const char *dn = found->dn != NULL ? found->dn : "the entry";
    struct username canonical;
    struct err err;
    if (errand->wanted.name < 0)
        snprintf(result->detail, sizeof result->detail,
                 "%s: whose it is is not known (set username_attribute)", dn);
    else if (ldap_entry_name(errand->settings, &errand->wanted, found, &nobody, &canonical, &err) !=
             0)
        snprintf(result->detail, sizeof result->detail, "%s: %s", dn, err.text);
    else {
        memcpy(result->name, canonical.text, sizeof canonical.text);
        snprintf(result->detail, sizeof result->detail, "%s", dn);
    }
}

static void
judge(const struct errand *errand, const struct ldap_found *found)
{
    struct recipient_result *result = errand->result;
    result->knowledge = found->count > 0 ? KNOWLEDGE_KNOWN : KNOWLEDGE_UNKNOWN;
    if (found->count == 1)
        set_name(errand, found);
    else if (found->count > 1)
        snprintf(result->detail, sizeof result->detail, "several entries match, the first is %s",
                 found->dn != NULL ? found->dn : "without a name");
}

static enum ldap_answer
search(struct ldap_visit *visit, void *context, struct err *err)
{
    const struct errand *errand = context;
    const struct ldap_settings *settings = errand->settings;
    struct ldap_found found;
    enum ldap_answer answer = ldap_search(visit, settings, ldap_settings_recipient_filter(settings),
                                          errand->subject, &errand->wanted, &found, err);
    if (answer == LDAP_ANSWER_YES)
        judge(errand, &found);
    ldap_found_fini(&found);
    return answer;
}

void
ldap_recipient(struct ldap_servers *servers, const struct mailbox *recipient, const char *address,
               struct deadline deadline, struct recipient_result *result_r)
{
    result_r->knowledge = KNOWLEDGE_CANNOT_TELL;
    if (strlen(address) > USERNAME_MAX) {
        snprintf(result_r->detail, sizeof result_r->detail, "the address is too long to ask for");
        return;
    }
    const struct ldap_subject subject = ldap_subject_of_mailbox(recipient, address);
    struct errand errand = {
        .settings = ldap_servers_settings(servers), .subject = &subject, .result = result_r};
    ldap_wanted_init(&errand.wanted, errand.settings, LDAP_WANT_NAME);
    const struct ldap_question question = {.ask = search, .context = &errand};
    char trouble[VERIFY_DETAIL_MAX];
    ldap_servers_ask(servers, &question, deadline, trouble);
    if (result_r->knowledge == KNOWLEDGE_CANNOT_TELL)
        memcpy(result_r->detail, trouble, sizeof trouble);
}

int
ldap_check_recipients(const struct ldap_servers *servers, struct err *err)
{
    if (ldap_settings_find_recipients(ldap_servers_settings(servers)))
        return 0;
    err_set(err, "it has user_dn, so it searches for nobody (set recipient_filter and base too)");
    return -1;
}

struct recipient_lifetimes
ldap_recipient_lifetimes(const struct ldap_servers *servers)
{
    const struct ldap_settings *settings = ldap_servers_settings(servers);
    return (struct recipient_lifetimes){
        .known_ms = settings->recipient_cache,
        .unknown_ms = settings->recipient_negative_cache,
    };
}
