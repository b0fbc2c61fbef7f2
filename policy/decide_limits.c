#include "decide_limits.h"

static bool
ask(const struct question *question, const char *setting, struct origin origin, bool is_over,
    enum reason reason)
{
    struct rule_ref rule = {.origin = origin, .section_kind = "limits", .setting = setting};
    if (is_over)
        question_note(&rule, "reached");
    return question_unless(question, is_over, reason, &rule);
}

bool
limits_ask_session(const struct question *question)
{
    const struct message_facts *message = question->facts->message;
    const struct message_limits *limits = &question->settings->limits;
    if (message == NULL)
        return true;
    unsigned most = limits->messages_per_session;
    return ask(question, "messages_per_session", limits->messages_per_session_origin,
               most > 0 && message->messages >= most, REASON_SESSION_MESSAGES);
}

bool
limits_ask_size(const struct question *question)
{
    const struct message_facts *message = question->facts->message;
    const struct message_limits *limits = &question->settings->limits;
    if (message == NULL)
        return true;
    return ask(question, "message_size", limits->message_size_origin,
               limits->message_size > 0 && message->size > limits->message_size,
               REASON_MESSAGE_SIZE);
}

bool
limits_ask_recipients(const struct question *question)
{
    const struct message_facts *message = question->facts->message;
    const struct message_limits *limits = &question->settings->limits;
    if (message == NULL)
        return true;
    unsigned most = limits->recipients_per_message;
    return ask(question, "recipients_per_message", limits->recipients_per_message_origin,
               most > 0 && message->recipients >= most, REASON_MESSAGE_RECIPIENTS);
}

bool
limits_ask_user(const struct question *question)
{
    const struct message_facts *message = question->facts->message;
    if (message == NULL || message->limited_by == NULL)
        return true;
    return question_end(question, REASON_USER_THROTTLED, message->limited_by);
}
