/* A mail server that talks with the guard as a script says, line by line:
 *
 *     connect 192.0.2.1             helo client.example
 *     macro {auth_authen} anna@acme.example      (without a value: not told any more)
 *     mail <a@b> SIZE=10            rcpt <c@d>
 *     header From: a@b              eoh             body 1000       end      abort
 *     changes                       (of the message's headers, since it was asked last)
 *     note NAME LOGIN ADDRESS ORGANIZATION       ban NETWORK
 *     window NAME LOGIN ADDRESS [matching-sender | SECONDS since it was opened]
 *     stubborn                      (the mail server takes no changes from here on)
 *     reload TEXT                   (the configuration, with TEXT behind it)
 *
 * Behind "=>" stands what is expected: "ok" (also if nothing stands there), "skip", "550 5.7.1". */
#ifndef MAILREEVE_TEST_TALK_H
#define MAILREEVE_TEST_TALK_H

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../conf/files.h"
#include "alloc.h"
#include "bans.h"
#include "clock.h"
#include "conversation.h"
#include "identities.h"
#include "identity_headers.h"
#include "windows.h"

#define BASE                                                                                   \
    "upstream \"up\" { server \"a\" { address = \"192.0.2.1:25\" } }\n"                        \
    "source \"users\" { type = users file = users }\n"                                         \
    "list \"shared\" { kind = owners entries = {\"sales@acme.example anna@acme.example\"} }\n" \
    "listener \"submission\" { auth = on require_auth = true relay = all upstream = up "       \
    "upstream_inbound = up default_domain = \"acme.example\" }\n"                              \
    "listener \"mx\" { auth = off relay_window = 15min relay = all upstream = up "             \
    "upstream_inbound = up }\n"                                                                \
    "organization \"acme\" { domains = {\"acme.example\"} match_sender = true match_from = "   \
    "true sender_owners = \"shared\" }\n"                                                      \
    "organization \"widgets\" { domains = {\"widgets.example\"} match_sender = true "          \
    "match_from = true }\n"
#define STATE "state { engine = lmdb path = \"state\" size = 1M timeout = 10s }\n"
#define GUARD "guard { hostname = \"mx.acme.example\" }\n"

enum { TALK_MACROS_MAX = 16, TALK_WORDS_MAX = 8, TALK_CHANGES_MAX = 4096 };

struct talk {
    struct reload *reload;
    struct store *store;
    struct guard guard;
    struct mta mta;
    struct conversation *conversation;
    const char *name, *conf;
    char *macros[TALK_MACROS_MAX][2];
    char changes[TALK_CHANGES_MAX];
    bool is_stubborn, has_failed;
};

static inline const char *
talk_macro(void *context, const char *name)
{
    const struct talk *talk = context;
    for (size_t i = 0; i < TALK_MACROS_MAX; i++)
        if (talk->macros[i][0] != NULL && strcmp(talk->macros[i][0], name) == 0)
            return talk->macros[i][1];
    return NULL;
}

static inline void
talk_note_change(struct talk *talk, const char *text)
{
    size_t length = strlen(talk->changes);
    snprintf(talk->changes + length, sizeof talk->changes - length, "%s%s", length > 0 ? " | " : "",
             text);
}

static inline int
talk_insert(void *context, const char *name, const char *value)
{
    char text[2048];
    snprintf(text, sizeof text, "+%s: %s", name, value);
    talk_note_change(context, text);
    return ((struct talk *)context)->is_stubborn ? -1 : 0;
}

static inline int
talk_remove(void *context, const char *name, int index)
{
    char text[256];
    snprintf(text, sizeof text, "-%s %d", name, index);
    talk_note_change(context, text);
    return ((struct talk *)context)->is_stubborn ? -1 : 0;
}

static inline void
talk_forget(struct talk *talk, const char *name)
{
    for (size_t i = 0; i < TALK_MACROS_MAX; i++)
        if (talk->macros[i][0] != NULL && (name == NULL || strcmp(talk->macros[i][0], name) == 0))
            for (size_t j = 0; j < 2; j++) {
                free(talk->macros[i][j]);
                talk->macros[i][j] = NULL;
            }
}

static inline void
talk_set_macro(struct talk *talk, const char *name, const char *value)
{
    size_t i = 0;
    talk_forget(talk, name);
    if (value == NULL)
        return;
    while (talk->macros[i][0] != NULL)
        i++;
    talk->macros[i][0] = xstrdup(name);
    talk->macros[i][1] = xstrdup(value);
}

static inline void
talk_applied(void *context, const struct site *old, const struct site *new)
{
    (void)context;
    (void)old;
    (void)new;
}

/* conf stands behind BASE, and in the place of STATE and GUARD if it has such sections. */
static inline void
talk_write_conf(const char *conf)
{
    const char *state = strstr(conf, "state {") != NULL ? "" : STATE;
    const char *own_guard = strstr(conf, "guard {") != NULL ? "" : GUARD;
    size_t size = sizeof BASE STATE GUARD + strlen(conf);
    char *text = xmalloc(size);
    snprintf(text, size, "%s%s%s%s", BASE, state, own_guard, conf);
    write_text("t.conf", text);
    free(text);
}

static inline void
talk_begin(struct talk *talk, const char *name, const char *conf)
{
    *talk = (struct talk){.name = name, .conf = conf};
    talk_write_conf(conf);
    write_text("users", "printer@devices.example:{PLAIN}secret:smtp_auth=matching-sender\n");
    struct problems problems;
    problems_init(&problems);
    struct site *site = site_load("t.conf", SITE_CHECK, NULL, &problems);
    if (site == NULL)
        fail_msg("%s: %s", name, problem_lines(&problems));
    problems_fini(&problems);
    struct err err;
    talk->store = store_open(&site->settings.store, false, &err);
    if (talk->store == NULL)
        fail_msg("%s: %s", name, err.text);
    talk->reload = reload_create("t.conf", site, talk_applied, NULL);
    talk->guard = (struct guard){.reload = talk->reload, .store = talk->store};
    talk->mta = (struct mta){.context = talk,
                             .macro = talk_macro,
                             .insert_header = talk_insert,
                             .remove_header = talk_remove};
    talk->conversation = conversation_begin(&talk->guard);
}

static inline void
talk_end(struct talk *talk)
{
    conversation_end(talk->conversation);
    talk_forget(talk, NULL);
    reload_stop(talk->reload);
    reload_free(talk->reload);
    store_close(talk->store);
    DIR *folder = opendir("state");
    for (const struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;)
        unlinkat(dirfd(folder), entry->d_name, 0); /* of "." and ".." it fails */
    if (folder != NULL)
        closedir(folder);
    rmdir("state");
}

/* Group set-up and tear-down: the folder in which talks begin and end. */
static inline int
talk_enter(void **state)
{
    identity_headers_begin_process();
    return enter_scratch(state);
}

static inline int
talk_leave(void **state)
{
    (void)state;
    static const char *const names[] = {"t.conf", "users", NULL};
    return leave_scratch(names);
}

static inline struct netaddr
talk_address(const char *text)
{
    struct netaddr address;
    assert_int_equal(netaddr_parse(text, &address, NULL), 0);
    return address;
}

static inline void
talk_put_note(struct talk *talk, char **words)
{
    struct identity identity = {.client = talk_address(words[2])};
    snprintf(identity.name, sizeof identity.name, "%s", words[0]);
    snprintf(identity.login, sizeof identity.login, "%s", words[1]);
    struct store_op ops[IDENTITY_OPS];
    assert_true(identity_ops_put(&identity, words[3], 900000, ops));
    assert_int_equal(
        store_run(talk->store, ops, IDENTITY_OPS, clock_wall_ms(), deadline_after(10000), NULL), 0);
}

static inline void
talk_put_window(struct talk *talk, char **words)
{
    const char *more = words[3] != NULL ? words[3] : "";
    struct window window = {.client = talk_address(words[2]),
                            .opened_ms = clock_wall_ms() - 1000 * strtol(more, NULL, 10),
                            .matching_sender = strcmp(more, "matching-sender") == 0};
    snprintf(window.name, sizeof window.name, "%s", words[0]);
    snprintf(window.login, sizeof window.login, "%s", words[1]);
    assert_int_equal(
        windows_open(talk->store, &window, 900000, clock_wall_ms(), deadline_after(10000), NULL),
        0);
}

static inline void
talk_ban(struct talk *talk, const char *network)
{
    struct netprefix prefix;
    assert_int_equal(netprefix_parse(network, &prefix, NULL), 0);
    assert_int_equal(
        bans_add(talk->store, &prefix, 60000, "test", clock_wall_ms(), deadline_after(10000), NULL),
        0);
}

static inline void
talk_reload(struct talk *talk, const char *text)
{
    size_t size = strlen(talk->conf) + strlen(text) + 1;
    char *conf = xmalloc(size);
    snprintf(conf, size, "%s%s", talk->conf, text);
    talk_write_conf(conf);
    free(conf);
    struct problems problems;
    problems_init(&problems);
    if (reload_now(talk->reload, &problems) != 0)
        fail_msg("%s: %s", talk->name, problem_lines(&problems));
    problems_fini(&problems);
}

/* What changes the world and has no answer. Returns whether it was such a step. */
static inline bool
talk_prepare(struct talk *talk, const char *step, char *rest, char **words)
{
    if (strcmp(step, "macro") == 0)
        talk_set_macro(talk, words[0], words[1] != NULL ? rest + strlen(words[0]) + 1 : NULL);
    else if (strcmp(step, "note") == 0)
        talk_put_note(talk, words);
    else if (strcmp(step, "window") == 0)
        talk_put_window(talk, words);
    else if (strcmp(step, "ban") == 0)
        talk_ban(talk, words[0]);
    else if (strcmp(step, "reload") == 0)
        talk_reload(talk, rest);
    else if (strcmp(step, "stubborn") == 0)
        talk->is_stubborn = true;
    else if (strcmp(step, "abort") == 0)
        conversation_abort(talk->conversation);
    else
        return false;
    return true;
}

static inline struct response
talk_header(struct talk *talk, char *rest)
{
    char *colon = strchr(rest, ':');
    assert_non_null(colon);
    *colon = '\0';
    return conversation_header(talk->conversation, &talk->mta, rest,
                               colon + (colon[1] == ' ' ? 2 : 1));
}

static inline struct response
talk_step(struct talk *talk, const char *step, char *rest, char **words)
{
    struct conversation *with = talk->conversation;
    const struct mta *mta = &talk->mta;
    const char *const *more = (const char *const *)(words + 1);
    if (strcmp(step, "connect") == 0) {
        const struct netaddr client = talk_address(words[0]);
        return conversation_connect(with, mta, &client);
    }
    if (strcmp(step, "helo") == 0)
        return conversation_helo(with, mta, words[0]);
    if (strcmp(step, "mail") == 0)
        return conversation_mail(with, mta, words[0], more);
    if (strcmp(step, "rcpt") == 0)
        return conversation_recipient(with, mta, words[0], more);
    if (strcmp(step, "header") == 0)
        return talk_header(talk, rest);
    if (strcmp(step, "eoh") == 0)
        return conversation_end_of_headers(with, mta);
    if (strcmp(step, "body") == 0)
        return conversation_body(with, mta, strtoul(words[0], NULL, 10));
    assert_string_equal(step, "end");
    return conversation_end_of_message(with, mta);
}

static inline void
talk_put_in_words(const struct response *response, char text_r[64])
{
    static const char *const going[] = {[RESPONSE_GO_ON] = "ok", [RESPONSE_SKIP] = "skip"};
    bool goes_on = response->action == RESPONSE_GO_ON || response->action == RESPONSE_SKIP;
    if (goes_on)
        snprintf(text_r, 64, "%s", going[response->action]);
    else
        snprintf(text_r, 64, "%s %s", response->code, response->extended);
    bool is_temporary = response->code[0] == '4';
    if (!goes_on && is_temporary != (response->action == RESPONSE_TEMPFAIL))
        snprintf(text_r, 64, "the code does not go with the action");
}

static inline void
talk_expect(struct talk *talk, const char *line, const char *got, const char *want)
{
    if (strcmp(got, want) != 0)
        print_error("%s: %s: \"%s\"\n", talk->name, line, got);
    talk->has_failed = talk->has_failed || strcmp(got, want) != 0;
}

static inline void
talk_line(struct talk *talk, const char *line)
{
    char copy[2048], split[2048], got[64];
    snprintf(copy, sizeof copy, "%s", line);
    char *want = strstr(copy, " => ");
    if (want != NULL) {
        *want = '\0';
        want += strlen(" => ");
    }
    char *rest = strchr(copy, ' ');
    if (rest != NULL)
        *rest++ = '\0';
    char *words[TALK_WORDS_MAX + 1] = {NULL}, *saved = NULL;
    snprintf(split, sizeof split, "%s", rest != NULL ? rest : "");
    char *word = strtok_r(split, " ", &saved);
    for (size_t i = 0; word != NULL && i < TALK_WORDS_MAX; i++) {
        words[i] = word;
        word = strtok_r(NULL, " ", &saved);
    }
    if (strcmp(copy, "changes") == 0) {
        talk_expect(talk, line, talk->changes, want != NULL ? want : "");
        talk->changes[0] = '\0';
        return;
    }
    if (talk_prepare(talk, copy, rest, words))
        return;
    const struct response response = talk_step(talk, copy, rest, words);
    talk_put_in_words(&response, got);
    talk_expect(talk, line, got, want != NULL ? want : "ok");
}

/* Lines are ended by "\n". */
static inline void
talk_run(struct talk *talk, const char *script)
{
    while (*script != '\0') {
        char line[2048];
        size_t length = strcspn(script, "\n");
        assert_true(length < sizeof line);
        memcpy(line, script, length);
        line[length] = '\0';
        if (length > 0)
            talk_line(talk, line);
        script += script[length] == '\n' ? length + 1 : length;
    }
}

#endif
