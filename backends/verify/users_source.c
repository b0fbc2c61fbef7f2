/*
 * The parsed file is counted: the source holds one reference, each result that borrows from it
 * another. One session at a time looks at the file and reads it; the others go on with what is
 * there.
 */
#include "users_source.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alloc.h"
#include "clock.h"
#include "file.h"
#include "gate.h"
#include "log.h"
#include "password.h"
#include "users_file.h"

enum { LOOK_EVERY_MS = 1000, SETTLED_MS = 200, HASHES_PER_CPU = 2 };
static const size_t file_max_bytes = (size_t)1 << 30;

struct users_settings {
    const char *file;
};

struct users_source {
    /* set once */
    const char *name;
    const char *file;
    struct gate *hashing;
    pthread_mutex_t lock;
    /* under lock */
    struct held *current; /* the parsed file */
    int64_t look_again_ms;
    /* of the one session that looks at the file */
    struct stat seen;
};

static const struct row users_rows[] = {
    {.name = "file",
     .type = ROW_PATH,
     .offset = offsetof(struct users_settings, file),
     .required = true,
     .help = "the users file: name:hash:options, one a line (mailreeve user edits it)"},
    {.name = NULL},
};

const struct section_type users_source_section = {
    .name = "source",
    .titled = true,
    .size = sizeof(struct users_settings),
    .rows = users_rows,
    .variant_word = "users",
    .help = "A file of local users, asked first for every organization",
};

static void
free_users(void *users)
{
    users_file_free(users);
}

static struct held *
take_current(struct users_source *source)
{
    pthread_mutex_lock(&source->lock);
    struct held *users = held_take(source->current);
    pthread_mutex_unlock(&source->lock);
    return users;
}

/* Reads and parses the file. Returns NULL after telling why. */
static struct users_file *
read_users(const char *file,
           void (*problem)(void *context, struct origin origin, const struct err *err),
           void *context)
{
    struct err err;
    size_t length = 0;
    char *text = file_read(file, file_max_bytes, &length, &err);
    if (text == NULL) {
        problem(context, (struct origin){file, 0}, &err);
        return NULL;
    }
    struct users_file *users = users_file_parse(text, length, file, problem, context);
    free(text);
    return users;
}

static bool
is_unchanged(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
           a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* Returns all zeros if it is not there. */
static struct stat
see(const char *file)
{
    struct stat seen = {0};
    (void)stat(file, &seen);
    return seen;
}

/* An editor that writes over a file makes it empty first: what was changed a moment ago may be half
 * of it. A change in the future is one before the clock was set back. */
static bool
is_settled(const struct stat *seen)
{
    int64_t changed_ms = seen->st_ctim.tv_sec * 1000LL + seen->st_ctim.tv_nsec / 1000000;
    int64_t age_ms = clock_wall_ms() - changed_ms;
    return age_ms < 0 || age_ms >= SETTLED_MS;
}

/* What went wrong while a file is read again: the first problem and how many there were. */
struct complaint {
    struct origin first;
    struct err err;
    size_t count;
};

static void
complain(void *context, struct origin origin, const struct err *err)
{
    struct complaint *complaint = context;
    if (complaint->count++ > 0)
        return;
    complaint->first = origin;
    complaint->err = *err;
}

/* Looks at the file and, if it has changed, puts what it says in the place of what it said; while
 * somebody writes it, next time. */
static void
look(struct users_source *source)
{
    const struct stat now = see(source->file);
    if (is_unchanged(&source->seen, &now) || !is_settled(&now))
        return;

    struct complaint complaint = {0};
    struct users_file *users = read_users(source->file, complain, &complaint);
    const struct stat behind = see(source->file);
    if (!is_unchanged(&now, &behind)) {
        users_file_free(users);
        return;
    }
    source->seen = now;
    if (users == NULL) {
        log_event(LOG_ERROR, "users.broken", LOG_STR("source", source->name),
                  LOG_STR("file", source->file), LOG_INT("line", complaint.first.line),
                  LOG_STR("error", complaint.err.text),
                  LOG_INT("problems", (int64_t)complaint.count),
                  LOG_STR("effect", "the users that were read before stay"));
        return;
    }
    log_event(LOG_INFO, "users.read", LOG_STR("source", source->name),
              LOG_STR("file", source->file), LOG_INT("users", (int64_t)users_file_count(users)));
    struct held *fresh = held_create(users, free_users);
    pthread_mutex_lock(&source->lock);
    struct held *stale = source->current;
    source->current = fresh;
    pthread_mutex_unlock(&source->lock);
    held_drop(stale);
}

static void
look_if_due(struct users_source *source)
{
    int64_t now_ms = clock_now_ms();
    pthread_mutex_lock(&source->lock);
    bool is_due = now_ms >= source->look_again_ms;
    if (is_due)
        source->look_again_ms = INT64_MAX;
    pthread_mutex_unlock(&source->lock);
    if (!is_due)
        return;

    look(source);
    pthread_mutex_lock(&source->lock);
    source->look_again_ms = clock_now_ms() + LOOK_EVERY_MS;
    pthread_mutex_unlock(&source->lock);
}

struct opening {
    const struct section *section;
    struct problems *problems;
};

static void
report_problem(void *context, struct origin origin, const struct err *err)
{
    const struct opening *opening = context;
    if (origin.line == 0)
        section_problem(opening->section, "file", opening->problems, PROBLEM_ERROR, "%s",
                        err->text);
    else
        problems_add(opening->problems, PROBLEM_ERROR, origin, "%s", err->text);
}

static void *
users_open(const struct section *section, struct problems *problems)
{
    const struct users_settings *settings = section->values;
    const struct stat seen = see(settings->file);
    struct opening opening = {section, problems};
    struct users_file *users = read_users(settings->file, report_problem, &opening);
    if (users == NULL)
        return NULL;

    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    struct users_source *source = xcalloc(1, sizeof *source);
    source->name = section->name;
    source->file = settings->file;
    source->hashing = gate_create(HASHES_PER_CPU * (cpus > 0 ? (unsigned)cpus : 1), 0);
    pthread_mutex_init(&source->lock, NULL);
    source->current = held_create(users, free_users);
    source->look_again_ms = clock_now_ms() + LOOK_EVERY_MS;
    source->seen = seen;
    return source;
}

static void
users_close(void *self)
{
    struct users_source *source = self;
    held_drop(source->current);
    gate_free(source->hashing);
    pthread_mutex_destroy(&source->lock);
    free(source);
}

/* Waits in line where hashing takes much memory. Returns 0, or -1: the deadline came first. */
static int
begin_hashing(struct users_source *source, const char *hash, struct deadline deadline,
              struct gate_pass *pass_r)
{
    return password_hash_is_heavy(hash) ? gate_enter(source->hashing, deadline, pass_r, NULL) : 0;
}

static void
end_hashing(struct users_source *source, const char *hash, struct gate_pass *pass)
{
    if (password_hash_is_heavy(hash))
        gate_leave(source->hashing, pass, GATE_NO_EVIDENCE);
}

static void
judge(struct users_source *source, const struct user_entry *entry,
      const struct verify_request *request, struct verify_result *result_r)
{
    struct gate_pass pass;
    if (begin_hashing(source, entry->hash, request->deadline, &pass) != 0) {
        snprintf(result_r->detail, sizeof result_r->detail,
                 "too many passwords are being checked at once");
        return;
    }
    switch (password_verify(request->password, entry->hash)) {
    case PASSWORD_CANNOT_TELL:
        snprintf(result_r->detail, sizeof result_r->detail, "libcrypt cannot verify the hash");
        break;
    case PASSWORD_WRONG:
        result_r->outcome = VERIFY_WRONG_PASSWORD;
        break;
    case PASSWORD_RIGHT:
        result_r->outcome = entry->disabled ? VERIFY_DISABLED : VERIFY_OK;
        break;
    }
    end_hashing(source, entry->hash, &pass);
}

static void
users_verify(void *self, const struct verify_request *request, struct verify_result *result_r)
{
    struct users_source *source = self;
    look_if_due(source);
    struct held *snapshot = take_current(source);
    const struct user_entry *entry = users_file_find(held_thing(snapshot), request->user->text);
    if (entry == NULL) {
        result_r->outcome = VERIFY_UNKNOWN_USER;
        held_drop(snapshot);
        return;
    }

    const struct origin origin = {source->file, entry->origin.line};
    struct account *account = &result_r->account;
    snprintf(account->name, sizeof account->name, "%s", entry->name);
    account->networks = entry->networks;
    account->protocols = entry->protocols;
    account->origin = origin;
    result_r->rule.origin = origin;
    result_r->held = snapshot;
    judge(source, entry, request, result_r);
}

static enum knowledge
users_knows(void *self, const struct username *user, struct deadline deadline)
{
    (void)deadline;
    struct held *snapshot = take_current(self);
    bool is_known = users_file_find(held_thing(snapshot), user->text) != NULL;
    held_drop(snapshot);
    return is_known ? KNOWLEDGE_KNOWN : KNOWLEDGE_UNKNOWN;
}

/* An account that may not log in gets mail all the same. */
static void
users_recipient(void *self, const struct mailbox *recipient, const char *address,
                struct deadline deadline, struct recipient_result *result_r)
{
    (void)deadline;
    struct users_source *source = self;
    look_if_due(source);
    struct held *snapshot = take_current(source);
    const struct user_entry *entry =
        recipient->domain[0] != '\0' ? users_file_find(held_thing(snapshot), address) : NULL;
    result_r->knowledge = entry != NULL ? KNOWLEDGE_KNOWN : KNOWLEDGE_UNKNOWN;
    if (entry != NULL)
        snprintf(result_r->name, sizeof result_r->name, "%s", entry->name);
    held_drop(snapshot);
}

static void
users_pretend(void *self, const struct verify_request *request)
{
    struct users_source *source = self;
    struct held *snapshot = take_current(source);
    const char *hash = users_file_typical_hash(held_thing(snapshot));
    struct gate_pass pass;
    if (hash != NULL && begin_hashing(source, hash, request->deadline, &pass) == 0) {
        password_pretend(request->password, hash);
        end_hashing(source, hash, &pass);
    }
    held_drop(snapshot);
}

const struct source_kind source_kind_users = {
    .section = &users_source_section,
    .asked_first = true,
    .open = users_open,
    .verify = users_verify,
    .knows = users_knows,
    .recipient = users_recipient,
    .pretend = users_pretend,
    .close = users_close,
};
