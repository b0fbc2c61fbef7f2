#include "ldap_pretend.h"

#include <stdio.h>

#include "clock.h"
#include "ldap_template.h"

struct errand {
    const struct ldap_settings *settings;
    const struct verify_request *request;
    int64_t since_us, took_us;
};

/* An entry that cannot be there: nobody knew the name, and below a base nobody is called this. */
static void
write_nobody(const struct errand *errand, char dn_r[LDAP_TEXT_MAX])
{
    const struct ldap_settings *settings = errand->settings;
    const struct ldap_subject subject = ldap_subject_of(errand->request->user);
    const char *base = ldap_settings_base(settings);
    if (settings->user_dn != NULL)
        ldap_template_expand(settings->user_dn, LDAP_SYNTAX_DN, &subject, dn_r);
    else
        snprintf(dn_r, LDAP_TEXT_MAX, "cn=nobody has this name%s%s", base[0] != '\0' ? "," : "",
                 base);
}

/* Whatever a server says to that is an answer. */
static enum ldap_answer
ask_about_nobody(struct ldap_visit *visit, void *context, struct err *err)
{
    struct errand *errand = context;
    const struct secret *password = errand->request->password;
    char dn[LDAP_TEXT_MAX];
    write_nobody(errand, dn);
    enum verify_outcome outcome;
    errand->since_us = clock_now_us();
    enum ldap_answer answer =
        errand->settings->password == LDAP_PASSWORD_COMPARE
            ? ldap_pool_compare(visit, dn, ldap_settings_password_attribute(errand->settings),
                                password, err)
            : ldap_pool_bind(visit, dn, password, &outcome, err);
    if (answer == LDAP_ANSWER_BROKEN)
        return LDAP_ANSWER_BROKEN;
    errand->took_us = clock_now_us() - errand->since_us;
    return LDAP_ANSWER_NO;
}

static void
pretend_bind(const struct ldap_parts *parts, const struct verify_request *request)
{
    struct errand errand = {.settings = ldap_servers_settings(parts->servers), .request = request};
    char trouble[VERIFY_DETAIL_MAX];
    const struct ldap_question question = {.ask = ask_about_nobody, .context = &errand};
    ldap_servers_ask(parts->servers, &question, request->deadline, trouble);
    if (errand.took_us > 0)
        ldap_pace_wait(errand.since_us,
                       ldap_pace_note_nobody(parts->pace, errand.took_us, clock_now_us()),
                       request->deadline);
}

void
ldap_pretend(const struct ldap_parts *parts, const struct verify_request *request)
{
    if (request->challenge != NULL)
        return; /* an answer to one costs nothing to check */
    int64_t since_us = clock_now_us();
    if (ldap_servers_settings(parts->servers)->password == LDAP_PASSWORD_FETCH) {
        ldap_fetch_pretend(parts->fetch, request);
        ldap_pace_note_work(parts->pace, clock_now_us() - since_us, clock_now_us());
    } else
        pretend_bind(parts, request);
    ldap_pace_wait(clock_now_us(), ldap_pace_search_us(parts->pace, clock_now_us()),
                   request->deadline);
}
