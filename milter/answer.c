#include "answer.h"

#include <stdio.h>

struct milter_answer
answer_go_on(void)
{
    return (struct milter_answer){.action = ANSWER_GO_ON};
}

struct milter_answer
answer_of(const struct verdict *verdict)
{
    static const enum answer_action actions[] = {
        [VERDICT_TEMPFAIL] = ANSWER_TEMPFAIL,
        [VERDICT_REFUSE] = ANSWER_REFUSE,
        [VERDICT_ACCEPT] = ANSWER_GO_ON,
    };
    struct milter_answer answer = {.action = actions[verdict->action]};
    if (answer.action == ANSWER_GO_ON)
        return answer;
    /* "550 5.7.1" */
    sscanf(verdict_code(verdict, PROTOCOL_SMTP), "%3s %11s", answer.code, answer.extended);
    snprintf(answer.text, sizeof answer.text, "%s", verdict_text(verdict));
    return answer;
}
