/* The `state` section: where bans, counters and relay windows are kept. */
#include "build.h"
#include "file.h"
#include "redis_url.h"
#include "secret.h"

struct state_values {
    const char *path;
    int64_t size_bytes;
    const char *url, *password_file;
    const char *ca_file, *cert_file, *key_file;
    int tls; /* enum store_tls */
    bool tls_verify;
    struct strings sentinels;
    const char *master, *prefix;
    int64_t connections;
    int64_t timeout_ms;
};

enum store_tls { STORE_TLS_NONE = 0, STORE_TLS_IMPLICIT };

static const struct choice tls_choices[] = {
    {"none", STORE_TLS_NONE},
    {"implicit", STORE_TLS_IMPLICIT},
    {NULL, 0},
};

enum { DEFAULT_CONNECTIONS = 16, DEFAULT_TIMEOUT_MS = 500 };

#define AT(member) .offset = offsetof(struct state_values, member)

#define TIMEOUT                                                                                  \
    {                                                                                            \
        .name = "timeout", .type = ROW_DURATION, AT(timeout_ms), .preset = "500ms", .low = 10,   \
        .high = 10000,                                                                           \
        .help =                                                                                  \
            "So long a question may take. What takes longer has failed: sessions go on without " \
            "what would have been counted."                                                      \
    }

static const struct row lmdb_rows[] = {
    {.name = "path",
     .type = ROW_PATH,
     AT(path),
     .preset = "/var/lib/mailreeve",
     .help =
         "A folder, made if it is not there, that belongs to the user of mailreeve-auth alone."},
    {.name = "size",
     .type = ROW_SIZE,
     AT(size_bytes),
     .preset = "256M",
     .low = INT64_C(1) << 20,
     .high = INT64_C(1) << 40,
     .help =
         "Of the file in it, taken from the disk at once. What is oldest makes room for what is "
         "new; bans have half of it and are never pushed out."},
    TIMEOUT,
    {0}};

static const struct section_type lmdb_section = {
    .name = "state",
    .single = true,
    .size = sizeof(struct state_values),
    .rows = lmdb_rows,
    .variant_word = "lmdb",
    .help = "A file that all processes of this host share. It survives restarts.",
};

static const struct row redis_rows[] = {
    {.name = "url",
     .type = ROW_STRING,
     AT(url),
     .help = "The server: redis://HOST:PORT/DATABASE, redis://USER@HOST where it knows several "
             "users, or unix:/PATH. With sentinels it may be left out; else its user and database "
             "count."},
    {.name = "tls",
     .type = ROW_CHOICE,
     AT(tls),
     .preset = "none",
     .choices = tls_choices,
     .help = "none, or implicit: the server's port and those of the sentinels begin with TLS."},
    {.name = "password_file",
     .type = ROW_PATH,
     AT(password_file),
     .help = "A file with the password for the server on its first line, which others must not be "
             "able to read."},
    {.name = "ca_file",
     .type = ROW_PATH,
     AT(ca_file),
     .help = "With TLS: PEM file of the authorities that may vouch for the server and the "
             "sentinels; the system's if not set."},
    {.name = "cert_file",
     .type = ROW_PATH,
     AT(cert_file),
     .help = "With TLS: PEM file of the certificate that we show to them; not set: none."},
    {.name = "key_file",
     .type = ROW_PATH,
     AT(key_file),
     .help = "PEM file of its key, without a passphrase, which others must not be able to read; "
             "not set: it is in cert_file."},
    {.name = "tls_verify",
     .type = ROW_BOOL,
     AT(tls_verify),
     .preset = "true",
     .help = "With TLS: whether their certificates are verified, and that they name the host "
             "or address that was connected to."},
    {.name = "sentinels",
     .type = ROW_STRINGS,
     AT(sentinels),
     .help = "HOST:PORT of Sentinels, which know which server is the master. Eight at most."},
    {.name = "master",
     .type = ROW_STRING,
     AT(master),
     .help = "With sentinels: the name that they know the master by."},
    {.name = "prefix",
     .type = ROW_STRING,
     AT(prefix),
     .preset = "mailreeve:",
     .help = "What all keys begin with, where others use the server too."},
    {.name = "connections",
     .type = ROW_INT,
     AT(connections),
     .preset = "16",
     .low = 1,
     .high = 1000,
     .help = "Connections to the server at a time."},
    TIMEOUT,
    {0}};

static const struct section_type redis_section = {
    .name = "state",
    .single = true,
    .size = sizeof(struct state_values),
    .rows = redis_rows,
    .variant_word = "redis",
    .help =
        "A Redis server that all hosts of a cluster share. Their clocks must agree to a second.",
};

static const struct section_type *const variants[] = {&lmdb_section, &redis_section, NULL};

static const struct row engine_rows[] = {{.name = "engine",
                                          .type = ROW_STRING,
                                          .preset = "lmdb",
                                          .help = "lmdb: a file of this host. redis: a server that "
                                                  "several hosts share."},
                                         {0}};

const struct section_type state_section = {
    .name = "state",
    .single = true,
    .rows = engine_rows,
    .variant_setting = "engine",
    .variants = variants,
    .help =
        "Where bans, counters and relay windows are kept. While it cannot be asked, sessions go "
        "on: nobody is banned or counted, and relay windows are closed. A change takes a "
        "restart of mailreeve-auth.",
};

/* Where there is no section; the numbers are those of the rows. */
static const struct store_settings defaults = {
    .is_unset = true,
    .engine = STORE_LMDB,
    .path = "/var/lib/mailreeve",
    .size_bytes = INT64_C(256) << 20,
    .connections = DEFAULT_CONNECTIONS,
    .timeout_ms = DEFAULT_TIMEOUT_MS,
};

static struct store_settings
read_store(const struct section *section)
{
    const struct state_values *values = section->values;
    return (struct store_settings){
        .engine = section->type == &redis_section ? STORE_REDIS : STORE_LMDB,
        .path = values->path,
        .size_bytes = values->size_bytes,
        .url = values->url,
        .password_file = values->password_file,
        .has_tls = values->tls == STORE_TLS_IMPLICIT,
        .tls = {.ca_file = values->ca_file,
                .no_verify = section->type == &redis_section && !values->tls_verify,
                .cert_file = values->cert_file,
                .key_file = values->key_file},
        .sentinels = values->sentinels.items,
        .sentinel_count = values->sentinels.count,
        .sentinel_master = values->master,
        .prefix = values->prefix,
        .connections = values->connections,
        .timeout_ms = values->timeout_ms,
    };
}

/* It is read when the store connects; what is wrong with it is wanted now. */
static void
check_password_file(const struct section *section, const char *path, struct problems *problems)
{
    struct secret secret;
    secret_init(&secret);
    struct err err;
    if (path != NULL && file_read_secret(path, &secret, &err) != 0)
        section_problem(section, "password_file", problems, PROBLEM_ERROR, "%s", err.text);
    secret_fini(&secret);
}

static void
check_together(const struct section *section, const struct store_settings *store,
               struct problems *problems)
{
    struct err err;
    struct redis_url url;
    if (store_check(store, &err) != 0)
        section_problem(section, NULL, problems, PROBLEM_ERROR, "%s", err.text);
    if (store->url == NULL || redis_url_parse(store->url, &url, NULL) != 0)
        return;
    if (url.password.length > 0)
        section_problem(section, "url", problems, PROBLEM_WARNING,
                        "has a password in it, which whoever may read this file knows (put it into "
                        "a file of its own and name that in password_file)");
    redis_url_fini(&url);
}

void
build_store(struct built_site *built, struct problems *problems)
{
    struct store_settings *store = &built->site.settings.store;
    size_t count;
    const struct section *const *sections = conf_sections(built->site.conf, NULL, "state", &count);
    *store = defaults;
    if (count == 0 || sections[0]->type == NULL)
        return;
    *store = read_store(sections[0]);
    check_password_file(sections[0], store->password_file, problems);
    if (!sections[0]->broken)
        check_together(sections[0], store, problems);
}
