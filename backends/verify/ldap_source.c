/*
 * The servers are asked in the order of `uri`: each has a pool, and a pool whose server is down
 * turns away at once, so that the next one is asked; every now and then it lets one session try,
 * and so the first server is returned to when it is up.
 */
#include "ldap_source.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "clock.h"
#include "file.h"
#include "ldap_pool.h"
#include "ldap_settings.h"
#include "ldap_template.h"
#include "log.h"

enum { COMPLAIN_EVERY_MS = 60000 };

struct server {
    struct name *name;
    struct ldap_pool *pool;
};

struct ldap_source {
    /* set once */
    const struct section *section;
    const struct ldap_settings *settings;
    struct tls_context *tls; /* NULL: no server is talked to with TLS */
    struct secret bind_password;
    struct server *servers;
    size_t count;
    /* of whichever session complains */
    _Atomic int64_t complained_ms; /* 0: never */
};

/* What is asked of one server after the other. */
struct question {
    struct ldap_source *source;
    const struct username *user;
    const struct secret *password;   /* NULL: only whether the name is known */
    struct verify_result *result;    /* with a password */
    enum knowledge knowledge; /* without one */
};

static int
open_credentials(struct ldap_source *source, struct problems *problems)
{
    const struct ldap_settings *settings = source->settings;
    struct err err;
    if (ldap_settings_use_tls(settings)) {
        source->tls = tls_context_create(settings->ca_file, settings->tls_verify, &err);
        if (source->tls == NULL) {
            section_problem(source->section, "ca_file", problems, PROBLEM_ERROR, "%s", err.text);
            return -1;
        }
    }
    if (settings->bind_password_file == NULL)
        return 0;
    if (file_read_secret(settings->bind_password_file, &source->bind_password, &err) != 0) {
        section_problem(source->section, "bind_password_file", problems, PROBLEM_ERROR, "%s",
                        err.text);
        return -1;
    }
    if (source->bind_password.length > 0)
        return 0;
    section_problem(source->section, "bind_password_file", problems, PROBLEM_ERROR,
                    "%s: its first line is empty (an empty password is an anonymous bind)",
                    settings->bind_password_file);
    return -1;
}

static int
open_server(struct ldap_source *source, const char *text, struct server *server,
            struct problems *problems)
{
    const struct ldap_settings *settings = source->settings;
    struct ldap_uri uri;
    struct err err;
    if (ldap_uri_parse(text, ldap_settings_ports(settings), &uri, &err) == 0)
        server->name = name_open(uri.server, 0, &err);
    if (server->name == NULL) {
        section_problem(source->section, "uri", problems, PROBLEM_ERROR, "\"%s\": %s", text,
                        err.text);
        return -1;
    }

    enum ldap_security security = LDAP_SECURITY_NONE;
    if (uri.has_tls)
        security = LDAP_SECURITY_TLS;
    else if (settings->starttls)
        security = LDAP_SECURITY_STARTTLS;
    bool searches = settings->user_dn == NULL;
    server->pool = ldap_pool_create(&(const struct ldap_pool_options){
        .source = source->section->name,
        .uri = text,
        .peer = {.server = server->name, .security = security, .tls = source->tls},
        .bind_dn = settings->bind_dn,
        .bind_password = &source->bind_password,
        .places = (unsigned)settings->connections / (searches ? 2 : 1),
        .connect_timeout_ms = settings->connect_timeout,
        .timeout_ms = settings->timeout,
    });
    return 0;
}

static void
ldap_close(void *self)
{
    struct ldap_source *source = self;
    for (size_t i = 0; i < source->count; i++) {
        ldap_pool_free(source->servers[i].pool);
        name_close(source->servers[i].name);
    }
    free(source->servers);
    tls_context_free(source->tls);
    secret_fini(&source->bind_password);
    free(source);
}

static void *
ldap_open(const struct section *section, struct problems *problems)
{
    ldap_door_init();
    if (ldap_settings_check(section, problems) != 0)
        return NULL;
    struct ldap_source *source = xcalloc(1, sizeof *source);
    source->section = section;
    source->settings = section->values;
    source->count = source->settings->uri.count;
    source->servers = xcalloc(source->count, sizeof source->servers[0]);
    secret_init(&source->bind_password);

    int opened = open_credentials(source, problems);
    for (size_t i = 0; i < source->count && opened == 0; i++)
        opened = open_server(source, source->settings->uri.items[i], &source->servers[i], problems);
    if (opened == 0)
        return source;
    ldap_close(source);
    return NULL;
}

/* An answer that no outage explains: somebody has to look at the configuration or the directory. */
static void
complain(struct ldap_source *source, const struct err *err)
{
    int64_t now_ms = clock_now_ms();
    int64_t last_ms = atomic_load(&source->complained_ms);
    if (last_ms != 0 && now_ms - last_ms < COMPLAIN_EVERY_MS)
        return;
    if (atomic_compare_exchange_strong(&source->complained_ms, &last_ms, now_ms))
        log_event(LOG_ERROR, "source.error", LOG_STR("source", source->section->name),
                  LOG_STR("error", err->text));
}

static enum ldap_answer
check_password(struct ldap_visit *visit, const struct question *question, const char *dn,
               struct err *err)
{
    struct verify_result *result = question->result;
    enum ldap_answer answer = ldap_pool_bind(visit, dn, question->password, err);
    if (answer == LDAP_ANSWER_YES)
        result->outcome = VERIFY_OK;
    else if (answer == LDAP_ANSWER_NO)
        result->outcome = VERIFY_WRONG_PASSWORD;
    else
        err_wrap(err, "as \"%s\"", dn);
    if (answer != LDAP_ANSWER_BROKEN)
        snprintf(result->detail, sizeof result->detail, "%s%s%s", dn,
                 answer == LDAP_ANSWER_NO ? ": " : "", answer == LDAP_ANSWER_NO ? err->text : "");
    return answer;
}

/* The one name of the account. Returns 0, or -1 with err: the entry says nothing that may be a
 * name. */
static int
set_account(const struct question *question, const struct ldap_found *found, struct err *err)
{
    const char *attribute = question->source->settings->username_attribute;
    struct username canonical = *question->user;
    if (attribute != NULL && found->value == NULL) {
        err_set(err, "\"%s\" has no %s (username_attribute)", found->dn, attribute);
        return -1;
    }
    if (attribute != NULL && username_parse(found->value, found->value_length, USERNAME_XTEXT, NULL,
                                            &canonical, err) != 0) {
        err_wrap(err, "\"%s\": its %s (username_attribute) cannot be a login name", found->dn,
                 attribute);
        return -1;
    }
    memcpy(question->result->account.name, canonical.text, sizeof canonical.text);
    question->result->account.origin = question->source->section->origin;
    return 0;
}

/* Decides on what a search has found. */
static enum ldap_answer
judge(struct ldap_visit *visit, struct question *question, const struct ldap_found *found,
      struct err *err)
{
    if (question->password == NULL) {
        question->knowledge = found->count > 0 ? KNOWLEDGE_KNOWN : KNOWLEDGE_UNKNOWN;
        return LDAP_ANSWER_YES;
    }
    if (found->count == 0) {
        question->result->outcome = VERIFY_UNKNOWN_USER;
        return LDAP_ANSWER_YES;
    }
    if (found->dn == NULL) {
        err_set(err, "search: the entry has no name that makes sense");
        return LDAP_ANSWER_FAILED;
    }
    if (found->count > 1) {
        question->result->outcome = VERIFY_AMBIGUOUS;
        snprintf(question->result->detail, sizeof question->result->detail,
                 "several entries match, the first is %s", found->dn);
        return LDAP_ANSWER_YES;
    }
    if (set_account(question, found, err) != 0)
        return LDAP_ANSWER_FAILED;
    return check_password(visit, question, found->dn, err);
}

static enum ldap_answer
ask_with_search(struct ldap_visit *visit, struct question *question, struct err *err)
{
    const struct ldap_settings *settings = question->source->settings;
    char filter[LDAP_TEXT_MAX];
    ldap_template_expand(ldap_settings_filter(settings), LDAP_SYNTAX_FILTER, question->user,
                         filter);
    const struct ldap_query query = {
        .base = ldap_settings_base(settings),
        .scope = (enum ldap_scope)settings->scope,
        .filter = filter,
        .attribute = settings->username_attribute,
    };
    struct ldap_found found;
    enum ldap_answer answer = ldap_pool_search(visit, &query, &found, err);
    if (answer == LDAP_ANSWER_YES)
        answer = judge(visit, question, &found, err);
    else
        err_wrap(err, "base \"%s\"", query.base);
    ldap_found_fini(&found);
    return answer;
}

static enum ldap_answer
ask_with_user_dn(struct ldap_visit *visit, const struct question *question, struct err *err)
{
    char dn[LDAP_TEXT_MAX];
    ldap_template_expand(question->source->settings->user_dn, LDAP_SYNTAX_DN, question->user, dn);
    const struct ldap_found itself = {.count = 1, .dn = dn};
    if (set_account(question, &itself, err) != 0)
        return LDAP_ANSWER_FAILED;
    question->result->wrong_may_be_unknown = true;
    return check_password(visit, question, dn, err);
}

static enum ldap_answer
ask_server(const struct server *server, bool is_last, struct question *question,
           struct deadline deadline, struct err *err)
{
    struct deadline in_line = deadline;
    if (!is_last)
        in_line = deadline_sooner(deadline, question->source->settings->connect_timeout);
    struct ldap_visit visit;
    if (ldap_pool_enter(server->pool, in_line, deadline, &visit, err) != 0)
        return LDAP_ANSWER_BROKEN;
    enum ldap_answer answer = question->source->settings->user_dn != NULL
                                  ? ask_with_user_dn(&visit, question, err)
                                  : ask_with_search(&visit, question, err);
    ldap_pool_leave(&visit);
    return answer;
}

/* Asks one server after the other until one has an answer; trouble_r tells why there is none. */
static void
ask(struct question *question, struct deadline deadline, char trouble_r[VERIFY_DETAIL_MAX])
{
    const struct ldap_source *source = question->source;
    size_t length = 0;
    trouble_r[0] = '\0';
    for (size_t i = 0; i < source->count; i++) {
        struct err err = {0};
        bool is_last = i + 1 == source->count;
        enum ldap_answer answer =
            ask_server(&source->servers[i], is_last, question, deadline, &err);
        if (answer == LDAP_ANSWER_YES || answer == LDAP_ANSWER_NO)
            return;
        err_wrap(&err, "%s", source->settings->uri.items[i]);
        if (answer == LDAP_ANSWER_FAILED)
            complain(question->source, &err);
        if (length < VERIFY_DETAIL_MAX)
            length += (size_t)snprintf(trouble_r + length, VERIFY_DETAIL_MAX - length, "%s%s",
                                       length > 0 ? "; " : "", err.text);
        if (answer == LDAP_ANSWER_FAILED)
            return;
    }
}

static void
ldap_verify(void *self, const struct verify_request *request, struct verify_result *result_r)
{
    struct question question = {
        .source = self, .user = request->user, .password = request->password, .result = result_r};
    char trouble[VERIFY_DETAIL_MAX];
    ask(&question, request->deadline, trouble);
    if (result_r->outcome == VERIFY_UNAVAILABLE)
        memcpy(result_r->detail, trouble, sizeof trouble);
    if (result_r->outcome != VERIFY_WRONG_PASSWORD)
        result_r->wrong_may_be_unknown = false;
}

static enum knowledge
ldap_knows(void *self, const struct username *user, struct deadline deadline)
{
    struct question question = {.source = self, .user = user};
    char trouble[VERIFY_DETAIL_MAX];
    if (question.source->settings->user_dn == NULL)
        ask(&question, deadline, trouble);
    return question.knowledge;
}

const struct source_kind source_kind_ldap = {
    .section = &ldap_source_section,
    .open = ldap_open,
    .verify = ldap_verify,
    .knows = ldap_knows,
    .close = ldap_close,
};
