/*
 * Clients without AUTH: what is remembered of them, and what counts against them.
 */
#include "screening.h"
#include "subject.h"

enum { RECALL_OPS = 2 + IDENTITY_OPS, COUNT_OPS = 1 + OFFENCE_OPS };

struct recall {
    const struct screening_rules *rules;
    const struct client_question *question;
    struct subject subject;
    struct store_value opened, noted;
    struct batch batch;
    /* in the batch; NULL: not asked */
    const struct store_op *ban, *window, *identity;
};

static void
compose(struct recall *recall)
{
    const struct client_question *question = recall->question;
    struct store_op op, ops[IDENTITY_OPS];
    recall->ban = subject_find_ban(&recall->subject, &recall->batch);
    if (question->window_age_ms > 0 && !recall->subject.is_exempt &&
        window_op_get(&question->client, &recall->opened, &op))
        recall->window = batch_put(&recall->batch, &op);
    if (question->user == NULL ||
        !identity_ops_get(&question->client, question->user, recall->rules->longest_window_ms,
                          &recall->noted, ops))
        return;
    recall->identity = batch_put(&recall->batch, &ops[0]);
    for (size_t i = 1; i < IDENTITY_OPS; i++)
        (void)batch_put(&recall->batch, &ops[i]);
}

static void
read_identity(const struct recall *recall, struct client_answer *answer_r)
{
    if (recall->identity == NULL || !recall->identity->was_run)
        return;
    const struct client_question *question = recall->question;
    switch (
        identity_read(recall->identity, &question->client, question->user, &answer_r->identity)) {
    case IDENTITY_CANNOT_TELL:
        answer_r->is_ambiguous = true;
        return;
    case IDENTITY_NONE:
        return;
    case IDENTITY_FOUND:
        answer_r->has_identity = true;
        return;
    }
}

static void
read_recall(const struct recall *recall, int64_t now_ms, struct client_answer *answer_r)
{
    const struct client_question *question = recall->question;
    answer_r->is_banned = op_has_hit(recall->ban);
    if (answer_r->is_banned) {
        answer_r->ban = recall->ban->ban_r;
        answer_r->rule = subject_ban_rule(&recall->subject, &answer_r->ban);
    }
    answer_r->has_window = op_has_hit(recall->window) &&
                           window_read(recall->window, &question->client, question->window_age_ms,
                                       now_ms, &answer_r->window);
    read_identity(recall, answer_r);
}

void
client_recall(struct store *store, const struct screening_rules *rules,
              const struct client_question *question, int64_t now_ms, struct deadline deadline,
              struct client_answer *answer_r)
{
    struct recall recall = {
        .rules = rules, .question = question, .subject = subject_of(rules, &question->client)};
    *answer_r = (struct client_answer){0};
    batch_init(&recall.batch, RECALL_OPS);
    compose(&recall);
    if (batch_run(&recall.batch, store, now_ms, deadline, NULL) == 0)
        read_recall(&recall, now_ms, answer_r);
    else
        answer_r->is_down = true;
    batch_fini(&recall.batch);
}

/* Runs a batch at whose end may be an offence. */
static void
run_offence(struct batch *batch, struct store *store, const struct subject *subject,
            const struct store_op *offence, int64_t now_ms, struct deadline deadline,
            struct attempt_end *end_r)
{
    if (batch_run(batch, store, now_ms, deadline, NULL) == 0)
        subject_offended(subject, offence, now_ms, end_r);
}

void
client_bad_recipient(struct store *store, const struct screening_rules *rules,
                     const struct netaddr *client, const char *reason, int64_t now_ms,
                     struct deadline deadline, struct attempt_end *end_r)
{
    *end_r = (struct attempt_end){0};
    const struct subject subject = subject_of(rules, client);
    const struct screen *screen = rules->screen;
    if (!subject.is_counted || screen->bad_recipients == 0)
        return;
    struct batch batch;
    batch_init(&batch, COUNT_OPS);
    const struct store_op *count =
        subject_count(&subject, &batch, STORE_COUNT, NETWORK_BAD_RECIPIENTS, screen->within_ms,
                      screen->bad_recipients);
    const struct store_op *offence = subject_offend(&subject, &batch, BAN_BY_COUNT, reason, count);
    run_offence(&batch, store, &subject, offence, now_ms, deadline, end_r);
    batch_fini(&batch);
}

void
client_offence(struct store *store, const struct screening_rules *rules,
               const struct netaddr *client, const char *reason, int64_t now_ms,
               struct deadline deadline, struct attempt_end *end_r)
{
    *end_r = (struct attempt_end){0};
    const struct subject subject = subject_of(rules, client);
    if (subject.is_exempt)
        return;
    struct batch batch;
    batch_init(&batch, COUNT_OPS);
    const struct store_op *offence =
        subject_offend(&subject, &batch, BAN_BY_LISTENER, reason, NULL);
    run_offence(&batch, store, &subject, offence, now_ms, deadline, end_r);
    batch_fini(&batch);
}
