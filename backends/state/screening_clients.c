/*
 * Clients without AUTH: what is remembered of them, and what counts against them.
 */
#include "screening.h"
#include "subject.h"

enum { RECALL_OPS = 2, COUNT_OPS = 1 + OFFENCE_OPS };

void
client_recall(struct store *store, const struct screening_rules *rules,
              const struct client_question *question, int64_t now_ms, struct deadline deadline,
              struct client_answer *answer_r)
{
    *answer_r = (struct client_answer){0};
    const struct subject subject = subject_of(rules, &question->client);
    struct batch batch;
    batch_init(&batch, RECALL_OPS);
    const struct store_op *ban = subject_find_ban(&subject, &batch), *window = NULL;
    struct store_value value;
    struct store_op op;
    if (question->window_age_ms > 0 && !subject.is_exempt &&
        window_op_get(&question->client, &value, &op))
        window = batch_put(&batch, &op);
    if (batch_run(&batch, store, now_ms, deadline, NULL) == 0) {
        answer_r->is_banned = op_has_hit(ban);
        if (answer_r->is_banned) {
            answer_r->ban = ban->ban_r;
            answer_r->rule = subject_ban_rule(&subject, &answer_r->ban);
        }
        answer_r->has_window =
            op_has_hit(window) && window_read(window, &question->client, question->window_age_ms,
                                              now_ms, &answer_r->window);
    }
    batch_fini(&batch);
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
