#include "login_source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "login_server.h"
#include "names.h"

/* Everything in it is set once but the servers' own parts. */
struct login_source {
    const struct section *section;
    const struct login_settings *settings;
    struct login_servers shared;
    struct login_server **servers;
    size_t count;
};

const struct section_type imap_source_section = {
    .name = "source",
    .titled = true,
    .size = sizeof(struct login_settings),
    .rows = login_rows,
    .variant_word = "imap",
    .help = "IMAP servers that are asked by a login whether they take a name and password",
};

const struct section_type pop3_source_section = {
    .name = "source",
    .titled = true,
    .size = sizeof(struct login_settings),
    .rows = login_rows,
    .variant_word = "pop3",
    .help = "POP3 servers that are asked by a login whether they take a name and password",
};

static bool
is_on_this_host(const struct name *name)
{
    const char *host = name_host(name);
    return strncmp(host, "127.", 4) == 0 || strcmp(host, "::1") == 0 ||
           strcmp(host, "localhost") == 0;
}

static void
open_server(struct login_source *source, size_t i, struct problems *problems)
{
    const struct strings *texts = &source->settings->servers;
    struct err err;
    source->servers[i] = login_server_open(&source->shared, texts->items[i], &err);
    if (source->servers[i] == NULL) {
        section_problem_at(source->section, "server", texts->origins[i], problems, PROBLEM_ERROR,
                           "%s", err.text);
        return;
    }
    const struct name *name = login_server_name(source->servers[i]);
    if (source->settings->tls == LOGIN_TLS_NONE && !is_on_this_host(name))
        section_problem(source->section, "tls", problems, PROBLEM_WARNING,
                        "passwords go to %s in clear (tls = \"starttls\" or \"implicit\")",
                        name_host(name));
}

static void
open_servers(struct login_source *source, struct problems *problems)
{
    source->count = source->settings->servers.count;
    source->servers = xcalloc(source->count, sizeof(struct login_server *));
    for (size_t i = 0; i < source->count; i++)
        open_server(source, i, problems);
}

/* A setting that cannot take effect is a mistake of somebody's. */
static void
check_without_tls(const struct login_source *source, struct problems *problems)
{
    const struct login_settings *settings = source->settings;
    const struct {
        const char *setting;
        bool is_set;
    } of_tls[] = {
        {"ca_file", settings->ca_file != NULL},
        {"cert_file", settings->cert_file != NULL},
        {"key_file", settings->key_file != NULL},
    };
    for (size_t i = 0; i < sizeof of_tls / sizeof of_tls[0]; i++)
        if (of_tls[i].is_set)
            section_problem(source->section, of_tls[i].setting, problems, PROBLEM_WARNING,
                            "it has no effect with tls = \"none\"");
}

static void
open_tls(struct login_source *source, struct problems *problems)
{
    const struct login_settings *settings = source->settings;
    if (settings->tls == LOGIN_TLS_NONE) {
        check_without_tls(source, problems);
        return;
    }
    struct tls_settings tls = {.ca_file = settings->ca_file, .no_verify = !settings->tls_verify};
    const char *setting = "ca_file";
    struct err err;
    source->shared.tls_context = tls_context_create(&tls, &err);
    const bool has_own = settings->cert_file != NULL || settings->key_file != NULL;
    if (source->shared.tls_context != NULL && has_own) {
        tls_context_free(source->shared.tls_context); /* what is wrong now is our own part */
        tls.cert_file = settings->cert_file;
        tls.key_file = settings->key_file;
        setting = settings->key_file != NULL ? "key_file" : "cert_file";
        source->shared.tls_context = tls_context_create(&tls, &err);
    }
    if (source->shared.tls_context == NULL)
        section_problem(source->section, setting, problems, PROBLEM_ERROR, "%s", err.text);
    if (!settings->tls_verify)
        section_problem(source->section, "tls_verify", problems, PROBLEM_WARNING,
                        "anybody on the way to the servers can read the passwords");
}

static void
check_rest(const struct login_source *source, struct problems *problems)
{
    const struct login_settings *settings = source->settings;
    if (settings->mechanisms == 0)
        section_problem(source->section, "mechanisms", problems, PROBLEM_ERROR,
                        "names none (plain, login)");
    if (settings->cache_when_down && settings->cache_ms == 0)
        section_problem(
            source->section, "cache_when_down", problems, PROBLEM_WARNING,
            "right passwords are remembered for a day all the same, for outages (cache = 0)");
}

static void
login_close(void *self)
{
    struct login_source *source = self;
    for (size_t i = 0; i < source->count; i++)
        login_server_close(source->servers[i]);
    tls_context_free(source->shared.tls_context);
    free(source->servers);
    free(source);
}

static void *
login_open(const struct section *section, enum login_protocol protocol, struct problems *problems)
{
    struct login_source *source = xcalloc(1, sizeof *source);
    curl_door_start();
    source->section = section;
    source->settings = section->values;
    source->shared.source = section->name;
    source->shared.settings = source->settings;
    source->shared.protocol = protocol;

    const size_t errors_before = problems->errors;
    open_tls(source, problems);
    open_servers(source, problems);
    check_rest(source, problems);
    if (problems->errors != errors_before) {
        login_close(source);
        return NULL;
    }
    return source;
}

static void *
imap_open(const struct section *section, struct problems *problems)
{
    return login_open(section, LOGIN_IMAP, problems);
}

static void *
pop3_open(const struct section *section, struct problems *problems)
{
    return login_open(section, LOGIN_POP3, problems);
}

/* Whether the next server is not to be asked any more. */
static bool
is_final(enum login_judgement judgement)
{
    return judgement != LOGIN_NOT_JUDGED && judgement != LOGIN_UNCLEAR &&
           judgement != LOGIN_REFUSED_US;
}

/* Asks one server after the other. detail_r, of VERIFY_DETAIL_MAX bytes, tells why not yes. */
static enum login_judgement
ask(const struct login_source *source, const struct verify_request *request, char *detail_r)
{
    enum login_judgement worth = LOGIN_NOT_JUDGED;
    size_t used = 0;
    for (size_t i = 0; i < source->count; i++) {
        struct err err;
        enum login_judgement judgement =
            login_server_ask(source->servers[i], request, i + 1 == source->count, &err);
        if (is_final(judgement))
            used = 0;
        detail_r[used] = '\0';
        if (judgement != LOGIN_RIGHT)
            snprintf(detail_r + used, VERIFY_DETAIL_MAX - used, "%s%s: %s", used > 0 ? "; " : "",
                     login_server_text(source->servers[i]), err.text);
        if (is_final(judgement))
            return judgement;
        if (judgement == LOGIN_UNCLEAR)
            worth = LOGIN_UNCLEAR;
        used = strlen(detail_r);
    }
    return worth;
}

static void
login_verify(void *self, const struct verify_request *request, struct verify_result *result_r)
{
    const struct login_source *source = self;
    switch (ask(source, request, result_r->detail)) {
    case LOGIN_RIGHT:
        result_r->outcome = VERIFY_OK;
        snprintf(result_r->account.name, sizeof result_r->account.name, "%s", request->user->text);
        result_r->account.origin = source->section->origin;
        return;
    case LOGIN_WRONG:
        result_r->outcome = VERIFY_WRONG_PASSWORD;
        result_r->wrong_may_be_unknown = true;
        return;
    case LOGIN_PASSWORD_EXPIRED:
        result_r->outcome = VERIFY_PASSWORD_EXPIRED;
        return;
    case LOGIN_DISABLED:
        result_r->outcome = VERIFY_DISABLED;
        return;
    case LOGIN_NOT_ALLOWED:
        result_r->outcome = VERIFY_NOT_ALLOWED;
        return;
    case LOGIN_UNCLEAR:
        result_r->has_answered = true;
        return;
    case LOGIN_NOT_JUDGED:
    case LOGIN_REFUSED_US:
        return;
    }
}

static struct login_lifetimes
login_lifetimes(const void *self)
{
    const struct login_settings *settings = ((const struct login_source *)self)->settings;
    return (struct login_lifetimes){.right_ms = settings->cache_ms,
                                    .wrong_ms = settings->negative_cache_ms,
                                    .when_down = settings->cache_when_down};
}

static void
login_load(void *self, struct source_load *load_r)
{
    const struct login_source *source = self;
    for (size_t i = 0; i < source->count; i++)
        login_server_load(source->servers[i], load_r);
}

const struct source_kind source_kind_imap = {
    .section = &imap_source_section,
    .open = imap_open,
    .verify = login_verify,
    .login_lifetimes = login_lifetimes,
    .load = login_load,
    .close = login_close,
};

const struct source_kind source_kind_pop3 = {
    .section = &pop3_source_section,
    .open = pop3_open,
    .verify = login_verify,
    .login_lifetimes = login_lifetimes,
    .load = login_load,
    .close = login_close,
};
