/* What mail servers may say to the guard, step by step, and what it answers. */
#include "talk.h"

#define ANNA "connect 192.0.2.1\nmacro {auth_type} XCLIENT\nmacro {auth_authen} anna@acme.example\n"
#define MAIL "mail <anna@acme.example>\nrcpt <x@far.example>\n"
#define FROM "header From: anna@acme.example\n"
#define FROM_OF_NONE \
    "header From: anna@acme.example => 454 4.7.0\neoh => 454 4.7.0\nend => 454 4.7.0\n"
#define REST "eoh\nbody 10 => skip\nend\n"

#define SENDMAIL \
    "macro v 8.17.1.9\nconnect 192.0.2.1\nmacro {auth_type} PLAIN\nmacro {auth_authen} "

#define TAG     "header X-Tag: x\n"
#define TAGS_10 TAG TAG TAG TAG TAG TAG TAG TAG TAG TAG
#define TAGS_90 TAGS_10 TAGS_10 TAGS_10 TAGS_10 TAGS_10 TAGS_10 TAGS_10 TAGS_10 TAGS_10

#define WINDOWS_OF_A_DAY                                                         \
    "listener \"long\" { auth = on relay_window = 1d relay = all upstream = up " \
    "upstream_inbound = up }\n"                                                  \
    "guard { hostname = \"mx.acme.example\" listener = mx }\n"

static const struct {
    const char *name, *conf, *script;
} cases[] = {
    {"a message of whoever has logged in goes on, and tells who that was", "",
     ANNA MAIL FROM REST "changes => +Authentication-Results: mx.acme.example; auth=pass "
                         "smtp.auth=anna@acme.example\n"},
    {"a stranger's message to us goes on, and tells nothing", "",
     "connect 192.0.2.1\nmail <x@far.example>\nrcpt <anna@acme.example>\n"
     "header From: y@far.example\n" REST "changes\n"},
    {"a stranger's to others does not", "",
     "connect 192.0.2.1\nmail <x@far.example>\nrcpt <y@far.example> => 550 5.7.1\n"},
    {"of several recipients each is asked about", "",
     "connect 192.0.2.1\nmail <x@far.example>\nrcpt <anna@acme.example>\n"
     "rcpt <y@far.example> => 550 5.7.1\nrcpt <bob@widgets.example>\n"
     "rcpt <z@far.example> => 550 5.7.1\nheader From: y@far.example\n" REST},
    {"another's name as the sender is refused", "", ANNA "mail <bob@acme.example> => 553 5.7.1\n"},
    {"... in the second message of a session as well", "",
     ANNA MAIL FROM REST "mail <bob@acme.example> => 553 5.7.1\n" MAIL FROM REST},
    {"... and after RSET", "",
     ANNA MAIL "abort\nmail <bob@acme.example> => 553 5.7.1\n" MAIL FROM REST},
    {"what her organization has given her she may send as", "",
     ANNA "mail <sales@acme.example>\nrcpt <x@far.example>\nheader From: sales@acme.example\n"
          "header Sender: anna@acme.example\n" REST},
    {"a bounce is nobody's", "", ANNA "mail <>\nrcpt <x@far.example>\n" FROM REST},
    {"another's name in From: is refused", "",
     ANNA MAIL "header From: bob@acme.example\neoh => 550 5.7.1\n"},
    {"... in the second From:", "",
     ANNA MAIL FROM "header from: bob@acme.example\neoh => 550 5.7.1\n"},
    {"... in Sender:", "", ANNA MAIL FROM "header Sender: bob@acme.example\neoh => 550 5.7.1\n"},
    {"... of another organization", "",
     ANNA MAIL FROM "header Resent-From: bob@widgets.example\neoh => 550 5.7.1\n"},
    {"a message without From: shows nobody", "",
     ANNA MAIL "header Subject: hello\neoh => 550 5.7.1\n"},
    {"the end of headers that nobody tells comes with the message's", "",
     ANNA MAIL "header From: bob@acme.example\nend => 550 5.7.1\n"},
    {"the headers of one message are not the next one's", "",
     ANNA MAIL "header From: bob@acme.example\nabort\n" MAIL FROM REST},
    {"a stranger may show what he likes (mailing lists)", "",
     "connect 192.0.2.1\nmail <x@far.example>\nrcpt <anna@acme.example>\n"
     "header From: anna@acme.example\n" REST},
    {"who must authenticate and has not is refused", "",
     "connect 192.0.2.1\nmacro {daemon_name} submission\nmail <x@far.example> => 530 5.7.0\n"},

    {"... in Resent-Sender:", "",
     ANNA MAIL FROM "header Resent-Sender: bob@acme.example\neoh => 550 5.7.1\n"},
    {"of each recipient it is asked anew whether he exists",
     "organization \"devices\" { domains = {\"devices.example\"} recipients = users }\n",
     ANNA MAIL "rcpt <printer@devices.example>\nrcpt <x@devices.example> => 550 5.1.1\n"
               "rcpt <printer@devices.example>\n" FROM REST},

    /* who it is */
    {"after XCLIENT the message of the client before is nobody's", "",
     ANNA MAIL "connect 192.0.2.2\nrcpt <y@far.example> => 454 4.7.0\n" FROM_OF_NONE},
    {"... nor is it after another EHLO", "",
     ANNA MAIL "helo x\nrcpt <y@far.example> => 454 4.7.0\n" FROM_OF_NONE},
    {"after XCLIENT it is somebody else's session", "",
     "connect 127.0.0.1\nmail <x@far.example>\nrcpt <y@far.example> => 550 5.7.1\n" ANNA MAIL FROM
         REST "connect 192.0.2.2\nmacro {auth_authen}\nmail <anna@acme.example>\n"
     "rcpt <y@far.example> => 550 5.7.1\n"},
    {"a bare name of XCLIENT is whom the login was noted for", "",
     "note anna anna@acme.example 192.0.2.1 acme\nconnect 192.0.2.1\nmacro {auth_type} XCLIENT\n"
     "macro {auth_authen} anna\n" MAIL FROM REST
     "changes => +Authentication-Results: mx.acme.example; auth=pass "
     "smtp.auth=anna@acme.example\n"},
    {"a note of another client is not his, and without one nobody knows whose he is", "",
     "note anna anna@acme.example 192.0.2.2 acme\nconnect 192.0.2.1\nmacro {auth_type} XCLIENT\n"
     "macro {auth_authen} anna\nmail <anna@acme.example> => 454 4.7.0\n"},
    {"of two organizations' users of one bare name none is meant", "",
     "note anna anna@acme.example 192.0.2.1 acme\n"
     "note anna anna@widgets.example 192.0.2.1 widgets\nconnect 192.0.2.1\n"
     "macro {auth_type} XCLIENT\nmacro {auth_authen} anna\n"
     "mail <anna@acme.example> => 454 4.7.0\n"},
    {"of whom two organizations have had a login nobody can tell that an address is not his", "",
     "note anna@acme.example a@acme.example 192.0.2.1 acme\n"
     "note anna@acme.example a@widgets.example 192.0.2.1 widgets\n" ANNA
     "mail <bob@acme.example> => 454 4.7.0\n" MAIL FROM REST},
    {"without the store a bare name is nobody's for now",
     "state { engine = redis url = \"unix:/nonexistent\" }\n",
     "connect 192.0.2.1\nmacro {auth_type} XCLIENT\nmacro {auth_authen} anna\n"
     "mail <anna@acme.example> => 454 4.7.0\n"},
    {"without the store a malformed sender is still malformed",
     "state { engine = redis url = \"unix:/nonexistent\" }\n",
     "connect 192.0.2.1\nmacro {auth_type} XCLIENT\nmacro {auth_authen} anna\n"
     "mail <a@> => 501 5.5.2\n"},
    {"without the store nobody can tell that an address is not hers",
     "state { engine = redis url = \"unix:/nonexistent\" }\n",
     ANNA "mail <bob@acme.example> => 454 4.7.0\n"},
    {"without the store a whole name is enough",
     "state { engine = redis url = \"unix:/nonexistent\" }\n", ANNA MAIL FROM REST},
    {"a bare name of the mail server's own SASL has the listener's domain", "",
     "connect 192.0.2.1\nmacro {auth_type} PLAIN\nmacro {auth_authen} Anna\n" MAIL FROM REST},
    {"an unusable name is nobody's", "",
     "connect 192.0.2.1\nmacro {auth_type} PLAIN\nmacro {auth_authen} an na\n"
     "mail <anna@acme.example> => 454 4.7.0\n"},
    {"Sendmail tells a name in xtext", "",
     SENDMAIL "anna+2Bx@acme.example\nmail <anna+x@acme.example>\nmail <anna@acme.example> => 553 "
              "5.7.1\n"},
    {"... as which a name of its own never comes", "",
     SENDMAIL "anna+2Bx@acme.example\nmail <anna+2bx@acme.example> => 553 5.7.1\n" SENDMAIL
              "anna+2B2Bx@acme.example\nmail <anna+2bx@acme.example>\n"},
    {"... also one that is not of ASCII", "",
     SENDMAIL "j+C3+BCrgen@acme.example\nmail <j\xc3\xbcrgen@acme.example> SMTPUTF8\n"},
    {"what is no xtext is nobody's name", "",
     SENDMAIL "anna+x@acme.example\nmail <anna@acme.example> => 454 4.7.0\n"},
    {"... nor half of it", "",
     SENDMAIL "anna@acme.example+2\nmail <anna@acme.example> => 454 4.7.0\n"},
    {"... nor with a NUL in it", "",
     SENDMAIL "anna@acme.example+00\nmail <anna@acme.example> => 454 4.7.0\n"},
    {"Postfix tells the name as it is", "",
     "macro v Postfix 3.7.11\nconnect 192.0.2.1\nmacro {auth_type} PLAIN\n"
     "macro {auth_authen} anna+2bx@acme.example\nmail <anna+2bx@acme.example>\n"
     "mail <anna+x@acme.example> => 553 5.7.1\n"},
    {"who has read his mail may send", "",
     "window bob@widgets.example bob@widgets.example 192.0.2.1\nconnect 192.0.2.1\n"
     "mail <bob@widgets.example>\nrcpt <x@far.example>\nheader From: bob@widgets.example\n" REST
     "changes => +Authentication-Results: mx.acme.example; auth=pass (SMTP after POP) "
     "smtp.auth=bob@widgets.example\n"},
    {"... as himself", "",
     "window bob@widgets.example bob@widgets.example 192.0.2.1\nconnect 192.0.2.1\n"
     "mail <anna@acme.example> => 553 5.7.1\n"},
    {"... or as himself only, where the users file said so at the login (SMG 18)", "",
     "window printer@devices.example printer@devices.example 192.0.2.1 matching-sender\n"
     "connect 192.0.2.1\nmail <x@far.example> => 553 5.7.1\nmail <printer@devices.example>\n"},
    {"who has read his mail long ago may not", "",
     "window bob@widgets.example bob@widgets.example 192.0.2.1 901\nconnect 192.0.2.1\n"
     "mail <bob@widgets.example>\nrcpt <x@far.example> => 550 5.7.1\n"},
    {"... where windows are to be that young", WINDOWS_OF_A_DAY,
     "window bob@widgets.example bob@widgets.example 192.0.2.1 901\nconnect 192.0.2.1\n"
     "mail <bob@widgets.example>\nrcpt <x@far.example> => 550 5.7.1\n"
     "macro {daemon_name} long\nmail <bob@widgets.example>\nrcpt <x@far.example>\n"},
    {"a login beats a window (NetMail)", "",
     "window bob@widgets.example bob@widgets.example 192.0.2.1\n" ANNA
     "macro {daemon_name} mx\nmail <bob@widgets.example> => 553 5.7.1\n" MAIL FROM REST},
    {"an account without a domain has the one that it logged in with", "",
     "window bob bob@widgets.example 192.0.2.1\nconnect 192.0.2.1\n"
     "mail <bob@widgets.example>\nrcpt <x@far.example>\nheader From: bob@widgets.example\n" REST
     "changes => +Authentication-Results: mx.acme.example; auth=pass (SMTP after POP) "
     "smtp.auth=bob@widgets.example\n"},
    {"SMG 18: whom the users file lets send as himself only does so", "",
     "connect 192.0.2.1\nmacro {auth_authen} printer@devices.example\nmacro {auth_type} XCLIENT\n"
     "mail <x@far.example> => 553 5.7.1\nmail <printer@devices.example>\nmail <>\n"},
    {"another of no organization sends as anybody of none", "",
     "note robot robot 192.0.2.1 none\nconnect 192.0.2.1\nmacro {auth_authen} robot\n"
     "macro {auth_type} XCLIENT\nmail <x@far.example>\n"},
    {"the banned are shut out, whoever they are", "",
     "ban 192.0.2.0/24\n" ANNA "mail <anna@acme.example> => 421 4.7.0\n"},
    {"with TLS known a listener that wants it has it",
     "listener \"tls\" { auth = on require_tls = true upstream = up upstream_inbound = up }\n",
     ANNA "macro {daemon_name} tls\nmacro {tls_version} TLSv1.3\nmail <anna@acme.example>\n"},
    {"nobody's rules hold where no listener can be told",
     "listener \"mx2\" { auth = off upstream_inbound = up }\n",
     "connect 192.0.2.1\nmail <x@far.example> => 454 4.7.0\n"},
    {"the one that is set tells, where the mail server's name for its port is no listener's",
     "listener \"closed\" { auth = off require_auth = true upstream_inbound = up }\n"
     "guard { hostname = \"mx.acme.example\" listener = closed }\n",
     "connect 192.0.2.1\nmail <x@far.example> => 530 5.7.0\nmacro {daemon_name} smtpd\n"
     "mail <x@far.example> => 530 5.7.0\nmacro {daemon_name} mx\nmail <x@far.example>\n"},
    {"what the mail server knows of TLS a rule hears, and nothing where it knows nothing",
     "rule \"plain\" { tls = no action = refuse code = \"550 5.7.3\" text = no }\n"
     "rule \"tls\" { tls = yes action = refuse code = \"550 5.7.4\" text = no }\n",
     "connect 192.0.2.1\nmail <x@far.example>\nrcpt <anna@acme.example>\n"
     "macro {tls_version} TLSv1.3\nmail <x@far.example>\nrcpt <anna@acme.example> => 550 5.7.4\n"},
    {"the mail server's name for its port tells",
     "listener \"mx2\" { auth = off upstream_inbound = up }\n",
     "connect 192.0.2.1\nmacro {daemon_name} mx2\nmail <x@far.example>\n"},

    /* limits */
    {"a user's messages are counted, those that he gives up are not",
     "limits { messages_per_user = \"2/1h\" }\n",
     ANNA MAIL FROM REST MAIL
     "abort\n" MAIL "header From: b@acme.example\neoh => 550 5.7.1\n" MAIL FROM REST
     "mail <anna@acme.example> => 452 4.7.1\nmail <b@acme.example> => 553 5.7.1\n"},
    {"... nor those of a connection that ends", "limits { messages_per_user = \"1/1h\" }\n",
     ANNA MAIL ANNA MAIL "helo x\n" MAIL FROM REST "mail <anna@acme.example> => 452 4.7.1\n"},
    {"a user's recipients are counted, the refused ones are not",
     "limits { recipients_per_user = \"2/1h\" }\n"
     "list \"no\" { kind = user entries = {\"no@far.example\"} }\n"
     "rule \"no\" { recipients = no action = refuse code = \"550 5.1.6\" text = no }\n",
     ANNA MAIL "rcpt <a@> => 501 5.5.2\nrcpt <no@far.example> => 550 5.1.6\nrcpt <y@far.example>\n"
               "rcpt <z@far.example> => 452 4.7.1\nrcpt <no@far.example> => 452 4.7.1\n" FROM REST},
    {"... nor those that are given up, and none is taken back twice",
     "limits { recipients_per_user = \"2/1h\" }\n"
     "list \"no\" { kind = user entries = {\"no@far.example\"} }\n"
     "rule \"no\" { recipients = no action = refuse code = \"550 5.1.6\" text = no }\n",
     ANNA MAIL "rcpt <y@far.example>\nabort\n" MAIL FROM REST
               "mail <anna@acme.example>\nrcpt <no@far.example> => 550 5.1.6\nabort\n" MAIL
               "rcpt <y@far.example> => 452 4.7.1\n"},
    {"who has logged in may mistype",
     "screen { bad_recipients = 1 }\n"
     "organization \"devices\" { domains = {\"devices.example\"} recipients = users }\n",
     ANNA MAIL "rcpt <x@devices.example> => 550 5.1.1\nrcpt <y@far.example>\n"
               "connect 192.0.2.1\nmacro {auth_authen}\nmail <x@far.example>\n"
               "rcpt <x@devices.example> => 550 5.1.1\nrcpt <anna@acme.example> => 421 4.7.0\n"},
    {"a stranger's messages are not", "limits { messages_per_user = \"1/1h\" }\n",
     "connect 192.0.2.1\nmail <x@far.example>\nabort\nmail <x@far.example>\n"},
    {"a message has so many recipients", "limits { recipients_per_message = 2 }\n",
     ANNA MAIL
     "rcpt <y@far.example>\nrcpt <z@far.example> => 452 4.5.3\n" FROM REST MAIL FROM REST},
    {"a session has so many messages", "limits { messages_per_session = 2 }\n",
     ANNA MAIL FROM REST "mail <b@acme.example> => 553 5.7.1\n" MAIL
                         "abort\nmail <anna@acme.example> => 421 4.7.0\n" ANNA MAIL FROM REST},
    {"a message has such a size, as is declared", "limits { message_size = 1k }\n",
     ANNA "mail <anna@acme.example> BODY=8BITMIME size=1025 => 552 5.3.4\n"
          "mail <anna@acme.example> SIZE=99999999999999999999999 => 552 5.3.4\n"
          "mail <anna@acme.example> SIZE=1024\n"},
    {"... and as it is", "limits { message_size = 1k }\n",
     ANNA MAIL FROM "eoh\nbody 900\nbody 100\nend => 552 5.3.4\n" MAIL FROM "eoh\nbody 900\nend\n"},
    {"headers are a part of it", "limits { message_size = 90 }\n",
     ANNA MAIL FROM "header Subject: 12345678901234567890123456789012345678901234567890\neoh\n"
                    "body 10\nend => 552 5.3.4\n"},
    {"a message may be as large as that, to the byte", "limits { message_size = 927 }\n",
     ANNA MAIL FROM "eoh\nbody 900\nend\n"},
    {"... and not by one byte larger", "limits { message_size = 926 }\n",
     ANNA MAIL FROM "eoh\nbody 900\nend => 552 5.3.4\n"},
    {"refused recipients of a stranger ban him", "screen { bad_recipients = 2 }\n",
     "connect 192.0.2.1\nmail <x@far.example>\nrcpt <a@far.example> => 550 5.7.1\n"
     "rcpt <anna@acme.example>\nrcpt <b@far.example> => 550 5.7.1\n"
     "rcpt <anna@acme.example> => 421 4.7.0\nmail <x@far.example> => 421 4.7.0\n"},

    /* rules and headers */
    {"a rule that tags has its header, once",
     "rule \"bulk\" { recipients_over = 1 action = tag }\n",
     ANNA MAIL
     "rcpt <y@far.example>\n" FROM REST
     "changes => +X-Mailreeve-Tag: bulk | +Authentication-Results: mx.acme.example; auth=pass "
     "smtp.auth=anna@acme.example\n" MAIL FROM REST
     "changes => +Authentication-Results: mx.acme.example; auth=pass "
     "smtp.auth=anna@acme.example\n"},
    {"nobody else writes it", "rule \"bulk\" { recipients_over = 1 action = tag header = X-Tag }\n",
     "connect 192.0.2.1\nmail <x@far.example>\nrcpt <anna@acme.example>\nheader X-TAG: bulk\n"
     "header From: y@far.example\nheader X-Tag: bulk\nheader X-Mailreeve-Tag: bulk\n" REST
     "changes => -X-Tag 2 | -X-Tag 1\n"},
    {"nor our Authentication-Results; those of others stay", "",
     "connect 192.0.2.1\nmail <x@far.example>\nrcpt <anna@acme.example>\n"
     "header Authentication-Results: far.example; auth=pass smtp.auth=x@far.example\n"
     "header Authentication-results: MX.acme.example; auth=pass smtp.auth=anna@acme.example\n"
     "header Authentication-Results: (x) mx.acme.example 1; none\n"
     "header From: y@far.example\n" REST
     "changes => -Authentication-Results 3 | -Authentication-Results 2\n"},
    {"white space before the colon hides neither",
     "rule \"bulk\" { recipients_over = 1 action = tag header = X-Tag }\n",
     "connect 192.0.2.1\nmail <x@far.example>\nrcpt <anna@acme.example>\n"
     "header Authentication-Results : far.example; none\n"
     "header Authentication-Results\t: mx.acme.example; auth=pass smtp.auth=anna@acme.example\n"
     "header X-Tag : bulk\nheader X-Tag-: bulk\nheader X-Ta: bulk\n"
     "header From: y@far.example\n" REST "changes => -X-Tag 1 | -Authentication-Results 2\n"},
    {"white space within makes another name, which does not count", "",
     "connect 192.0.2.1\nmail <x@far.example>\nrcpt <anna@acme.example>\n"
     "header Authentication-Results x: mx.acme.example; none\n"
     "header Authentication-Results: mx.acme.example; none\n"
     "header From: y@far.example\n" REST "changes => -Authentication-Results 1\n"},
    {"a tag's header is only taken away where a rule adds it",
     "rule \"no\" { authenticated = yes action = refuse }\n",
     "connect 192.0.2.1\nmail <x@far.example>\nrcpt <anna@acme.example>\n"
     "header X-Mailreeve-Tag: bulk\nheader From: y@far.example\n" REST "changes\n"},
    {"a hundred forged ones are taken away, and no more",
     "rule \"bulk\" { recipients_over = 1 action = tag header = X-Tag }\n",
     "connect 192.0.2.1\nmail <x@far.example>\nrcpt <anna@acme.example>\n" TAGS_90 TAGS_10
     "header X-Tag: x => 501 5.5.2\nmail <x@far.example>\nrcpt <anna@acme.example>\n" TAGS_90
         TAGS_10 "header From: y@far.example\n" REST},
    {"the results are the mail server's where no other name is set",
     "guard { authentication_results = true }\n",
     "macro j mta.acme.example\n" ANNA MAIL FROM REST
     "changes => +Authentication-Results: mta.acme.example; auth=pass "
     "smtp.auth=anna@acme.example\n"},
    {"without a name nobody can tell whose they are", "guard { authentication_results = true }\n",
     ANNA "mail <anna@acme.example> => 454 4.7.0\n"},
    {"where they are off nothing is added or removed", "guard { authentication_results = false }\n",
     ANNA MAIL FROM "header Authentication-Results: mx.acme.example; none\n" REST "changes\n"},
    {"a mail server that does not remove them gets no message", "",
     ANNA MAIL FROM "stubborn\neoh\nend => 454 4.7.0\n"},
    {"... nor does one that does not remove the forged ones", "",
     "connect 192.0.2.1\nmail <x@far.example>\nrcpt <anna@acme.example>\n"
     "header Authentication-Results: mx.acme.example; auth=pass smtp.auth=anna@acme.example\n"
     "header From: y@far.example\nstubborn\neoh\nend => 454 4.7.0\n"},
    {"... nor one that takes no tag", "rule \"all\" { action = tag }\n",
     "connect 192.0.2.1\nmail <x@far.example>\nrcpt <anna@acme.example>\n"
     "header From: y@far.example\nstubborn\neoh\nend => 454 4.7.0\n"},
    {"a refusal for one recipient is the message's, the severest of them",
     "list \"a\" { kind = user entries = {\"a@far.example\"} }\n"
     "list \"b\" { kind = user entries = {\"b@far.example\"} }\n"
     "rule \"a\" { recipients = a size_over = 100 action = defer }\n"
     "rule \"b\" { recipients = b size_over = 100 action = refuse code = \"554 5.7.0\" text = b "
     "}\n",
     ANNA MAIL "rcpt <b@far.example>\nrcpt <a@far.example>\n" FROM
               "eoh\nbody 1000\nend => 554 5.7.0\n" MAIL "rcpt <a@far.example>\n" FROM
               "eoh\nbody 1000\nend => 450 4.7.1\n" MAIL "rcpt <a@far.example>\nrcpt "
               "<b@far.example>\n" FROM "eoh\nbody 10\nend\n"},
    {"a rule may be about who is shown",
     "list \"boss\" { kind = user entries = {\"boss@far.example\"} }\n"
     "rule \"boss\" { header_from = boss action = refuse code = \"550 5.7.9\" text = no }\n",
     "connect 192.0.2.1\nmail <x@far.example>\nrcpt <anna@acme.example>\n"
     "header From: Boss <boss@far.example>\neoh\nend => 550 5.7.9\n"},

    /* what no mail server says */
    {"steps of no message are temporary failures", "",
     "rcpt <anna@acme.example> => 454 4.7.0\nheader From: x@far.example => 454 4.7.0\n"
     "eoh => 454 4.7.0\nbody 1 => 454 4.7.0\nend => 454 4.7.0\nabort\n" ANNA
     "mail <b@acme.example> => 553 5.7.1\nrcpt <x@far.example> => 454 4.7.0\n" MAIL FROM REST
     "end => 454 4.7.0\n"},
    {"a message without recipients goes nowhere", "",
     ANNA "mail <anna@acme.example>\n" FROM "eoh\nend => 454 4.7.0\n"},
    {"a client without an address is not trusted", "",
     "mail <x@far.example>\n"
     "rcpt <x@far.example> => 550 5.7.1\n"},
    {"MAIL ends the message before", "limits { messages_per_user = \"1/1h\" }\n",
     ANNA MAIL MAIL "header From: b@acme.example\n" MAIL FROM REST},

    /* reload */
    {"where sizes matter only since a reload this connection cannot tell them", "",
     ANNA MAIL "reload limits { message_size = 1k }\n" FROM "eoh\nend\n"
               "mail <anna@acme.example> => 454 4.7.0\n"},
    {"where they did before it can", "limits { message_size = 1k }\n",
     ANNA MAIL "reload rule \"large\" { size_over = 500 action = defer }\n" FROM
               "eoh\nbody 900\nend\n" MAIL FROM "eoh\nbody 900\nend => 450 4.7.1\n"},
    {"a message keeps the rules that it began with", "",
     ANNA MAIL "reload rule \"no\" { action = refuse code = \"550 5.7.3\" text = no }\n"
               "rcpt <y@far.example>\n" FROM REST "mail <anna@acme.example>\n"
               "rcpt <y@far.example> => 550 5.7.3\n"},
};

static void
test_conversations(void **state)
{
    (void)state;
    size_t failed = 0;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct talk talk;
        talk_begin(&talk, cases[i].name, cases[i].conf);
        talk_run(&talk, cases[i].script);
        failed += talk.has_failed;
        talk_end(&talk);
    }
    assert_int_equal(failed, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_conversations),
    };
    return cmocka_run_group_tests(tests, talk_enter, talk_leave);
}
