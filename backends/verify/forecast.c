#include "forecast.h"

enum { WEIGHT_OF_THE_PAST = 7 };

void
forecast_learn(struct forecast *forecast, int64_t stay_us)
{
    forecast->stay_us =
        forecast->stay_us == 0
            ? stay_us
            : (forecast->stay_us * WEIGHT_OF_THE_PAST + stay_us) / (WEIGHT_OF_THE_PAST + 1);
}

int64_t
forecast_wait_us(const struct forecast *forecast, const int64_t *entered_us, size_t places,
                 size_t ahead, int64_t now_us)
{
    double turns_per_us = 0;
    for (size_t i = 0; i < places; i++) {
        int64_t age_us = now_us - entered_us[i];
        int64_t stay_us = age_us > forecast->stay_us ? age_us : forecast->stay_us;
        turns_per_us += 1.0 / (double)(stay_us > 1 ? stay_us : 1);
    }
    return (int64_t)((double)(ahead + 1) / turns_per_us);
}
