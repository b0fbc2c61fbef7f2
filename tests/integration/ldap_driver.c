/*
 * Opens one ldap source and asks it what standard input says; for harness/ldap_driver.py. Every
 * question runs on a thread with the small stack that sessions have.
 *
 *     ldap_driver FILE           FILE holds one section: source "NAME" { type = "ldap" ... }
 *     verify USER PASSWORD MS    -> verify and the fields below, with tabs between them
 *     login USER PASSWORD MS     likewise; after an unknown name as much time is spent as a chain
 *                                would spend
 *     cram USER WORDS MS         likewise; the words are the salt, a space and the answer; the
 *                                clear password is wanted back, as it is with
 *     lookup USER - MS           likewise, without a password
 *     knows USER - MS            -> knows ANSWER
 *     recipient ADDRESS - MS     -> recipient ANSWER NAME CACHED TOOK-MS DETAIL, with tabs; ANSWER
 *                                is malformed for what is no address
 *     storm THREADS LOGINS MS    -> storm SECONDS OUTCOME=COUNT...; as user0 to user999, whose
 *                                passwords are pass0 to pass999; each tenth is a wrong one
 *
 * Fields of a login: OUTCOME (malformed: no name can hold that) ACCOUNT MAY-BE-UNKNOWN TOOK-US
 * ROUTE NETWORKS (which of the samples below may log in) ADDRESSES CLEAR-PASSWORD DETAIL.
 *
 * Words are hexadecimal ("-": empty), so that a name may hold anything.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "clock.h"
#include "ldap_source.h"
#include "source.h"

enum { STACK_BYTES = 128 * 1024, STORM_USERS = 1000 };

static const char *const outcome_names[VERIFY_OUTCOMES] = {
    [VERIFY_UNAVAILABLE] = "unavailable",
    [VERIFY_OK] = "ok",
    [VERIFY_WRONG_PASSWORD] = "wrong",
    [VERIFY_UNKNOWN_USER] = "unknown",
    [VERIFY_DISABLED] = "disabled",
    [VERIFY_AMBIGUOUS] = "ambiguous",
    [VERIFY_LOCKED] = "locked",
    [VERIFY_ACCOUNT_EXPIRED] = "account-expired",
    [VERIFY_PASSWORD_EXPIRED] = "password-expired",
    [VERIFY_MUST_CHANGE] = "must-change",
    [VERIFY_NOT_ALLOWED] = "not-allowed",
    [VERIFY_NO_CLEAR_PASSWORD] = "no-clear",
};

static const char *const sample_clients[] = {"192.0.2.1", "198.51.100.7", "2001:db8::1"};

static const char *const knowledge_names[] = {
    [KNOWLEDGE_NOT_ASKED] = "not-asked",
    [KNOWLEDGE_CANNOT_TELL] = "cannot-tell",
    [KNOWLEDGE_UNKNOWN] = "unknown",
    [KNOWLEDGE_KNOWN] = "known",
};

enum question_kind { ASK_VERIFY, ASK_LOGIN, ASK_CRAM, ASK_LOOKUP, ASK_KNOWS, ASK_RECIPIENT };

static const char *const commands[] = {"verify", "login", "cram", "lookup", "knows", "recipient"};

struct question {
    struct source *source;
    enum question_kind kind;
    struct username user;
    struct mailbox mailbox;
    struct secret password;
    const char *salt;
    int64_t budget_ms;
    /* answers */
    struct verify_result result;
    enum knowledge knowledge;
    struct recipient_result recipient;
};

struct storm {
    struct source *source;
    unsigned logins;
    int64_t budget_ms;
    atomic_uint next_user;
    atomic_uint outcomes[VERIFY_OUTCOMES];
};

static pthread_t
start_small(void *(*work)(void *), void *context)
{
    pthread_attr_t attributes;
    pthread_t thread;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    if (pthread_create(&thread, &attributes, work, context) != 0)
        abort();
    pthread_attr_destroy(&attributes);
    return thread;
}

static void
ask(struct question *question)
{
    struct source *source = question->source;
    const struct challenge challenge = {CHALLENGE_CRAM_MD5, question->salt,
                                        question->salt != NULL ? strlen(question->salt) : 0};
    struct verify_request request = {
        .user = &question->user,
        .password = &question->password,
        .deadline = deadline_after(question->budget_ms),
    };
    switch (question->kind) {
    case ASK_VERIFY:
        source_verify(source, &request, &question->result);
        break;
    case ASK_LOGIN:
        source_verify(source, &request, &question->result);
        if (question->result.outcome == VERIFY_UNKNOWN_USER)
            source_kind_ldap.pretend(source->self, &request);
        break;
    case ASK_CRAM:
        request.challenge = &challenge;
        request.wants_clear = true;
        source_verify(source, &request, &question->result);
        break;
    case ASK_LOOKUP:
        request.password = NULL;
        request.wants_clear = true;
        source_lookup(source, &request, &question->result);
        break;
    case ASK_KNOWS:
        question->knowledge =
            source_kind_ldap.knows(source->self, &question->user, request.deadline);
        break;
    case ASK_RECIPIENT:
        source_recipient(source, &question->mailbox, request.deadline, &question->recipient);
        break;
    }
}

static void *
ask_on_thread(void *context)
{
    ask(context);
    return NULL;
}

static void *
storm_on_thread(void *context)
{
    struct storm *storm = context;
    struct question question = {.source = storm->source, .budget_ms = storm->budget_ms};
    secret_init(&question.password);
    for (unsigned i = 0; i < storm->logins; i++) {
        unsigned user = atomic_fetch_add(&storm->next_user, 1) % STORM_USERS;
        char password[32];
        int length = snprintf(password, sizeof password, i % 10 == 9 ? "wrong%u" : "pass%u", user);
        secret_set(&question.password, password, (size_t)length);
        snprintf(question.user.text, sizeof question.user.text, "user%u", user);
        question.user.local_length = strlen(question.user.text);
        question.result = (struct verify_result){0};
        ask(&question);
        atomic_fetch_add(&storm->outcomes[question.result.outcome], 1);
        verify_result_fini(&question.result);
    }
    secret_fini(&question.password);
    return NULL;
}

static void
run_storm(struct source *source, unsigned threads, unsigned logins, int64_t budget_ms)
{
    struct storm storm = {.source = source, .logins = logins, .budget_ms = budget_ms};
    pthread_t *ids = xcalloc(threads, sizeof ids[0]);
    int64_t began_us = clock_now_us();
    for (unsigned i = 0; i < threads; i++)
        ids[i] = start_small(storm_on_thread, &storm);
    for (unsigned i = 0; i < threads; i++)
        pthread_join(ids[i], NULL);
    printf("storm %.3f", (double)(clock_now_us() - began_us) / 1e6);
    for (size_t i = 0; i < VERIFY_OUTCOMES; i++)
        printf(" %s=%u", outcome_names[i], atomic_load(&storm.outcomes[i]));
    printf("\n");
    free(ids);
}

static size_t
unhex(const char *word, char *bytes_r, size_t size)
{
    size_t length = 0;
    for (; word[0] != '-' && word[0] != '\0' && word[1] != '\0' && length < size - 1; word += 2) {
        char digits[3] = {word[0], word[1], '\0'};
        bytes_r[length++] = (char)strtoul(digits, NULL, 16);
    }
    bytes_r[length] = '\0';
    return length;
}

/* One field: what would break the line becomes '?'. */
static void
print_text(const char *text)
{
    for (; *text != '\0'; text++)
        putchar((unsigned char)*text < ' ' ? '?' : *text);
}

static void
print_account(const struct account *account)
{
    printf("%s\t", account->route != NULL ? account->route : "-");
    for (size_t i = 0; i < sizeof sample_clients / sizeof sample_clients[0]; i++) {
        struct netaddr client;
        if (account->networks == NULL || netaddr_parse(sample_clients[i], &client, NULL) != 0)
            continue;
        printf("%s ", list_match_address(account->networks, &client, NULL) == LIST_MATCH
                          ? sample_clients[i]
                          : "no");
    }
    printf("\t");
    for (size_t i = 0; i < account->address_count; i++)
        printf("%s%s", i > 0 ? " " : "", account->addresses[i]);
}

static void
print_login(const struct question *question, long long took_us)
{
    const struct verify_result *result = &question->result;
    const struct account *account = &result->account;
    printf("verify\t%s\t", outcome_names[result->outcome]);
    print_text(account->name[0] != '\0' ? account->name : "-");
    printf("\t%d\t%lld\t", result->wrong_may_be_unknown, took_us);
    print_account(account);
    printf("\t%s\t", result->clear.length > 0 ? result->clear.bytes : "-");
    print_text(result->detail);
    printf("\n");
}

static void
print_answer(const struct question *question, long long took_us)
{
    const struct recipient_result *recipient = &question->recipient;
    switch (question->kind) {
    case ASK_VERIFY:
    case ASK_LOGIN:
    case ASK_CRAM:
    case ASK_LOOKUP:
        print_login(question, took_us);
        break;
    case ASK_KNOWS:
        printf("knows %s\n", knowledge_names[question->knowledge]);
        break;
    case ASK_RECIPIENT:
        printf("recipient\t%s\t%s\t%d\t%lld\t%s\n", knowledge_names[recipient->knowledge],
               recipient->name[0] != '\0' ? recipient->name : "-", recipient->was_cached,
               took_us / 1000, recipient->detail);
        break;
    }
}

/* Returns whether name is what the question may be about. */
static bool
set_subject(struct question *question, const char *name)
{
    char bytes[1024];
    size_t length = unhex(name, bytes, sizeof bytes);
    if (question->kind == ASK_RECIPIENT)
        return mailbox_parse(bytes, length, &question->mailbox, NULL) == 0;
    if (strlen(bytes) != length)
        return false;
    snprintf(question->user.text, sizeof question->user.text, "%s", bytes);
    const char *at = strrchr(question->user.text, '@');
    question->user.local_length =
        at != NULL ? (size_t)(at - question->user.text) : strlen(question->user.text);
    return true;
}

/* Splits "salt answer" in place. */
static void
set_password(struct question *question, char *bytes, size_t length)
{
    char *space = question->kind == ASK_CRAM ? strchr(bytes, ' ') : NULL;
    secret_init(&question->password);
    if (space == NULL) {
        secret_set(&question->password, bytes, length);
        return;
    }
    *space = '\0';
    question->salt = bytes;
    secret_set(&question->password, space + 1, strlen(space + 1));
}

static void
run_question(struct source *source, enum question_kind kind, const char *name, const char *password,
             int64_t budget_ms)
{
    struct question question = {.source = source, .kind = kind, .budget_ms = budget_ms};
    if (!set_subject(&question, name)) {
        printf(kind == ASK_RECIPIENT ? "recipient\tmalformed\t-\t0\t0\t\n"
                                     : "verify\tmalformed\t-\t0\t0\t-\t\t\t-\t\n");
        return;
    }
    char bytes[1024];
    size_t length = unhex(password, bytes, sizeof bytes);
    set_password(&question, bytes, length);
    if (kind != ASK_CRAM)
        explicit_bzero(bytes, sizeof bytes); /* a test looks for what else keeps it */

    int64_t began_us = clock_now_us();
    pthread_join(start_small(ask_on_thread, &question), NULL);
    print_answer(&question, (long long)(clock_now_us() - began_us));
    verify_result_fini(&question.result);
    secret_fini(&question.password);
}

static enum question_kind
kind_of(const char *command)
{
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        if (strcmp(command, commands[i]) == 0)
            return (enum question_kind)i;
    exit(2);
}

static void
answer_all(struct source *source)
{
    char line[8192], command[16], first[2048], second[2048];
    long long budget_ms = 0;
    while (fgets(line, sizeof line, stdin) != NULL) {
        if (sscanf(line, "%15s %2047s %2047s %lld", command, first, second, &budget_ms) != 4)
            exit(2);
        if (strcmp(command, "storm") == 0)
            run_storm(source, (unsigned)strtoul(first, NULL, 10),
                      (unsigned)strtoul(second, NULL, 10), budget_ms);
        else
            run_question(source, kind_of(command), first, second, budget_ms);
        fflush(stdout);
    }
}

static const struct section_type *const variants[] = {&ldap_source_section, NULL};
static const struct row type_rows[] = {
    {.name = "type", .type = ROW_STRING, .required = true, .help = "ldap"},
    {.name = NULL},
};
static const struct section_type source_type = {
    .name = "source",
    .titled = true,
    .rows = type_rows,
    .variant_setting = "type",
    .variants = variants,
};
static const struct section_type *const children[] = {&source_type, NULL};
static const struct row no_rows[] = {{.name = NULL}};
static const struct section_type top = {.rows = no_rows, .children = children};

int
main(int argc, char **argv)
{
    struct problems problems;
    problems_init(&problems);
    struct conf *conf = argc == 2 ? conf_load(argv[1], &top, &problems) : NULL;
    size_t count = 0;
    const struct section *const *sections =
        conf != NULL ? conf_sections(conf, conf_top(conf), "source", &count) : NULL;
    struct source *source =
        count == 1 ? source_open_as(&source_kind_ldap, sections[0], &problems) : NULL;
    problems_print(&problems, stderr);
    if (source != NULL) {
        printf("ready\n");
        fflush(stdout);
        answer_all(source);
        source_close(source);
    }
    conf_free(conf);
    problems_fini(&problems);
    return source != NULL ? 0 : 1;
}
