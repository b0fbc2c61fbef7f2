/*
 * The answer so far starts as "nobody knows the name" and every source that is asked may change it:
 *
 *     unknown            leaves it as it is
 *     wrong, may be unknown   is kept unless something better comes
 *     no clear password       likewise: to a challenge, of who could not check any answer and does
 *                             not have the name
 *     unavailable        is kept, and only OK can follow it
 *     all others         end the questions, and so does a name that a first source knows
 */
#include <stdio.h>
#include <stdlib.h>

#include "alloc.h"
#include "app_login.h"
#include "clock.h"
#include "source.h"

struct source_chain {
    struct source **sources; /* first ones, then the organization's own */
    size_t first_count, count;
    enum ambiguous_user ambiguous;
};

struct source_chain *
source_chain_create(struct source *const *first, size_t first_count, struct source *const *own,
                    size_t own_count, enum ambiguous_user ambiguous)
{
    struct source_chain *chain = xcalloc(1, sizeof *chain);
    chain->count = first_count + own_count;
    chain->first_count = first_count;
    chain->ambiguous = ambiguous;
    chain->sources = xcalloc(chain->count, sizeof(struct source *));
    for (size_t i = 0; i < first_count; i++)
        chain->sources[i] = first[i];
    for (size_t i = 0; i < own_count; i++)
        chain->sources[first_count + i] = own[i];
    return chain;
}

void
source_chain_free(struct source_chain *chain)
{
    if (chain == NULL)
        return;
    free(chain->sources);
    free(chain);
}

/* How much an answer counts while the chain goes on. */
static int
weight(const struct verify_result *result)
{
    switch (result->outcome) {
    case VERIFY_UNKNOWN_USER:
        return 0;
    case VERIFY_NO_CLEAR_PASSWORD:
        return 1;
    case VERIFY_WRONG_PASSWORD:
        return result->wrong_may_be_unknown ? 1 : 3;
    case VERIFY_UNAVAILABLE:
        return 2;
    case VERIFY_DISABLED:
    case VERIFY_AMBIGUOUS:
    case VERIFY_LOCKED:
    case VERIFY_ACCOUNT_EXPIRED:
    case VERIFY_PASSWORD_EXPIRED:
    case VERIFY_MUST_CHANGE:
    case VERIFY_NOT_ALLOWED:
        return 3;
    case VERIFY_OK:
        return 4;
    }
    return 3;
}

/* Whether the source decides alone: by what it said, or because the name is in a first source, even
 * if that could not tell about the password, or in one that has no clear password: whoever has the
 * name further down is somebody else. */
static bool
ends_questions(const struct verify_result *answer, bool is_first)
{
    bool is_enough = is_first || answer->outcome == VERIFY_NO_CLEAR_PASSWORD;
    return weight(answer) >= 3 || (is_enough && answer->account.name[0] != '\0');
}

/* Keeps of two answers the one that counts; the other is let go. */
static void
combine(struct verify_result *so_far, struct verify_result *answer)
{
    bool is_closed = so_far->outcome == VERIFY_UNAVAILABLE && answer->outcome != VERIFY_OK;
    if (is_closed || weight(answer) < weight(so_far)) {
        verify_result_fini(answer);
        return;
    }
    verify_result_fini(so_far);
    *so_far = *answer;
}

/* Asks the sources behind the one that said OK whether they know the name too. */
static void
refuse_ambiguous(const struct source_chain *chain, size_t next,
                 const struct verify_request *request, struct verify_result *result,
                 struct verify_asked *asked)
{
    for (size_t i = next; i < chain->count; i++) {
        struct source *source = chain->sources[i];
        if (source->kind->knows == NULL)
            continue;
        int64_t since_us = clock_now_us();
        switch (source_knows(source, request)) {
        case KNOWLEDGE_NOT_ASKED:
        case KNOWLEDGE_CANNOT_TELL:
            verify_asked_note(asked, source, VERIFY_UNAVAILABLE, since_us,
                              "asked whether it knows the name");
            break;
        case KNOWLEDGE_UNKNOWN:
            verify_asked_note(asked, source, VERIFY_UNKNOWN_USER, since_us,
                              "asked whether it knows the name");
            break;
        case KNOWLEDGE_KNOWN:
            verify_asked_note(asked, source, VERIFY_AMBIGUOUS, since_us, "knows the name too");
            result->outcome = VERIFY_AMBIGUOUS;
            snprintf(result->detail, sizeof result->detail, "source \"%s\" knows the name too",
                     source_name(source));
            return;
        }
    }
}

/* One question on its way through the chain. */
struct walk {
    const struct source_chain *chain;
    const struct verify_request *request;
    struct verify_asked *asked;
    /* of a login */
    struct app_login apps;
    struct source *pretender; /* the last one that can pretend; NULL: none */
    bool was_pretender_asked; /* about the password, and it was not enough to remember */
};

static void
ask_about_password(struct walk *walk, struct source *source, struct verify_result *answer_r)
{
    int64_t since_us = clock_now_us();
    source_verify(source, walk->request, answer_r);
    verify_asked_note(walk->asked, source, answer_r->outcome, since_us, answer_r->detail);
    if (source == walk->pretender)
        walk->was_pretender_asked = !answer_r->was_cached;
}

static bool
can_answer_challenge(const struct source *source)
{
    return source_knows_clear(source) && source_app_passwords(source) != APP_PASSWORDS_REQUIRE;
}

/* Of who cannot check the answer. The name may be there all the same: a password would be asked
 * about there and nowhere else. */
static void
pass_challenge_by(struct walk *walk, struct source *source, struct verify_result *answer_r)
{
    int64_t since_us = clock_now_us();
    const struct verify_request *request = walk->request;
    bool can_tell = source->kind->knows != NULL && source_can_lookup(source);
    enum knowledge known = can_tell ? source_knows(source, request) : KNOWLEDGE_UNKNOWN;
    source_begin_result(source, answer_r);
    if (known == KNOWLEDGE_KNOWN || known == KNOWLEDGE_UNKNOWN)
        answer_r->outcome = VERIFY_NO_CLEAR_PASSWORD;
    if (known == KNOWLEDGE_KNOWN)
        snprintf(answer_r->account.name, sizeof answer_r->account.name, "%s", request->user->text);
    verify_asked_note(walk->asked, source, answer_r->outcome, since_us,
                      can_tell ? "asked whether it knows the name" : "");
}

static bool
ask_login(struct walk *walk, struct source *source, struct verify_result *answer_r)
{
    if (walk->request->challenge != NULL && !can_answer_challenge(source)) {
        pass_challenge_by(walk, source, answer_r);
        return true;
    }
    if (!app_login_ask(&walk->apps, source, answer_r, walk->asked))
        ask_about_password(walk, source, answer_r);
    return true;
}

static bool
ask_lookup(struct walk *walk, struct source *source, struct verify_result *answer_r)
{
    if (!source_can_lookup(source))
        return false;
    int64_t since_us = clock_now_us();
    source_lookup(source, walk->request, answer_r);
    verify_asked_note(walk->asked, source, answer_r->outcome, since_us, answer_r->detail);
    return true;
}

/* Asks the sources in turn; those of which ask says false are passed over. Returns whether one was
 * asked that could have the name: an organization's own, or, where it has none, a first one. */
static bool
ask_all(struct walk *walk,
        bool (*ask)(struct walk *walk, struct source *source, struct verify_result *answer_r),
        struct verify_result *result_r)
{
    const struct source_chain *chain = walk->chain;
    bool has_own = chain->count > chain->first_count;
    bool could_tell = false;
    *result_r = (struct verify_result){.outcome = VERIFY_UNKNOWN_USER};
    if (walk->asked != NULL)
        walk->asked->count = 0;

    for (size_t i = 0; i < chain->count; i++) {
        struct verify_result answer;
        if (!ask(walk, chain->sources[i], &answer))
            continue;
        could_tell |= i >= chain->first_count || !has_own || answer.outcome != VERIFY_UNKNOWN_USER;
        bool is_ok = answer.outcome == VERIFY_OK;
        bool is_end = ends_questions(&answer, i < chain->first_count);
        combine(result_r, &answer);
        if (is_ok && i >= chain->first_count && chain->ambiguous == AMBIGUOUS_REFUSE)
            refuse_ambiguous(chain, i + 1, walk->request, result_r, walk->asked);
        if (is_end)
            break;
    }
    return could_tell;
}

/* The source that nobody's names are most likely to be in is the last one that can pretend. */
static struct source *
find_pretender(const struct source_chain *chain)
{
    for (size_t i = chain->count; i-- > 0;)
        if (chain->sources[i]->kind->pretend != NULL)
            return chain->sources[i];
    return NULL;
}

void
source_chain_verify(const struct source_chain *chain, const struct verify_request *request,
                    struct verify_result *result_r, struct verify_asked *asked_r)
{
    struct walk walk = {
        .chain = chain,
        .request = request,
        .asked = asked_r,
        .pretender = find_pretender(chain),
    };
    app_login_begin(&walk.apps, chain->sources, chain->first_count, request);
    (void)ask_all(&walk, ask_login, result_r);
    if (result_r->outcome == VERIFY_OK)
        app_login_use(&walk.apps);
    app_login_end(&walk.apps);

    /* An answer to a challenge costs nothing to check, nor does an app password or what is
     * remembered: a wrong one is told as quickly as an unknown name. */
    if (result_r->outcome == VERIFY_UNKNOWN_USER && walk.was_pretender_asked &&
        request->challenge == NULL)
        walk.pretender->kind->pretend(walk.pretender->self, request);
}

void
source_chain_lookup(const struct source_chain *chain, const struct verify_request *request,
                    struct verify_result *result_r, bool *could_tell_r,
                    struct verify_asked *asked_r)
{
    struct walk walk = {.chain = chain, .request = request, .asked = asked_r};
    *could_tell_r = ask_all(&walk, ask_lookup, result_r);
}

bool
source_chain_knows_clear(const struct source_chain *chain)
{
    for (size_t i = 0; i < chain->count; i++)
        if (can_answer_challenge(chain->sources[i]))
            return true;
    return false;
}

enum knowledge
source_chain_knows(const struct source_chain *chain, const struct mailbox *recipient,
                   struct deadline deadline)
{
    bool is_certain = true;
    for (size_t i = chain->first_count; i < chain->count; i++) {
        struct recipient_result result;
        if (source_check_recipients(chain->sources[i], NULL) != 0)
            continue;
        source_recipient(chain->sources[i], recipient, deadline, &result);
        switch (result.knowledge) {
        case KNOWLEDGE_KNOWN:
            return KNOWLEDGE_KNOWN;
        case KNOWLEDGE_UNKNOWN:
            break;
        case KNOWLEDGE_NOT_ASKED:
        case KNOWLEDGE_CANNOT_TELL:
            is_certain = false;
            break;
        }
    }
    return is_certain ? KNOWLEDGE_UNKNOWN : KNOWLEDGE_CANNOT_TELL;
}

bool
source_chain_can_tell(const struct source_chain *chain)
{
    for (size_t i = chain->first_count; i < chain->count; i++)
        if (source_check_recipients(chain->sources[i], NULL) == 0)
            return true;
    return false;
}
