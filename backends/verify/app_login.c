#include "app_login.h"

#include <stdio.h>
#include <string.h>

#include "app_password.h"
#include "clock.h"

void
app_login_begin(struct app_login *login, struct source *const *keepers, size_t keeper_count,
                const struct verify_request *request)
{
    *login = (struct app_login){
        .keepers = keepers,
        .keeper_count = keeper_count,
        .request = request,
        .has_form = request->password != NULL && request->challenge == NULL &&
                    app_password_has_form(request->password),
    };
}

static void
let_go(struct app_answer *answer)
{
    held_drop(answer->held);
    *answer = (struct app_answer){0};
}

void
app_login_end(struct app_login *login)
{
    let_go(&login->by_login);
    let_go(&login->right);
}

/* Right is better than expired, and that than unknown. Returns who gave the answer, or NULL. */
static struct source *
find(const struct app_login *login, const char *name, struct app_answer *answer_r)
{
    struct source *by = NULL;
    *answer_r = (struct app_answer){0};
    for (size_t i = 0; i < login->keeper_count; i++) {
        struct source *keeper = login->keepers[i];
        if (!source_keeps_app_passwords(keeper))
            continue;
        struct app_answer answer = {0};
        keeper->kind->find_app_password(keeper->self, name, login->request->password, &answer);
        answer.has_any |= answer_r->has_any;
        if (by != NULL && answer.answer <= answer_r->answer) {
            answer_r->has_any = answer.has_any;
            held_drop(answer.held);
            continue;
        }
        held_drop(answer_r->held);
        *answer_r = answer;
        by = keeper;
    }
    return by;
}

static void
note(struct verify_asked *asked, const struct source *keeper, const struct app_answer *answer,
     int64_t since_us)
{
    char detail[VERIFY_DETAIL_MAX];
    switch (answer->answer) {
    case APP_UNKNOWN:
        return;
    case APP_EXPIRED:
        snprintf(detail, sizeof detail, "app password \"%s\" has expired", answer->name);
        verify_asked_note(asked, keeper, VERIFY_PASSWORD_EXPIRED, since_us, detail);
        return;
    case APP_RIGHT:
        snprintf(detail, sizeof detail, "app password \"%s\"", answer->name);
        verify_asked_note(asked, keeper, VERIFY_OK, since_us, detail);
        return;
    }
}

static void
find_by_login_name(struct app_login *login, struct verify_asked *asked)
{
    if (login->was_asked)
        return;
    int64_t since_us = clock_now_us();
    login->was_asked = true;
    login->login_keeper = find(login, login->request->user->text, &login->by_login);
    note(asked, login->login_keeper, &login->by_login, since_us);
}

/* Writes the account's own name. One without a domain several tenants may have, while the app
 * passwords of all are in one place: it gets the login's. Returns whether it is another name than
 * the login's. */
static bool
name_account(const struct username *login, const char *account, char name_r[USERNAME_MAX + 1])
{
    const char *domain = strchr(account, '@') == NULL ? username_domain(login) : NULL;
    const size_t length = strlen(account) + (domain != NULL ? 1 + strlen(domain) : 0);
    if (account[0] == '\0' || length > USERNAME_MAX)
        return false;
    snprintf(name_r, USERNAME_MAX + 1, "%s%s%s", account, domain != NULL ? "@" : "",
             domain != NULL ? domain : "");
    return strcmp(name_r, login->text) != 0;
}

/* What the app passwords of the account's own name say, if it is another than the login name. */
static struct source *
find_by_account(const struct app_login *login, const struct verify_result *result,
                struct verify_asked *asked, struct app_answer *answer_r)
{
    char name[USERNAME_MAX + 1];
    *answer_r = (struct app_answer){0};
    if (!name_account(login->request->user, result->account.name, name))
        return NULL;
    int64_t since_us = clock_now_us();
    struct source *keeper = find(login, name, answer_r);
    note(asked, keeper, answer_r, since_us);
    return keeper;
}

static void
name_rule(const struct app_answer *answer, const struct source *keeper,
          struct verify_result *result)
{
    result->rule = (struct rule_ref){
        .origin = answer->origin,
        .section_kind = "source",
        .section_name = source_name(keeper),
    };
    snprintf(result->rule.detail, sizeof result->rule.detail, "app password \"%s\"", answer->name);
}

/* What follows from the app password for an account that may log in. */
static void
judge(struct app_login *login, const struct app_answer *answer, struct source *keeper,
      struct verify_result *result)
{
    switch (answer->answer) {
    case APP_UNKNOWN:
        result->outcome = VERIFY_WRONG_PASSWORD;
        snprintf(result->detail, sizeof result->detail, "%s",
                 answer->has_any || login->by_login.has_any ? "none of the account's app passwords"
                                                            : "the account has no app passwords");
        return;
    case APP_EXPIRED:
        result->outcome = VERIFY_PASSWORD_EXPIRED;
        name_rule(answer, keeper, result);
        return;
    case APP_RIGHT:
        name_rule(answer, keeper, result);
        result->account.app_password = answer->name;
        result->account.app_networks = answer->networks;
        result->held = held_join(result->held, held_take(answer->held));
        login->right = *answer;
        login->right.held = held_take(answer->held);
        login->right_keeper = keeper;
        return;
    }
}

static void
look_up(struct app_login *login, struct source *source, struct verify_result *result_r,
        struct verify_asked *asked)
{
    struct verify_request request = *login->request;
    request.password = NULL;
    int64_t since_us = clock_now_us();
    source_lookup(source, &request, result_r);
    verify_asked_note(asked, source, result_r->outcome, since_us, result_r->detail);
}

bool
app_login_ask(struct app_login *login, struct source *source, struct verify_result *result_r,
              struct verify_asked *asked)
{
    enum app_passwords taken = source_app_passwords(source);
    if (taken == APP_PASSWORDS_NO || login->request->challenge != NULL)
        return false;
    find_by_login_name(login, asked);
    bool is_known = login->by_login.answer != APP_UNKNOWN;
    if (!is_known && !login->has_form && taken == APP_PASSWORDS_ALLOW)
        return false;

    look_up(login, source, result_r, asked);
    if (result_r->outcome != VERIFY_OK)
        return true;
    if (is_known) {
        judge(login, &login->by_login, login->login_keeper, result_r);
        return true;
    }
    struct app_answer by_account;
    struct source *keeper = find_by_account(login, result_r, asked, &by_account);
    judge(login, &by_account, keeper, result_r);
    let_go(&by_account);
    return true;
}

void
app_login_use(struct app_login *login)
{
    if (login->right.answer == APP_RIGHT)
        login->right_keeper->kind->use_app_password(login->right_keeper->self, &login->right);
}
