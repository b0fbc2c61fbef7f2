/* What is an open relay and what is not. */
#include "site_cases.h"

#define OPEN(what)                                                                                 \
    "t.conf:5: listener \"sub\": relay_ips: list \"l\" holds " what                                \
    " address: this is an open relay, through which anybody sends anything to anywhere (name "     \
    "your own clients; or, if strangers cannot reach this port, set i_know_this_is_an_open_relay " \
    "= true)\n"

static const struct site_case cases[] = {
    {.name = "all of IPv4",
     .text = TOP ORG "list \"l\" { kind = ip entries = {\"0.0.0.0/0\"} }\n"
                     "listener \"sub\" { upstream = up upstream_inbound = in\n"
                     "relay_ips = l }\n",
     .want = OPEN("every IPv4")},
    {.name = "all of IPv6",
     .text = TOP ORG "list \"l\" { kind = ip entries = {\"::/0\"} }\n"
                     "listener \"sub\" { upstream = up upstream_inbound = in\n"
                     "relay_ips = l }\n",
     .want = OPEN("every IPv6")},
    {.name = "all that is in use of IPv6",
     .text = TOP ORG "list \"l\" { kind = ip entries = {\"2000::/3\"} }\n"
                     "listener \"sub\" { upstream = up upstream_inbound = in\n"
                     "relay_ips = l }\n",
     .want = OPEN("every IPv6")},
    {.name = "a wildcard for everything",
     .text = TOP ORG "list \"l\" { kind = ip entries = {\"*\"} }\n"
                     "listener \"sub\" { upstream = up upstream_inbound = in\n"
                     "relay_ips = l }\n",
     .want = OPEN("every IPv4") OPEN("every IPv6")},
    {.name = "a wildcard for each number",
     .text = TOP ORG "list \"l\" { kind = ip entries = {\"*.*.*.*\"} }\n"
                     "listener \"sub\" { upstream = up upstream_inbound = in\n"
                     "relay_ips = l }\n",
     .want = OPEN("every IPv4")},
    {.name = "two halves",
     .text = TOP ORG "list \"l\" { kind = ip entries = {\"0.0.0.0/1\", \"128.0.0.0/1\"} }\n"
                     "listener \"sub\" { upstream = up upstream_inbound = in\n"
                     "relay_ips = l }\n",
     .want = OPEN("every IPv4")},
    {.name = "a regular expression for everything",
     .text = TOP ORG "list \"l\" { kind = ip entries = {'/./'} }\n"
                     "listener \"sub\" { upstream = up upstream_inbound = in\n"
                     "relay_ips = l }\n",
     .want = OPEN("every IPv4") OPEN("every IPv6")},
    {.name = "a regular expression for all but a network of our own",
     .text = TOP ORG "list \"l\" { kind = ip entries = {'/^(?!10[.])/'} }\n"
                     "listener \"sub\" { upstream = up upstream_inbound = in\n"
                     "relay_ips = l }\n",
     .want = OPEN("every IPv4") OPEN("every IPv6")},
    {.name = "all but a few networks, in a file",
     .text = TOP ORG "list \"l\" { kind = ip entries = {} file = list }\n"
                     "listener \"sub\" { upstream = up upstream_inbound = in\n"
                     "relay_ips = l }\n",
     .list = "1.0.0.0/8\n2.0.0.0/8\n3.0.0.0/8\n4.0.0.0/8\n6.0.0.0/8\n7.0.0.0/8\n8.0.0.0/8\n9.0.0.0/"
             "8\n10.0.0.0/8\n11.0.0.0/8\n12.0.0.0/8\n13.0.0.0/8\n14.0.0.0/8\n15.0.0.0/8\n16.0.0.0/"
             "8\n17.0.0.0/8\n18.0.0.0/8\n19.0.0.0/8\n20.0.0.0/8\n21.0.0.0/8\n22.0.0.0/8\n23.0.0.0/"
             "8\n24.0.0.0/8\n26.0.0.0/8\n27.0.0.0/8\n28.0.0.0/8\n29.0.0.0/8\n30.0.0.0/8\n31.0.0.0/"
             "8\n32.0.0.0/8\n33.0.0.0/8\n34.0.0.0/8\n35.0.0.0/8\n36.0.0.0/8\n37.0.0.0/8\n38.0.0.0/"
             "8\n39.0.0.0/8\n40.0.0.0/8\n41.0.0.0/8\n42.0.0.0/8\n43.0.0.0/8\n44.0.0.0/8\n46.0.0.0/"
             "8\n47.0.0.0/8\n48.0.0.0/8\n49.0.0.0/8\n50.0.0.0/8\n51.0.0.0/8\n52.0.0.0/8\n53.0.0.0/"
             "8\n54.0.0.0/8\n55.0.0.0/8\n56.0.0.0/8\n57.0.0.0/8\n58.0.0.0/8\n59.0.0.0/8\n60.0.0.0/"
             "8\n61.0.0.0/8\n62.0.0.0/8\n63.0.0.0/8\n64.0.0.0/8\n66.0.0.0/8\n67.0.0.0/8\n68.0.0.0/"
             "8\n69.0.0.0/8\n70.0.0.0/8\n71.0.0.0/8\n72.0.0.0/8\n73.0.0.0/8\n74.0.0.0/8\n75.0.0.0/"
             "8\n76.0.0.0/8\n77.0.0.0/8\n78.0.0.0/8\n79.0.0.0/8\n80.0.0.0/8\n81.0.0.0/8\n82.0.0.0/"
             "8\n83.0.0.0/8\n84.0.0.0/8\n86.0.0.0/8\n87.0.0.0/8\n88.0.0.0/8\n89.0.0.0/8\n90.0.0.0/"
             "8\n91.0.0.0/8\n92.0.0.0/8\n93.0.0.0/8\n94.0.0.0/8\n95.0.0.0/8\n96.0.0.0/8\n97.0.0.0/"
             "8\n98.0.0.0/8\n99.0.0.0/8\n100.0.0.0/8\n101.0.0.0/8\n102.0.0.0/8\n103.0.0.0/"
             "8\n104.0.0.0/8\n106.0.0.0/8\n107.0.0.0/8\n108.0.0.0/8\n109.0.0.0/8\n110.0.0.0/"
             "8\n111.0.0.0/8\n112.0.0.0/8\n113.0.0.0/8\n114.0.0.0/8\n115.0.0.0/8\n116.0.0.0/"
             "8\n117.0.0.0/8\n118.0.0.0/8\n119.0.0.0/8\n120.0.0.0/8\n121.0.0.0/8\n122.0.0.0/"
             "8\n123.0.0.0/8\n124.0.0.0/8\n125.0.0.0/8\n126.0.0.0/8\n127.0.0.0/8\n128.0.0.0/"
             "8\n129.0.0.0/8\n130.0.0.0/8\n131.0.0.0/8\n132.0.0.0/8\n133.0.0.0/8\n134.0.0.0/"
             "8\n135.0.0.0/8\n136.0.0.0/8\n137.0.0.0/8\n138.0.0.0/8\n139.0.0.0/8\n140.0.0.0/"
             "8\n141.0.0.0/8\n142.0.0.0/8\n143.0.0.0/8\n144.0.0.0/8\n145.0.0.0/8\n146.0.0.0/"
             "8\n147.0.0.0/8\n148.0.0.0/8\n149.0.0.0/8\n150.0.0.0/8\n151.0.0.0/8\n152.0.0.0/"
             "8\n153.0.0.0/8\n154.0.0.0/8\n155.0.0.0/8\n156.0.0.0/8\n157.0.0.0/8\n158.0.0.0/"
             "8\n159.0.0.0/8\n160.0.0.0/8\n161.0.0.0/8\n162.0.0.0/8\n163.0.0.0/8\n164.0.0.0/"
             "8\n165.0.0.0/8\n166.0.0.0/8\n167.0.0.0/8\n168.0.0.0/8\n169.0.0.0/8\n170.0.0.0/"
             "8\n171.0.0.0/8\n172.0.0.0/8\n173.0.0.0/8\n174.0.0.0/8\n175.0.0.0/8\n176.0.0.0/"
             "8\n177.0.0.0/8\n178.0.0.0/8\n179.0.0.0/8\n180.0.0.0/8\n181.0.0.0/8\n182.0.0.0/"
             "8\n183.0.0.0/8\n184.0.0.0/8\n185.0.0.0/8\n186.0.0.0/8\n187.0.0.0/8\n188.0.0.0/"
             "8\n189.0.0.0/8\n190.0.0.0/8\n191.0.0.0/8\n192.0.0.0/8\n193.0.0.0/8\n194.0.0.0/"
             "8\n195.0.0.0/8\n196.0.0.0/8\n197.0.0.0/8\n198.0.0.0/8\n199.0.0.0/8\n200.0.0.0/"
             "8\n201.0.0.0/8\n202.0.0.0/8\n203.0.0.0/8\n204.0.0.0/8\n205.0.0.0/8\n206.0.0.0/"
             "8\n207.0.0.0/8\n208.0.0.0/8\n209.0.0.0/8\n210.0.0.0/8\n211.0.0.0/8\n212.0.0.0/"
             "8\n213.0.0.0/8\n214.0.0.0/8\n215.0.0.0/8\n216.0.0.0/8\n217.0.0.0/8\n218.0.0.0/"
             "8\n219.0.0.0/8\n220.0.0.0/8\n221.0.0.0/8\n222.0.0.0/8\n223.0.0.0/8\n",
     .want = OPEN("nearly every IPv4")},
    {.name = "an open relay that is meant is warned of",
     .text = TOP ORG
     "i_know_this_is_an_open_relay = true list \"l\" { kind = ip entries = {\"0.0.0.0/0\"} }\n"
     "listener \"sub\" { upstream = up upstream_inbound = in\n"
     "relay_ips = l }\n",
     .want_site = true,
     .want = "t.conf:5: warning: listener \"sub\": relay_ips: list \"l\" holds every IPv4 address: "
             "this is an open relay\n"},
    {.name = "a fifth of the world is warned of",
     .text = TOP ORG
     "list \"l\" { kind = ip entries = {\"1.0.0.0/8\", \"2.0.0.0/8\", \"3.0.0.0/8\", "
     "\"4.0.0.0/8\", \"5.0.0.0/8\", \"6.0.0.0/8\", \"7.0.0.0/8\", \"8.0.0.0/8\", \"9.0.0.0/8\", "
     "\"10.0.0.0/8\", \"11.0.0.0/8\", \"12.0.0.0/8\", \"13.0.0.0/8\", \"14.0.0.0/8\", "
     "\"15.0.0.0/8\", \"16.0.0.0/8\", \"17.0.0.0/8\", \"18.0.0.0/8\", \"19.0.0.0/8\", "
     "\"20.0.0.0/8\", \"21.0.0.0/8\", \"22.0.0.0/8\", \"23.0.0.0/8\", \"24.0.0.0/8\", "
     "\"25.0.0.0/8\", \"26.0.0.0/8\", \"27.0.0.0/8\", \"28.0.0.0/8\", \"29.0.0.0/8\", "
     "\"30.0.0.0/8\", \"31.0.0.0/8\", \"32.0.0.0/8\", \"33.0.0.0/8\", \"34.0.0.0/8\", "
     "\"35.0.0.0/8\", \"36.0.0.0/8\", \"37.0.0.0/8\", \"38.0.0.0/8\", \"39.0.0.0/8\", "
     "\"40.0.0.0/8\", \"41.0.0.0/8\", \"42.0.0.0/8\", \"43.0.0.0/8\", \"44.0.0.0/8\"} }\n"
     "listener \"sub\" { upstream = up upstream_inbound = in\n"
     "relay_ips = l }\n",
     .want_site = true,
     .want = "t.conf:5: warning: listener \"sub\": relay_ips: list \"l\" holds 43 of 221 IPv4 "
             "addresses from all over the Internet: strangers may relay (name your own clients)\n"},
    {.name = "half of the world, by a regular expression",
     .text = TOP ORG "list \"l\" { kind = ip entries = {'/[13579]$/'} }\n"
                     "listener \"sub\" { upstream = up upstream_inbound = in\n"
                     "relay_ips = l }\n",
     .want_site = true,
     .want = "t.conf:5: warning: listener \"sub\": relay_ips: list \"l\" holds 110 of 221 IPv4 "
             "addresses from all over the Internet: strangers may relay (name your own clients)\n"
             "t.conf:5: warning: listener \"sub\": relay_ips: list \"l\" holds 11 of 26 IPv6 "
             "addresses from all over the Internet: strangers may relay (name your own clients)\n"},
    {.name = "large parts of IPv6 are warned of",
     .text = TOP ORG "list \"l\" { kind = ip entries = {\"2600::/8\"} }\n"
                     "listener \"sub\" { upstream = up upstream_inbound = in\n"
                     "relay_ips = l }\n",
     .want_site = true,
     .want = "t.conf:5: warning: listener \"sub\": relay_ips: list \"l\" holds 4 of 26 IPv6 "
             "addresses from all over the Internet: strangers may relay (name your own clients)\n"},
    {.name = "one's own networks are no open relay",
     .text = TOP ORG "list \"l\" { kind = ip entries = {\"10.0.0.0/8\", \"172.16.0.0/12\", "
                     "\"192.168.0.0/16\", \"192.0.2.0/24\", \"17.0.0.0/8\", \"2001:db8::/32\", "
                     "\"fc00::/7\", \"127.0.0.0/8\", \"2a01:4f8::/29\"} }\n"
                     "listener \"sub\" { upstream = up upstream_inbound = in\n"
                     "relay_ips = l }\n",
     .want_site = true,
     .want = ""},
    {.name = "such a list elsewhere is no open relay",
     .text = TOP ORG
     "list \"l\" { kind = ip entries = {\"*\"} }\n"
     "listener \"sub\" { upstream = up upstream_inbound = in auth_ips = \"allow l\" }\n",
     .want_site = true,
     .want = ""},
};

int
main(void)
{
    return run_site_program(cases, sizeof cases / sizeof cases[0]);
}
