/*
 * The batch that ends an attempt. The places go back first. Then, if an alias turned out to be
 * somebody else's name, that account may be closed: then a failure is counted of the network and of
 * the alias, whether the password was right or wrong, and nothing else happens. So neither the
 * answer nor what is counted tells the two apart, and nobody may guess for ever.
 */
#include <string.h>

#include "log.h"
#include "password_mark.h"
#include "places.h"
#include "screening.h"
#include "subject.h"

enum {
    NAMES_MAX = 2,
    ALIAS = 1, /* its place among the names */
    BATCH_MAX = 40,
};
static const int64_t known_ms = INT64_C(90) * 24 * 3600 * 1000;
static const char failures_reason[] = "auth.bad-credentials";
static const char unknown_names_reason[] = "auth.bad-credentials (unknown names)";

struct end {
    const struct screening_rules *rules;
    const struct attempt_question *question;
    const struct attempt *attempt;
    const struct attempt_result *result;
    struct subject subject;
    /* What the account is called: its canonical name, if that is known, and what was logged in as,
     * if that is another. */
    const char *names[NAMES_MAX];
    size_t name_count;
    bool has_salt, has_password_marks;
    unsigned char salt[STORE_SALT_BYTES];
    uint64_t password_marks[NAMES_MAX];
    struct window_record record;
    struct identity window_identity; /* of who opens one */
    bool is_window_for_many;
    struct batch batch;
    /* in the batch; NULL: not asked */
    struct store_op *closed, *failures, *unknown_names, *account_failures, *addresses, *window;
    struct store_op *offences[3];
};

static void
set_names(struct end *end)
{
    const char *account = end->result->account, *login = end->question->login;
    if (account != NULL && account[0] != '\0')
        end->names[end->name_count++] = account;
    if (end->name_count == 0 || strcmp(account, login) != 0)
        end->names[end->name_count++] = login;
}

static struct store_op *
count_account(struct end *end, enum store_action action, enum account_key kind, const char *name,
              int64_t window_ms)
{
    struct store_op *op = batch_add(&end->batch, action, STORE_COUNTERS);
    op->key = account_key(kind, end->question->organization, name);
    op->amount = 1;
    op->window_ms = window_ms;
    return op;
}

static struct store_op *
count_pair(struct end *end, enum store_action action, enum pair_key kind, const char *name,
           int64_t window_ms)
{
    struct store_op *op = batch_add(&end->batch, action, STORE_COUNTERS);
    op->key = pair_key(kind, end->question->organization, name, &end->subject.network);
    op->amount = 1;
    op->window_ms = window_ms;
    return op;
}

static void
give_places_back(struct end *end)
{
    const struct attempt *attempt = end->attempt;
    if (attempt->has_network_place) {
        struct store_op *op = subject_count(&end->subject, &end->batch, STORE_COUNT, NETWORK_PLACES,
                                            end->rules->place_ms, 0);
        op->amount = -1;
        op->at_ms = attempt->begun_ms;
    }
    if (attempt->has_account_place) {
        struct store_op *op = count_account(end, STORE_COUNT, ACCOUNT_PLACES, end->question->login,
                                            end->rules->place_ms);
        op->amount = -1;
        op->at_ms = attempt->begun_ms;
    }
}

/* attempt_begin knew the login name only. Who is known by that has been let in as this account. */
static bool
may_be_closed(const struct end *end)
{
    const bool is_alias = end->name_count == NAMES_MAX;
    return is_alias && end->subject.is_held && end->subject.screen->account_failures > 0 &&
           !end->attempt->is_known;
}

static void
ask_closed(struct end *end)
{
    const struct screen *screen = end->subject.screen;
    struct store_op *known = batch_add(&end->batch, STORE_GET, STORE_KNOWN);
    known->key =
        pair_key(PAIR_KNOWN, end->question->organization, end->names[0], &end->subject.network);
    end->closed =
        count_account(end, STORE_COUNT, ACCOUNT_FAILURES, end->names[0], screen->account_within_ms);
    end->closed->amount = 0;
    end->closed->most = screen->account_failures;
    end->closed->unless_hit = batch_index(&end->batch, known);
}

/* What the password is to each of the names; without, no password is ever the same. */
static void
set_password_marks(struct end *end)
{
    const struct attempt_result *result = end->result;
    end->has_password_marks =
        end->subject.screen->same_password_once && result->password != NULL && end->has_salt;
    for (size_t i = 0; i < end->name_count && end->has_password_marks; i++)
        end->has_password_marks =
            password_mark(end->salt, end->question->organization, end->names[i], result->password,
                          &end->password_marks[i]);
}

/* Puts the password of a name into a set; it hits if it was in there. Returns its index, or 0: this
 * password is never the same. */
static unsigned
mark_password(struct end *end, struct store_key key, size_t name, int64_t window_ms)
{
    if (!end->has_password_marks)
        return 0;
    struct store_op *op = batch_add(&end->batch, STORE_MARK, STORE_COUNTERS);
    op->key = key;
    op->amount = 1;
    op->member = end->password_marks[name];
    op->window_ms = window_ms;
    op->hit_if_there = true;
    return batch_index(&end->batch, op);
}

/* By one of the names. NULL: not counted. */
static struct store_op *
count_network_failure(struct end *end, size_t name)
{
    const struct screen *screen = end->subject.screen;
    if (screen->failures == 0)
        return NULL;
    const struct store_key passwords = network_key(NETWORK_PASSWORDS, &end->subject.network);
    const unsigned was_tried = mark_password(end, passwords, name, screen->within_ms);
    count_pair(end, STORE_COUNT, PAIR_NETWORK_FAILURES, end->names[name], screen->within_ms)
        ->unless_hit = was_tried;
    struct store_op *op = subject_count(&end->subject, &end->batch, STORE_COUNT, NETWORK_FAILURES,
                                        screen->within_ms, screen->failures);
    op->unless_hit = was_tried;
    return op;
}

static void
count_unknown_name(struct end *end)
{
    const struct screen *screen = end->subject.screen;
    uint64_t mark;
    if (end->result->outcome != VERIFY_UNKNOWN_USER || screen->unknown_names == 0 ||
        !end->has_salt ||
        !name_mark(end->salt, end->question->organization, end->question->login, &mark))
        return;
    end->unknown_names =
        subject_count(&end->subject, &end->batch, STORE_MARK, NETWORK_UNKNOWN_NAMES,
                      screen->unknown_within_ms, screen->unknown_names);
    end->unknown_names->member = mark;
}

/* Likewise. */
static struct store_op *
count_account_failure(struct end *end, size_t name)
{
    const struct screen *screen = end->subject.screen;
    if (screen->account_failures == 0)
        return NULL;
    const struct store_key passwords =
        account_key(ACCOUNT_PASSWORDS, end->question->organization, end->names[name]);
    const unsigned was_tried = mark_password(end, passwords, name, screen->account_within_ms);
    count_pair(end, STORE_COUNT, PAIR_ACCOUNT_FAILURES, end->names[name], screen->account_within_ms)
        ->unless_hit = was_tried;
    struct store_op *op = count_account(end, STORE_COUNT, ACCOUNT_FAILURES, end->names[name],
                                        screen->account_within_ms);
    op->unless_hit = was_tried;
    return op;
}

/* Both counts come before either's ban, which lets them begin anew. */
static void
note_failure(struct end *end)
{
    end->failures = count_network_failure(end, 0);
    count_unknown_name(end);
    end->account_failures = count_account_failure(end, 0);
    if (end->name_count == NAMES_MAX)
        (void)count_account_failure(end, ALIAS);
    if (end->failures != NULL)
        end->offences[0] = subject_offend(&end->subject, &end->batch, BAN_BY_COUNT, failures_reason,
                                          end->failures);
    if (end->unknown_names != NULL)
        end->offences[1] = subject_offend(&end->subject, &end->batch, BAN_BY_COUNT,
                                          unknown_names_reason, end->unknown_names);
}

/* What an attempt at a closed account by an alias costs, right or wrong; it ends the batch. An
 * outage is nobody's. */
static void
note_unseen(struct end *end)
{
    struct batch *batch = &end->batch;
    const unsigned closed = batch_index(batch, end->closed);
    const size_t first = batch->count;
    if (end->result->outcome != VERIFY_UNAVAILABLE) {
        const struct store_op *failures = count_network_failure(end, ALIAS);
        (void)count_account_failure(end, ALIAS);
        if (failures != NULL)
            end->offences[2] =
                subject_offend(&end->subject, batch, BAN_BY_COUNT, failures_reason, failures);
    }
    for (size_t i = first; i < batch->count; i++)
        if (batch->ops[i].if_hit == 0)
            batch->ops[i].if_hit = closed;
    struct store_op *stop = batch_put(batch, end->closed);
    stop->unless_hit = 0;
    stop->if_hit = closed;
    stop->ends = true;
}

/* Takes what a pair has added to a counter off it. total's key names the counter. */
static void
take_off(struct end *end, enum pair_key kind, const char *name, struct store_key total,
         int64_t window_ms)
{
    struct batch *batch = &end->batch;
    struct store_op *pair = count_pair(end, STORE_COUNT, kind, name, window_ms);
    pair->amount = 0;
    pair->most = 1;
    const unsigned index = batch_index(batch, pair);
    struct store_op *counter = batch_add(batch, STORE_COUNT, STORE_COUNTERS);
    counter->key = total;
    counter->window_ms = window_ms;
    counter->take = index;
    counter->if_hit = index;
    count_pair(end, STORE_REMOVE, kind, name, 0)->if_hit = index;
}

/* His own failures were typing errors; those of others from his network, or at his account from
 * elsewhere, stay. */
static void
forgive(struct end *end)
{
    const struct screen *screen = end->subject.screen;
    for (size_t i = 0; i < end->name_count; i++) {
        const char *name = end->names[i];
        if (screen->failures > 0)
            take_off(end, PAIR_NETWORK_FAILURES, name,
                     network_key(NETWORK_FAILURES, &end->subject.network), screen->within_ms);
        if (screen->account_failures > 0)
            take_off(end, PAIR_ACCOUNT_FAILURES, name,
                     account_key(ACCOUNT_FAILURES, end->question->organization, name),
                     screen->account_within_ms);
    }
}

static void
count_address(struct end *end)
{
    const struct rate *rate = &end->rules->limits->addresses_per_user;
    if (rate->most == 0 || end->subject.is_exempt)
        return;
    end->addresses =
        count_account(end, STORE_ADMIT_MEMBER, ACCOUNT_ADDRESSES, end->names[0], rate->within_ms);
    end->addresses->most = rate->most;
    end->addresses->member = network_member(&end->subject.network);
    end->addresses->ends = true;
}

static void
note_known(struct end *end, const int64_t *now_ms)
{
    if (!end->subject.is_counted || end->subject.screen->account_failures == 0 ||
        end->attempt->is_known_fresh)
        return;
    for (size_t i = 0; i < end->name_count; i++) {
        struct store_op *op = batch_add(&end->batch, STORE_PUT, STORE_KNOWN);
        op->key =
            pair_key(PAIR_KNOWN, end->question->organization, end->names[i], &end->subject.network);
        op->value = now_ms;
        op->value_length = sizeof *now_ms;
        op->lifetime_ms = known_ms;
    }
}

static void
note_identity(struct end *end, const struct identity *identity)
{
    struct store_op ops[IDENTITY_OPS];
    if (!identity_is_needed(identity->name, identity->login) ||
        !identity_ops_put(identity, end->question->organization, end->rules->longest_window_ms,
                          ops))
        return;
    for (size_t i = 0; i < IDENTITY_OPS; i++)
        (void)batch_put(&end->batch, &ops[i]);
}

/* Behind an address of `never` may be many people: a balancer, a webmail. */
static void
open_window(struct end *end)
{
    struct store_op op;
    if (end->result->window == NULL || end->rules->longest_window_ms == 0)
        return;
    end->is_window_for_many = end->subject.is_exempt;
    if (end->is_window_for_many ||
        !window_op_put(end->result->window, end->rules->longest_window_ms, &end->record, &op))
        return;
    end->window = batch_put(&end->batch, &op);
    end->window_identity.client = end->result->window->client;
    memcpy(end->window_identity.name, end->result->window->name, sizeof end->window_identity.name);
    memcpy(end->window_identity.login, end->result->window->login,
           sizeof end->window_identity.login);
    note_identity(end, &end->window_identity);
}

static void
compose(struct end *end, const int64_t *now_ms)
{
    give_places_back(end);
    if (!end->result->was_verified)
        return;
    if (may_be_closed(end)) {
        ask_closed(end);
        note_unseen(end);
    }
    const enum verify_outcome outcome = end->result->outcome;
    if (end->subject.is_counted &&
        (outcome == VERIFY_WRONG_PASSWORD || outcome == VERIFY_UNKNOWN_USER))
        note_failure(end);
    if (end->subject.is_counted && outcome == VERIFY_OK)
        forgive(end);
    if (outcome != VERIFY_OK || !end->result->is_accepted)
        return;
    count_address(end);
    note_known(end, now_ms);
    open_window(end);
    if (end->result->identity != NULL)
        note_identity(end, end->result->identity);
}

static void
read_refusal(const struct end *end, struct attempt_end *end_r)
{
    if (op_has_hit(end->closed)) {
        end_r->is_throttled = true;
        end_r->rule = subject_closed_rule(&end->subject, end->closed);
    } else if (op_has_hit(end->addresses)) {
        end_r->is_throttled = true;
        end_r->rule =
            subject_limit_rule(&end->rules->limits->addresses_per_user, "addresses_per_user");
        end_r->addresses = end->addresses->count;
    }
}

static void
log_no_window(const struct end *end)
{
    char client[NETADDR_TEXT_MAX];
    netaddr_format(&end->subject.client, client);
    log_event(LOG_DEBUG, "window.none", LOG_STR("client", client),
              LOG_STR("user", end->question->login),
              LOG_STR("why", "the client is in `never` of screen and may stand for many"));
}

static void
read_end(const struct end *end, int64_t now_ms, struct attempt_end *end_r)
{
    read_refusal(end, end_r);
    for (size_t i = 0; i < sizeof end->offences / sizeof end->offences[0]; i++)
        if (end->offences[i] != NULL)
            subject_offended(&end->subject, end->offences[i], now_ms, end_r);
    if (end->is_window_for_many && !end_r->is_throttled)
        log_no_window(end);
    end_r->has_window = end->window != NULL && end->window->was_run;
    if (end->account_failures != NULL && end->account_failures->was_run)
        end_r->account_failures = end->account_failures->count;
}

/* Even if the store could not be asked: then nobody need wait for a place. */
static void
wake(const struct end *end)
{
    if (end->attempt->has_network_place) {
        const struct store_key key = network_key(NETWORK_PLACES, &end->subject.network);
        places_wake(&key);
    }
    if (end->attempt->has_account_place) {
        const struct store_key key =
            account_key(ACCOUNT_PLACES, end->question->organization, end->question->login);
        places_wake(&key);
    }
}

static bool
needs_salt(const struct end *end)
{
    const enum verify_outcome outcome = end->result->outcome;
    return end->subject.is_counted && end->result->was_verified &&
           (outcome == VERIFY_WRONG_PASSWORD || outcome == VERIFY_UNKNOWN_USER ||
            may_be_closed(end));
}

void
attempt_end(struct store *store, const struct screening_rules *rules,
            const struct attempt_question *question, const struct attempt *attempt,
            const struct attempt_result *result, int64_t now_ms, struct deadline deadline,
            struct attempt_end *end_r)
{
    struct end end = {
        .rules = rules,
        .question = question,
        .attempt = attempt,
        .result = result,
        .subject = subject_of(rules, &question->client),
    };
    *end_r = (struct attempt_end){0};
    set_names(&end);
    end.has_salt = needs_salt(&end) && store_salt(store, end.salt, deadline) == 0;
    set_password_marks(&end);
    batch_init(&end.batch, BATCH_MAX);
    compose(&end, &now_ms);
    if (batch_run(&end.batch, store, now_ms, deadline, NULL) == 0)
        read_end(&end, now_ms, end_r);
    batch_fini(&end.batch);
    wake(&end);
}
