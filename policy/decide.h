/*
 * decide: the rules of a session, asked in the one fixed order.
 *
 * Pure: facts in, decision out. The service and `mailreeve explain` call these same functions, so
 * their answers cannot differ. The order of AUTH (design "Precedence"): malformed request, ban,
 * listener (auth, TLS, method, certificate, address list, name list), throttle, the organization's
 * name list; then the caller asks the sources, and decide_login judges what they said, asks whether
 * the user may relay, and asks the `rule` sections. The order of none is decide_recipient.c's table
 * (design section 5). A decision names the upstream; the caller chooses a server of it.
 *
 * How a session calls it:
 *     AUTH:  decide_auth(); if the verdict is ACCEPT, verify; decide_login(); route
 *     none:  decide_recipient(); while the decision asks for a fact, find it out and decide again;
 *            if the verdict is ACCEPT, route
 *     guard: decide_mail(), decide_recipient(), decide_header(), decide_message(), likewise
 */
#ifndef MAILREEVE_DECIDE_H
#define MAILREEVE_DECIDE_H

#include <stdbool.h>
#include <stddef.h>

#include "netaddr.h"
#include "outcome.h"
#include "shown_address.h"
#include "smtp_path.h"
#include "tenancy.h"
#include "username.h"
#include "verdict.h"

/* What the sources say of the user's addresses beside his name, in lower case. */
struct owned_addresses {
    enum knowledge
        knowledge; /* KNOWLEDGE_KNOWN: these are all; KNOWLEDGE_UNKNOWN: there are none */
    const char *const *addresses;
    size_t count;
};

/* What the message guard knows beside, of the mail server's session and of the message so far. */
struct message_facts {
    const char *authenticated; /* who the mail server says has logged in, with his domain where he
                                  has one; NULL: nobody */
    bool tls_known;            /* facts.tls means something */
    int64_t size;              /* bytes that the client has declared or sent; 0: not known yet */
    unsigned recipients;       /* accepted for this message */
    unsigned messages;         /* begun in this session before this one */
    const struct rule_ref *limited_by; /* the limit in time that the user has reached; NULL: none */
    const struct shown_address
        *shown; /* of the identity headers; decide_header and decide_message */
    size_t shown_count;
    const char *header_fault; /* why it cannot be told whom they show; NULL: it can */
    const char *header_hides; /* why they may show anybody beside; NULL: nobody but shown */
    bool misses_authors;      /* From: may have more of them than shown has */
};

/* What nginx said, decoded but not believed, or what the mail server told the message guard. Bytes
 * are borrowed for the call. */
struct facts {
    enum protocol protocol;
    enum auth_method method; /* METHOD_UNKNOWN: nginx named one that we do not know */
    const char *listener;    /* X-Listener; NULL or unknown: REASON_INTERNAL, the front door is
                                misconfigured */
    struct netaddr
        client; /* NETADDR_NONE: not an address (unix:); address lists then cannot tell */
    bool tls;
    bool banned;
    const struct rule_ref *throttled_by; /* AUTH only: the limit that the login is over, or what
                                            closes its account to the client, or without a setting
                                            one or the other; NULL: nothing */
    unsigned attempt;                    /* Auth-Login-Attempt, from 1 */
    const char *user;                    /* may hold NULs; NULL: not sent */
    size_t user_length;
    const char *password; /* looked at only for what must never reach a source: empty, NUL, control
                             characters, over-long */
    size_t password_length;
    const char *mail_from; /* whole command lines */
    size_t mail_from_length;
    const char *rcpt_to;
    size_t rcpt_to_length;
    const char *window; /* none only: the canonical name of the user whose relay window is open for
                           this client, NULL: none is. Held against the listener's relay_window by
                           whoever found it; a listener without relay_window takes no notice */
    enum knowledge sender_elsewhere; /* none only: whether an organization of shared_with knows the
                                        sender */
    enum knowledge recipient;        /* none only: whether the recipient exists */
    bool matching_sender; /* none only: the user's account may send as itself only (SMG 18) */
    struct owned_addresses owned; /* none only: of the window's user, or the guard's */
    /* Of the client's certificate, external only; NULL: not sent. */
    bool certificate_verified; /* nginx says that it is one of an authority that it trusts */
    const char *certificate_fingerprint; /* SHA-1 in hex */
    const char *certificate_subject;     /* distinguished name as RFC 2253 writes it */
    const char *malformed; /* what the front found wrong with the request (a bad %-escape, an
                              unknown protocol); NULL: nothing */
    const struct message_facts *message; /* NULL: it is the front door that asks */
};

enum { PASSWORD_MAX = 1024 }; /* bytes; nginx passes about 3,000 */

/* The limits of a message or a session as such (Symantec); 0: none. */
struct message_limits {
    unsigned recipients_per_message, messages_per_session;
    int64_t message_size; /* bytes */
    struct origin recipients_per_message_origin, messages_per_session_origin, message_size_origin;
};

/* The settings that hold for every listener. */
struct decide_settings {
    struct origin origin; /* of the configuration as a whole */
    unsigned failure_delay_s;
    unsigned max_attempts;
    enum username_encoding encoding;
    struct message_limits limits;
};

/* Hears of every rule that is asked, in order, for `explain --all`. answer is one of "accept",
 * "refuse", "defer", "next" (the rule does not decide). */
struct trail {
    void (*asked)(void *context, const struct rule_ref *rule, const char *answer);
    void *context;
};

/* A fact that costs something to find out is asked for only once the decision hangs on it. */
enum decision_asks {
    ASKS_NOTHING = 0,
    ASKS_SENDER_ELSEWHERE, /* of sender_organization->shared_with, about sender */
    ASKS_RECIPIENT,        /* of recipient_organization->recipients, about recipient_address */
    ASKS_OWNED,            /* of the sources of user, about his addresses */
};

struct decision {
    struct verdict verdict; /* while ACCEPT, the session goes on; a temporary failure while asks
                               says that a fact is missing */
    enum decision_asks asks;
    const struct listener *listener;         /* NULL until known */
    const struct organization *organization; /* owner of the user's domain, or, if nobody is
                                                authenticated, of the recipient's, or else of the
                                                sender's; may be NULL */
    const struct organization *sender_organization, *recipient_organization; /* none only */
    struct username user; /* of AUTH: checked, lower case, with its domain, with EXTERNAL the
                             certificate's once that is accepted; or of an open relay window;
                             empty: nobody is authenticated */
    const struct rule *tagged_by; /* the `rule` section with action tag that matched, or NULL */
    bool ban_client;              /* the client is to be banned for what it did */
    bool is_attempt; /* AUTH only: the listener lets the login through, so it counts as one, whether
                        it is throttled or not */
    struct upstream
        *upstream; /* of an accepted session; NULL: verdict.rule names the section that lacks one */
    struct smtp_path sender, recipient; /* none only */
    struct mailbox recipient_address;   /* none only: the recipient's, <postmaster> with the
                                           listener's default_domain */
};

/* Everything about AUTH that is known before a source is asked. trail may be NULL. With EXTERNAL an
 * accepted decision's user is the one whose certificate it is: the sources are asked about the
 * account alone (source_chain_lookup). */
void decide_auth(const struct tenancy *tenancy, const struct decide_settings *settings,
                 const struct facts *facts, const struct trail *trail, struct decision *decision_r);

/* Judges what the sources said: the outcome, then the account's own limits: its name must be fit
 * for XCLIENT and, if it has a domain, belong to the same organization as the login's (a directory
 * must not turn a login of one tenant into a user of another: REASON_INTERNAL, with a detail worth
 * a loud log), then its networks, its app password's, its protocols and smtp_auth; then the `rule`
 * sections. source is the rule that names who spoke (a source's section or a line of the users
 * file; without a section_kind: there was nobody to ask). account is looked at only if the outcome
 * is VERIFY_OK. With EXTERNAL, VERIFY_UNKNOWN_USER from a source without a section_kind says that
 * none of the sources can tell about accounts (source_chain_lookup's could_tell_r): the
 * certificate's entry suffices, and the user's name is the account's. Only call it after
 * decide_auth said ACCEPT. */
void decide_login(const struct tenancy *tenancy, const struct decide_settings *settings,
                  const struct facts *facts, enum verify_outcome outcome,
                  const struct account *account, const struct rule_ref *source,
                  const struct trail *trail, struct decision *decision);

/* Everything about a recipient without AUTH (Auth-Method: none). The user's name and password are
 * not looked at: nginx sends those of the last failed AUTH (measured). */
void decide_recipient(const struct tenancy *tenancy, const struct decide_settings *settings,
                      const struct facts *facts, const struct trail *trail,
                      struct decision *decision_r);

/*
 * The message guard, of each message: decide_mail about MAIL, decide_recipient about each RCPT,
 * decide_header once the headers are there, decide_message at the end about each accepted recipient
 * (facts.rcpt_to). Each stands by itself and asks for facts as decide_recipient does; facts.message
 * is set, method is METHOD_NONE. The sender's rules that do not hang on the recipient are asked at
 * MAIL and again at RCPT. Reasons of an accept: message.ok, and recipient.ok at RCPT.
 */
void decide_mail(const struct tenancy *tenancy, const struct decide_settings *settings,
                 const struct facts *facts, const struct trail *trail, struct decision *decision_r);

/* Whether every address that From:, Sender: and Resent-From: show is the user's (MDaemon:
 * "Credentials used must match those of the 'From:' header address"). */
void decide_header(const struct tenancy *tenancy, const struct decide_settings *settings,
                   const struct facts *facts, const struct trail *trail,
                   struct decision *decision_r);

/* The size, and the `rule` sections with all that is known of the message now. */
void decide_message(const struct tenancy *tenancy, const struct decide_settings *settings,
                    const struct facts *facts, const struct trail *trail,
                    struct decision *decision_r);

/* Turns the decision about a login into auth.throttled: what was found out about the account after
 * the sources were asked. */
void decide_throttled(const struct decide_settings *settings, const struct facts *facts,
                      const struct rule_ref *rule, const struct trail *trail,
                      struct decision *decision);

/* Turns an accepted decision into route.none: no upstream is configured (rule names the section) or
 * none is up. A web page's login (PROTOCOL_HTTP) needs no upstream and stays accepted. */
void decide_no_route(const struct decide_settings *settings, const struct facts *facts,
                     const struct rule_ref *rule, const struct trail *trail,
                     struct decision *decision);

/* Whether nginx logs in at the server behind it for an accepted AUTH, so that it needs the clear
 * password: always with POP3 and IMAP, with SMTP where the listener says so (proxy_smtp_auth). */
bool decide_needs_password(const struct facts *facts, const struct decision *decision);

/* Turns an accepted decision into auth.method: decide_needs_password, but nobody gave the password
 * (EXTERNAL where no source has it in clear). */
void decide_no_password(const struct decide_settings *settings, const struct facts *facts,
                        const struct trail *trail, struct decision *decision);

/* The words of configuration, requests and logs: "plain", "cram-md5", "smtp", ... METHOD_UNKNOWN
 * and -1 if unknown. */
enum auth_method auth_method_parse(const char *word);
const char *auth_method_name(enum auth_method method);
int protocol_parse(const char *word, enum protocol *protocol_r);
const char *protocol_name(enum protocol protocol);

#endif
