/*
 * ldap_servers: the servers of one ldap source, asked one after the other until one has an answer.
 *
 * Thread-safe.
 */
#ifndef MAILREEVE_LDAP_SERVERS_H
#define MAILREEVE_LDAP_SERVERS_H

#include "ldap_pool.h"
#include "ldap_settings.h"
#include "verify.h"

struct ldap_servers;

/* Checks the section and opens it; no network yet. NULL: problems tells. */
struct ldap_servers *ldap_servers_open(const struct section *section, struct problems *problems);
void ldap_servers_close(struct ldap_servers *servers);

const struct section *ldap_servers_section(const struct ldap_servers *servers);
const struct ldap_settings *ldap_servers_settings(const struct ldap_servers *servers);

/* What is asked of a server. BROKEN, with err, lets the next one be asked. FAILED, with err, is an
 * answer that no outage explains, and ends the questions like YES and NO; somebody has to look at
 * the configuration or the directory, so it is logged, once a minute at most. */
struct ldap_question {
    enum ldap_answer (*ask)(struct ldap_visit *visit, void *context, struct err *err);
    void *context;
};

/* Asks in the order of `uri`. trouble_r tells what each server had that did not answer. */
void ldap_servers_ask(struct ldap_servers *servers, const struct ldap_question *question,
                      struct deadline deadline, char trouble_r[VERIFY_DETAIL_MAX]);

/* Logs what somebody has to look at, once a minute at most. */
void ldap_servers_complain(struct ldap_servers *servers, const struct err *err);

/* What is held of all of them now. load_r is zeroed. */
void ldap_servers_load(const struct ldap_servers *servers, struct source_load *load_r);

#endif
