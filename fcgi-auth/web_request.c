#include "web_request.h"

#include <limits.h>
#include <string.h>
#include <strings.h>

#include "base64.h"
#include "params.h"

enum param { PARAM_AUTHORIZATION, PARAM_CLIENT, PARAM_TLS, PARAM_LISTENER, PARAM_COUNT };

static const struct param_name known[PARAM_COUNT] = {
    [PARAM_AUTHORIZATION] = {"HTTP_AUTHORIZATION", "Authorization came twice"},
    [PARAM_CLIENT] = {"REMOTE_ADDR", "REMOTE_ADDR came twice"},
    [PARAM_TLS] = {"HTTPS", "HTTPS came twice"},
    [PARAM_LISTENER] = {"HTTP_X_LISTENER", "X-Listener came twice"},
};

/* What is behind "Basic" and its spaces, or NULL if that is not what the header holds. */
static char *
skip_scheme(char *value)
{
    static const char scheme[] = "basic ";
    size_t length = strlen(scheme);
    return strncasecmp(value, scheme, length) == 0 ? value + length + strspn(value + length, " ")
                                                   : NULL;
}

static void
take_password(const char *bytes, size_t length, struct request *request)
{
    secret_set(&request->password, bytes, length);
    request->facts.password = request->password.bytes;
    request->facts.password_length = length;
}

/* Decodes "NAME:PASSWORD" where it stands: the name stays there, all behind it is wiped. */
static void
decode_credentials(char *text, struct request *request)
{
    struct facts *facts = &request->facts;
    size_t encoded = strlen(text);
    ssize_t length = base64_decode(text, encoded, text);
    char *colon = length > 0 ? memchr(text, ':', (size_t)length) : NULL;
    if (colon == NULL) {
        facts->malformed = length < 0 ? "the login in Authorization is not base64"
                                      : "the login in Authorization has no colon";
        explicit_bzero(text, encoded);
        return;
    }
    facts->user = text;
    facts->user_length = (size_t)(colon - text);
    take_password(colon + 1, (size_t)length - facts->user_length - 1, request);
    explicit_bzero(colon, encoded - facts->user_length);
}

static void
decode_authorization(char *value, struct request *request)
{
    char *credentials = value != NULL ? skip_scheme(value) : NULL;
    if (credentials != NULL) {
        decode_credentials(credentials, request);
        return;
    }
    request->facts.malformed =
        value != NULL ? "Authorization is not Basic" : "Authorization is missing";
    if (value != NULL)
        explicit_bzero(value, strlen(value));
}

void
web_request_decode(struct request *request_r, char **params)
{
    *request_r = (struct request){0};
    secret_init(&request_r->password);
    struct facts *facts = &request_r->facts;
    facts->protocol = PROTOCOL_HTTP;
    facts->method = METHOD_PLAIN;
    facts->attempt = UINT_MAX; /* each stands alone: there is no session to keep open */

    char *values[PARAM_COUNT];
    const char *twice = params_collect(params, known, PARAM_COUNT, values);
    request_decode_client(values[PARAM_CLIENT], facts);
    facts->tls = values[PARAM_TLS] != NULL && strcmp(values[PARAM_TLS], "on") == 0;
    decode_authorization(values[PARAM_AUTHORIZATION], request_r);
    if (twice != NULL)
        facts->malformed = twice;
    else
        facts->listener = values[PARAM_LISTENER];
}
