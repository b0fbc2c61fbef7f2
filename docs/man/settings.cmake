# Puts `mailreeve check --manual` in the place of @SETTINGS@. Called with -D PROGRAM, TEMPLATE and PAGE.
execute_process(COMMAND ${PROGRAM} check --manual OUTPUT_VARIABLE SETTINGS RESULT_VARIABLE status)
if(NOT status EQUAL 0)
    message(FATAL_ERROR "mailreeve check --manual ended with ${status}")
endif()
configure_file(${TEMPLATE} ${PAGE} @ONLY)
