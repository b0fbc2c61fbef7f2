#include "server_news.h"

enum { TELL_EVERY_MS = 60000 };

bool
server_news_tell(struct server_news *news, bool is_down, int64_t now_ms)
{
    if (is_down == news->was_told_down || now_ms < news->again_ms[is_down])
        return false;
    news->was_told_down = is_down;
    news->again_ms[is_down] = now_ms + TELL_EVERY_MS;
    return true;
}
