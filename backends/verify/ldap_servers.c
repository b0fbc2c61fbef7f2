/*
 * Each server has a pool, and a pool whose server is down turns away at once, so that the next one
 * is asked; every now and then it lets one session try, and so the first server is returned to when
 * it is up.
 */
#include "ldap_servers.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "alloc.h"
#include "clock.h"
#include "file.h"
#include "log.h"

enum { COMPLAIN_EVERY_MS = 60000 };

struct server {
    struct name *name;
    struct ldap_pool *pool;
};

struct ldap_servers {
    /* set once */
    const struct section *section;
    const struct ldap_settings *settings;
    struct tls_context *tls; /* NULL: no server is talked to with TLS */
    struct secret bind_password;
    struct server *items;
    size_t count;
    /* of whichever session complains */
    _Atomic int64_t complained_ms; /* 0: never */
};

/* Returns 0, or -1 after telling which file cannot be used. */
static int
open_tls(struct ldap_servers *servers, struct problems *problems)
{
    const struct ldap_settings *settings = servers->settings;
    struct tls_settings wanted = {.ca_file = settings->ca_file, .no_verify = !settings->tls_verify};
    const char *setting = "ca_file";
    struct err err;
    servers->tls = tls_context_create(&wanted, &err);
    if (servers->tls != NULL && settings->cert_file != NULL) {
        tls_context_free(servers->tls);
        setting = "cert_file";
        wanted.cert_file = settings->cert_file;
        wanted.key_file = settings->key_file;
        servers->tls = tls_context_create(&wanted, &err);
    }
    if (servers->tls != NULL)
        return 0;
    section_problem(servers->section, setting, problems, PROBLEM_ERROR, "%s", err.text);
    return -1;
}

static int
open_credentials(struct ldap_servers *servers, struct problems *problems)
{
    const struct ldap_settings *settings = servers->settings;
    struct err err;
    if (ldap_settings_use_tls(settings) && open_tls(servers, problems) != 0)
        return -1;
    if (settings->bind_password_file == NULL)
        return 0;
    if (file_read_secret(settings->bind_password_file, &servers->bind_password, &err) != 0) {
        section_problem(servers->section, "bind_password_file", problems, PROBLEM_ERROR, "%s",
                        err.text);
        return -1;
    }
    if (servers->bind_password.length > 0)
        return 0;
    section_problem(servers->section, "bind_password_file", problems, PROBLEM_ERROR,
                    "%s: its first line is empty (an empty password is an anonymous bind)",
                    settings->bind_password_file);
    return -1;
}

static int
open_server(struct ldap_servers *servers, const char *text, struct server *server,
            struct problems *problems)
{
    const struct ldap_settings *settings = servers->settings;
    struct ldap_uri uri;
    struct err err;
    if (ldap_uri_parse(text, ldap_settings_ports(settings), &uri, &err) == 0)
        server->name = name_open(uri.server, 0, &err);
    if (server->name == NULL) {
        section_problem(servers->section, "uri", problems, PROBLEM_ERROR, "\"%s\": %s", text,
                        err.text);
        return -1;
    }

    enum ldap_security security = LDAP_SECURITY_NONE;
    if (uri.has_tls)
        security = LDAP_SECURITY_TLS;
    else if (settings->starttls)
        security = LDAP_SECURITY_STARTTLS;
    server->pool = ldap_pool_create(&(const struct ldap_pool_options){
        .source = servers->section->name,
        .uri = text,
        .peer = {.server = server->name, .security = security, .tls = servers->tls},
        .bind_dn = settings->bind_dn,
        .bind_password = &servers->bind_password,
        .places = (unsigned)settings->connections / ldap_settings_links(settings),
        .connect_timeout_ms = settings->connect_timeout,
        .timeout_ms = settings->timeout,
    });
    return 0;
}

void
ldap_servers_close(struct ldap_servers *servers)
{
    for (size_t i = 0; i < servers->count; i++) {
        ldap_pool_free(servers->items[i].pool);
        name_close(servers->items[i].name);
    }
    free(servers->items);
    tls_context_free(servers->tls);
    secret_fini(&servers->bind_password);
    free(servers);
}

struct ldap_servers *
ldap_servers_open(const struct section *section, struct problems *problems)
{
    ldap_door_init();
    if (ldap_settings_check(section, problems) != 0)
        return NULL;
    struct ldap_servers *servers = xcalloc(1, sizeof *servers);
    servers->section = section;
    servers->settings = section->values;
    servers->count = servers->settings->uri.count;
    servers->items = xcalloc(servers->count, sizeof servers->items[0]);
    secret_init(&servers->bind_password);

    int opened = open_credentials(servers, problems);
    for (size_t i = 0; i < servers->count && opened == 0; i++)
        opened =
            open_server(servers, servers->settings->uri.items[i], &servers->items[i], problems);
    if (opened == 0)
        return servers;
    ldap_servers_close(servers);
    return NULL;
}

/* An answer that no outage explains: somebody has to look at the configuration or the directory. */
void
ldap_servers_complain(struct ldap_servers *servers, const struct err *err)
{
    int64_t now_ms = clock_now_ms();
    int64_t last_ms = atomic_load(&servers->complained_ms);
    if (last_ms != 0 && now_ms - last_ms < COMPLAIN_EVERY_MS)
        return;
    if (atomic_compare_exchange_strong(&servers->complained_ms, &last_ms, now_ms))
        log_event(LOG_ERROR, "source.error", LOG_STR("source", servers->section->name),
                  LOG_STR("error", err->text));
}

const struct section *
ldap_servers_section(const struct ldap_servers *servers)
{
    return servers->section;
}

const struct ldap_settings *
ldap_servers_settings(const struct ldap_servers *servers)
{
    return servers->settings;
}

static enum ldap_answer
ask_one(const struct ldap_servers *servers, size_t i, const struct ldap_question *question,
        struct deadline deadline, struct err *err)
{
    struct deadline in_line = deadline;
    if (i + 1 < servers->count)
        in_line = deadline_sooner(deadline, servers->settings->connect_timeout);
    struct ldap_visit visit;
    if (ldap_pool_enter(servers->items[i].pool, in_line, deadline, &visit, err) != 0)
        return LDAP_ANSWER_BROKEN;
    enum ldap_answer answer = question->ask(&visit, question->context, err);
    ldap_pool_leave(&visit);
    return answer;
}

void
ldap_servers_ask(struct ldap_servers *servers, const struct ldap_question *question,
                 struct deadline deadline, char trouble_r[VERIFY_DETAIL_MAX])
{
    size_t length = 0;
    trouble_r[0] = '\0';
    for (size_t i = 0; i < servers->count; i++) {
        struct err err = {0};
        enum ldap_answer answer = ask_one(servers, i, question, deadline, &err);
        if (answer == LDAP_ANSWER_YES || answer == LDAP_ANSWER_NO)
            return;
        err_wrap(&err, "%s", servers->settings->uri.items[i]);
        if (answer == LDAP_ANSWER_FAILED)
            ldap_servers_complain(servers, &err);
        if (length < VERIFY_DETAIL_MAX)
            length += (size_t)snprintf(trouble_r + length, VERIFY_DETAIL_MAX - length, "%s%s",
                                       length > 0 ? "; " : "", err.text);
        if (answer == LDAP_ANSWER_FAILED)
            return;
    }
}

void
ldap_servers_load(const struct ldap_servers *servers, struct source_load *load_r)
{
    for (size_t i = 0; i < servers->count; i++)
        ldap_pool_load(servers->items[i].pool, load_r);
}
