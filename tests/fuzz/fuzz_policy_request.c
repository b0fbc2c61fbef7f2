/* A query in the first line, a body behind it: whatever they are, a request that is taken has all
 * that it must have, and what counts as a login or as a failure says so. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "policy_request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(const struct policy_request *request, enum policy_command command, size_t size)
{
    if (request->login == NULL || request->password_hash == NULL || request->protocol == NULL ||
        request->session == NULL || request->mechanism == NULL)
        abort();
    if (strlen(request->login) > size || strlen(request->password_hash) > size)
        abort();
    const enum verify_outcome outcome = policy_request_outcome(request);
    if (outcome == VERIFY_OK && (!request->success || request->policy_reject))
        abort();
    if (outcome == VERIFY_WRONG_PASSWORD && (request->success || request->policy_reject))
        abort();
    if (command != POLICY_REPORT && request->document == NULL)
        abort();
    policy_request_has_password(request);
    policy_request_is_reading(request);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *end = memchr(data, '\n', size);
    if (end == NULL)
        return 0;
    char *query = xstrndup((const char *)data, (size_t)(end - data));
    const enum policy_command command = policy_command_parse(query);
    const size_t length = size - (size_t)(end + 1 - data);
    char *body = xmalloc(length > 0 ? length : 1);
    memcpy(body, end + 1, length);

    struct policy_request request;
    struct err err = {.text = ""};
    if (policy_request_decode(&request, command, body, length, &err) == 0)
        check(&request, command, size);
    else if (err.text[0] == '\0')
        abort();
    policy_request_fini(&request);
    free(body);
    free(query);
    return 0;
}
