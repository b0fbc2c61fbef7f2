/* mailreeve-milter: the message guard beside the mail server. */
#include "guard_service.h"
#include "harden.h"
#include "program.h"

static const struct program program = {
    .name = "mailreeve-milter",
    .version = MAILREEVE_VERSION,
    .usage =
        "usage: mailreeve-milter [-c FILE] [-t]\n"
        "Holds every message to the rules of the front door, as a milter of Postfix or Sendmail, "
        "in the\n"
        "foreground; logs to standard error.\n"
        "\n"
        "  -c, --config FILE  the configuration (default /etc/mailreeve/mailreeve.conf)\n"
        "  -t, --test         check the configuration and exit: 0 if it is fine, 1 if not\n"
        "      --help         show this text\n"
        "      --version      show the version\n"
        "\n"
        "Signals: HUP loads the configuration again; TERM and INT finish the messages under way "
        "and end.\n"
        "With LISTEN_FDS (systemd socket activation) the socket of the service manager is used.\n",
    .run = guard_service_run,
};

int
main(int argc, char **argv)
{
    harden_process();
    return program_main(&program, argc, argv);
}
