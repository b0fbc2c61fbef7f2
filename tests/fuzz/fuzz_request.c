/* Parameters of a request, each ended by a NUL, through decoding, the rules and the reply: whatever
 * they are, there is no yes, and the answer fits. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "auth_reply.h"
#include "input.h"
#include "request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A challenge is there with CRAM-MD5 and APOP, or the request is malformed. */
static void
check_challenge(const struct request *request)
{
    const struct challenge *challenge = &request->challenge;
    enum auth_method method = request->facts.method;
    bool wanted = method == METHOD_CRAM_MD5 || method == METHOD_APOP;
    bool is_there = challenge->salt != NULL;
    if (is_there && (!wanted || strlen(challenge->salt) != challenge->salt_length ||
                     challenge->salt_length == 0 || challenge->salt_length > 512))
        abort();
    if (wanted && !is_there && request->facts.malformed == NULL)
        abort();
}

static void
check_facts(const struct request *request, size_t size)
{
    const struct facts *facts = &request->facts;
    if (facts->user_length > size || facts->password_length > size)
        abort();
    if (facts->method == METHOD_NONE && (facts->user != NULL || facts->password != NULL))
        abort();
    if (facts->password != NULL && facts->password[facts->password_length] != '\0')
        abort();
    if (facts->method == METHOD_EXTERNAL && facts->password != NULL)
        abort();
    if (facts->method != METHOD_EXTERNAL && facts->certificate_verified)
        abort();
    check_challenge(request);
}

/* A tenancy with one listener and no organization: nobody is accepted before a source is asked. */
static struct tenancy *
make_tenancy(void)
{
    struct tenancy *tenancy = tenancy_create();
    struct listener *listener =
        tenancy_add_listener(tenancy, "mx", (struct origin){.file = "conf", .line = 1}, NULL);
    listener->auth = AUTH_ON;
    listener->methods =
        METHOD_BIT(METHOD_PLAIN) | METHOD_BIT(METHOD_CRAM_MD5) | METHOD_BIT(METHOD_APOP);
    return tenancy;
}

static void
check_answer(const struct request *request)
{
    static struct tenancy *tenancy;
    if (tenancy == NULL)
        tenancy = make_tenancy();
    const struct decide_settings settings = {.failure_delay_s = 2, .max_attempts = 3};
    struct decision decision;
    if (request->facts.method == METHOD_NONE)
        decide_recipient(tenancy, &settings, &request->facts, NULL, &decision);
    else
        decide_auth(tenancy, &settings, &request->facts, NULL, &decision);
    if (decision.verdict.action == VERDICT_ACCEPT) {
        if (request->facts.method == METHOD_NONE)
            abort();
        struct rule_ref nobody = {.section_kind = "source"};
        decide_login(tenancy, &settings, &request->facts, VERIFY_UNKNOWN_USER, NULL, &nobody, NULL,
                     &decision);
    }

    struct answer answer;
    auth_reply_refuse(&answer, &decision.verdict, request->facts.protocol);
    if (answer.header_length >= 700 || strstr(answer.header, "Auth-Status: OK") != NULL)
        abort();
    answer_fini(&answer);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *params[PARAMS_MAX + 1];
    input_split(data, size, params);
    struct request request;
    request_decode(&request, params);
    check_facts(&request, size);
    check_answer(&request);
    request_fini(&request);
    input_free(params);
    return 0;
}
