#include "outcome.h"

const char *
verify_outcome_name(enum verify_outcome outcome)
{
    switch (outcome) {
    case VERIFY_UNAVAILABLE:
        return "unavailable";
    case VERIFY_OK:
        return "ok";
    case VERIFY_WRONG_PASSWORD:
        return "wrong password";
    case VERIFY_UNKNOWN_USER:
        return "unknown user";
    case VERIFY_DISABLED:
        return "disabled";
    case VERIFY_AMBIGUOUS:
        return "ambiguous";
    case VERIFY_LOCKED:
        return "locked";
    case VERIFY_ACCOUNT_EXPIRED:
        return "account expired";
    case VERIFY_PASSWORD_EXPIRED:
        return "password expired";
    case VERIFY_MUST_CHANGE:
        return "password must be changed";
    case VERIFY_NOT_ALLOWED:
        return "not allowed";
    case VERIFY_NO_CLEAR_PASSWORD:
        return "no clear password";
    }
    return "unavailable";
}
