/*
 * The batch that begins an attempt. First come the questions whose answer refuses; only then places
 * are taken and logins counted, so that who is refused leaves nothing behind.
 */
#include <string.h>

#include "places.h"
#include "screening.h"
#include "subject.h"

enum {
    BATCH_MAX = 12,
    DAY_MS = 24 * 3600 * 1000,
    /* How long somebody waits for a place; after each slice the store is asked anyway, because
     * attempts of other processes end unheard. */
    WAIT_MS = 1000,
    SLICE_MS = 200,
};

struct begin {
    const struct screening_rules *rules;
    const struct attempt_question *question;
    struct subject subject;
    bool is_attempt; /* false: only bans are looked at */
    struct store_key network_places, account_places;
    struct store_value noted; /* when `known` was written */
    struct batch batch;
    /* in the batch; NULL: not asked */
    struct store_op *ban, *known, *account_closed, *address_limit, *user_limit, *addresses;
    struct store_op *network_place, *last_network_place, *account_place;
};

static bool
has_login(const struct attempt_question *question)
{
    return question->login != NULL && question->login[0] != '\0';
}

static struct store_op *
count_account(struct begin *begin, enum store_action action, enum account_key kind,
              int64_t window_ms, int64_t most)
{
    const struct attempt_question *question = begin->question;
    struct store_op *op = batch_add(&begin->batch, action, account_space(kind));
    op->key = account_key(kind, question->organization, question->login);
    op->window_ms = window_ms;
    op->most = most;
    return op;
}

/* The account, unless it is known from the client's network. */
static void
ask_account(struct begin *begin)
{
    const struct screen *screen = begin->subject.screen;
    if (!begin->subject.is_counted || screen->account_failures == 0)
        return;
    const struct attempt_question *question = begin->question;
    begin->known = batch_add(&begin->batch, STORE_GET, STORE_KNOWN);
    begin->known->key =
        pair_key(PAIR_KNOWN, question->organization, question->login, &begin->subject.network);
    begin->known->value_r = &begin->noted;
    if (!begin->subject.is_held)
        return;
    begin->account_closed = count_account(begin, STORE_COUNT, ACCOUNT_FAILURES,
                                          screen->account_within_ms, screen->account_failures);
    begin->account_closed->unless_hit = batch_index(&begin->batch, begin->known);
    begin->account_closed->ends = true;
}

static bool
limits_address(const struct begin *begin)
{
    return begin->rules->limits->logins_per_address.most > 0 && !begin->subject.is_exempt;
}

static bool
limits_user(const struct begin *begin)
{
    return begin->rules->limits->logins_per_user.most > 0;
}

/* amount 0 asks whether the limit is reached, 1 counts the login. */
static struct store_op *
count_address(struct begin *begin, int64_t amount)
{
    const struct rate *rate = &begin->rules->limits->logins_per_address;
    struct store_op *op = subject_count(&begin->subject, &begin->batch, STORE_COUNT, NETWORK_LOGINS,
                                        rate->within_ms, rate->most);
    op->amount = amount;
    return op;
}

static struct store_op *
count_user(struct begin *begin, int64_t amount)
{
    const struct rate *rate = &begin->rules->limits->logins_per_user;
    struct store_op *op =
        count_account(begin, STORE_COUNT, ACCOUNT_LOGINS, rate->within_ms, rate->most);
    op->amount = amount;
    return op;
}

static void
ask_limits(struct begin *begin)
{
    if (limits_address(begin)) {
        begin->address_limit = count_address(begin, 0);
        begin->address_limit->ends = true;
    }
    if (limits_user(begin)) {
        begin->user_limit = count_user(begin, 0);
        begin->user_limit->ends = true;
    }
}

/* Whether the network would be one more than the user may have logged in from; with logins of our
 * own attempt_end finds out, and puts it in. */
static void
ask_addresses(struct begin *begin)
{
    const struct rate *rate = &begin->rules->limits->addresses_per_user;
    if (rate->most == 0 || begin->subject.is_exempt)
        return;
    begin->addresses =
        count_account(begin, STORE_MARK, ACCOUNT_ADDRESSES, rate->within_ms, rate->most);
    begin->addresses->member = network_member(&begin->subject.network);
}

/* As many as the network may still have failures. Where it has had them all and is not banned (the
 * mode was monitor, `failures` was larger), one after the other: the next failure bans it, and who
 * knows his password is not shut out. */
static void
take_network_place(struct begin *begin, int64_t now_ms)
{
    const struct screen *screen = begin->subject.screen;
    if (!begin->subject.is_held || screen->failures == 0)
        return;
    struct batch *batch = &begin->batch;
    struct store_op *failures = subject_count(&begin->subject, batch, STORE_COUNT, NETWORK_FAILURES,
                                              screen->within_ms, screen->failures);
    failures->amount = 0;
    struct store_op *places[2];
    for (size_t i = 0; i < 2; i++) {
        places[i] = subject_count(&begin->subject, batch, STORE_ADMIT, NETWORK_PLACES,
                                  begin->rules->place_ms, 1);
        places[i]->at_ms = now_ms;
        places[i]->ends = true;
    }
    places[0]->most = screen->failures;
    places[0]->plus = batch_index(batch, failures);
    places[0]->unless_hit = batch_index(batch, failures);
    places[1]->if_hit = batch_index(batch, failures);
    begin->network_place = places[0];
    begin->last_network_place = places[1];
}

/* Who gets none gives back the network's. */
static void
take_account_place(struct begin *begin, int64_t now_ms)
{
    if (begin->account_closed == NULL)
        return;
    struct batch *batch = &begin->batch;
    struct store_op *place =
        count_account(begin, STORE_ADMIT, ACCOUNT_PLACES, begin->rules->place_ms,
                      begin->subject.screen->account_failures);
    place->amount = 1;
    place->at_ms = now_ms;
    place->plus = batch_index(batch, begin->account_closed);
    place->unless_hit = batch_index(batch, begin->known);
    begin->account_place = place;
    if (begin->network_place == NULL)
        return;
    struct store_op *back = subject_count(&begin->subject, batch, STORE_COUNT, NETWORK_PLACES,
                                          begin->rules->place_ms, 0);
    back->amount = -1;
    back->at_ms = now_ms;
    back->if_hit = batch_index(batch, place);
}

static void
count_login(struct begin *begin)
{
    const unsigned place = batch_index(&begin->batch, begin->account_place);
    if (limits_address(begin))
        count_address(begin, 1)->unless_hit = place;
    if (limits_user(begin))
        count_user(begin, 1)->unless_hit = place;
}

static void
compose(struct begin *begin, int64_t now_ms)
{
    begin->batch.count = 0;
    begin->ban = subject_find_ban(&begin->subject, &begin->batch);
    if (!begin->is_attempt)
        return;
    ask_account(begin);
    ask_limits(begin);
    if (begin->question->only_asks) {
        ask_addresses(begin);
        return;
    }
    take_network_place(begin, now_ms);
    take_account_place(begin, now_ms);
    count_login(begin);
}

static bool
is_throttled(const struct begin *begin, struct rule_ref *rule_r)
{
    const struct limits *limits = begin->rules->limits;
    if (op_has_hit(begin->account_closed)) {
        *rule_r = subject_closed_rule(&begin->subject, begin->account_closed);
        return true;
    }
    if (op_has_hit(begin->address_limit)) {
        *rule_r = subject_limit_rule(&limits->logins_per_address, "logins_per_address");
        return true;
    }
    if (op_has_hit(begin->user_limit)) {
        *rule_r = subject_limit_rule(&limits->logins_per_user, "logins_per_user");
        return true;
    }
    if (op_has_hit(begin->addresses) && !begin->addresses->was_there) {
        *rule_r = subject_limit_rule(&limits->addresses_per_user, "addresses_per_user");
        return true;
    }
    return false;
}

static void
read_places(struct begin *begin, int64_t now_ms, struct attempt *attempt_r)
{
    attempt_r->has_network_place =
        op_has_missed(begin->network_place) || op_has_missed(begin->last_network_place);
    attempt_r->has_account_place = op_has_missed(begin->account_place);
    attempt_r->begun_ms = now_ms;
}

static void
read_known(const struct begin *begin, int64_t now_ms, struct attempt *attempt_r)
{
    int64_t noted_ms = 0;
    attempt_r->is_known = op_has_hit(begin->known);
    if (!attempt_r->is_known || begin->noted.length != sizeof noted_ms)
        return;
    memcpy(&noted_ms, begin->noted.bytes, sizeof noted_ms);
    attempt_r->is_known_fresh = now_ms - noted_ms < DAY_MS;
}

static void
read_answer(struct begin *begin, int64_t now_ms, struct attempt *attempt_r)
{
    *attempt_r = (struct attempt){.answer = ATTEMPT_GO_ON};
    if (op_has_hit(begin->ban)) {
        attempt_r->answer = ATTEMPT_BANNED;
        attempt_r->ban = begin->ban->ban_r;
        attempt_r->rule = subject_ban_rule(&begin->subject, &attempt_r->ban);
        return;
    }
    if (is_throttled(begin, &attempt_r->rule)) {
        attempt_r->answer = ATTEMPT_THROTTLED;
        return;
    }
    if (op_has_hit(begin->network_place) || op_has_hit(begin->last_network_place) ||
        op_has_hit(begin->account_place)) {
        attempt_r->answer = ATTEMPT_WAIT;
        return;
    }
    attempt_r->is_counted = begin->is_attempt;
    read_known(begin, now_ms, attempt_r);
    read_places(begin, now_ms, attempt_r);
}

/* Of a place that was not to be had. */
static const struct store_key *
lacking(const struct begin *begin)
{
    return op_has_hit(begin->account_place) ? &begin->account_places : &begin->network_places;
}

/* What has ended so far, of those that may have to be waited for. */
struct ended {
    uint64_t network, account;
};

static struct ended
read_ended(const struct begin *begin)
{
    return (struct ended){places_ended(&begin->network_places),
                          places_ended(&begin->account_places)};
}

static bool
wait_for_place(const struct begin *begin, struct ended ended, struct deadline until)
{
    const struct store_key *key = lacking(begin);
    const bool is_account = key == &begin->account_places;
    return places_wait(key, is_account ? ended.account : ended.network,
                       deadline_sooner(until, SLICE_MS));
}

static int
ask_once(struct begin *begin, struct store *store, int64_t now_ms, struct deadline deadline,
         struct attempt *attempt_r)
{
    *attempt_r = (struct attempt){.answer = ATTEMPT_GO_ON};
    compose(begin, now_ms);
    if (batch_run(&begin->batch, store, now_ms, deadline, NULL) != 0)
        return -1;
    read_answer(begin, now_ms, attempt_r);
    return 0;
}

/* Asks until there is an answer other than "wait", or the time is up. */
static void
ask(struct begin *begin, struct store *store, int64_t now_ms, struct deadline deadline,
    struct attempt *attempt_r)
{
    const struct deadline until = deadline_sooner(deadline, WAIT_MS);
    bool has_waited = false;
    for (;;) {
        const bool is_last = deadline_is_over(until);
        const struct ended ended = read_ended(begin);
        if (ask_once(begin, store, now_ms, deadline, attempt_r) != 0)
            return;
        if (attempt_r->answer != ATTEMPT_WAIT)
            break;
        if (is_last || !wait_for_place(begin, ended, until) || deadline_is_over(deadline))
            return;
        has_waited = true;
    }
    /* Who was woken for a place and is refused for another reason leaves it to the next one. */
    if (has_waited && attempt_r->answer != ATTEMPT_GO_ON) {
        places_wake(&begin->network_places);
        places_wake(&begin->account_places);
    }
}

void
attempt_begin(struct store *store, const struct screening_rules *rules,
              const struct attempt_question *question, int64_t now_ms, struct deadline deadline,
              struct attempt *attempt_r)
{
    struct begin begin = {
        .rules = rules,
        .question = question,
        .subject = subject_of(rules, &question->client),
        .is_attempt = !question->only_bans && has_login(question),
    };
    if (begin.is_attempt) {
        begin.network_places = network_key(NETWORK_PLACES, &begin.subject.network);
        begin.account_places = account_key(ACCOUNT_PLACES, question->organization, question->login);
    }
    batch_init(&begin.batch, BATCH_MAX);
    ask(&begin, store, now_ms, deadline, attempt_r);
    batch_fini(&begin.batch);
}
