/*
 * A header as it stands in a message and what the guard is to make of it.
 *
 * bob@acme.example has logged in; robert@acme.example and bob@bücher.example are his too. His
 * organization demands match_from. mallory@widgets.example's does not: she is held only to what
 * acme.example demands of others, and so to what is found, faults or not.
 */
#ifndef MAILREEVE_FROM_CASE_H
#define MAILREEVE_FROM_CASE_H

#include "world.h"

#include <stdio.h>
#include <stdlib.h>

#include "identity_headers.h"

struct from_case {
    const char *name;
    const char *value;
    size_t length;
    const char *want_shown; /* must be found; NULL: nothing in particular */
    const char *want_fault; /* NULL: none */
    bool want_hidden;       /* what is not found may be anybody's */
};

#define BOSS "boss@acme.example"

#define GOOD(name, value)                     \
    {                                         \
        name, BYTES(value), NULL, NULL, false \
    }
#define SHOWS(name, value, shown)              \
    {                                          \
        name, BYTES(value), shown, NULL, false \
    }
#define FAULT(name, value, fault)              \
    {                                          \
        name, BYTES(value), NULL, fault, false \
    }
#define HIDES(name, value, fault)             \
    {                                         \
        name, BYTES(value), NULL, fault, true \
    }
#define BOTH(name, value, shown, fault)         \
    {                                           \
        name, BYTES(value), shown, fault, false \
    }

static inline bool
from_is_found(const struct identity_headers *headers, const char *want)
{
    size_t count;
    const struct shown_address *shown = identity_headers_shown(headers, &count);
    for (size_t i = 0; i < count; i++) {
        char text[MAILBOX_TEXT_MAX];
        mailbox_format(&shown[i].mailbox, text);
        if (strcmp(text, want) == 0)
            return true;
    }
    return false;
}

/* What the guard would answer a user who has logged in. */
static inline enum reason
from_decide(const struct identity_headers *headers, const char *user)
{
    static const char *const bobs[] = {"robert@acme.example", "bob@b\xc3\xbc"
                                                              "cher.example"};
    struct world world;
    world_init(&world);
    world_freeze(&world);
    world.acme->match_from = true;
    struct message_facts message = {.authenticated = user};
    message.shown = identity_headers_shown(headers, &message.shown_count);
    message.header_fault = identity_headers_fault(headers);
    message.header_hides = identity_headers_hide(headers);
    world.facts.method = METHOD_NONE;
    world.facts.message = &message;
    world_from(&world, "MAIL FROM:<bob@acme.example>");
    struct trail trail = {.asked = world_hear, .context = &world};
    bool is_bob = strncmp(user, "bob@", 4) == 0;
    world.facts.owned = (struct owned_addresses){
        .knowledge = KNOWLEDGE_KNOWN, .addresses = bobs, .count = is_bob ? COUNT_OF(bobs) : 0};
    decide_header(world.tenancy, &world.settings, &world.facts, &trail, &world.decision);
    enum reason reason = world.decision.verdict.reason;
    world_fini(&world);
    return reason;
}

static inline struct identity_headers *
from_read(const struct from_case *c)
{
    struct identity_headers *headers = identity_headers_create();
    /* An exact heap copy, so that the sanitizer sees a read of one byte too many. */
    char *copy = malloc(c->length > 0 ? c->length : 1);
    assert_non_null(copy);
    memcpy(copy, c->value, c->length);
    identity_headers_add(headers, "From", copy, c->length);
    free(copy);
    identity_headers_end(headers);
    return headers;
}

/* Returns what is wrong, or NULL. */
static inline const char *
from_judge(const struct from_case *c, const struct identity_headers *headers)
{
    const char *fault = identity_headers_fault(headers);
    const char *got = fault != NULL ? fault : "none";
    if (strcmp(got, c->want_fault != NULL ? c->want_fault : "none") != 0)
        return got;
    if (c->want_shown != NULL && !from_is_found(headers, c->want_shown))
        return "the address is not found";
    bool refused = c->want_shown != NULL || c->want_fault != NULL;
    enum reason reason = from_decide(headers, "bob@acme.example");
    if (reason != (refused ? REASON_FROM_MISMATCH : REASON_MESSAGE_OK))
        return reason_id(reason);
    bool shows_boss = c->want_hidden || (c->want_shown != NULL && strcmp(c->want_shown, BOSS) == 0);
    if (shows_boss && from_decide(headers, "mallory@widgets.example") != REASON_FROM_MISMATCH)
        return "mallory is let through";
    return NULL;
}

/* All of them, so that one look shows all that is wrong. */
static inline void
from_check(const struct from_case *cases, size_t count)
{
    size_t wrong = 0;
    for (size_t i = 0; i < count; i++) {
        struct identity_headers *headers = from_read(&cases[i]);
        const char *what = from_judge(&cases[i], headers);
        if (what != NULL) {
            print_error("%s: %s\n", cases[i].name, what);
            wrong++;
        }
        identity_headers_free(headers);
    }
    assert_int_equal(wrong, 0);
}

#define FROM_CHECK_ALL(cases) from_check((cases), COUNT_OF(cases))

static inline int
from_begin(void **state)
{
    (void)state;
    identity_headers_begin_process();
    return 0;
}

#endif
