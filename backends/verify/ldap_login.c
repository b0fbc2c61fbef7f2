/*
 * A server is asked within one visit for all that it is needed for: whose entry it is, whether the
 * password is right, which groups. Only a fetched password is compared between two visits, for
 * hashing may take long and the place is another session's meanwhile.
 */
#include "ldap_login.h"

#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "ldap_group.h"
#include "ldap_search.h"

struct login {
    const struct ldap_parts *parts;
    const struct ldap_settings *settings;
    struct origin origin; /* of the source */
    const struct verify_request *request;
    bool is_lookup;
    struct verify_result *result;
    struct ldap_wanted wanted;
    struct ldap_found found; /* what the last server said */
    int64_t began_us;        /* when the server was asked */
    bool must_hash;          /* the password that was fetched is still to be compared */
    int64_t asked_us;        /* when the server was given the password */
    int64_t took_us;         /* until it had an answer */
};

static void
say(struct verify_result *result, const char *dn, const struct err *err)
{
    bool more = err != NULL && err->text[0] != '\0';
    snprintf(result->detail, sizeof result->detail, "%s%s%s", dn, more ? ": " : "",
             more ? err->text : "");
}

/* Which limits hold for who has proved to be the account's owner; the server is asked about groups
 * that the entry itself does not name. visit NULL: only what needs no server; *is_open_r tells
 * whether something is left to ask. */
static enum ldap_answer
judge_limits(struct ldap_visit *visit, struct login *login, bool *is_open_r, struct err *err)
{
    const struct ldap_settings *settings = login->settings;
    struct verify_result *result = login->result;
    const struct ldap_found *found = &login->found;
    enum verify_outcome marked =
        ldap_entry_marks(settings, &login->wanted, found, clock_wall_ms() / 1000, err);
    *is_open_r = false;
    result->outcome = marked;
    if (marked == VERIFY_UNAVAILABLE)
        return LDAP_ANSWER_FAILED;
    if (marked != VERIFY_OK || settings->require_group.count == 0)
        return LDAP_ANSWER_YES;

    const struct ldap_member member = {found->dn, ldap_entry_values(found, login->wanted.member_of),
                                       ldap_entry_values(found, login->wanted.uid)};
    if (ldap_group_is_named(settings, &member))
        return LDAP_ANSWER_YES;
    result->outcome = VERIFY_UNAVAILABLE;
    *is_open_r = visit == NULL;
    enum ldap_answer answer =
        visit != NULL ? ldap_group_ask(visit, settings, &member, err) : LDAP_ANSWER_YES;
    if (answer == LDAP_ANSWER_YES && !*is_open_r)
        result->outcome = VERIFY_OK;
    if (answer == LDAP_ANSWER_NO) {
        const struct err none = {"in no group of require_group"};
        result->outcome = VERIFY_NOT_ALLOWED;
        say(result, found->dn, &none);
    }
    return answer;
}

/* Lets the server check the password. An answer that may have come without comparing says nothing
 * about how long that takes. */
static enum ldap_answer
check_password(struct ldap_visit *visit, struct login *login, const char *dn, struct err *err)
{
    const struct ldap_settings *settings = login->settings;
    struct verify_result *result = login->result;
    bool is_compare = settings->password == LDAP_PASSWORD_COMPARE;
    enum ldap_answer answer = LDAP_ANSWER_BROKEN;
    enum verify_outcome outcome = VERIFY_UNAVAILABLE;
    login->asked_us = clock_now_us();
    if (is_compare) {
        answer = ldap_pool_compare(visit, dn, ldap_settings_password_attribute(settings),
                                   login->request->password, err);
        if (answer == LDAP_ANSWER_YES)
            outcome = VERIFY_OK;
        if (answer == LDAP_ANSWER_NO)
            outcome = VERIFY_WRONG_PASSWORD;
    } else
        answer = ldap_pool_bind(visit, dn, login->request->password, &outcome, err);
    login->took_us = clock_now_us() - login->asked_us;
    if (answer != LDAP_ANSWER_YES && answer != LDAP_ANSWER_NO)
        err_wrap(err, "as \"%s\"", dn);
    if (answer != LDAP_ANSWER_BROKEN)
        say(result, dn, answer == LDAP_ANSWER_NO ? err : NULL);
    result->outcome = outcome;
    return answer;
}

static void
note_search(const struct login *login, bool has_found)
{
    const int64_t now_us = clock_now_us();
    ldap_pace_note_search(login->parts->pace, has_found, now_us - login->began_us, now_us);
}

/* With user_dn alone nobody knows whether there is such an entry. */
static enum ldap_answer
ask_blindly(struct ldap_visit *visit, struct login *login, struct err *err)
{
    struct verify_result *result = login->result;
    char dn[LDAP_TEXT_MAX];
    const struct ldap_subject subject = ldap_subject_of(login->request->user);
    ldap_template_expand(login->settings->user_dn, LDAP_SYNTAX_DN, &subject, dn);
    memcpy(result->account.name, login->request->user->text, sizeof result->account.name);
    result->account.origin = login->origin;
    result->wrong_may_be_unknown = true;
    enum ldap_answer answer = check_password(visit, login, dn, err);
    if (result->outcome == VERIFY_OK)
        ldap_pace_note_known(login->parts->pace, true, login->took_us, clock_now_us());
    return answer;
}

/* With the one entry that there is. */
static enum ldap_answer
ask_about_entry(struct ldap_visit *visit, struct login *login, struct err *err)
{
    struct verify_result *result = login->result;
    const char *dn = login->found.dn;
    bool is_open = false;
    if (ldap_entry_account(login->settings, &login->wanted, &login->found, login->request->user,
                           login->origin, result, err) != 0) {
        err_wrap(err, "\"%s\"", dn);
        return LDAP_ANSWER_FAILED;
    }
    say(result, dn, NULL);
    if (!login->is_lookup) {
        login->must_hash = login->settings->password == LDAP_PASSWORD_FETCH;
        if (login->must_hash)
            return LDAP_ANSWER_YES;
        note_search(login, true);
        enum ldap_answer answer = check_password(visit, login, dn, err);
        /* Active Directory has words of its own for who is not there; this one is. */
        if (result->outcome == VERIFY_UNKNOWN_USER)
            result->outcome = VERIFY_WRONG_PASSWORD;
        if (result->outcome == VERIFY_OK || result->outcome == VERIFY_WRONG_PASSWORD)
            ldap_pace_note_known(login->parts->pace, result->outcome == VERIFY_OK, login->took_us,
                                 clock_now_us());
        if (result->outcome != VERIFY_OK)
            return answer;
    }
    return judge_limits(visit, login, &is_open, err);
}

/* What a server says about the one account is no outage, even if nobody can judge it. */
static enum ldap_answer
about_account(struct login *login, enum ldap_answer answer)
{
    login->result->has_answered = answer == LDAP_ANSWER_FAILED;
    return answer;
}

static enum ldap_answer
ask_server(struct ldap_visit *visit, void *context, struct err *err)
{
    struct login *login = context;
    struct verify_result *result = login->result;
    struct ldap_found *found = &login->found;
    result->outcome = VERIFY_UNAVAILABLE;
    result->has_answered = false;
    login->must_hash = false;
    login->began_us = clock_now_us();
    if (login->settings->user_dn != NULL && !login->is_lookup &&
        !ldap_settings_read_user_dn(login->settings))
        return about_account(login, ask_blindly(visit, login, err));

    ldap_found_fini(found);
    enum ldap_answer answer =
        ldap_search_login(visit, login->settings, login->request->user, &login->wanted, found, err);
    if (answer != LDAP_ANSWER_YES)
        return answer;
    if (found->count == 0) {
        if (!login->is_lookup)
            note_search(login, false);
        result->outcome = VERIFY_UNKNOWN_USER;
        return LDAP_ANSWER_YES;
    }
    if (found->dn == NULL) {
        err_set(err, "search: the entry has no name that makes sense");
        return LDAP_ANSWER_FAILED;
    }
    if (found->count > 1) {
        result->outcome = VERIFY_AMBIGUOUS;
        snprintf(result->detail, sizeof result->detail, "several entries match, the first is %s",
                 found->dn);
        return LDAP_ANSWER_YES;
    }
    return about_account(login, ask_about_entry(visit, login, err));
}

static enum ldap_answer
ask_limits(struct ldap_visit *visit, void *context, struct err *err)
{
    bool is_open = false;
    return about_account(context, judge_limits(visit, context, &is_open, err));
}

static void
ask(struct login *login, enum ldap_answer (*ask_one)(struct ldap_visit *, void *, struct err *))
{
    char trouble[VERIFY_DETAIL_MAX];
    const struct ldap_question question = {.ask = ask_one, .context = login};
    ldap_servers_ask(login->parts->servers, &question, login->request->deadline, trouble);
    if (trouble[0] != '\0' && login->result->outcome == VERIFY_UNAVAILABLE)
        memcpy(login->result->detail, trouble, sizeof trouble);
}

/* Compares what was fetched, and goes on to what else holds. */
static void
judge_fetched(struct login *login)
{
    struct verify_result *result = login->result;
    struct err err = {0};
    bool is_open = false;
    say(result, login->found.dn, NULL);
    result->outcome = ldap_fetch_judge(login->parts->fetch,
                                       ldap_entry_values(&login->found, login->wanted.password),
                                       login->request, &result->clear, &err);
    if (result->outcome == VERIFY_UNAVAILABLE)
        err_wrap(&err, "its %s", ldap_settings_password_attribute(login->settings));
    else if (result->outcome == VERIFY_OK)
        judge_limits(NULL, login, &is_open, &err);
    if (is_open)
        ask(login, ask_limits);
    else if (result->outcome == VERIFY_UNAVAILABLE) {
        result->has_answered = true;
        say(result, login->found.dn, &err);
        err_wrap(&err, "\"%s\"", login->found.dn);
        ldap_servers_complain(login->parts->servers, &err);
    }
}

static void
run(struct login *login)
{
    struct verify_result *result = login->result;
    ask(login, ask_server);
    if (login->must_hash) {
        judge_fetched(login);
        if (result->outcome == VERIFY_WRONG_PASSWORD)
            note_search(login, true);
    }
    if (login->is_lookup && result->outcome == VERIFY_OK && login->request->wants_clear)
        ldap_fetch_clear(ldap_entry_values(&login->found, login->wanted.password), &result->clear);
    if (result->outcome != VERIFY_OK)
        secret_fini(&result->clear);
    if (result->outcome != VERIFY_WRONG_PASSWORD)
        result->wrong_may_be_unknown = false;
    ldap_found_fini(&login->found);
}

static struct login
login_of(const struct ldap_parts *parts, const struct verify_request *request,
         struct verify_result *result)
{
    secret_init(&result->clear);
    return (struct login){
        .parts = parts,
        .settings = ldap_servers_settings(parts->servers),
        .origin = ldap_servers_section(parts->servers)->origin,
        .request = request,
        .result = result,
    };
}

void
ldap_login_verify(const struct ldap_parts *parts, const struct verify_request *request,
                  struct verify_result *result_r)
{
    struct login login = login_of(parts, request, result_r);
    unsigned wants = LDAP_WANT_NAME | LDAP_WANT_LIMITS;
    if (login.settings->password != LDAP_PASSWORD_BIND)
        wants |= LDAP_WANT_MARKS; /* a bind is refused by the server itself */
    if (login.settings->password == LDAP_PASSWORD_FETCH)
        wants |= LDAP_WANT_PASSWORD;
    else if (request->challenge != NULL) {
        result_r->outcome = VERIFY_NO_CLEAR_PASSWORD;
        return;
    }
    ldap_wanted_init(&login.wanted, login.settings, wants);
    run(&login);
    if (result_r->wrong_may_be_unknown &&
        ldap_pace_note_refusal(parts->pace, login.took_us, clock_now_us()))
        ldap_pace_wait(login.asked_us,
                       ldap_pace_note_nobody(parts->pace, login.took_us, clock_now_us()),
                       request->deadline);
}

void
ldap_login_lookup(const struct ldap_parts *parts, const struct verify_request *request,
                  struct verify_result *result_r)
{
    struct login login = login_of(parts, request, result_r);
    unsigned wants = LDAP_WANT_NAME | LDAP_WANT_LIMITS | LDAP_WANT_ADDRESSES | LDAP_WANT_MARKS;
    if (request->wants_clear && login.settings->password == LDAP_PASSWORD_FETCH)
        wants |= LDAP_WANT_PASSWORD;
    login.is_lookup = true;
    ldap_wanted_init(&login.wanted, login.settings, wants);
    run(&login);
}

struct whose {
    const struct ldap_settings *settings;
    const struct username *user;
    enum knowledge knowledge;
};

static enum ldap_answer
ask_whose(struct ldap_visit *visit, void *context, struct err *err)
{
    struct whose *whose = context;
    struct ldap_wanted nothing;
    struct ldap_found found;
    ldap_wanted_init(&nothing, whose->settings, 0);
    enum ldap_answer answer =
        ldap_search_login(visit, whose->settings, whose->user, &nothing, &found, err);
    if (answer == LDAP_ANSWER_YES)
        whose->knowledge = found.count > 0 ? KNOWLEDGE_KNOWN : KNOWLEDGE_UNKNOWN;
    ldap_found_fini(&found);
    return answer;
}

enum knowledge
ldap_login_knows(const struct ldap_parts *parts, const struct username *user,
                 struct deadline deadline)
{
    struct whose whose = {ldap_servers_settings(parts->servers), user, KNOWLEDGE_CANNOT_TELL};
    const struct ldap_question question = {.ask = ask_whose, .context = &whose};
    char trouble[VERIFY_DETAIL_MAX];
    if (ldap_settings_can_lookup(whose.settings))
        ldap_servers_ask(parts->servers, &question, deadline, trouble);
    return whose.knowledge;
}
