#include "guard_user.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "auth_name.h"
#include "clock.h"
#include "guard_listener.h"
#include "site_screening.h"

/* No account has it (username.h). */
static const char nobodys_name[] = " ";

static void
copy_name(char name_r[USERNAME_MAX + 1], const char *name)
{
    snprintf(name_r, USERNAME_MAX + 1, "%s", name);
}

static bool
has_domain(const char *name)
{
    return strchr(name, '@') != NULL;
}

/* A macro that says something, or NULL. */
static const char *
told(const struct mta *mta, const char *macro)
{
    const char *value = mta->macro(mta->context, macro);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

/* Whether the name comes from mailreeve, by way of nginx. */
static bool
is_by_xclient(const struct mta *mta)
{
    const char *type = told(mta, "{auth_type}");
    return type != NULL && strcasecmp(type, "XCLIENT") == 0;
}

/* The mail server's own SASL knows names as clients type them; mailreeve's are whole. */
static void
take_login(struct guard_user *user, const struct mta *mta, const char *macro)
{
    const char *default_domain =
        !is_by_xclient(mta) && user->listener != NULL ? user->listener->default_domain : NULL;
    char name[USERNAME_ENCODED_MAX + 1];
    struct username parsed;
    if (auth_name_read(macro, told(mta, "v"), name) != 0 ||
        username_parse(name, strlen(name), USERNAME_XTEXT, default_domain, &parsed, NULL) != 0) {
        user->fault = "the name that the mail server gives the user is unusable";
        return;
    }
    copy_name(user->name, parsed.text);
    copy_name(user->full_name, parsed.text);
    copy_name(user->login, parsed.text);
}

/* Of what the client has logged in as with nginx. */
static void
take_note(struct guard_user *user)
{
    const struct client_answer *answer = &user->client;
    user->is_login_unsure = answer->is_down || answer->is_ambiguous;
    if (answer->has_identity)
        copy_name(user->login, answer->identity.login);
    if (has_domain(user->name))
        return;
    if (answer->is_down)
        user->fault = "without the store it is not known of which organization the user is";
    else if (answer->is_ambiguous)
        user->fault = "users of that name of several organizations have logged in from the client";
    else if (!answer->has_identity)
        user->fault =
            "nothing is noted of a login by that name: it was too long ago, the store was "
            "down then, or mailreeve-auth has another one";
    else if (has_domain(user->login))
        copy_name(user->full_name, user->login);
}

static void
take_window(struct guard_user *user)
{
    const struct window *window = &user->client.window;
    user->has_window = true;
    user->matching_sender = window->matching_sender;
    copy_name(user->name, window->name);
    copy_name(user->login, window->login);
    bool is_bare = !has_domain(window->name) && has_domain(window->login);
    copy_name(user->full_name, is_bare ? window->login : window->name);
}

static void
recall(struct guard_user *user, const struct site *site, struct store *store,
       const struct client_question *question, struct deadline deadline)
{
    const struct screening_rules rules = site_screening(site);
    client_recall(store, &rules, question, clock_wall_ms(), deadline, &user->client);
}

/* SMG 18: what the users file says, for the window's user the login has said it. */
static void
find_scope(struct guard_user *user, const struct site *site, const struct netaddr *client,
           struct deadline deadline)
{
    struct username login;
    if (username_parse(user->login, strlen(user->login), USERNAME_XTEXT, NULL, &login, NULL) != 0)
        return;
    const struct verify_request request = {.user = &login, .client = *client, .deadline = deadline};
    struct verify_result result;
    struct verify_asked asked = {0};
    bool could_tell = false;
    source_chain_lookup(site->users_chain, &request, &result, &could_tell, &asked);
    user->matching_sender = result.account.smtp_auth == SMTP_AUTH_MATCHING_SENDER;
    if (result.outcome == VERIFY_UNAVAILABLE)
        user->fault = "the users file cannot tell as whom the user may send";
    verify_result_fini(&result);
}

void
guard_user_find(struct guard_user *user_r, const struct site *site, struct store *store,
                const struct mta *mta, const struct netaddr *client, struct deadline deadline)
{
    const char *name = told(mta, "{auth_authen}");
    *user_r =
        (struct guard_user){.has_logged_in = name != NULL, .has_tls = told(mta, "{tls_version}")};
    user_r->listener = guard_listener(site->tenancy, told(mta, "{daemon_name}"),
                                      site->settings.guard.listener, name != NULL);
    struct client_question question = {.client = *client};
    if (name != NULL)
        take_login(user_r, mta, name);
    else if (user_r->listener != NULL)
        question.window_age_ms = user_r->listener->relay_window_ms;
    bool has_note = name != NULL && user_r->fault == NULL && is_by_xclient(mta);
    question.user = has_note ? user_r->name : NULL;
    recall(user_r, site, store, &question, deadline);
    if (has_note)
        take_note(user_r);
    if (name == NULL && user_r->client.has_window)
        take_window(user_r);
    if (name != NULL && user_r->fault == NULL)
        find_scope(user_r, site, client, deadline);
}

void
guard_user_tell(const struct guard_user *user, struct facts *facts, struct message_facts *known)
{
    facts->listener = user->listener != NULL ? user->listener->name : NULL;
    facts->banned = user->client.is_banned;
    facts->window = user->has_window ? user->full_name : NULL;
    facts->matching_sender = user->matching_sender;
    facts->tls = user->has_tls;
    known->tls_known = user->has_tls;
    if (user->has_logged_in)
        known->authenticated = user->fault != NULL ? nobodys_name : user->full_name;
}

void
guard_user_explain(const struct guard_user *user, struct decision *decision)
{
    struct verdict *verdict = &decision->verdict;
    const char *detail = NULL;
    if (verdict->reason == REASON_AUTH_BANNED && user->client.is_banned)
        detail = user->client.rule.detail;
    else if (verdict->reason == REASON_INTERNAL && user->listener == NULL)
        detail = guard_listener_advice;
    else if (verdict->reason == REASON_INTERNAL && user->fault != NULL)
        detail = user->fault;
    if (detail != NULL)
        snprintf(verdict->rule.detail, RULE_DETAIL_MAX, "%s", detail);
}
