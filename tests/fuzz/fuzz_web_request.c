/* Parameters of nginx's auth_request, each ended by a NUL, through decoding, the rules and the
 * reply: whatever they are, nobody gets in, and no password stays where it came from. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "http_reply.h"
#include "input.h"
#include "web_request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A tenancy with one listener and no organization: nobody is accepted before a source is asked. */
static struct tenancy *
make_tenancy(void)
{
    struct tenancy *tenancy = tenancy_create();
    struct listener *listener =
        tenancy_add_listener(tenancy, "web", (struct origin){.file = "conf", .line = 1}, NULL);
    listener->auth = AUTH_ON;
    listener->methods = METHOD_BIT(METHOD_PLAIN);
    return tenancy;
}

static void
check_facts(const struct facts *facts, size_t size)
{
    if (facts->protocol != PROTOCOL_HTTP || facts->method != METHOD_PLAIN)
        abort();
    if (facts->user_length > size || facts->password_length > size)
        abort();
    if ((facts->user == NULL) != (facts->password == NULL))
        abort();
    if (facts->user != NULL && facts->user[facts->user_length] != '\0')
        abort();
}

static void
check_answer(const struct request *request)
{
    static struct tenancy *tenancy;
    if (tenancy == NULL)
        tenancy = make_tenancy();
    const struct decide_settings settings = {.failure_delay_s = 2, .max_attempts = 3};
    struct decision decision;
    decide_auth(tenancy, &settings, &request->facts, NULL, &decision);
    if (decision.verdict.action == VERDICT_ACCEPT) {
        struct rule_ref nobody = {.section_kind = "source"};
        decide_login(tenancy, &settings, &request->facts, VERIFY_UNKNOWN_USER, NULL, &nobody, NULL,
                     &decision);
    }
    enum http_status status = http_reply_status(&decision, &request->facts);
    if (status == HTTP_ALLOWED)
        abort();
    struct answer answer;
    http_reply_refuse(&answer, status);
    answer_fini(&answer);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *params[PARAMS_MAX + 1];
    input_split(data, size, params);
    struct request request;
    web_request_decode(&request, params);
    check_facts(&request.facts, size);
    check_answer(&request);
    request_fini(&request);
    input_free(params);
    return 0;
}
