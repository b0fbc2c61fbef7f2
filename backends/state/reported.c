#include "reported.h"

#include "subject.h"

enum { BATCH_MAX = 2 };

void
reported_ask(struct store *store, const struct screening_rules *rules,
             const struct attempt_question *question, int64_t now_ms, struct deadline deadline,
             struct attempt *attempt_r)
{
    struct attempt_question asking = *question;
    asking.only_asks = true;
    attempt_begin(store, rules, &asking, now_ms, deadline, attempt_r);
}

static bool
is_limited(const struct rate *rate)
{
    return rate->most > 0;
}

/* A login that a server let through is one for the limits, whatever became of it. */
static void
count_login(struct store *store, const struct screening_rules *rules,
            const struct attempt_question *question, int64_t now_ms, struct deadline deadline)
{
    const struct subject subject = subject_of(rules, &question->client);
    const struct rate *of_address = &rules->limits->logins_per_address;
    const struct rate *of_user = &rules->limits->logins_per_user;
    struct batch batch;
    batch_init(&batch, BATCH_MAX);
    if (is_limited(of_address) && !subject.is_exempt)
        subject_count(&subject, &batch, STORE_COUNT, NETWORK_LOGINS, of_address->within_ms,
                      of_address->most);
    if (is_limited(of_user)) {
        struct store_op *op = batch_add(&batch, STORE_COUNT, account_space(ACCOUNT_LOGINS));
        op->key = account_key(ACCOUNT_LOGINS, question->organization, question->login);
        op->amount = 1;
        op->window_ms = of_user->within_ms;
        op->most = of_user->most;
    }
    batch_run(&batch, store, now_ms, deadline, NULL);
    batch_fini(&batch);
}

void
reported_end(struct store *store, const struct screening_rules *rules,
             const struct attempt_question *question, const struct attempt_result *result,
             int64_t now_ms, struct deadline deadline, struct attempt_end *end_r)
{
    const struct attempt placeless = {
        .answer = ATTEMPT_GO_ON, .is_counted = true, .begun_ms = now_ms};
    count_login(store, rules, question, now_ms, deadline);
    attempt_end(store, rules, question, &placeless, result, now_ms, deadline, end_r);
}
