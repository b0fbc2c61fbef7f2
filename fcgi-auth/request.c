#include "request.h"

#include <limits.h>
#include <string.h>

#include "params.h"
#include "percent.h"

/* The parameters that are read; all others are not looked at. */
enum param {
    PARAM_METHOD,
    PARAM_USER,
    PARAM_PASSWORD,
    PARAM_SALT,
    PARAM_PROTOCOL,
    PARAM_ATTEMPT,
    PARAM_CLIENT,
    PARAM_PROXY,
    PARAM_TLS,
    PARAM_CERTIFICATE_VERIFY,
    PARAM_CERTIFICATE_FINGERPRINT,
    PARAM_CERTIFICATE_SUBJECT,
    PARAM_LISTENER,
    PARAM_HELO,
    PARAM_MAIL_FROM,
    PARAM_RCPT_TO,
    PARAM_COUNT,
};

static const struct param_name known[PARAM_COUNT] = {
    [PARAM_METHOD] = {"HTTP_AUTH_METHOD", "Auth-Method came twice"},
    [PARAM_USER] = {"HTTP_AUTH_USER", "Auth-User came twice"},
    [PARAM_PASSWORD] = {"HTTP_AUTH_PASS", "Auth-Pass came twice"},
    [PARAM_SALT] = {"HTTP_AUTH_SALT", "Auth-Salt came twice"},
    [PARAM_PROTOCOL] = {"HTTP_AUTH_PROTOCOL", "Auth-Protocol came twice"},
    [PARAM_ATTEMPT] = {"HTTP_AUTH_LOGIN_ATTEMPT", "Auth-Login-Attempt came twice"},
    [PARAM_CLIENT] = {"HTTP_CLIENT_IP", "Client-IP came twice"},
    [PARAM_PROXY] = {"HTTP_PROXY_PROTOCOL_ADDR", "Proxy-Protocol-Addr came twice"},
    [PARAM_TLS] = {"HTTP_AUTH_SSL", "Auth-SSL came twice"},
    [PARAM_CERTIFICATE_VERIFY] = {"HTTP_AUTH_SSL_VERIFY", "Auth-SSL-Verify came twice"},
    [PARAM_CERTIFICATE_FINGERPRINT] = {"HTTP_AUTH_SSL_FINGERPRINT",
                                       "Auth-SSL-Fingerprint came twice"},
    [PARAM_CERTIFICATE_SUBJECT] = {"HTTP_AUTH_SSL_SUBJECT", "Auth-SSL-Subject came twice"},
    [PARAM_LISTENER] = {"HTTP_X_LISTENER", "X-Listener came twice"},
    [PARAM_HELO] = {"HTTP_AUTH_SMTP_HELO", "Auth-SMTP-Helo came twice"},
    [PARAM_MAIL_FROM] = {"HTTP_AUTH_SMTP_FROM", "Auth-SMTP-From came twice"},
    [PARAM_RCPT_TO] = {"HTTP_AUTH_SMTP_TO", "Auth-SMTP-To came twice"},
};

/* Bytes. A challenge stands in one line of POP3, which has 512; a host name has 255. */
enum { SALT_MAX = 512, FINGERPRINT_MAX = 128, SUBJECT_MAX = 2048, HELO_MAX = 255 };

static void
decode_user(char *value, struct facts *facts)
{
    if (value == NULL)
        return;
    ssize_t length = percent_decode(value, value);
    if (length < 0) {
        facts->malformed = "Auth-User holds a bad percent escape";
        return;
    }
    facts->user = value;
    facts->user_length = (size_t)length;
}

static void
decode_password(char *value, struct request *request)
{
    if (value == NULL)
        return;
    size_t encoded_length = strlen(value);
    char *bytes = secret_reserve(&request->password, encoded_length);
    ssize_t length = percent_decode(value, bytes);
    explicit_bzero(value, encoded_length);
    if (length < 0) {
        request->facts.malformed = "Auth-Pass holds a bad percent escape";
        return;
    }
    bytes[length] = '\0';
    request->password.length = (size_t)length;
    request->facts.password = bytes;
    request->facts.password_length = (size_t)length;
}

static void
wipe(char *value)
{
    if (value != NULL)
        explicit_bzero(value, strlen(value));
}

static void
decode_challenge(enum challenge_kind kind, const char *salt, struct request *request)
{
    size_t length = salt != NULL ? strlen(salt) : 0;
    if (length == 0 || length > SALT_MAX) {
        request->facts.malformed = length == 0 ? "Auth-Salt is missing" : "Auth-Salt is too long";
        return;
    }
    request->challenge = (struct challenge){.kind = kind, .salt = salt, .salt_length = length};
}

/* A value that nobody should have to look at is none. */
static const char *
at_most(const char *value, size_t limit)
{
    return value != NULL && strlen(value) <= limit ? value : NULL;
}

static void
decode_certificate(char *const *values, struct facts *facts)
{
    const char *verified = values[PARAM_CERTIFICATE_VERIFY];
    facts->certificate_verified = verified != NULL && strcmp(verified, "SUCCESS") == 0;
    facts->certificate_fingerprint =
        at_most(values[PARAM_CERTIFICATE_FINGERPRINT], FINGERPRINT_MAX);
    facts->certificate_subject = at_most(values[PARAM_CERTIFICATE_SUBJECT], SUBJECT_MAX);
}

static void
decode_protocol(const char *value, struct facts *facts)
{
    enum protocol protocol = PROTOCOL_HTTP; /* this way no web page comes */
    if (value != NULL && protocol_parse(value, &protocol) == 0 && protocol != PROTOCOL_HTTP)
        facts->protocol = protocol;
    else
        facts->malformed = "Auth-Protocol is not one of smtp, imap, pop3";
}

static void
decode_method(const char *value, struct facts *facts)
{
    if (value == NULL)
        facts->malformed = "Auth-Method is missing";
    else
        facts->method = auth_method_parse(value);
}

/* Without a number there is no telling how many attempts there were: it counts as the last one. */
static void
decode_attempt(const char *value, struct facts *facts)
{
    facts->attempt = UINT_MAX;
    if (value == NULL)
        return;
    size_t digits = strspn(value, "0123456789");
    if (digits == 0 || digits > 9 || value[digits] != '\0') {
        facts->malformed = "Auth-Login-Attempt is not a number";
        return;
    }
    facts->attempt = 0;
    for (; *value != '\0'; value++)
        facts->attempt = facts->attempt * 10 + (unsigned)(*value - '0');
}

void
request_decode_client(const char *value, struct facts *facts)
{
    if (value == NULL || netaddr_parse(value, &facts->client, NULL) != 0)
        facts->client = (struct netaddr){.family = NETADDR_NONE};
}

/* nginx takes the address of a balancer's PROXY header for the client's, and lets anybody say one.
 * A balancer's own check names nobody: the value is empty. */
static bool
is_doubted(const char *proxy, const struct netaddr *client)
{
    if (proxy == NULL || proxy[0] == '\0')
        return false;
    struct netaddr named;
    return netaddr_parse(proxy, &named, NULL) != 0 || !netaddr_equal(&named, client);
}

static void
decode_paths(const char *mail_from, const char *rcpt_to, struct facts *facts)
{
    facts->mail_from = mail_from;
    facts->mail_from_length = mail_from != NULL ? strlen(mail_from) : 0;
    facts->rcpt_to = rcpt_to;
    facts->rcpt_to_length = rcpt_to != NULL ? strlen(rcpt_to) : 0;
}

/* What proves who the client is, by the method. nginx sends more than belongs to the method, of
 * earlier attempts (measured): with EXTERNAL the password of the last one, and once there was a
 * challenge its salt with everything. */
static void
decode_proof(char *const *values, struct request *request)
{
    switch (request->facts.method) {
    case METHOD_NONE:
        return;
    case METHOD_EXTERNAL:
        wipe(values[PARAM_PASSWORD]);
        decode_certificate(values, &request->facts);
        return;
    case METHOD_CRAM_MD5:
        decode_challenge(CHALLENGE_CRAM_MD5, values[PARAM_SALT], request);
        break;
    case METHOD_APOP:
        decode_challenge(CHALLENGE_APOP, values[PARAM_SALT], request);
        break;
    case METHOD_UNKNOWN:
    case METHOD_PLAIN:
    case METHOD_XOAUTH2:
    case METHOD_OAUTHBEARER:
        break;
    }
    decode_password(values[PARAM_PASSWORD], request);
}

void
request_decode(struct request *request_r, char **params)
{
    *request_r = (struct request){0};
    secret_init(&request_r->password);
    struct facts *facts = &request_r->facts;

    char *values[PARAM_COUNT];
    facts->malformed = params_collect(params, known, PARAM_COUNT, values);
    decode_protocol(values[PARAM_PROTOCOL], facts);
    decode_method(values[PARAM_METHOD], facts);
    decode_attempt(values[PARAM_ATTEMPT], facts);
    request_decode_client(values[PARAM_CLIENT], facts);
    request_r->is_client_doubted = is_doubted(values[PARAM_PROXY], &facts->client);
    facts->tls = values[PARAM_TLS] != NULL && strcmp(values[PARAM_TLS], "on") == 0;
    facts->listener = values[PARAM_LISTENER];
    request_r->helo = at_most(values[PARAM_HELO], HELO_MAX);
    if (facts->method == METHOD_NONE)
        decode_paths(values[PARAM_MAIL_FROM], values[PARAM_RCPT_TO], facts);
    else
        decode_user(values[PARAM_USER], facts);
    decode_proof(values, request_r);
}

void
request_fini(struct request *request)
{
    secret_fini(&request->password);
    request->facts.password = NULL;
}
