# Puts `mailreeve check --manual` in the place of @SETTINGS@ and example.conf, which a test loads, in that of
# @EXAMPLE@. Called with -D PROGRAM, FOLDER and PAGE.
execute_process(COMMAND ${PROGRAM} check --manual OUTPUT_VARIABLE SETTINGS RESULT_VARIABLE status)
if(NOT status EQUAL 0)
    message(FATAL_ERROR "mailreeve check --manual ended with ${status}")
endif()
file(READ ${FOLDER}/example.conf EXAMPLE)
string(STRIP "${EXAMPLE}" EXAMPLE)
string(STRIP "${SETTINGS}" SETTINGS)
configure_file(${FOLDER}/mailreeve.conf.5.in ${PAGE} @ONLY)
