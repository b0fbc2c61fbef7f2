/*
 * smtp_bench: a source of type smtp (or bench_type), opened from a configuration text, and
 * certificates for the scripted servers that it asks.
 */
#ifndef MAILREEVE_TEST_SMTP_BENCH_H
#define MAILREEVE_TEST_SMTP_BENCH_H

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "../sys/certificates.h"
#include "conf.h"
#include "deadline.h"
#include "smtp_script.h"
#include "smtp_source.h"
#include "source.h"

#define PASSWORD   "open sesame"
#define USER64     "Ym9zc0BhY21lLmV4YW1wbGU="
#define PASSWORD64 "b3BlbiBzZXNhbWU="
#define PLAIN64    "AGJvc3NAYWNtZS5leGFtcGxlAG9wZW4gc2VzYW1l"
/* Settings of the cases. */
#define CLEAR      "tls = \"none\""
#define HASTY      CLEAR " timeout = \"400ms\" connect_timeout = \"10s\""
#define LOGIN_ONLY CLEAR " mechanisms = {\"login\"}"
#define PLAIN_ONLY CLEAR " mechanisms = {\"plain\"}"
/* What the example of RFC 2195 asks, and the answer to it. */
#define CHALLENGE64 "PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+"
#define ANSWER64    "Ym9zc0BhY21lLmV4YW1wbGUgZDU2ODE3MTllZmY2ZDlkNTgwNmE3MTlmOGY2MzJhNDM="

static struct certified authority, of_this_host, of_another;
static SSL_CTX *tls_of_this_host, *tls_of_another;
static char folder[] = "/tmp/test_smtp.XXXXXX";
static char ca_path[64], file_path[64];
static const char *bench_type = "smtp";

static const struct section_type *const children[] = {&source_section, NULL};
static const struct row no_rows[] = {{.name = NULL}};
static const struct section_type top = {.size = 1, .rows = no_rows, .children = children};

/* A configuration with one source, opened. */
struct opened {
    struct conf *conf;
    struct problems problems;
    struct source *source; /* NULL: problems tells */
};

static inline void
open_source(struct opened *opened, const char *settings)
{
    FILE *file = fopen(file_path, "w");
    assert_non_null(file);
    fprintf(file, "source \"acme-smtp\" {\n type = \"%s\"\n %s }\n", bench_type, settings);
    fclose(file);
    *opened = (struct opened){0};
    problems_init(&opened->problems);
    opened->conf = conf_load(file_path, &top, &opened->problems);
    if (opened->conf != NULL)
        opened->source =
            source_open(conf_find(opened->conf, "source", "acme-smtp"), &opened->problems);
}

static inline void
close_source(struct opened *opened)
{
    source_close(opened->source);
    conf_free(opened->conf);
    problems_fini(&opened->problems);
}

static inline void
open_at(struct opened *opened, const char *settings, const unsigned *ports, size_t count)
{
    char text[1024] = "cache = 0s\n negative_cache = 0s\n server = {";
    for (size_t i = 0; i < count; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s\"127.0.0.1:%u\"",
                 i > 0 ? ", " : "", ports[i]);
    snprintf(text + strlen(text), sizeof text - strlen(text), "}\n %s\n", settings);
    open_source(opened, text);
    for (size_t i = 0; opened->source == NULL && i < opened->problems.count; i++)
        print_error("%s\n", problems_line(&opened->problems, i));
    assert_non_null(opened->source);
}

/* Leaves the process no descriptor beyond those that it has. */
static inline void
take_descriptors(struct rlimit *had_r)
{
    int next = dup(STDERR_FILENO);
    close(next);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, had_r), 0);
    const struct rlimit none = {.rlim_cur = (rlim_t)next, .rlim_max = had_r->rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
}

/* Asks about boss@acme.example. */
static inline void
verify_for(const struct opened *opened, const char *password, const char *client, const char *helo,
           int64_t budget_ms, struct verify_result *result_r)
{
    const struct username user = {.text = "boss@acme.example", .local_length = 4};
    struct secret secret;
    secret_init(&secret);
    secret_set(&secret, password, strlen(password));
    struct verify_request request = {.user = &user,
                                     .password = &secret,
                                     .client_helo = helo,
                                     .deadline = deadline_after(budget_ms)};
    if (client != NULL)
        assert_int_equal(netaddr_parse(client, &request.client, NULL), 0);
    source_verify(opened->source, &request, result_r);
    secret_fini(&secret);
}

static inline void
verify_within(const struct opened *opened, const char *password, int64_t budget_ms,
              struct verify_result *result_r)
{
    verify_for(opened, password, NULL, NULL, budget_ms, result_r);
}

static inline void
verify(const struct opened *opened, const char *password, struct verify_result *result_r)
{
    verify_within(opened, password, 60000, result_r);
}

/* Waits until a server's script has come to its `stall`. */
static inline void
await_stall(const struct smtp_script *server)
{
    const struct deadline give_up = deadline_after(60000);
    while (server->stalling_fd == 0 && !deadline_is_over(give_up))
        poll(NULL, 0, 1);
}

static inline SSL_CTX *
serve_as(const struct certified *certified)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    assert_non_null(context);
    SSL_CTX_use_certificate(context, certified->certificate);
    SSL_CTX_use_PrivateKey(context, certified->key);
    return context;
}

static inline int
bench_set_up(void **state)
{
    (void)state;
    signal(SIGPIPE, SIG_IGN);
    assert_non_null(mkdtemp(folder));
    snprintf(ca_path, sizeof ca_path, "%s/ca.pem", folder);
    snprintf(file_path, sizeof file_path, "%s/mailreeve.conf", folder);
    authority = certify(NULL, "authority", NULL, -86400, 86400);
    of_this_host = certify(&authority, "server", "IP:127.0.0.1", -86400, 86400);
    of_another = certify(&authority, "server", "DNS:other.test", -86400, 86400);
    certificate_write(&authority, ca_path);
    tls_of_this_host = serve_as(&of_this_host);
    tls_of_another = serve_as(&of_another);
    return 0;
}

static inline int
bench_tear_down(void **state)
{
    (void)state;
    SSL_CTX_free(tls_of_this_host);
    SSL_CTX_free(tls_of_another);
    certified_free(&authority);
    certified_free(&of_this_host);
    certified_free(&of_another);
    unlink(ca_path);
    unlink(file_path);
    return rmdir(folder);
}

#endif
