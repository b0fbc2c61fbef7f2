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
    }
    return "unavailable";
}
