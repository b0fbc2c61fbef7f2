/* Headers that show somebody else, or of which it cannot be told whom they show: none passes. */
#include "from_case.h"

#define MANY_WAYS   "From: more than one way to read it"
#define NO_ANGLE    "From: angle brackets without one address between them"
#define NO_DOMAIN   "From: an address without a domain"
#define NO_ADDRESS  "From: no address"
#define NONE_SUCH   "From: an address that is none"
#define TOO_LONG    "From: an address that is too long"
#define COMMENT_END "From: a comment without an end"
#define QUOTE_END   "From: a quoted string without an end"
#define TWO_ENDS    "From: a comment that may end at more than one place"
#define GROUP_END   "From: a group without an end"
#define CONTROL     "From: a control character"
#define NOT_UTF8    "From: bytes that are not UTF-8"
#define LINE_END    "From: a line end that is not folding"
#define BLANK_LINE  "From: a line of nothing but white space"
#define WORD        "From: an encoded word that not every program can read"
#define WORD_LEFT   "From: an encoded word that cannot be decoded"
#define WORD_AMID   "From: an encoded word amid other text"
#define WORD_NUL    "From: a NUL in an encoded word"
#define TURNED      "From: marks that turn text round"
#define DIRECTION   "From: an address among marks of writing direction"

/* CERT VU#517845 and its relatives. */
static const struct from_case mailboxes[] = {
    SHOWS("another's address", "boss@acme.example", BOSS),
    SHOWS("another's address in angle brackets", "Bob <boss@acme.example>", BOSS),
    SHOWS("another's address in capitals", "BOSS@ACME.EXAMPLE", BOSS),
    SHOWS("another's address behind his", "bob@acme.example, boss@acme.example", BOSS),
    SHOWS("another's address before his", "boss@acme.example, Bob <bob@acme.example>", BOSS),
    SHOWS("an address of nobody's domain", "ceo@ceo.example", "ceo@ceo.example"),
    SHOWS("an address of a domain below ours", "bob@x.acme.example", "bob@x.acme.example"),
    SHOWS("his address with a detail", "bob+x@acme.example", "bob+x@acme.example"),
    SHOWS("his address with a dot", "b.ob@acme.example", "b.ob@acme.example"),
    SHOWS("a percent sign", "bob%ceo.example@acme.example", "bob%ceo.example@acme.example"),
    SHOWS("a bang path", "ceo.example!boss@acme.example", "ceo.example!boss@acme.example"),
    SHOWS("an address literal", "boss@[192.0.2.1]", "boss@[192.0.2.1]"),
    SHOWS("an address literal of IPv6", "bob@[IPv6:2001:db8::1]", "bob@[ipv6:2001:db8::1]"),
    SHOWS("a domain that looks like ours",
          "bob@\xd0\xb0"
          "cme.example",
          "bob@xn--cme-5cd.example"),
    SHOWS("a domain that looks like ours, as DNS has it", "bob@xn--cme-5cd.example",
          "bob@xn--cme-5cd.example"),
    SHOWS("a quoted local part", "\"boss\"@acme.example", BOSS),
    SHOWS("a quoted local part with quoted pairs", "\"b\\o\\s\\s\"@acme.example", BOSS),
    SHOWS("a quoted local part with a space", "\"bob boss\"@acme.example",
          "\"bob boss\"@acme.example"),
    SHOWS("a quoted local part with an '@'", "\"bob@acme.example\"@ceo.example",
          "\"bob@acme.example\"@ceo.example"),
    SHOWS("an address in a quoted local part", "\"boss@acme.example\"@acme.example", BOSS),
    SHOWS("comments and white space around the '@'", "boss (x) @ (y) acme.example", BOSS),
    SHOWS("a comment in the address", "boss(bob)@(bob)acme.example", BOSS),
    SHOWS("an address in a group", "Team: boss@acme.example;", BOSS),
    SHOWS("an address in a group behind his", "Team: bob@acme.example, Boss <boss@acme.example>;",
          BOSS),
    SHOWS("an address behind a group", "Team: bob@acme.example;, boss@acme.example", BOSS),
    SHOWS("an address in a second group", "A: bob@acme.example;, B: boss@acme.example;", BOSS),
    BOTH("two pairs of angle brackets", "<boss@acme.example> <bob@acme.example>", BOSS, MANY_WAYS),
    BOTH("two pairs of angle brackets with names",
         "Boss <boss@acme.example> Bob <bob@acme.example>", BOSS, MANY_WAYS),
    BOTH("angle brackets in angle brackets", "<<boss@acme.example>bob@acme.example>", BOSS,
         NO_ANGLE),
    BOTH("double angle brackets", "<<bob@acme.example>> boss@acme.example", BOSS, NO_ANGLE),
    BOTH("a list in angle brackets", "<bob@acme.example, boss@acme.example>", BOSS, NO_ANGLE),
    BOTH("words in angle brackets", "<boss@acme.example bob@acme.example>", BOSS, NO_ANGLE),
    BOTH("an address before the angle brackets", "boss@acme.example <bob@acme.example>", BOSS,
         MANY_WAYS),
    BOTH("an address behind the angle brackets", "<bob@acme.example> boss@acme.example", BOSS,
         MANY_WAYS),
    BOTH("a route", "<@boss.example,@acme.example:boss@acme.example>", BOSS, NO_ANGLE),
    BOTH("a route of his address", "<boss@acme.example:bob@acme.example>", BOSS, NO_ANGLE),
    BOTH("an address as a group's name", "boss@acme.example: bob@acme.example;", BOSS, MANY_WAYS),
    BOTH("a group in a group", "A: B: boss@acme.example;;", BOSS, MANY_WAYS),
    BOTH("a group without an end", "Team: boss@acme.example", BOSS, GROUP_END),
    BOTH("a semicolon without a group", "bob@acme.example; boss@acme.example", BOSS, MANY_WAYS),
    BOTH("no comma between them", "bob@acme.example boss@acme.example", BOSS, MANY_WAYS),
    BOTH("two '@' in a row", "boss@@acme.example", BOSS, NONE_SUCH),
    BOTH("two '@'", "bob@acme.example@acme.example, boss@acme.example", BOSS, MANY_WAYS),
    BOTH("an end before its beginning", "bob@acme.example> <boss@acme.example", BOSS, MANY_WAYS),
    BOTH("angle brackets without an end", "<boss@acme.example", BOSS, NO_ANGLE),
    BOTH("a word behind a quoted string", "\"bob\"boss@acme.example", BOSS, MANY_WAYS),
    BOTH("several quoted strings as local part", "\"bo\"\"ss\"@acme.example", BOSS, MANY_WAYS),
    BOTH("a quoted domain", "boss@\"acme.example\"", BOSS, NONE_SUCH),
    BOTH("a backslash outside of quotes", "bob\\,boss@acme.example", BOSS, MANY_WAYS),
    FAULT("a list with an empty member", "bob@acme.example,,bob@acme.example", MANY_WAYS),
    FAULT("a comma at the end", "bob@acme.example,", MANY_WAYS),
    FAULT("a name with a comma", "Example, Bob <bob@acme.example>", NO_DOMAIN),
    BOTH("his address as an unquoted name of another's", "bob@acme.example <boss@acme.example>",
         BOSS, MANY_WAYS),
    FAULT("his address as an unquoted name of his other one",
          "bob@acme.example <robert@acme.example>", MANY_WAYS),
    BOTH("his address as an unquoted name, and another's",
         "bob@acme.example <bob@acme.example> <boss@acme.example>", BOSS, MANY_WAYS),
    FAULT("his address as an unquoted name twice",
          "bob@acme.example bob@acme.example <bob@acme.example>", MANY_WAYS),
    FAULT("a name that GMime does not read", ".Bob <bob@acme.example>", MANY_WAYS),
    FAULT("a domain that GMime reads in another way", "\"bob\"@xn--a", MANY_WAYS),
    FAULT("nothing", "", NO_ADDRESS),
    FAULT("white space", "  \t", NO_ADDRESS),
    FAULT("a comment alone", "(bob)", NO_ADDRESS),
    FAULT("an empty group", "Undisclosed:;", NO_ADDRESS),
    FAULT("two empty groups", "A:;, B:;", NO_ADDRESS),
    FAULT("no address between angle brackets", "Boss <>", NO_ANGLE),
    FAULT("a name alone", "boss", NO_DOMAIN),
    FAULT("a name between angle brackets", "Boss <boss>", NO_DOMAIN),
    FAULT("no local part", "@acme.example", MANY_WAYS),
    FAULT("no domain", "bob@", NONE_SUCH),
    FAULT("dots in a row", "b..ob@acme.example", NONE_SUCH),
    FAULT("an obsolete local part", "\"bob\".x@acme.example", MANY_WAYS),
    FAULT("an obsolete domain", "bob@acme . example", MANY_WAYS),
    FAULT("an address literal that is none", "bob@[acme]", NONE_SUCH),
};

static const struct from_case names[] = {
    SHOWS("another's address as the name", "\"boss@acme.example\" <bob@acme.example>", BOSS),
    SHOWS("another's address in the name", "\"Boss <boss@acme.example>\" <bob@acme.example>", BOSS),
    SHOWS("another's address in apostrophes", "\"'boss@acme.example'\" <bob@acme.example>", BOSS),
    SHOWS("an address and a comma in the name", "\"boss@acme.example, \" <bob@acme.example>", BOSS),
    SHOWS("a quoted pair before the '@'", "\"boss\\@acme.example\" <bob@acme.example>", BOSS),
    SHOWS("quotes in the name", "\"\\\"boss@acme.example\\\"\" <bob@acme.example>", BOSS),
    SHOWS("a quoted local part in the name", "\"\\\"Boss\\\"@acme.example\" <bob@acme.example>",
          BOSS),
    SHOWS("a bracket before the '@'", "\"(boss)@acme.example\" <bob@acme.example>", BOSS),
    SHOWS("white space before the '@'", "\"boss @acme.example\" <bob@acme.example>", BOSS),
    SHOWS("white space around the '@'", "\"boss  @  acme.example\" <bob@acme.example>", BOSS),
    SHOWS("two '@'", "\"boss@ @acme.example\" <bob@acme.example>", BOSS),
    SHOWS("two dots in the domain", "\"boss@acme..example\" <bob@acme.example>", BOSS),
    SHOWS("a full stop behind the address", "\"boss@acme.example.\" <bob@acme.example>", BOSS),
    SHOWS("a bracket behind the '@'", "\"boss@<acme.example>\" <bob@acme.example>", BOSS),
    SHOWS("two quoted strings", "\"boss\" \"@acme.example\" <bob@acme.example>", BOSS),
    SHOWS("two quoted strings side by side", "\"boss@ac\"\"me.example\" <bob@acme.example>", BOSS),
    SHOWS("a comment in the name", "\"boss@ac\"(x)\"me.example\" <bob@acme.example>", BOSS),
    SHOWS("an address as a group's name", "\"boss@acme.example\": bob@acme.example;", BOSS),
    SHOWS("an address in a comment", "bob@acme.example (boss@acme.example)", BOSS),
    SHOWS("an address in a comment in front", "(boss@acme.example) bob@acme.example", BOSS),
    SHOWS("an address in a comment of a comment", "bob@acme.example (a (boss@acme.example) b)",
          BOSS),
    SHOWS("a quoted pair in a comment", "bob@acme.example (boss\\@acme.example)", BOSS),
    SHOWS("an address in a comment in the address", "bob(boss@acme.example)@acme.example", BOSS),
    SHOWS("an address that a fold divides", "\"boss@\r\n acme.example\" <bob@acme.example>", BOSS),
    SHOWS("an address behind a fold", "\"Boss\r\n\tboss@acme.example\" <bob@acme.example>", BOSS),
    SHOWS("an address in curly quotes",
          "\"\xe2\x80\x9c"
          "boss@acme.example\xe2\x80\x9d\" <bob@acme.example>",
          BOSS),
    SHOWS("a full-width '@'",
          "\"boss\xef\xbc\xa0"
          "acme.example\" <bob@acme.example>",
          BOSS),
    SHOWS("a small '@'",
          "\"boss\xef\xb9\xab"
          "acme.example\" <bob@acme.example>",
          BOSS),
    SHOWS("full-width letters",
          "\"boss@\xef\xbd\x81\xef\xbd\x83\xef\xbd\x8d\xef\xbd\x85.example\" <bob@acme.example>",
          BOSS),
    SHOWS("an ideographic full stop",
          "\"boss@acme\xe3\x80\x82"
          "example\" <bob@acme.example>",
          BOSS),
    SHOWS("a full-width full stop",
          "\"boss@acme\xef\xbc\x8e"
          "example\" <bob@acme.example>",
          BOSS),
    SHOWS("a dot leader",
          "\"boss@acme\xe2\x80\xa4"
          "example\" <bob@acme.example>",
          BOSS),
    SHOWS("letters in circles",
          "\"\xe2\x93\x91\xe2\x93\x9e\xe2\x93\xa2\xe2\x93\xa2@acme.example\" <bob@acme.example>",
          BOSS),
    SHOWS("a space without width", "\"bo\xe2\x80\x8bss@acme.example\" <bob@acme.example>", BOSS),
    SHOWS("a joiner without width at the '@'",
          "\"boss\xe2\x81\xa0@acme.example\" <bob@acme.example>", BOSS),
    SHOWS("a soft hyphen",
          "\"boss@ac\xc2\xad"
          "me.example\" <bob@acme.example>",
          BOSS),
    SHOWS("a byte order mark", "\"boss@acme\xef\xbb\xbf.example\" <bob@acme.example>", BOSS),
    SHOWS("a tag of Unicode", "\"boss@acme\xf3\xa0\x81\x81.example\" <bob@acme.example>", BOSS),
    SHOWS("a no-break space",
          "\"Boss\xc2\xa0"
          "boss@acme.example\" <bob@acme.example>",
          BOSS),
    SHOWS("a domain in letters outside of ASCII",
          "\"boss@b\xc3\xbc"
          "cher.example\" <bob@acme.example>",
          "boss@xn--bcher-kva.example"),
    BOTH("text that is turned round",
         "\"\xe2\x80\xae"
         "elpmaxe.emca@ssob boss@acme.example\" <bob@acme.example>",
         BOSS, TURNED),
    FAULT("text that is turned round alone",
          "\"\xe2\x80\xae"
          "elpmaxe.emca@ssob\" <bob@acme.example>",
          TURNED),
    FAULT("marks of direction around an '@'",
          "\"\xe2\x80\x8f"
          "acme.example\xe2\x80\x8f@\xe2\x80\x8f"
          "boss\" <bob@acme.example>",
          DIRECTION),
    SHOWS("a full-width '@' in an unquoted name",
          "boss\xef\xbc\xa0"
          "acme.example <bob@acme.example>",
          BOSS),
    BOTH("a comment without an end", "bob@acme.example (boss@acme.example", BOSS, COMMENT_END),
    BOTH("a quoted string without an end", "\"Bob boss@acme.example", BOSS, QUOTE_END),
    BOTH("a quote in a comment", "(\") boss@acme.example (\") bob@acme.example", BOSS, TWO_ENDS),
    BOTH("a comment in a quote in a comment", "bob@acme.example (\"(\" boss@acme.example)", BOSS,
         TWO_ENDS),
    BOTH("an end of a comment alone", "bob@acme.example ) boss@acme.example", BOSS, MANY_WAYS),
};

static const struct from_case encoded[] = {
    SHOWS("an address in two words, the first with padding",
          "=?utf-8?B?Ym9zc0A=?= =?utf-8?B?YWNtZS5leGFtcGxl?= <bob@acme.example>", BOSS),
    SHOWS("an address in two words, the first with much padding",
          "=?utf-8?B?Ym9zcw==?=\r\n =?utf-8?B?QGFjbWUuZXhhbXBsZQ==?= <bob@acme.example>", BOSS),
    SHOWS("an address in words of one letter each",
          "=?utf-8?B?Yg==?= =?utf-8?B?bw==?= =?utf-8?B?cw==?= =?utf-8?B?cw==?= =?utf-8?B?QA==?= "
          "=?utf-8?B?YQ==?= =?utf-8?B?Yw==?= =?utf-8?B?bQ==?= =?utf-8?B?ZQ==?="
          " =?utf-8?B?LmV4YW1wbGU=?= <bob@acme.example>",
          BOSS),
    FAULT("turned text behind padding",
          "=?utf-8?B?Qm9i4oCu?= =?utf-8?B?Qg==?= =?utf-8?B?4oCuQg==?= <bob@acme.example>", TURNED),
    FAULT("a line end behind padding", "=?utf-8?B?Qg==?= =?utf-8?B?Cg==?= <bob@acme.example>",
          CONTROL),
    SHOWS("an address in a \"Q\" word", "=?utf-8?Q?boss=40acme.example?= <bob@acme.example>", BOSS),
    SHOWS("an address in a \"B\" word", "=?utf-8?B?Ym9zc0BhY21lLmV4YW1wbGU=?= <bob@acme.example>",
          BOSS),
    SHOWS("small letters", "=?utf-8?q?=62oss=40=61cme.example?= <bob@acme.example>", BOSS),
    SHOWS("an address in two words",
          "=?utf-8?Q?boss?= =?utf-8?Q?=40acme.example?= <bob@acme.example>", BOSS),
    SHOWS("an address in two words of two kinds",
          "=?utf-8?Q?boss=40?=\r\n =?iso-8859-1?B?YWNtZS5leGFtcGxl?= <bob@acme.example>", BOSS),
    SHOWS("a word and a plain word", "boss =?utf-8?Q?=40acme.example?= <bob@acme.example>", BOSS),
    SHOWS("a word in a quoted string", "\"=?utf-8?Q?boss=40acme.example?=\" <bob@acme.example>",
          BOSS),
    SHOWS("a word in a comment", "bob@acme.example (=?utf-8?Q?boss=40acme.example?=)", BOSS),
    SHOWS("a word as a group's name", "=?utf-8?Q?boss=40acme.example?=: bob@acme.example;", BOSS),
    BOTH("words side by side without a space",
         "=?utf-8?Q?boss?==?utf-8?Q?=40acme.example?= <bob@acme.example>", BOSS, WORD_AMID),
    SHOWS("a word with an encoded bracket",
          "=?utf-8?Q?=3Cboss=40acme.example=3E?= <bob@acme.example>", BOSS),
    SHOWS("an encoded quote", "=?utf-8?Q?=22boss=40acme.example=22?= <bob@acme.example>", BOSS),
    SHOWS("an encoded full-width '@'", "=?utf-8?Q?boss=EF=BC=A0acme.example?= <bob@acme.example>",
          BOSS),
    SHOWS("ISO 8859-15", "=?iso-8859-15?Q?boss=40acme.example?= <bob@acme.example>", BOSS),
    SHOWS("windows-1252", "=?windows-1252?Q?boss=40acme.example?= <bob@acme.example>", BOSS),
    SHOWS("KOI8-R", "=?koi8-r?Q?boss=40acme.example?= <bob@acme.example>", BOSS),
    SHOWS("UTF-7", "=?utf-7?Q?boss+AEA-acme.example?= <bob@acme.example>", BOSS),
    SHOWS("UTF-7 that is read as ASCII", "=?utf-7?Q?boss=40acme.example?= <bob@acme.example>",
          BOSS),
    BOTH("EBCDIC to those who know it, who read no address there",
         "=?ibm037?Q?boss=40acme.example?= <bob@acme.example>", BOSS, CONTROL),
    SHOWS("EBCDIC to those who know it, who read an address there",
          "=?ibm037?B?gpaionyBg5SFS4WngZSXk4U=?= <bob@acme.example>", BOSS),
    SHOWS("a charset that nobody knows", "=?x-no?Q?boss=40acme.example?= <bob@acme.example>", BOSS),
    SHOWS("a charset that nobody knows in base64",
          "=?x-no?B?Ym9zc0BhY21lLmV4YW1wbGU=?= <bob@acme.example>", BOSS),
    SHOWS("padding that lacks", "=?utf-8?B?Ym9zc0BhY21lLmV4YW1wbGU?= <bob@acme.example>", BOSS),
    SHOWS("a character that is no letter of base64",
          "=?utf-8?B?Ym9zc0*BhY21lLmV4YW1wbGU=?= <bob@acme.example>", BOSS),
    BOTH("a NUL", "=?utf-8?Q?boss=00=40acme.example?= <bob@acme.example>", BOSS, WORD_NUL),
    BOTH("a NUL before the address", "=?utf-8?Q?Bob=00_boss=40acme.example?= <bob@acme.example>",
         BOSS, WORD_NUL),
    BOTH("UTF-16",
         "=?utf-16le?B?YgBvAHMAcwBAAGEAYwBtAGUALgBlAHgAYQBtAHAAbABlAA==?= "
         "<bob@acme.example>",
         BOSS, WORD_NUL),
    BOTH("a line end in a word", "=?utf-8?Q?Bob=0D=0Aboss=40acme.example?= <bob@acme.example>",
         "bobboss@acme.example", CONTROL),
    SHOWS("spaces in a word", "=?utf-8?Q?boss = =40acme.example?= <bob@acme.example>",
          "=@acme.example"),
    BOTH("an '@' in a word as it is", "=?utf-8?Q?boss@acme.example?= <bob@acme.example>", BOSS,
         NONE_SUCH),
    BOTH("a comma in a word as it is", "=?utf-8?Q?Boss,boss=40acme.example?= <bob@acme.example>",
         BOSS, NO_DOMAIN),
    FAULT("a word in a word",
          "=?utf-8?Q?=3D=3Futf-8=3FQ=3Fboss=3D40acme.example=3F=3D?= <bob@acme.example>",
          WORD_LEFT),
    BOTH("an address where a charset is expected",
         "\"=?x boss@acme.example y?Q?z?=\" <bob@acme.example>", BOSS, WORD_LEFT),
    BOTH("an address where base64 is expected",
         "\"=?utf-8?B? boss@acme.example ?=\" <bob@acme.example>", BOSS, WORD),
    BOTH("a word that goes on as plain text",
         "=?utf-8?Q?boss=40acme.example?=.net <bob@acme.example>", BOSS, WORD_AMID),
    BOTH("a plain text that goes on as a word",
         "www.=?utf-8?Q?boss=40acme.example?= <bob@acme.example>", BOSS, WORD_AMID),
    BOTH("a word behind what looks like a word's start",
         "=?=?utf-8?B?Ym9zc0BhY21lLmV4YW1wbGU=?= <bob@acme.example>", BOSS, WORD_AMID),
    FAULT("a word without an end", "\"=?utf-8?Q?boss=40acme.example\" <bob@acme.example>",
          WORD_LEFT),
    FAULT("a word of a kind that nobody knows",
          "\"=?utf-8?X?boss=40acme.example?=\" <bob@acme.example>", WORD_LEFT),
    FAULT("ISO 2022 that nobody knows", "=?iso-2022-xx?B?GyRCYm9zcw==?= <bob@acme.example>", WORD),
    FAULT("UTF-7 by another name", "=?x-utf-7?Q?boss+AEA-acme.example?= <bob@acme.example>", WORD),
    FAULT("a word as a local part", "=?utf-8?Q?boss?=@acme.example", NONE_SUCH),
};

/* Some readers see an address that is not found here: not even who is held to others' demands alone
 * may send it. */
static const struct from_case hidden[] = {
    HIDES("an address that is turned round",
          "\"\xe2\x80\xae"
          "elpmaxe.emca@ssob\" <mallory@widgets.example>",
          TURNED),
    HIDES("an address between marks of direction",
          "\"\xe2\x80\x8f"
          "acme.example\xe2\x80\x8f@\xe2\x80\x8f"
          "boss\" <mallory@widgets.example>",
          DIRECTION),
    HIDES("UTF-7 by a name that some know",
          "=?unicode-1-1-utf-7?Q?boss+AEA-acme.example?= <mallory@widgets.example>", WORD),
    HIDES("HZ", "=?hz-gb-2312?B?Ym9zc357I0B+fWFjbWUuZXhhbXBsZQ==?= <mallory@widgets.example>",
          WORD),
    HIDES("ISO 2022 that nobody knows", "=?iso-2022-xx?B?GyRCYm9zcw==?= <mallory@widgets.example>",
          WORD),
};

static const struct from_case bytes[] = {
    BOTH("a NUL in the name", "\"Bob\0\" <boss@acme.example>", BOSS, CONTROL),
    BOTH("a NUL behind his address", "bob@acme.example\0, boss@acme.example", BOSS, CONTROL),
    BOTH("a NUL in the address", "bo\0ss@acme.example", BOSS, CONTROL),
    BOTH("a NUL at the end", "boss@acme.example\0", BOSS, CONTROL),
    BOTH("a bare CR", "bob@acme.example\r, boss@acme.example", BOSS, CONTROL),
    BOTH("a CR at the end", "boss@acme.example\r", BOSS, CONTROL),
    BOTH("a line that is not folded", "bob@acme.example\r\nboss@acme.example", BOSS, LINE_END),
    BOTH("another header behind a line end", "bob@acme.example\nFrom: boss@acme.example", BOSS,
         LINE_END),
    BOTH("a line of white space", "bob@acme.example\r\n \r\n , boss@acme.example", BOSS,
         BLANK_LINE),
    FAULT("a line of white space at the end", "bob@acme.example\r\n ", BLANK_LINE),
    FAULT("a line of white space at the start", " \r\n \r\n bob@acme.example", BLANK_LINE),
    BOTH("a backspace", "\"bob\b\b\bboss@acme.example\" <bob@acme.example>", "bobboss@acme.example",
         CONTROL),
    BOTH("an escape", "\x1b[2K boss@acme.example", BOSS, CONTROL),
    BOTH("a vertical tab", "bob@acme.example,\vboss@acme.example", BOSS, CONTROL),
    FAULT("DEL", "Bob\x7f <bob@acme.example>", CONTROL),
    FAULT("a control character of C1", "Bob\xc2\x85 <bob@acme.example>", CONTROL),
    FAULT("ISO 8859-1 as it is",
          "B\xf6"
          "b <bob@acme.example>",
          NOT_UTF8),
    FAULT("a surrogate", "B\xed\xa0\x80 <bob@acme.example>", NOT_UTF8),
    FAULT("an '@' in two bytes",
          "boss\xc1\x80"
          "acme.example <bob@acme.example>",
          NOT_UTF8),
    BOTH("bytes that are not UTF-8 and an address", "\"\xff boss@acme.example\" <bob@acme.example>",
         BOSS, NOT_UTF8),
};

static void
test_mailboxes_of_others_are_refused(void **state)
{
    (void)state;
    FROM_CHECK_ALL(mailboxes);
}

static void
test_names_and_comments_with_addresses_of_others_are_refused(void **state)
{
    (void)state;
    FROM_CHECK_ALL(names);
}

static void
test_encoded_addresses_of_others_are_refused(void **state)
{
    (void)state;
    FROM_CHECK_ALL(encoded);
}

static void
test_bytes_that_no_header_holds_are_refused(void **state)
{
    (void)state;
    FROM_CHECK_ALL(bytes);
}

static void
test_what_only_some_readers_see_is_refused(void **state)
{
    (void)state;
    FROM_CHECK_ALL(hidden);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mailboxes_of_others_are_refused),
        cmocka_unit_test(test_names_and_comments_with_addresses_of_others_are_refused),
        cmocka_unit_test(test_encoded_addresses_of_others_are_refused),
        cmocka_unit_test(test_bytes_that_no_header_holds_are_refused),
        cmocka_unit_test(test_what_only_some_readers_see_is_refused),
    };
    return cmocka_run_group_tests(tests, from_begin, NULL);
}
