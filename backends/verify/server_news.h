/*
 * server_news: which changes of a server's state are told.
 *
 * Pure; the caller's lock guards it. A server that goes up and down every few seconds must not fill
 * the log: that it went down is told at most once a minute, and that it came back, too. What was
 * kept back is told later if it is still so.
 */
#ifndef MAILREEVE_SERVER_NEWS_H
#define MAILREEVE_SERVER_NEWS_H

#include <stdbool.h>
#include <stdint.h>

/* All zero: the server is up, and nothing was told. */
struct server_news {
    bool was_told_down;
    int64_t again_ms[2]; /* when "up" and "down" may be told again */
};

/* To be asked with each evidence about the server. Returns whether to tell it now. */
bool server_news_tell(struct server_news *news, bool is_down, int64_t now_ms);

#endif
