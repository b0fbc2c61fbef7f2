/* Binds and compares: what libldap must not see, for there is a password in it. */
#include "ldap_ber.h"
#include "ldap_diagnosis.h"
#include "ldap_link.h"
#include "ldap_request.h"

enum { COMPARE_FALSE = 5, COMPARE_TRUE = 6 }; /* RFC 4511 4.1.9 */

/* Sends a request if it could be built, and wipes it. */
static int
ask_and_wipe(struct ldap_link *link, int built, struct ldap_own_request *request,
             struct deadline deadline, struct ldap_reply *reply_r, struct err *err)
{
    int result = built;
    if (built != 0)
        err_set(err, "%s: the name or the password is too long", request->what);
    else
        result = ldap_link_ask(link, request, deadline, reply_r, err);
    secret_fini(&request->bytes);
    return result;
}

/* What the answer to a bind says; err gets it unless the password is right. */
static enum ldap_answer
judge_bind(const struct ldap_reply *reply, enum verify_outcome *outcome_r, struct err *err)
{
    *outcome_r = ldap_diagnosis(reply->code, reply->text, &reply->policy);
    if (*outcome_r == VERIFY_OK)
        return LDAP_ANSWER_YES;
    bool says_nothing = reply->text[0] == '\0' && *outcome_r != VERIFY_UNAVAILABLE;
    enum ldap_answer answer = ldap_link_judge_failure(
        "bind", reply->code, says_nothing ? verify_outcome_name(*outcome_r) : reply->text, err);
    return *outcome_r == VERIFY_UNAVAILABLE ? answer : LDAP_ANSWER_NO;
}

enum ldap_answer
ldap_link_bind(struct ldap_link *link, const char *dn, const struct secret *password,
               struct deadline deadline, enum verify_outcome *outcome_r, struct err *err)
{
    *outcome_r = VERIFY_UNAVAILABLE;
    if (dn[0] == '\0' || password->length == 0) {
        err_set(err, "refused to bind without a name or password, which always succeeds");
        return LDAP_ANSWER_FAILED;
    }
    struct ldap_own_request request = {.what = "bind", .operation = LDAP_BER_BIND_RESPONSE};
    struct ldap_reply reply;
    int built = ldap_request_bind(ldap_link_next_number(link), dn, password, &request.bytes);
    if (ask_and_wipe(link, built, &request, deadline, &reply, err) != 0)
        return LDAP_ANSWER_BROKEN;
    return judge_bind(&reply, outcome_r, err);
}

enum ldap_answer
ldap_link_compare(struct ldap_link *link, const char *dn, const char *attribute,
                  const struct secret *password, struct deadline deadline, struct err *err)
{
    struct ldap_own_request request = {.what = "compare", .operation = LDAP_BER_COMPARE_RESPONSE};
    struct ldap_reply reply;
    int built =
        ldap_request_compare(ldap_link_next_number(link), dn, attribute, password, &request.bytes);
    if (ask_and_wipe(link, built, &request, deadline, &reply, err) != 0)
        return LDAP_ANSWER_BROKEN;
    if (reply.code == COMPARE_TRUE)
        return LDAP_ANSWER_YES;
    enum ldap_answer answer = ldap_link_judge_failure("compare", reply.code, reply.text, err);
    return reply.code == COMPARE_FALSE ? LDAP_ANSWER_NO : answer;
}
