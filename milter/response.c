#include "response.h"

#include <stdio.h>

struct response
response_go_on(void)
{
    return (struct response){.action = RESPONSE_GO_ON};
}

struct response
response_of(const struct verdict *verdict)
{
    static const enum response_action actions[] = {
        [VERDICT_TEMPFAIL] = RESPONSE_TEMPFAIL,
        [VERDICT_REFUSE] = RESPONSE_REFUSE,
        [VERDICT_ACCEPT] = RESPONSE_GO_ON,
    };
    struct response response = {.action = actions[verdict->action]};
    if (response.action == RESPONSE_GO_ON)
        return response;
    /* "550 5.7.1" */
    sscanf(verdict_code(verdict, PROTOCOL_SMTP), "%3s %11s", response.code, response.extended);
    snprintf(response.text, sizeof response.text, "%s", verdict_text(verdict));
    return response;
}
