#include "sending.h"

#include "subject.h"

static const struct rate *
rate_of(const struct limits *limits, enum sent what)
{
    return what == SENT_MESSAGE ? &limits->messages_per_user : &limits->recipients_per_user;
}

/* amount of the user's, in a batch. */
static struct store_op *
count(struct batch *batch, const struct sender *sender, enum sent what, enum store_action action,
      const struct rate *rate, int64_t amount)
{
    const enum account_key kind = what == SENT_MESSAGE ? ACCOUNT_MESSAGES : ACCOUNT_RECIPIENTS;
    struct store_op *op = batch_add(batch, action, account_space(kind));
    op->key = account_key(kind, sender->organization, sender->user);
    op->window_ms = rate->within_ms;
    op->amount = amount;
    return op;
}

void
sending_count(struct store *store, const struct limits *limits, const struct sender *sender,
              enum sent what, int64_t now_ms, struct deadline deadline,
              struct sending_answer *answer_r)
{
    const struct rate *rate = rate_of(limits, what);
    *answer_r = (struct sending_answer){0};
    if (rate->most == 0)
        return;
    struct batch batch;
    batch_init(&batch, 1);
    struct store_op *op = count(&batch, sender, what, STORE_ADMIT, rate, 1);
    op->most = rate->most;
    if (batch_run(&batch, store, now_ms, deadline, NULL) == 0) {
        answer_r->is_over = op->hit;
        answer_r->is_counted = !op->hit;
        answer_r->count = op->count;
        answer_r->rule = subject_limit_rule(rate, what == SENT_MESSAGE ? "messages_per_user"
                                                                       : "recipients_per_user");
    }
    batch_fini(&batch);
}

void
sending_take_back(struct store *store, const struct limits *limits, const struct sender *sender,
                  int64_t messages, int64_t recipients, int64_t now_ms, struct deadline deadline)
{
    enum { KINDS = 2 };
    const int64_t amounts[KINDS] = {[SENT_MESSAGE] = messages, [SENT_RECIPIENT] = recipients};
    struct batch batch;
    batch_init(&batch, KINDS);
    for (enum sent what = SENT_MESSAGE; what <= SENT_RECIPIENT; what++) {
        const struct rate *rate = rate_of(limits, what);
        if (amounts[what] > 0 && rate->most > 0)
            (void)count(&batch, sender, what, STORE_COUNT, rate, -amounts[what]);
    }
    batch_run(&batch, store, now_ms, deadline, NULL);
    batch_fini(&batch);
}
