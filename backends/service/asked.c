#include "asked.h"

#include "log.h"

void
asked_log(const char *session, const struct verify_asked *asked)
{
    for (size_t i = 0; i < asked->count; i++) {
        const char *said = asked->steps[i].detail;
        log_event(LOG_DEBUG, "source.asked", LOG_STR("session", session),
                  LOG_STR("source", asked->steps[i].source),
                  LOG_STR("outcome", verify_outcome_name(asked->steps[i].outcome)),
                  LOG_STR("detail", said[0] != '\0' ? said : NULL),
                  LOG_INT("us", asked->steps[i].took_us));
    }
}
